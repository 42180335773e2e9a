//! Texts that describe what goes in and what comes out.

use super::args::{PolicyArguments, SchemaArguments, SchemaOf};
use super::{Failure, Outcome, output};
use crate::policy::Policy;
use crate::report;

/// Prints the JSON Schema of what a command writes.
pub fn print(arguments: &SchemaArguments) -> Result<Outcome, Failure> {
    output::print(&match arguments.of {
        SchemaOf::Plan => report::schema(),
        SchemaOf::Compare => report::comparison_schema(),
        SchemaOf::Tune => report::tuning_schema(),
        SchemaOf::Latency => report::latency_schema(),
        SchemaOf::Place => report::placement_schema(),
        SchemaOf::Whatif => report::scenarios_schema(),
        SchemaOf::Fit => report::fit_schema(),
    })?;
    Ok(Outcome::Done)
}

/// Prints the documented policy.
pub fn policy(_: &PolicyArguments) -> Result<Outcome, Failure> {
    output::print(Policy::EXAMPLE)?;
    Ok(Outcome::Done)
}
