//! The machine format: a promise, so it has types of its own and the types inside stay free.
//!
//! Estimates are `{lower, value, upper}` in base units (bytes, cores, ratios); what cannot be said
//! is `null`, never missing; fields keep their order.

mod capacity;
mod certificates;
mod clusters;
mod control_plane;
mod derivations;
mod features;
mod guards;
mod measured;
mod operation;
mod proxy;
mod resilience;
mod responses;
mod savings;
mod telemetry;
mod verdict;
mod visible;
mod wire;

pub use responses::ResponseTimes;
pub use verdict::Outcome;
pub use wire::{Card, Estimate, Finding, Input, Number, Tool};

use serde::Serialize;

use super::Reported;

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes a plan.
pub fn render(reported: Reported<'_>) -> String {
    write(&wire::Report::from(reported))
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    schema_of::<wire::Report<'static>>()
}

/// Writes a value of wire types.
pub fn write(report: &impl Serialize) -> String {
    // Nothing in the wire types can fail to serialize: no maps with odd keys, no custom errors.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    harmless(text)
}

/// The JSON Schema of a wire type.
#[cfg(feature = "schema")]
pub fn schema_of<T: schemars::JsonSchema>() -> String {
    let schema =
        schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Escapes the characters JSON allows in strings but terminals act on: C1 controls and those that turn
/// the direction of text. Outside strings there are none.
fn harmless(text: String) -> String {
    let acts = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.chars().any(acts) {
        return text;
    }
    text.chars().map(|c| if acts(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}
