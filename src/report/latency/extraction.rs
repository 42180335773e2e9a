//! What one traversal takes, extracted from two measurements: for people, and as a model card.

use super::{Extracted, LatencyReport, table};
use crate::latency::Extraction;
use crate::measurement::percent;
use crate::report::document::{Block, Cell, Chapter, Column};
use crate::report::duration::{amount, number, unit_of_interval};
use crate::report::text;
use crate::units::Seconds;

/// What was extracted, where it was asked for.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    let extraction = &report.extraction.as_ref()?.extraction;
    let [p50, p90, p99] = extraction.residuals.map(|miss| format!("{:+.1} %", miss * 100.0));
    let [least, factor, most] = extraction.time_per_cpu.map(text::significant);
    let [steadiest, variation, wildest] = extraction.variation.map(text::significant);
    let fit = format!(
        "If proxies are slow for themselves, one traversal takes {} at the median: {factor} times the CPU time of the \
         card, likely {least} to {most}. From request to request it varies by {variation} of that (coefficient of \
         variation, likely {steadiest} to {wildest}). With these figures base and proxies together miss the measured p50 by \
         {p50}, p90 by {p90} and p99 by {p99}.",
        amount(extraction.service),
    );
    let differences = "The differences below need no such assumption, and are what proxies add only if they are slow for \
        the requests that are slow anyway.";
    let blocks = vec![Block::Paragraph(fit), Block::Paragraph(differences.to_owned()), self::differences(extraction)];
    Some(Chapter { id: "extraction", title: "What one traversal takes", blocks })
}

fn differences(extraction: &Extraction) -> Block {
    let columns = vec![
        Column::text("At", 0),
        Column::number("Without", "", 1),
        Column::number("With proxies", "", 1),
        Column::number("Difference", "", 0),
    ];
    let rows = extraction.differences.iter().map(|added| {
        let difference = added.difference;
        let unit = unit_of_interval(difference.lower, difference.value, difference.upper);
        let sign = if difference.value > Seconds::ZERO { "+" } else { "" };
        vec![
            Cell::Text(format!("p{}", percent(added.quantile))),
            Cell::Number(amount(added.base.value)),
            Cell::Number(amount(added.meshed.value)),
            Cell::Number(format!(
                "{sign}{} {} [{} to {}]",
                number(difference.value, unit),
                unit.symbol,
                number(difference.lower, unit),
                number(difference.upper, unit)
            )),
        ]
    });
    table("Differences of percentiles", columns, rows.collect())
}

/// A model card that extends another with what was extracted; `date` is that of the measurement, as in `2026-08-01`.
pub fn card(extracted: &Extracted, date: &str) -> String {
    let Extraction { time_per_cpu, variation, .. } = &extracted.extraction;
    let quoted = |text: &str| toml::Value::String(text::clean(text)).to_string();
    let source = quoted(&format!("{} against {}", extracted.meshed, extracted.base));
    let date = quoted(date);
    let conditions = quoted(&format!(
        "{}; proxies slow for themselves: base and proxies convolved give the measured percentiles",
        extracted.conditions
    ));
    let entry = |[lower, value, upper]: [f64; 3]| {
        format!(
            "{{ value = {value:.4}, lower = {lower:.4}, upper = {upper:.4}, unit = \"ratio\", source = {source}, \
             date = {date}, conditions = {conditions} }}"
        )
    };
    format!(
        "# Time of a traversal extracted from two measurements; everything else as in the card it extends.\n\n\
         extends = {}\nname = \"measured\"\ntitle = {}\ndate = {date}\n\n[proxy_latency]\ntime_per_cpu = {}\nvariation = {}\n",
        quoted(&extracted.card),
        quoted(&format!("{} with the latency measured here", extracted.card)),
        entry(*time_per_cpu),
        entry(*variation),
    )
}
