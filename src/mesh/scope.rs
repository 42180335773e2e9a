//! scope
use crate::finding::FindingKind;
/// kinds
pub const SCOPE_FINDINGS: &[&FindingKind] = &[];
/// v
pub struct Visibility;
/// s
pub fn scope() {}
