//! The answer: objectives if there are any, else the comparison.

use super::LatencyReport;
use super::amounts::by_how_much;
use super::paths;
use crate::measurement::{Comparison, Measurement, Outcome};
use crate::report::document::{Headline, Tone};
use crate::report::text;

/// The answer in a sentence or two.
pub fn headline(report: &LatencyReport) -> Headline {
    let (badge, tone, sentence) = match (judged(report), compared(report)) {
        (Some((badge, tone, judged)), Some((_, _, compared))) => (badge, tone, format!("{judged} {compared}")),
        (Some(answer), None) | (None, Some(answer)) => answer,
        (None, None) => {
            if let Some(headline) = paths::headline(report) {
                return headline;
            }
            let number = report.measurements.len() as u64;
            ("measured", Tone::Neutral, format!("{}.", text::counted(number, "measurement", "measurements")))
        }
    };
    Headline { badge, tone, sentence, advice: Vec::new() }
}

type Answer = (&'static str, Tone, String);

/// How many objectives are met; `None` without any.
fn judged(report: &LatencyReport) -> Option<Answer> {
    const MOST_NAMES: usize = 3;
    let number = report.judged().count() as u64;
    let mut missed: Vec<String> = Vec::new();
    let mut misses = 0_u64;
    for (_, slo, _) in report.judged().filter(|(_, _, outcome)| !outcome.met) {
        misses += 1;
        let name = slo.to_string();
        if !missed.contains(&name) {
            missed.push(name);
        }
    }
    let certain = report.judged().all(|(_, _, outcome)| outcome.certain);
    match (number, misses) {
        (0, _) => None,
        (_, 0) => {
            let all = if number == 1 {
                "The objective is met".to_owned()
            } else {
                format!("All {} objectives are met", text::count(number))
            };
            let doubt = if certain { "." } else { ", though not beyond doubt." };
            Some(("met", if certain { Tone::Good } else { Tone::Caution }, format!("{all}{doubt}")))
        }
        _ => {
            let more = if missed.len() > MOST_NAMES { ", …" } else { "" };
            missed.truncate(MOST_NAMES);
            let (misses, number) = (text::count(misses), text::counted(number, "objective", "objectives"));
            Some(("missed", Tone::Bad, format!("{misses} of {number} missed: {}{more}.", missed.join(", "))))
        }
    }
}

/// How the measurements differ from the base; `None` without one.
fn compared(report: &LatencyReport) -> Option<Answer> {
    let base = report.base.as_ref()?;
    Some(match &*report.comparisons {
        [comparison] => verdict(comparison, base),
        comparisons => several(comparisons, base),
    })
}

fn verdict(comparison: &Comparison, base: &Measurement) -> Answer {
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

fn several(comparisons: &[Comparison], base: &Measurement) -> Answer {
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
