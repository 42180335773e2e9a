//! What readers of measurements notice.

use crate::finding::{FindingKind, Severity};

pub(super) const ROWS_LEFT_OUT: FindingKind = FindingKind {
    id: "measurements-left-out",
    severity: Severity::Info,
    meaning: "rows of a table of measurements do not say what a law needs, or are no measurement of what it describes",
    why: "they neither judge nor shape a card; the reason and the count show that nothing was lost by mistake",
    remedy: "add what is missing to the rows if you know it; none needed where the table is as published",
};

pub(super) const COLUMNS_UNUSED: FindingKind = FindingKind {
    id: "measurement-columns-not-used",
    severity: Severity::Info,
    meaning: "a table of measurements has columns that no law uses",
    why: "a misspelt name would lose a condition: the row would be taken as measured without it",
    remedy: "rename a column that should count as `meshcap models verify --help` names it",
};

pub(super) const VALUE_CONSTANT: FindingKind = FindingKind {
    id: "measurement-column-constant",
    severity: Severity::Info,
    meaning: "a count has the same value in every row of a table",
    why: "what one more of it costs cannot be learned from this table",
    remedy: "measure with at least two values of it, far apart, if it matters in your mesh",
};

/// Kinds of finding the readers of measurements raise.
pub const FINDINGS: &[&FindingKind] = &[&ROWS_LEFT_OUT, &COLUMNS_UNUSED, &VALUE_CONSTANT];
