//! How two model cards differ.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::models::pretty;
use crate::card::{Change, Difference, ModelCard, diff};

pub fn run(a: &ModelCard, b: &ModelCard, json: bool) -> String {
    let difference = diff(a, b);
    if json { machine(a, b, &difference) } else { text(a, b, &difference) }
}

/// One line per coefficient, so that a pipe can pick among them.
fn text(a: &ModelCard, b: &ModelCard, difference: &Difference) -> String {
    let Difference { changed, only_a, only_b, same, evidence } = difference;
    let all = changed.len() + same + only_a.len();
    let mut text = format!("{} of {all} coefficients of {} differ in {}\n", changed.len(), a.name(), b.name());
    if !changed.is_empty() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["coefficient", a.name(), b.name(), "ratio", "intervals", "unit"]);
        for change in changed {
            table.add_row(cells(change));
        }
        if let Some(column) = table.column_mut(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        let _ = writeln!(text, "\n{}", lines.join("\n"));
    }
    for (card, names) in [(a, only_a), (b, only_b)] {
        for name in names {
            let _ = writeln!(text, "only in {}: {name}", card.name());
        }
    }
    for name in evidence {
        let (used_a, used_b) = used_for(a, b, name);
        let _ = writeln!(text, "{name}: used for {used_a} in {}, for {used_b} in {}", a.name(), b.name());
    }
    text
}

fn cells(change: &Change) -> [String; 6] {
    let written =
        |[lower, value, upper]: [f64; 3]| format!("{} [{}, {}]", shortened(value), shortened(lower), shortened(upper));
    [
        change.a.name.clone(),
        written(change.a.as_written()),
        written(change.b_as_a_writes()),
        change.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
        if change.overlap() { "overlap" } else { "apart" }.to_owned(),
        change.a.unit.clone(),
    ]
}

/// Six digits, without zeros at the end.
fn shortened(number: f64) -> String {
    const DIGITS: i32 = 6;
    if number == 0.0 {
        return "0".to_owned();
    }
    let decimals = (DIGITS - 1 - number.abs().log10().floor() as i32).clamp(0, 12);
    let text = format!("{number:.0$}", decimals.unsigned_abs() as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn machine(a: &ModelCard, b: &ModelCard, difference: &Difference) -> String {
    let change = |change: &Change| {
        let interval = |[lower, value, upper]: [f64; 3]| json!({ "lower": lower, "value": value, "upper": upper });
        json!({
            "name": change.a.name,
            "unit": change.a.unit,
            "a": interval(change.a.as_written()),
            "b": interval(change.b_as_a_writes()),
            "ratio": change.ratio(),
            "overlap": change.overlap(),
            "source_a": change.a.source,
            "source_b": change.b.source,
        })
    };
    let evidence = |name: &String| {
        let (used_a, used_b) = used_for(a, b, name);
        json!({ "group": name, "a": used_a, "b": used_b })
    };
    pretty(&json!({
        "a": a.name(),
        "b": b.name(),
        "changed": difference.changed.iter().map(change).collect::<Vec<Value>>(),
        "only_a": difference.only_a,
        "only_b": difference.only_b,
        "same": difference.same,
        "evidence": difference.evidence.iter().map(evidence).collect::<Vec<Value>>(),
    }))
}

fn used_for(a: &ModelCard, b: &ModelCard, name: &str) -> (&'static str, &'static str) {
    let (quantity, group) = name.split_once(": ").unwrap_or((name, ""));
    (a.used_for(quantity, group).as_str(), b.used_for(quantity, group).as_str())
}
