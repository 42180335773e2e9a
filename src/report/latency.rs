//! Measured response times as tables and as JSON.

use serde_json::{Map, Value, json};

use super::document::{Block, Cell, Chapter, Column, Document, Headline, Table, Tone};
use super::text;
use crate::finding::{Finding, Severity};
use crate::measurement::{
    Comparison, Difference, Measurement, Outcome, QUANTILES, QuantileEstimate, Slo, SloOutcome, percent,
};
use crate::units::{Seconds, Share};

/// Measurements with everything that was asked about them.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyReport {
    /// The measurements.
    pub measurements: Vec<Measurement>,
    /// What they are compared with.
    pub base: Option<Measurement>,
    /// One comparison per measurement, or none.
    pub comparisons: Vec<Comparison>,
    /// Objectives and how they stand, per measurement.
    pub outcomes: Vec<Vec<(Slo, SloOutcome)>>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Confidence of every interval shown.
const CONFIDENCE: Share = Share::literal(0.9);
/// Version of the JSON; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";
/// Most rows of a table; JSON has all.
const MOST_ROWS: usize = 200;

/// The report as a document.
pub fn document(report: &LatencyReport) -> Document {
    let report = &with_short_names(report.clone());
    let mut chapters =
        vec![chapter("times", "Response times", vec![times(report), Block::Paragraph(READING.to_owned())])];
    if let Some(base) = &report.base {
        chapters.push(chapter("comparison", "Comparison", comparison(report, base)));
    }
    if report.outcomes.iter().any(|outcomes| !outcomes.is_empty()) {
        chapters.push(chapter("objectives", "Objectives", vec![objectives(report)]));
    }
    if !report.findings.is_empty() {
        chapters.push(chapter("findings", "Findings", vec![findings(&report.findings)]));
    }
    Document { title: "Response times".to_owned(), headline: headline(report), chapters }
}

/// Names without the folders they all share; JSON keeps them whole.
fn with_short_names(mut report: LatencyReport) -> LatencyReport {
    let names: Vec<String> = report.base.iter().chain(&report.measurements).map(|one| one.name.clone()).collect();
    let Some(first) = names.first() else { return report };
    let shares = |folder: &str| names.iter().all(|name| name.starts_with(folder));
    let folders = first.match_indices('/').filter_map(|(position, _)| first.get(..=position));
    let folder =
        folders.take_while(|folder| shares(folder) && !folder.contains(' ')).last().unwrap_or_default().to_owned();
    let short = |name: &mut String| {
        if let Some(rest) = name.strip_prefix(&folder) {
            *name = rest.to_owned();
        }
    };
    report.base.iter_mut().chain(&mut report.measurements).for_each(|one| short(&mut one.name));
    report.findings.iter_mut().for_each(|finding| short(&mut finding.subject));
    report
}

const READING: &str = "Each figure stands with the interval that holds the true quantile with 90 % confidence: what the \
    buckets of the source leave open, and what so many independent samples can tell. Samples of one run are not \
    quite independent, and other runs differ by more.";

fn chapter(id: &'static str, title: &'static str, blocks: Vec<Block>) -> Chapter {
    Chapter { id, title, blocks }
}

fn headline(report: &LatencyReport) -> Headline {
    let missed: Vec<String> =
        judged(report).filter(|(_, _, outcome)| !outcome.met).map(|(_, slo, _)| slo.to_string()).collect();
    let judged = judged(report).count();
    let certain = self::judged(report).all(|(_, _, outcome)| outcome.certain);
    let number = report.measurements.len() as u64;
    let (badge, tone, sentence) = match (judged, &*missed) {
        (0, _) => match (&report.base, &*report.comparisons) {
            (Some(base), [comparison]) => verdict(comparison, base),
            (Some(base), comparisons) => several(comparisons, base),
            (None, _) => {
                ("measured", Tone::Neutral, format!("{}.", text::counted(number, "measurement", "measurements")))
            }
        },
        (_, []) => {
            let all = if judged == 1 {
                "The objective is met".to_owned()
            } else {
                format!("All {judged} objectives are met")
            };
            let doubt = if certain { "." } else { ", though not beyond doubt." };
            ("met", if certain { Tone::Good } else { Tone::Caution }, format!("{all}{doubt}"))
        }
        (_, missed) => {
            let names = missed.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let judged = text::counted(judged as u64, "objective", "objectives");
            ("missed", Tone::Bad, format!("{} of {judged} missed: {names}.", missed.len()))
        }
    };
    Headline { badge, tone, sentence, advice: Vec::new() }
}

