//! One YAML document as a value, within budgets that no document can exceed its size by.

use super::prune::Pruned;

/// Reads a document.
///
/// # Errors
/// What serde_saphyr says about text that is no YAML, too deep, or multiplied by aliases.
pub(super) fn parse(text: &str) -> Result<Pruned, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, options(text.len()))
}

/// A document as JSON.
///
/// # Errors
/// The first line of what is wrong with it.
pub(super) fn to_json(text: &str) -> Result<Vec<u8>, String> {
    let Pruned(value) = parse(text).map_err(|error| {
        let text = error.without_snippet().to_string();
        format!("broken YAML ({})", text.lines().next().unwrap_or_default())
    })?;
    serde_json::to_vec(&value).map_err(|error| error.to_string())
}

/// Budgets in proportion to the document: every byte may be a node, but no alias may multiply them.
fn options(bytes: usize) -> serde_saphyr::Options {
    // Frames of nested values are large; 64 levels are safe on a thread's 2 MiB stack.
    const DEEPEST: usize = 64;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: bytes.max(250_000),
            max_events: bytes.saturating_mul(3).max(1_000_000),
            max_total_scalar_bytes: bytes.saturating_mul(2).max(64 << 20),
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
        },
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}
