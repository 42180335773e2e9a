//! injection
use crate::finding::FindingKind;
/// kinds
pub const FINDINGS: &[&FindingKind] = &[];
/// m
pub fn membership() {}
