//! assemble
use super::{Assembled, Sourced};
use crate::finding::FindingKind;
/// kinds
pub const FINDINGS: &[&FindingKind] = &[];
/// a
#[must_use]
pub fn assemble(_objects: Vec<Sourced>) -> Assembled {
    Assembled::default()
}
