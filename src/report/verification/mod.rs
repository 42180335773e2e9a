//! A model card against measurements: arranged as a document, and as JSON.

mod json;

pub use json::render as json;

use super::document::{
    Block, Callout, Cell, Chapter, Chart, ChartData, Column, Document, Headline, KeyFigure, ScatterPlot, ScatterPoint,
    ScatterSeries, Span, Table, Tone,
};
use super::text;
use crate::card::{Group, Row, UsedFor, Verification, share_covered};
use crate::finding::Finding;
use crate::units::MIB;

/// A card and how it stands with measurements.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VerificationReport {
    /// Name of the card.
    pub card: String,
    /// What it was set against, in words: `published measurements`, `runs.csv`.
    pub against: String,
    /// The groups.
    pub verification: Verification,
    /// What was noticed while reading.
    pub findings: Vec<Finding>,
}

/// Coverage from which 90 % intervals are as wide as they should be, allowing for chance.
const COVERED: f64 = 0.85;
/// Coverage below which a group is named in the headline.
const HARDLY: f64 = 0.5;
/// Groups named in the headline.
const MOST_NAMED: usize = 5;

/// The report as a document.
pub fn document(report: &VerificationReport) -> Document {
    let mut chapters = vec![groups(report)];
    chapters.push(Chapter { id: "figures", title: "Predicted against measured", blocks: charts(report) });
    if !report.findings.is_empty() {
        chapters.push(findings(&report.findings));
    }
    Document { title: format!("Model card {}", report.card), headline: headline(report), chapters }
}

fn headline(report: &VerificationReport) -> Headline {
    let groups = &report.verification.groups;
    let rows: usize = groups.iter().map(|group| group.n).sum();
    let coverage = share_covered(groups);
    let (badge, tone) = match coverage {
        share if share >= COVERED => ("intervals hold", Tone::Good),
        share if share >= HARDLY => ("intervals too narrow", Tone::Caution),
        _ => ("intervals do not hold", Tone::Bad),
    };
    let sentence = format!(
        "{} of {} ({}) lie inside their predicted 90 % interval",
        percent(coverage),
        text::counted(rows as u64, "measurement", "measurements"),
        report.against,
    );
    let mut worst: Vec<&Group> = groups.iter().filter(|group| group.coverage < HARDLY).collect();
    worst.sort_by(|a, b| a.coverage.total_cmp(&b.coverage).then_with(|| b.n.cmp(&a.n)));
    let advice = worst.iter().take(MOST_NAMED).map(|group| {
        let (covered, bias) = (percent(group.coverage), signed(group.bias));
        format!("{}, {}: {covered} covered, predicted {bias}", group.quantity, group.group)
    });
    Headline { badge, tone, sentence, advice: advice.collect() }
}

fn groups(report: &VerificationReport) -> Chapter {
    let figures = report.verification.by_use().into_iter().map(|summary| KeyFigure {
        label: match summary.used_for {
            UsedFor::Nothing => "rows that decided nothing",
            UsedFor::Intervals => "rows that decided intervals",
            UsedFor::Values => "rows that decided values",
        },
        value: format!("{} covered", percent(summary.coverage)),
        note: format!("{} rows, median error {}", summary.n, percent(summary.median_absolute_percentage_error)),
        tone: if summary.coverage >= COVERED { Tone::Good } else { Tone::Caution },
    });
    let columns = vec![
        Column::text("Quantity", 0),
        Column::text("Group", 0),
        Column::text("Used for", 3),
        Column::number("n", "", 2),
        Column::number("Median error", "%", 0),
        Column::number("Bias", "%", 1),
        Column::number("Worst error", "%", 4),
        Column::number("Covered", "%", 0),
    ];
    let number = |share: f64| Cell::Number(format!("{:.0}", share * 100.0));
    let row = |group: &Group| {
        let tone = match group.coverage {
            share if share >= COVERED => Tone::Good,
            share if share >= HARDLY => Tone::Caution,
            _ => Tone::Bad,
        };
        vec![
            Cell::Text(group.quantity.clone()),
            Cell::Text(group.group.clone()),
            Cell::Text(group.used_for.to_string()),
            Cell::Number(group.n.to_string()),
            number(group.median_absolute_percentage_error),
            Cell::Number(format!("{:+.0}", group.bias * 100.0).replace('-', "−")),
            number(group.worst_error),
            Cell::Mark(tone, format!("{:.0}", group.coverage * 100.0)),
        ]
    };
    let caption = format!("{} against {}", report.card, report.against);
    let rows = report.verification.groups.iter().map(row).collect();
    let blocks = vec![
        Block::KeyFigures(figures.collect()),
        Block::Table(Table { caption, columns, rows, omitted: 0 }),
        Block::Callout(Callout {
            tone: Tone::Neutral,
            title: "How to read it".to_owned(),
            text: "Error: |predicted − measured| ÷ measured. Bias: its signed median, negative where the card predicts too \
                   little. Covered: share of measurements inside the predicted 90 % interval. Where rows decided values of \
                   the card, error and coverage tell how well it describes them; where they decided intervals only, the \
                   error is a prediction; where they decided nothing, both are."
                .to_owned(),
        }),
    ];
    Chapter { id: "groups", title: "Groups of measurements", blocks }
}

