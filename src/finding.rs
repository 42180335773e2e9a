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
