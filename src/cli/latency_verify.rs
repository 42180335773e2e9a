//! The latency law against published response times, as a table.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use crate::card::{Group, ModelCard, Row};
use crate::latency::Environment;

/// How the columns are to be read.
const LEGEND: &str = "\
Time that proxies add at p50, p90 and p99: median of |predicted − measured| ÷ measured, and share of
measurements inside the predicted 90 % interval. Under \"card\" the card alone predicts. Under \"fitted\" every
other row of a study finds how long a request takes there (speed: times the card's), and the rows in
between judge. A dash: not printed, or too few rows.";

/// Every group of an environment.
pub fn groups(environment: &Environment) -> impl Iterator<Item = &Group> {
    environment.card.iter().chain(environment.fitted.iter().flat_map(|fitted| &fitted.unseen))
}

/// One line per study, then all of them together.
pub fn table(card: &ModelCard, environments: &[Environment], rows: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "study",
        "n",
        "card p50",
        "p90",
        "p99",
        "covered",
        "speed",
        "fitted p50",
        "p90",
        "p99",
        "covered",
    ]);
    for environment in environments {
        let fitted = environment.fitted.as_ref();
        let unseen: &[Group] = fitted.map_or(&[], |fitted| &fitted.unseen);
        let speed = fitted.map_or_else(dash, |fitted| format!("{:.2}", fitted.speed));
        table.add_row(cells(&environment.group, &environment.card, speed, unseen));
        if rows {
            for group in groups(environment) {
                group.rows.iter().for_each(|row| {
                    table.add_row([format!("  {}, {}", group.quantity, in_words(row))]);
                });
            }
        }
    }
    let all = |of: fn(&Environment) -> &[Group]| -> Vec<Group> {
        ["added p50", "added p90", "added p99"]
            .iter()
            .filter_map(|name| {
                let groups = environments.iter().flat_map(of).filter(|group| group.quantity.starts_with(name));
                let rows: Vec<Row> = groups.flat_map(|group| group.rows.iter().cloned()).collect();
                (!rows.is_empty()).then(|| Group::of(name, "", card.used_for("", ""), rows))
            })
            .collect()
    };
    let by_card = all(|environment| &environment.card);
    let unseen = all(|environment| environment.fitted.as_ref().map_or(&[], |fitted| &fitted.unseen));
    table.add_row(cells("all studies", &by_card, dash(), &unseen));
    for column in 1..11 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let mut text = format!("{} against published response times\n\n{}\n", card.name(), lines.join("\n"));
    let by_card: usize = environments.iter().map(|environment| environment.saturated).sum();
    let fitted: usize = environments.iter().filter_map(|one| one.fitted.as_ref()).map(|fitted| fitted.saturated).sum();
    if by_card + fitted > 0 {
        let _ = writeln!(
            text,
            "\nNot counted, as proxies would saturate: {by_card} loads by the card, {fitted} at the fitted speed."
        );
    }
    let _ = writeln!(text, "\n{LEGEND}");
    text
}

fn cells(name: &str, by_card: &[Group], speed: String, unseen: &[Group]) -> Vec<String> {
    let of = |groups: &[Group], name: &str| {
        let group = groups.iter().find(|group| group.quantity.starts_with(name));
        group.map_or_else(dash, |group| percent(group.median_absolute_percentage_error))
    };
    let errors = |groups: &[Group]| ["added p50", "added p90", "added p99"].map(|name| of(groups, name));
    let mut cells = vec![name.to_owned(), count(by_card).to_string()];
    cells.extend(errors(by_card));
    cells.push(covered(by_card));
    cells.push(speed);
    cells.extend(errors(unseen));
    cells.push(covered(unseen));
    cells
}

fn count(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.n).sum()
}

fn covered(groups: &[Group]) -> String {
    let all = count(groups);
    if all == 0 {
        return dash();
    }
    let inside: f64 = groups.iter().map(|group| group.coverage * group.n as f64).sum();
    percent(inside / all as f64)
}

fn in_words(row: &Row) -> String {
    let millis = |seconds: f64| format!("{:.3}", seconds * 1e3);
    format!(
        "{}: {} [{}, {}] for {} ms ({:+.0} %)",
        row.label,
        millis(row.predicted.value),
        millis(row.predicted.lower),
        millis(row.predicted.upper),
        millis(row.measured),
        row.signed_error * 100.0
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn dash() -> String {
    "–".to_owned()
}