/// One chart per quantity, in the order of the groups.
fn charts(report: &VerificationReport) -> Vec<Block> {
    let groups = &report.verification.groups;
    let mut quantities: Vec<&str> = groups.iter().map(|group| group.quantity.as_str()).collect();
    quantities.dedup();
    quantities.into_iter().map(|quantity| Block::Chart(chart(quantity, groups))).collect()
}

fn chart(quantity: &str, groups: &[Group]) -> Chart {
    let (unit, size) = unit(quantity);
    let of: Vec<&Group> = groups.iter().filter(|group| group.quantity == quantity).collect();
    let point = |row: &Row| {
        let [lower, value, upper] =
            [row.predicted.lower, row.predicted.value, row.predicted.upper].map(|end| end / size);
        ScatterPoint { measured: row.measured / size, predicted: Span { lower, value, upper } }
    };
    let series = of
        .iter()
        .map(|group| ScatterSeries { label: group.group.clone(), points: group.rows.iter().map(point).collect() });
    let plot = ScatterPlot { unit, series: series.collect() };
    let rows: usize = of.iter().map(|group| group.n).sum();
    let within = share_covered(of.iter().copied());
    Chart {
        title: title(quantity),
        caption: format!(
            "{quantity}, {unit}, both axes logarithmic. On the dashed line a prediction is right; above it the card predicts \
             too much. Bars are 90 % intervals."
        ),
        alt: format!(
            "{quantity}: {rows} measurements, {} inside their interval; the table has the errors",
            percent(within)
        ),
        data: ChartData::Scatter(plot),
    }
}

/// What a chart shows; titles of charts are words of the report, never of the data.
fn title(quantity: &str) -> &'static str {
    match quantity {
        "proxy memory" => "Proxy memory",
        "proxy start-up memory" => "Proxy memory at start-up",
        "proxy CPU" => "Proxy CPU",
        "istiod memory" => "Memory of istiod",
        "istiod peak memory" => "Memory of istiod while it pushes",
        "istiod CPU" => "CPU of istiod while it pushes",
        "istiod idle CPU" => "CPU of istiod, idle",
        "istiod CPU by cause" => "CPU of istiod by cause",
        "endpoint change" => "Time until every proxy knows of an endpoint",
        "configuration change" => "Time until every proxy has a new configuration",
        "reconnection" => "Time until every proxy is connected again",
        "ztunnel memory" => "Memory of ztunnel",
        "ztunnel CPU" => "CPU of ztunnel",
        _ => "Added response time",
    }
}

/// Unit in which a quantity is shown, and its size in the base unit.
fn unit(quantity: &str) -> (&'static str, f64) {
    match () {
        () if quantity.contains("memory") => ("MiB", MIB),
        () if quantity.contains("CPU") => ("millicores", 1e-3),
        () => ("ms", 1e-3),
    }
}

fn findings(findings: &[Finding]) -> Chapter {
    let points = findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.message)).collect();
    Chapter { id: "findings", title: "What was noticed", blocks: vec![Block::List(points)] }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn signed(share: f64) -> String {
    format!("{:+.0} %", share * 100.0).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Interval;

    fn report(inside: usize, outside: usize) -> VerificationReport {
        let row = |inside: bool| Row {
            label: "run".to_owned(),
            measured: 100.0 * MIB,
            predicted: Interval {
                lower: if inside { 80.0 } else { 110.0 } * MIB,
                value: 120.0 * MIB,
                upper: 150.0 * MIB,
            },
            signed_error: 0.2,
        };
        let rows = (0..inside + outside).map(|index| row(index < inside)).collect();
        let group = Group::of("proxy memory", "mine, Istio 1.24", UsedFor::Nothing, rows);
        let verification = Verification { groups: vec![group] };
        VerificationReport {
            card: "a card".to_owned(),
            against: "mine.csv".to_owned(),
            verification,
            ..VerificationReport::default()
        }
    }

    #[test]
    fn the_headline_says_whether_intervals_hold() {
        for (inside, outside, badge, advice) in [
            (9, 1, "intervals hold", 0),
            (7, 3, "intervals too narrow", 0),
            (1, 3, "intervals do not hold", 1),
            (0, 0, "intervals do not hold", 1),
        ] {
            let document = document(&report(inside, outside));
            assert_eq!(document.headline.badge, badge, "{inside} of {}", inside + outside);
            assert_eq!(document.headline.advice.len(), advice);
        }
        let sentence = document(&report(9, 1)).headline.sentence;
        assert_eq!(sentence, "90 % of 10 measurements (mine.csv) lie inside their predicted 90 % interval");
    }

    #[test]
    fn every_rendering_has_the_figures() {
        let report = report(9, 1);
        for text in [
            crate::report::verification_html(&report),
            crate::report::verification_markdown(&report),
            crate::report::verification_terminal(&report, crate::report::TerminalOptions::FILE),
        ] {
            assert!(text.contains("mine, Istio 1.24") && text.contains("+20") && text.contains("90"), "{text}");
        }
        let json: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
        assert_eq!(json["groups"][0]["worst_error"], 0.2);
        assert_eq!(json["groups"][0]["coverage"], 0.9);
        assert_eq!(json["groups"][0]["rows"].as_array().unwrap().len(), 10);
    }
}