fn judged(report: &LatencyReport) -> impl Iterator<Item = (&Measurement, &Slo, &SloOutcome)> {
    let pairs = report.measurements.iter().zip(&report.outcomes);
    pairs.flat_map(|(measurement, outcomes)| outcomes.iter().map(move |(slo, outcome)| (measurement, slo, outcome)))
}

fn verdict(comparison: &Comparison, base: &Measurement) -> (&'static str, Tone, String) {
    match comparison.deciding() {
        None => ("within noise", Tone::Neutral, format!("No difference from {} beyond noise.", base.name)),
        Some(difference) => {
            let (badge, tone) = match difference.outcome {
                Outcome::Slower => ("slower", Tone::Caution),
                Outcome::Faster | Outcome::WithinNoise => ("faster", Tone::Good),
            };
            (badge, tone, format!("{} than {}.", capitalised(&by_how_much(difference)), base.name))
        }
    }
}

fn several(comparisons: &[Comparison], base: &Measurement) -> (&'static str, Tone, String) {
    let count = |wanted: Option<Outcome>| {
        comparisons
            .iter()
            .filter(|comparison| comparison.deciding().map(|difference| difference.outcome) == wanted)
            .count()
    };
    let (slower, faster, alike) = (count(Some(Outcome::Slower)), count(Some(Outcome::Faster)), count(None));
    let sentence = format!("Against {}: {slower} slower, {faster} faster, {alike} within noise.", base.name);
    ("compared", if slower > 0 { Tone::Caution } else { Tone::Neutral }, sentence)
}

