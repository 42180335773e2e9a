//! The answer: objectives if there are any, else the comparison.

use super::LatencyReport;
use super::amounts::by_how_much;
use crate::measurement::{Comparison, Measurement, Outcome};
use crate::report::document::{Headline, Tone};
use crate::report::text;

/// The answer in one sentence.
pub fn headline(report: &LatencyReport) -> Headline {
    let missed: Vec<String> =
        report.judged().filter(|(_, _, outcome)| !outcome.met).map(|(_, slo, _)| slo.to_string()).collect();
    let judged = report.judged().count();
    let certain = report.judged().all(|(_, _, outcome)| outcome.certain);
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

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
