//! A model card against published measurements, or those of the user.

use std::fmt::Write as _;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};

use super::args::{Format, Global, Verified, VerifyArguments};
use super::{Failure, latency_verify, load, output};
use crate::card::{self, ModelCard, Verification};
use crate::finding::Finding;
use crate::latency;
use crate::report::{self, TerminalOptions, VerificationReport};
use crate::sources::Input;
use crate::sources::observations::read_observations;

/// What a card is set against where nothing is given.
const PUBLISHED: &str = "published measurements";

pub fn run(arguments: &VerifyArguments, global: &Global) -> Result<String, Failure> {
    let VerifyArguments { card, data, json, rows, of, output } = arguments;
    let files = output::files::<Format>(output)?;
    let card = load::card(card)?;
    let costs = if data.is_empty() { published(&card, *of)? } else { Some(own(&card, data, *of)?) };
    let failed = |error: card::DataError| Failure::Input(error.to_string());
    let added = match of {
        Verified::All | Verified::Latency if data.is_empty() => {
            Some(latency::verify(&card, &latency::published::rows().map_err(failed)?))
        }
        _ => None,
    };
    let mut whole = costs.clone().unwrap_or_else(|| VerificationReport {
        card: card.name().to_owned(),
        against: "published response times".to_owned(),
        ..VerificationReport::default()
    });
    whole.verification.groups.extend(added.iter().flatten().flat_map(latency_verify::groups).cloned());
    for (path, format) in files {
        output::write_text(path, &render(&whole, format), global.quiet)?;
    }
    if *json {
        return Ok(report::verification_json(&whole));
    }
    let costs = costs.map(|costs| text(&costs, *rows));
    let added = added.map(|added| latency_verify::table(&card, &added, *rows));
    Ok(costs.into_iter().chain(added).collect::<Vec<_>>().join("\n"))
}

fn render(whole: &VerificationReport, format: Format) -> String {
    match format {
        Format::Text => report::verification_terminal(whole, TerminalOptions::FILE),
        Format::Markdown => report::verification_markdown(whole),
        Format::Html => report::verification_html(whole),
        Format::Json => report::verification_json(whole),
    }
}

fn published(card: &ModelCard, of: Verified) -> Result<Option<VerificationReport>, Failure> {
    if of == Verified::Latency {
        return Ok(None);
    }
    let rows = card::published().map_err(|error| Failure::Input(error.to_string()))?;
    Ok(Some(VerificationReport {
        card: card.name().to_owned(),
        against: PUBLISHED.to_owned(),
        verification: card::verify(card, &rows),
        findings: Vec::new(),
    }))
}

fn own(card: &ModelCard, data: &[std::path::PathBuf], of: Verified) -> Result<VerificationReport, Failure> {
    let names: Vec<String> = data.iter().map(|path| path.display().to_string()).collect();
    let names = names.join(", ");
    if of == Verified::Latency {
        return Err(Failure::Input(format!(
            "failed to verify response times against {names}: tables hold memory and CPU; leave --of out, or extract a card \
             with `meshcap latency --mesh … --extract`"
        )));
    }
    let inputs: Vec<Input> = data.iter().map(|path| input(path)).collect();
    let reading = read_observations(&inputs)?;
    if reading.measurements.is_empty() {
        let reasons: Vec<&str> = reading.findings.iter().map(|finding| finding.message.as_str()).collect();
        let reasons = if reasons.is_empty() { "the tables have no rows".to_owned() } else { reasons.join("; ") };
        return Err(Failure::Input(format!("failed to find a measurement that a law can use in {names}: {reasons}")));
    }
    let published = card::published().map_err(|error| Failure::Input(error.to_string()))?;
    Ok(VerificationReport {
        card: card.name().to_owned(),
        against: names,
        verification: card::verify_own(card, &reading.measurements, &published),
        findings: reading.findings,
    })
}

fn input(path: &Path) -> Input {
    if output::is_standard(path) { Input::Stdin } else { Input::Path(path.to_owned()) }
}

/// How the columns are to be read.
const LEGEND: &str = "\
n: measurements; error: median of |predicted − measured| ÷ measured; bias: its signed median;
worst: the largest; covered: share of measurements inside the predicted 90 % interval.
used for: what the rows decided in the card. Where they decided values, error and coverage tell how
well the card describes them; where they decided intervals only, the error is a prediction; where
they decided nothing, both are.";

fn text(report: &VerificationReport, rows: bool) -> String {
    let verification: &Verification = &report.verification;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["quantity", "group", "used for", "n", "error", "bias", "worst", "covered"]);
    for group in &verification.groups {
        table.add_row([
            group.quantity.clone(),
            group.group.clone(),
            group.used_for.to_string(),
            group.n.to_string(),
            percent(group.median_absolute_percentage_error),
            signed(group.bias),
            percent(group.worst_error),
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
                    String::new(),
                ]);
            }
        }
    }
    for column in 3..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let mut text = format!("{} against {}\n\n{}\n\n", report.card, report.against, lines.join("\n"));
    for summary in verification.by_use() {
        let error = percent(summary.median_absolute_percentage_error);
        let covered = percent(summary.coverage);
        let _ =
            writeln!(text, "used for {:<10} {:>3} rows: error {error}, covered {covered}", summary.used_for, summary.n);
    }
    text.push_str(&noticed(&report.findings));
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

fn noticed(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "{}: {}", finding.subject, finding.message);
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn signed(share: f64) -> String {
    format!("{:+.0} %", share * 100.0)
}
