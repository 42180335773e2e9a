//! What injection writes into a pod, as a card states it.

use serde::Deserialize;

use super::CardError;
use crate::policy::SidecarForm;
use crate::quantity::{parse_bytes, parse_cpu};
use crate::resources::Declared;

/// What sidecar injection writes into pods unless annotations say otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectionDefaults {
    /// Classic container or native sidecar; never [`SidecarForm::Auto`].
    pub form: SidecarForm,
    /// Requests of the proxy container.
    pub requests: Declared,
    /// Limits of the proxy container.
    pub limits: Declared,
    /// How the proxy chooses its worker threads, in words.
    pub concurrency: String,
    /// Where these defaults come from.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInjection {
    form: SidecarForm,
    cpu_request: String,
    memory_request: String,
    cpu_limit: String,
    memory_limit: String,
    concurrency: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequests {
    cpu_request: String,
    memory_request: String,
    #[serde(rename = "source")]
    _source: String,
}

impl RawInjection {
    pub fn check(self) -> Result<InjectionDefaults, CardError> {
        if self.form == SidecarForm::Auto {
            return Err(CardError::Field {
                field: "injection.form".to_owned(),
                found: "auto".to_owned(),
                expected: "classic or native: the card decides what auto means".to_owned(),
            });
        }
        Ok(InjectionDefaults {
            form: self.form,
            requests: declared(
                "injection",
                ["cpu_request", "memory_request"],
                &self.cpu_request,
                &self.memory_request,
            )?,
            limits: declared("injection", ["cpu_limit", "memory_limit"], &self.cpu_limit, &self.memory_limit)?,
            concurrency: self.concurrency,
            source: self.source,
        })
    }
}

impl RawRequests {
    pub fn check(self, section: &str) -> Result<Declared, CardError> {
        declared(section, ["cpu_request", "memory_request"], &self.cpu_request, &self.memory_request)
    }
}

fn declared(section: &str, [cpu_key, memory_key]: [&str; 2], cpu: &str, memory: &str) -> Result<Declared, CardError> {
    let wrong = |key: &str| {
        let field = format!("{section}.{key}");
        move |error| CardError::Quantity { field, error }
    };
    let cpu = parse_cpu(cpu).map_err(wrong(cpu_key))?;
    let memory = parse_bytes(memory).map_err(wrong(memory_key))?;
    Ok(Declared::new(Some(cpu), Some(memory)))
}
