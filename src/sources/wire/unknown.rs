//! Members of Istio's objects that are none of theirs: a slip, or something of a later version.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_UNKNOWN;
use super::Oddity;

/// Most members named.
const MOST_NAMED: usize = 5;

/// What is left of an object once its own members are taken.
#[derive(Deserialize, Default)]
#[serde(transparent)]
pub(super) struct Unknown(BTreeMap<String, IgnoredAny>);

impl Unknown {
    /// Whether anything is left.
    pub(super) fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Notes what is left below `path`.
    pub(super) fn note(&self, path: &str, odd: &mut Vec<Oddity>) {
        let names: Vec<&str> = self.0.keys().take(MOST_NAMED).map(String::as_str).collect();
        if let Some(first) = names.first() {
            let more = self.0.len() - names.len();
            let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
            odd.push(Oddity {
                kind: &FIELD_UNKNOWN,
                field: format!("{path}.{first}"),
                message: format!("{}{tail}: no such member; planned without", names.join(", ")),
            });
        }
    }
}
