//! What a card was made from: which published rows decided its values, and which only its intervals.
//!
//! A group that decided nothing says how well a card predicts; one that decided says how well it
//! describes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::CardError;

/// What the rows of a group decided in a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum UsedFor {
    /// Nothing: error and coverage are out of sample.
    #[default]
    Nothing,
    /// The ends of intervals or the residual spread, but no value: the error is out of sample.
    Intervals,
    /// The value of at least one coefficient.
    Values,
}

impl UsedFor {
    /// All of them, from the one that judges a card best.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Intervals, Self::Values];

    /// Name in cards, tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Intervals => "intervals",
            Self::Values => "values",
        }
    }
}

impl fmt::Display for UsedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Groups a card was made from, by `quantity: group`.
pub(super) type Evidence = BTreeMap<String, UsedFor>;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEvidence {
    values: Vec<String>,
    intervals: Vec<String>,
}

impl RawEvidence {
    pub fn check(self) -> Result<Evidence, CardError> {
        let values = self.values.into_iter().map(|name| (name, UsedFor::Values));
        let intervals = self.intervals.into_iter().map(|name| (name, UsedFor::Intervals));
        let mut evidence = Evidence::new();
        for (name, used_for) in values.chain(intervals) {
            if evidence.insert(name.clone(), used_for).is_some() {
                let expected = "every group once: under values if it decided any".to_owned();
                return Err(CardError::Field { field: "evidence".to_owned(), found: name, expected });
            }
        }
        Ok(evidence)
    }
}
