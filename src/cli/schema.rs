//! Texts that describe what goes in and what comes out.

use super::args::PolicyArguments;
use super::{Failure, Outcome, output};
use crate::policy::Policy;
use crate::report;

/// Prints the JSON Schema of a plan.
pub fn print() -> Result<Outcome, Failure> {
    output::print(&report::schema())?;
    Ok(Outcome::Done)
}

/// Prints the documented policy.
pub fn policy(_: &PolicyArguments) -> Result<Outcome, Failure> {
    output::print(Policy::EXAMPLE)?;
    Ok(Outcome::Done)
}
