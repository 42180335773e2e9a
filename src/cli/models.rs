//! Model cards: which there are, what is in them, how two differ, how far they are from measurements.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{Global, Models, ModelsArguments};
use super::{Failure, Outcome, load, models_diff, models_verify, output};
use crate::card::{self, ModelCard};
use crate::model::Coefficient;

pub fn run(arguments: &ModelsArguments, global: &Global) -> Result<Outcome, Failure> {
    let text = match &arguments.what {
        Models::List { json } => list(*json)?,
        Models::Show { card, json: true } => machine(&load::card(card)?),
        Models::Show { card, json: false } => show(&load::card(card)?),
        Models::Verify(arguments) => models_verify::run(arguments, global)?,
        Models::Diff { a, b, json } => models_diff::run(&load::card(a)?, &load::card(b)?, *json),
    };
    output::print(&text)?;
    Ok(Outcome::Done)
}

fn list(json: bool) -> Result<String, Failure> {
    let cards = card::embedded().iter().map(|(name, _)| load::card(name)).collect::<Result<Vec<_>, _>>()?;
    if json {
        let cards: Vec<Value> = cards.iter().map(heading).collect();
        return Ok(pretty(&json!({ "cards": cards })));
    }
    let mut text = String::new();
    for card in cards {
        let _ = writeln!(text, "{:<19} {} ({})", card.name(), card.title(), card.date());
    }
    Ok(text)
}

fn heading(card: &ModelCard) -> Value {
    json!({ "name": card.name(), "title": card.title(), "istio": card.istio(), "date": card.date() })
}

fn show(card: &ModelCard) -> String {
    let mut text = format!("{}: {}\nIstio {}, {}\n", card.name(), card.title(), card.istio(), card.date());
    for note in card.notes() {
        let _ = writeln!(text, "- {note}");
    }
    for coefficient in card.coefficients() {
        text.push('\n');
        text.push_str(&coefficient_lines(coefficient));
    }
    text
}

fn coefficient_lines(coefficient: &Coefficient) -> String {
    let [lower, value, upper] = coefficient.as_written();
    let range = coefficient.range.map_or(String::new(), |(from, to)| format!(", measured from {from} to {to}"));
    format!(
        "{} = {value} [{lower}, {upper}] {}{range}\n    {}\n    {} ({})\n",
        coefficient.name, coefficient.unit, coefficient.conditions, coefficient.source, coefficient.date
    )
}

fn machine(card: &ModelCard) -> String {
    let coefficient = |coefficient: &&Coefficient| {
        let [lower, value, upper] = coefficient.as_written();
        json!({
            "name": coefficient.name,
            "lower": lower,
            "value": value,
            "upper": upper,
            "unit": coefficient.unit,
            "range": coefficient.range.map(|(from, to)| [from, to]),
            "conditions": coefficient.conditions,
            "source": coefficient.source,
            "date": coefficient.date,
        })
    };
    let evidence = |name: &str| {
        let used_for = name.split_once(": ").map(|(quantity, group)| card.used_for(quantity, group));
        json!({ "group": name, "used_for": used_for.unwrap_or_default().as_str() })
    };
    let mut whole = heading(card);
    if let Value::Object(fields) = &mut whole {
        fields.insert("notes".to_owned(), json!(card.notes()));
        fields.insert("evidence".to_owned(), card.evidence().map(evidence).collect());
        fields.insert("coefficients".to_owned(), card.coefficients().iter().map(coefficient).collect());
    }
    pretty(&whole)
}

/// Indented, in a fixed order.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
