//! scope
use crate::finding::FindingKind;
/// kinds
pub const SCOPE_FINDINGS: &[&FindingKind] = &[];
/// s
pub fn scope() {}