/// `slower by 0.4–0.6 ms at p99`, or `within noise`.
fn by_how_much(difference: &Difference) -> String {
    let at = percent(difference.quantile);
    let (near, far, word) = match difference.outcome {
        Outcome::WithinNoise => return "within noise".to_owned(),
        Outcome::Slower => (difference.lower, difference.upper, "slower"),
        Outcome::Faster => (Seconds::ZERO - difference.upper, Seconds::ZERO - difference.lower, "faster"),
    };
    let unit = Unit::of(difference.value.as_seconds());
    if far.as_seconds().is_infinite() {
        return format!("{word} by at least {} {} at p{at}", unit.number(near), unit.symbol);
    }
    format!("{word} by {}–{} {} at p{at}", unit.number(near), unit.number(far), unit.symbol)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::WithinNoise => "within noise",
        Outcome::Slower => "slower",
        Outcome::Faster => "faster",
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn times(report: &LatencyReport) -> Block {
    let all: Vec<&Measurement> = report.base.iter().chain(&report.measurements).collect();
    let mut columns = vec![Column::text("Measurement", 0), Column::text("Kind", 4), Column::number("Requests", "", 2)];
    columns
        .extend([("p50", 0), ("p90", 1), ("p99", 0), ("p99.9", 2)].map(|(name, rank)| Column::number(name, "", rank)));
    columns.push(Column::number("Mean", "", 3));
    let row = |measurement: &&Measurement| {
        let distribution = &measurement.distribution;
        let base = report.base.as_ref().is_some_and(|base| std::ptr::eq(base, *measurement));
        let name = if base { format!("base: {}", measurement.name) } else { measurement.name.clone() };
        let mut cells = vec![
            Cell::Name(name),
            Cell::Text(measurement.format.to_owned()),
            distribution
                .samples()
                .map_or(Cell::Text("not known".to_owned()), |samples| Cell::Number(text::count(samples))),
        ];
        cells.extend(QUANTILES.map(|(_, quantile)| Cell::Number(figure(&distribution.interval(quantile, CONFIDENCE)))));
        cells.push(Cell::Number(amount(distribution.mean().value)));
        cells
    };
    table("Percentiles with their 90 % intervals", columns, all.iter().map(row).collect())
}

fn comparison(report: &LatencyReport, base: &Measurement) -> Vec<Block> {
    let columns = vec![
        Column::text("Measurement", 0),
        Column::text("At", 0),
        Column::number("Base", "", 2),
        Column::number("Here", "", 2),
        Column::number("Difference", "", 0),
        Column::text("Verdict", 0),
    ];
    let pairs = report.measurements.iter().zip(&report.comparisons);
    let rows = pairs.flat_map(|(measurement, comparison)| {
        comparison.differences.iter().map(|difference| {
            let tone = match difference.outcome {
                Outcome::WithinNoise => Tone::Neutral,
                Outcome::Slower => Tone::Caution,
                Outcome::Faster => Tone::Good,
            };
            vec![
                Cell::Name(measurement.name.clone()),
                Cell::Text(format!("p{}", percent(difference.quantile))),
                Cell::Number(amount(difference.base)),
                Cell::Number(amount(difference.other)),
                Cell::Number(signed(difference)),
                Cell::Mark(tone, word(difference.outcome).to_owned()),
            ]
        })
    });
    let note = format!(
        "Differences from {}. All four intervals of a measurement hold together with 90 % confidence, for what samples \
         and buckets leave open; repeat both runs to see what changes from day to day.",
        base.name
    );
    vec![table("Differences from the base", columns, rows.collect()), Block::Paragraph(note)]
}

fn objectives(report: &LatencyReport) -> Block {
    let columns = vec![
        Column::text("Measurement", 0),
        Column::text("Objective", 0),
        Column::number("Measured", "", 0),
        Column::text("Outcome", 0),
    ];
    let rows = judged(report).map(|(measurement, slo, outcome)| {
        let (tone, word) = match (outcome.met, outcome.certain) {
            (true, true) => (Tone::Good, "met"),
            (true, false) => (Tone::Caution, "met, but the interval reaches beyond the limit"),
            (false, false) => (Tone::Bad, "missed, but the interval reaches below the limit"),
            (false, true) => (Tone::Bad, "missed"),
        };
        vec![
            Cell::Name(measurement.name.clone()),
            Cell::Text(slo.to_string()),
            Cell::Number(figure(&outcome.measured)),
            Cell::Mark(tone, word.to_owned()),
        ]
    });
    table("Objectives", columns, rows.collect())
}

fn findings(findings: &[Finding]) -> Block {
    let columns = vec![
        Column::text("Severity", 2),
        Column::text("Finding", 0),
        Column::text("Subject", 1),
        Column::text("Case", 0),
    ];
    let rows = findings.iter().map(|finding| {
        let (tone, severity) = match finding.kind.severity {
            Severity::Info => (Tone::Neutral, "info"),
            Severity::Warning => (Tone::Caution, "warning"),
            Severity::Error => (Tone::Bad, "error"),
        };
        vec![
            Cell::Mark(tone, severity.to_owned()),
            Cell::Name(finding.kind.id.to_owned()),
            Cell::Name(finding.subject.clone()),
            Cell::Text(finding.message.clone()),
        ]
    });
    table("Findings, gravest first", columns, rows.collect())
}

fn table(caption: &str, columns: Vec<Column>, mut rows: Vec<Vec<Cell>>) -> Block {
    let omitted = rows.len().saturating_sub(MOST_ROWS) as u64;
    rows.truncate(MOST_ROWS);
    Block::Table(Table { caption: caption.to_owned(), columns, rows, omitted })
}

/// A unit of time for one figure.
#[derive(Clone, Copy)]
struct Unit {
    symbol: &'static str,
    size: f64,
}

impl Unit {
    fn of(seconds: f64) -> Self {
        match seconds.abs() {
            amount if amount >= 1.0 => Self { symbol: "s", size: 1.0 },
            amount if amount >= 1e-3 || amount == 0.0 => Self { symbol: "ms", size: 1e-3 },
            amount if amount >= 1e-6 => Self { symbol: "µs", size: 1e-6 },
            _ => Self { symbol: "ns", size: 1e-9 },
        }
    }

    fn number(self, amount: Seconds) -> String {
        if amount.as_seconds() == f64::INFINITY {
            return "∞".to_owned();
        }
        text::significant(amount.as_seconds() / self.size)
    }
}

fn amount(amount: Seconds) -> String {
    let unit = Unit::of(amount.as_seconds());
    format!("{} {}", unit.number(amount), unit.symbol)
}

/// `12.4 ms [12.1–12.8]`.
fn figure(estimate: &QuantileEstimate) -> String {
    let unit = Unit::of(estimate.value.as_seconds());
    let (lower, upper) = (unit.number(estimate.lower), unit.number(estimate.upper));
    let value = format!("{} {}", unit.number(estimate.value), unit.symbol);
    if lower == upper { value } else { format!("{value} [{lower}–{upper}]") }
}

/// `+0.52 ms [0.41–0.63]`.
fn signed(difference: &Difference) -> String {
    let unit = Unit::of(difference.value.as_seconds());
    let sign = if difference.value > Seconds::ZERO { "+" } else { "" };
    let end = |amount: Seconds| if amount.as_seconds().is_infinite() { "∞".to_owned() } else { unit.number(amount) };
    let (lower, upper) = (end(difference.lower), end(difference.upper));
    format!("{sign}{} {} [{lower} to {upper}]", unit.number(difference.value), unit.symbol)
}

/// The report for machines: seconds throughout, what has no bound is `null`.
pub fn json(report: &LatencyReport) -> String {
    let comparisons: Vec<Value> = report
        .measurements
        .iter()
        .zip(&report.comparisons)
        .map(|(measurement, comparison)| compared(measurement, comparison))
        .collect();
    let objectives: Vec<Value> = judged(report)
        .map(|(measurement, slo, outcome)| {
            json!({
                "name": measurement.name,
                "objective": slo.to_string(),
                "limit": slo.limit,
                "measured": estimate(&outcome.measured),
                "met": outcome.met,
                "certain": outcome.certain,
            })
        })
        .collect();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "kind": finding.kind.id,
                "severity": finding.kind.severity,
                "subject": finding.subject,
                "message": finding.message,
                "count": finding.count,
            })
        })
        .collect();
    let whole = json!({
        "schema_version": SCHEMA_VERSION,
        "distributions": report.measurements.iter().map(distribution).collect::<Vec<_>>(),
        "base": report.base.as_ref().map(distribution),
        "comparisons": comparisons,
        "objectives": objectives,
        "findings": findings,
    });
    format!("{whole:#}\n")
}

