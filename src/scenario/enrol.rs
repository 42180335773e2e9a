//! Namespaces join the mesh.

use super::case::Case;
use super::known::{self, Trouble};

/// The policy enrols them beside those it enrols already.
pub(super) fn enrol(mut case: Case, namespaces: &[String]) -> Result<Case, Trouble> {
    known::namespaces(&case.inventory, namespaces)?;
    case.policy.injection.enroll.extend(namespaces.iter().cloned());
    Ok(case)
}
