//! Odd or thin data: noticed, counted, explained; work goes on.
//!
//! A kind of finding documents itself: what it means, why it matters, what to do. Each module
//! declares the kinds it can raise as constants and lists them in its `FINDINGS`.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Severity {
    /// Worth knowing; changes no figure.
    Info,
    /// A figure rests on an assumption or on data that looks odd.
    Warning,
    /// Something will break, or a figure cannot be trusted.
    Error,
}

/// A kind of finding and its explanation.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// Stable name in kebab case, e.g. `memory-limit-below-peak`.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it means.
    pub meaning: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// One thing noticed about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: &'static FindingKind,
    /// What it is about: `Deployment shop/cart`, `nodes.json`, `cluster`.
    pub subject: String,
    /// The case at hand, with its numbers; a lowercase fragment.
    pub message: String,
    /// How many objects or places it stands for, at least 1.
    pub count: u64,
}

impl Finding {
    /// A finding about one subject.
    #[must_use]
    pub fn new(kind: &'static FindingKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), message: message.into(), count: 1 }
    }

    /// The same finding standing for `count` objects.
    #[must_use]
    pub fn counted(mut self, count: u64) -> Self {
        self.count = count.max(1);
        self
    }
}

/// Puts findings in the order of a report: gravest first, then by kind and subject.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.kind.severity, a.kind.id, &a.subject, &a.message).cmp(&(a.kind.severity, b.kind.id, &b.subject, &b.message))
    });
}

/// Counts like cases and keeps a few names, so that a thousand of them make one finding.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    count: u64,
    examples: Vec<String>,
}

impl Tally {
    /// Most names kept.
    const MOST_EXAMPLES: usize = 3;

    /// Counts one more case.
    pub fn add(&mut self, example: impl std::fmt::Display) {
        self.count += 1;
        if self.examples.len() < Self::MOST_EXAMPLES {
            self.examples.push(example.to_string());
        }
    }

    /// How many cases were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// `a, b, c and 9 more`.
    #[must_use]
    pub fn names(&self) -> String {
        let more = self.count - self.examples.len() as u64;
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{tail}", self.examples.join(", "))
    }

    /// One finding for all cases, `None` without any: the message is given the names.
    #[must_use]
    pub fn finding(
        &self,
        kind: &'static FindingKind,
        subject: &str,
        message: impl FnOnce(&str) -> String,
    ) -> Option<Finding> {
        (self.count > 0).then(|| Finding::new(kind, subject, message(&self.names())).counted(self.count))
    }
}