fn distribution(measurement: &Measurement) -> Value {
    let distribution = &measurement.distribution;
    let quantiles: Map<String, Value> = QUANTILES
        .iter()
        .map(|(name, quantile)| ((*name).to_owned(), estimate(&distribution.interval(*quantile, CONFIDENCE))))
        .collect();
    let load = &measurement.load;
    json!({
        "name": measurement.name,
        "format": measurement.format,
        "count": distribution.samples(),
        "mean": estimate(&distribution.mean()),
        "max": estimate(&distribution.most()),
        "quantiles": quantiles,
        "load": {
            "rate": load.rate,
            "connections": load.connections,
            "duration": load.duration,
            "failures": load.failures,
        },
    })
}

fn compared(measurement: &Measurement, comparison: &Comparison) -> Value {
    let differences: Map<String, Value> = QUANTILES
        .iter()
        .zip(&comparison.differences)
        .map(|((name, _), difference)| {
            let verdict = word(difference.outcome);
            let difference = json!({
                "lower": finite(difference.lower),
                "value": finite(difference.value),
                "upper": finite(difference.upper),
                "verdict": verdict,
            });
            ((*name).to_owned(), difference)
        })
        .collect();
    let verdict = comparison.deciding().map_or_else(|| "within noise".to_owned(), by_how_much);
    json!({ "name": measurement.name, "verdict": verdict, "differences": differences })
}

fn estimate(estimate: &QuantileEstimate) -> Value {
    json!({ "lower": finite(estimate.lower), "value": finite(estimate.value), "upper": finite(estimate.upper) })
}

fn finite(amount: Seconds) -> Option<f64> {
    Some(amount.as_seconds()).filter(|amount| amount.is_finite())
}
