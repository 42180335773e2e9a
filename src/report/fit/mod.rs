//! Laws fitted to measurements: arranged as a document, as a model card, and as JSON.

mod card;
mod coefficients;
mod json;
mod validation;

pub use card::render as card;
pub use json::render as json;
#[cfg(feature = "schema")]
pub use json::schema;

use super::document::{Document, Headline, Tone};
use super::latency::findings;
use super::text;
use crate::fit::{Fit, LawFit, Outcome, Score};

/// How a fitted card calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardName {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The card it extends, as the file is to say it: a name or a path.
    pub extends: String,
}

/// The fit as a document.
pub fn document(fit: &Fit) -> Document {
    let chapters = [coefficients::chapter(fit), validation::chapter(fit), findings::of(&fit.findings)];
    Document {
        title: "Laws fitted to measurements".to_owned(),
        headline: headline(fit),
        chapters: chapters.into_iter().flatten().collect(),
    }
}

fn headline(fit: &Fit) -> Headline {
    let fitted = fit.laws.iter().filter(|law| matches!(law.outcome, Outcome::Fitted(_))).count();
    let sentence = match &*fit.laws {
        [] => "No measurement can be fitted.".to_owned(),
        [law] => sentence(law),
        laws => {
            let named = |wanted: bool| {
                let is_fitted = |law: &&LawFit| matches!(law.outcome, Outcome::Fitted(_)) == wanted;
                laws.iter().filter(is_fitted).map(|law| law.law.name()).collect::<Vec<_>>().join(", ")
            };
            let parts = [("Fitted", named(true)), ("Withheld for too few load points", named(false))];
            let said = parts.iter().filter(|(_, names)| !names.is_empty());
            said.map(|(what, names)| format!("{what}: {names}.")).collect::<Vec<_>>().join(" ")
        }
    };
    let (badge, tone) = match fitted {
        0 => ("withheld", Tone::Bad),
        _ if fitted < fit.laws.len() => ("fitted in part", Tone::Caution),
        _ => ("fitted", Tone::Good),
    };
    Headline { badge, tone, sentence, advice: Vec::new() }
}

fn sentence(law: &LawFit) -> String {
    let name = capitalised(law.law.name());
    let rows = text::counted(law.rows as u64, "row", "rows");
    match &law.outcome {
        Outcome::Withheld(withheld) => format!("{name} {withheld}."),
        Outcome::Fitted(fitting) => {
            let within = fitting.holdout.as_ref().and_then(|holdout| holdout.within);
            let unseen = within.map_or_else(String::new, |score| format!("; {}", unseen(score)));
            format!("{name} fitted to {rows}{unseen}.")
        }
    }
}

fn unseen(score: Score) -> String {
    format!(
        "unseen rows missed by {} at the median, {} at worst, {} of {} in their interval",
        text::percent(score.median),
        text::percent(score.worst),
        (score.coverage * score.n as f64).round(),
        score.n
    )
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
