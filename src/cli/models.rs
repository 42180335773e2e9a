//! Model cards: which there are, what is in them, how far they are from published measurements.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use super::args::{Global, Models, ModelsArguments, Verified};
use super::{Failure, Outcome, latency_verify, load, output};
use crate::card::{self, ModelCard, Verification};
use crate::latency;
use crate::model::Coefficient;

pub fn run(arguments: &ModelsArguments, _: &Global) -> Result<Outcome, Failure> {
    let text = match &arguments.what {
        Models::List => list()?,
        Models::Show { card } => show(&load::card(card)?),
        Models::Verify { card, json, rows, of } => {
            let card = load::card(card)?;
            let failed = |error: card::DataError| Failure::Input(error.to_string());
            let costs = match of {
                Verified::Latency => None,
                Verified::All | Verified::Costs => Some(card::verify(&card, &card::published().map_err(failed)?)),
            };
            let added = match of {
                Verified::Costs => None,
                Verified::All | Verified::Latency => {
                    Some(latency::verify(&card, &latency::published::rows().map_err(failed)?))
                }
            };
            if *json {
                let mut whole = costs.unwrap_or_default();
                whole.groups.extend(added.iter().flatten().flat_map(latency_verify::groups).cloned());
                machine(&card, &whole)
            } else {
                let costs = costs.map(|costs| table(&card, &costs, *rows));
                let added = added.map(|added| latency_verify::table(&card, &added, *rows));
                costs.into_iter().chain(added).collect::<Vec<_>>().join("\n")
            }
        }
    };
    output::print(&text)?;
    Ok(Outcome::Done)
}

fn list() -> Result<String, Failure> {
    let mut text = String::new();
    for (name, _) in card::embedded() {
        let card = load::card(name)?;
        let _ = writeln!(text, "{name:<16} {} ({})", card.title(), card.date());
    }
    Ok(text)
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

/// How the columns are to be read.
const LEGEND: &str = "\
n: measurements; error: median of |predicted − measured| ÷ measured; bias: its signed median;
covered: share of measurements inside the predicted 90 % interval.
used for: what the rows decided in the card. Where they decided values, error and coverage tell how
well the card describes them; where they decided intervals only, the error is a prediction; where
they decided nothing, both are.";

fn table(card: &ModelCard, verification: &Verification, rows: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["quantity", "group", "used for", "n", "error", "bias", "covered"]);
    for group in &verification.groups {
        table.add_row([
            group.quantity.clone(),
            group.group.clone(),
            group.used_for.to_string(),
            group.n.to_string(),
            percent(group.median_absolute_percentage_error),
            signed(group.bias),
            percent(group.coverage),
        ]);
        if rows {
            for row in &group.rows {
                let scale = scale(&group.quantity);
                let figure = |amount: f64| format!("{:.1}", amount / scale.0);
                let predicted = format!(
                    "{} [{}, {}] for {} {}",
                    figure(row.predicted.value),
                    figure(row.predicted.lower),
                    figure(row.predicted.upper),
                    figure(row.measured),
                    scale.1
                );
                table.add_row([
                    String::new(),
                    format!("  {}: {predicted}", row.label),
                    String::new(),
                    String::new(),
                    String::new(),
                    signed(row.signed_error),
                    String::new(),
                ]);
            }
        }
    }
    for column in 3..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let mut text = format!("{} against published measurements\n\n{}\n\n", card.name(), lines.join("\n"));
    for summary in verification.by_use() {
        let error = percent(summary.median_absolute_percentage_error);
        let covered = percent(summary.coverage);
        let _ =
            writeln!(text, "used for {:<10} {:>3} rows: error {error}, covered {covered}", summary.used_for, summary.n);
    }
    let _ = writeln!(text, "\n{LEGEND}");
    text
}

/// Memory is shown in MiB, CPU in millicores, times in seconds.
fn scale(quantity: &str) -> (f64, &'static str) {
    match quantity {
        _ if quantity.contains("memory") => (crate::units::MIB, "MiB"),
        "endpoint change" | "configuration change" | "reconnection" => (1.0, "s"),
        _ => (1e-3, "m"),
    }
}

fn machine(card: &ModelCard, verification: &Verification) -> String {
    let groups: Vec<_> = verification
        .groups
        .iter()
        .map(|group| {
            let rows: Vec<_> = group
                .rows
                .iter()
                .map(|row| {
                    json!({
                        "label": row.label,
                        "measured": row.measured,
                        "predicted": {
                            "lower": row.predicted.lower, "value": row.predicted.value, "upper": row.predicted.upper,
                        },
                        "signed_error": row.signed_error,
                    })
                })
                .collect();
            json!({
                "quantity": group.quantity,
                "group": group.group,
                "used_for": group.used_for.as_str(),
                "n": group.n,
                "median_absolute_percentage_error": group.median_absolute_percentage_error,
                "bias": group.bias,
                "coverage": group.coverage,
                "rows": rows,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "card": card.name(), "groups": groups }))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn signed(share: f64) -> String {
    format!("{:+.0} %", share * 100.0)
}
