//! Model cards: what things cost, as coefficients with interval, source, conditions and range.

use crate::policy::SidecarForm;
use crate::resources::Declared;

/// Placeholder until merge.
#[derive(Debug, Clone, PartialEq)]
pub struct InjectionDefaults {
    /// Form.
    pub form: SidecarForm,
    /// Requests.
    pub requests: Declared,
    /// Limits.
    pub limits: Declared,
}
