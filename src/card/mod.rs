//! Model cards: what things cost, as coefficients with interval, source, conditions and range.
//!
//! A card is a TOML file. Those embedded in the crate are listed by [`embedded`]; any other is read
//! with [`ModelCard::from_toml`]. [`verify()`] sets a card against published measurements.

mod diff;
mod evidence;
mod extends;
mod injection;
mod published;
mod replace;
mod verify;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use diff::{Change, Difference, diff};
pub use evidence::UsedFor;
pub use extends::file_extended;
pub use injection::InjectionDefaults;
pub use published::{Conditions, DataError, Measurement, published};
pub use verify::{Group, Interval, Row, Summary, Verification, figure, predict, share_covered, verify, verify_own};

use crate::finding::{FindingKind, Severity};
use crate::model::coefficient::Entry;
use crate::model::{
    Certificates, Coefficient, CoefficientError, CoefficientSet, IstiodCpu, IstiodLimits, IstiodMemory, IstiodWork,
    ProxyCpu, ProxyLatency, ProxyMemory, Telemetry, TelemetrySections, Ztunnel,
};
use crate::quantity::QuantityError;
use crate::resources::Declared;

/// A coefficient was used beyond the counts it was observed at.
pub const COEFFICIENT_OUTSIDE_RANGE: FindingKind = FindingKind {
    id: "coefficient-outside-range",
    severity: Severity::Warning,
    meaning: "a count is larger or smaller than any at which the model card's coefficient was measured",
    why: "the figure is an extrapolation: its interval may be too narrow",
    remedy: "measure one such workload and write a model card with its figures, or scope its configuration so that the count is ordinary",
};

/// Kinds of findings raised about cards.
pub const FINDINGS: &[&FindingKind] = &[&COEFFICIENT_OUTSIDE_RANGE];

/// Name of the card used where none is asked for.
pub const DEFAULT: &str = "istio-1.24";

/// What one Istio version or environment costs.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    name: String,
    title: String,
    istio: String,
    date: String,
    notes: Vec<String>,
    evidence: evidence::Evidence,
    /// What injection writes into pods that get a proxy.
    pub injection: InjectionDefaults,
    /// What the ztunnel DaemonSet requests by default.
    pub ztunnel_requests: Declared,
    /// What an istio-cni agent requests by default; nothing where the card does not say.
    pub cni_requests: Declared,
    /// Memory of an Envoy proxy.
    pub proxy_memory: ProxyMemory,
    /// CPU of an Envoy proxy.
    pub proxy_cpu: ProxyCpu,
    /// Time a proxy adds to a request.
    pub proxy_latency: ProxyLatency,
    /// Memory of an istiod replica.
    pub istiod_memory: IstiodMemory,
    /// CPU of istiod.
    pub istiod_cpu: IstiodCpu,
    /// CPU of istiod by cause.
    pub istiod_work: IstiodWork,
    /// What limits an istiod.
    pub istiod_limits: IstiodLimits,
    /// Time istiod takes to sign certificates.
    pub certificates: Certificates,
    /// CPU and memory of a ztunnel.
    pub ztunnel: Ztunnel,
    /// What metrics, traces and logs amount to.
    pub telemetry: Telemetry,
}

/// A card that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CardError {
    /// Not TOML, or not the fields of a card.
    #[error("the model card is not readable: {0}")]
    Syntax(String),
    /// A coefficient is wrong.
    #[error("the model card has a coefficient that cannot be used: {0}")]
    Coefficient(#[from] CoefficientError),
    /// A default amount is not a Kubernetes quantity.
    #[error("the model card's {field} cannot be used: {error}")]
    Quantity {
        /// Section and key.
        field: String,
        /// What is wrong with it.
        error: QuantityError,
    },
    /// Another field is wrong.
    #[error("the model card's {field} is {found:?}: expected {expected}")]
    Field {
        /// Section and key.
        field: String,
        /// What is there.
        found: String,
        /// What would do.
        expected: String,
    },
    /// No embedded card has this name.
    #[error("there is no model card {name:?}: embedded are {known}; give a path for a card of your own")]
    NoSuchCard {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
}

/// The cards in the crate: name and TOML text, by name.
#[must_use]
pub fn embedded() -> &'static [(&'static str, &'static str)] {
    &[
        ("envoy-1.40", include_str!("../../models/envoy-1.40.toml")),
        ("generic", include_str!("../../models/generic.toml")),
        (DEFAULT, include_str!("../../models/istio-1.24.toml")),
        ("istio-ambient-1.24", include_str!("../../models/istio-ambient-1.24.toml")),
    ]
}

impl ModelCard {
    /// Reads a card from TOML text. A card that `extends` an embedded one states only what differs.
    ///
    /// # Errors
    /// [`CardError`] naming the field or coefficient and what was expected.
    pub fn from_toml(text: &str) -> Result<Self, CardError> {
        Self::from_layers(&[text])
    }

    /// Reads a card from its own text and those of the files it extends, each extending the next (see
    /// [`file_extended`]); the last extends an embedded card or nothing.
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn from_layers(texts: &[&str]) -> Result<Self, CardError> {
        let raw: RawCard = extends::read(texts)?;
        for (field, value) in [("name", &raw.name), ("title", &raw.title), ("istio", &raw.istio), ("date", &raw.date)] {
            if value.trim().is_empty() {
                let (field, expected) = (field.to_owned(), "text that says which card this is".to_owned());
                return Err(CardError::Field { field, found: value.clone(), expected });
            }
        }
        let istiod_cpu = IstiodCpu::new(CoefficientSet::new("istiod_cpu", raw.istiod_cpu))?;
        Ok(Self {
            name: raw.name,
            title: raw.title,
            istio: raw.istio,
            date: raw.date,
            notes: raw.notes,
            evidence: raw.evidence.check()?,
            injection: raw.injection.check()?,
            ztunnel_requests: raw.ztunnel_resources.check("ztunnel_resources")?,
            cni_requests: match raw.cni_resources {
                Some(raw) => raw.check("cni_resources")?,
                None => Declared::default(),
            },
            proxy_memory: ProxyMemory::new(CoefficientSet::new("proxy_memory", raw.proxy_memory))?,
            proxy_cpu: ProxyCpu::new(CoefficientSet::new("proxy_cpu", raw.proxy_cpu))?,
            proxy_latency: ProxyLatency::new(CoefficientSet::new("proxy_latency", raw.proxy_latency))?,
            istiod_memory: IstiodMemory::new(CoefficientSet::new("istiod_memory", raw.istiod_memory))?,
            istiod_work: IstiodWork::new(CoefficientSet::new("istiod_work", raw.istiod_work), &istiod_cpu)?,
            istiod_cpu,
            istiod_limits: IstiodLimits::new(CoefficientSet::new("istiod_limits", raw.istiod_limits))?,
            certificates: Certificates::new(CoefficientSet::new("certificates", raw.certificates))?,
            ztunnel: Ztunnel::new(
                CoefficientSet::new("ztunnel_memory", raw.ztunnel_memory),
                CoefficientSet::new("ztunnel_cpu", raw.ztunnel_cpu),
            )?,
            telemetry: Telemetry::new(TelemetrySections {
                series: CoefficientSet::new("telemetry_series", raw.telemetry_series),
                ztunnel: CoefficientSet::new("telemetry_ztunnel", raw.telemetry_ztunnel),
                scrape: CoefficientSet::new("telemetry_scrape", raw.telemetry_scrape),
                prometheus: CoefficientSet::new("telemetry_prometheus", raw.telemetry_prometheus),
                tracing: CoefficientSet::new("telemetry_traces", raw.telemetry_traces),
                access_log: CoefficientSet::new("telemetry_logs", raw.telemetry_logs),
            })?,
        })
    }

    /// An embedded card.
    ///
    /// # Errors
    /// [`CardError::NoSuchCard`] listing the names there are.
    pub fn named(name: &str) -> Result<Self, CardError> {
        let Some((_, text)) = embedded().iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = embedded().iter().map(|(name, _)| *name).collect();
            return Err(CardError::NoSuchCard { name: name.to_owned(), known: known.join(", ") });
        };
        Self::from_toml(text)
    }

    /// Name, e.g. `istio-1.24`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Title in words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Istio version it stands for.
    #[must_use]
    pub fn istio(&self) -> &str {
        &self.istio
    }

    /// Date of the card.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Every coefficient of the card, law by law, for listing it.
    #[must_use]
    pub fn coefficients(&self) -> Vec<&Coefficient> {
        let mut all = self.proxy_memory.coefficients().to_vec();
        all.extend(self.proxy_cpu.coefficients());
        all.extend(self.proxy_latency.coefficients());
        all.extend(self.istiod_memory.coefficients());
        all.extend(self.istiod_cpu.coefficients());
        all.extend(self.istiod_work.coefficients());
        all.extend(self.istiod_limits.coefficients());
        all.extend(self.certificates.coefficients());
        all.extend(self.ztunnel.coefficients());
        all.extend(self.telemetry.coefficients());
        all
    }

    /// What the published rows of a group decided in this card; [`UsedFor::Nothing`] where it does not say.
    #[must_use]
    pub fn used_for(&self, quantity: &str, group: &str) -> UsedFor {
        self.evidence.get(&format!("{quantity}: {group}")).copied().unwrap_or_default()
    }

    /// The groups of published rows the card says it was made from, as `quantity: group`.
    pub fn evidence(&self) -> impl Iterator<Item = &str> {
        self.evidence.keys().map(String::as_str)
    }

    /// What a user of the card should know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCard {
    name: String,
    title: String,
    istio: String,
    date: String,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    evidence: evidence::RawEvidence,
    injection: injection::RawInjection,
    ztunnel_resources: injection::RawRequests,
    cni_resources: Option<injection::RawRequests>,
    proxy_memory: BTreeMap<String, Entry>,
    proxy_cpu: BTreeMap<String, Entry>,
    proxy_latency: BTreeMap<String, Entry>,
    istiod_memory: BTreeMap<String, Entry>,
    istiod_cpu: BTreeMap<String, Entry>,
    istiod_work: BTreeMap<String, Entry>,
    istiod_limits: BTreeMap<String, Entry>,
    certificates: BTreeMap<String, Entry>,
    ztunnel_memory: BTreeMap<String, Entry>,
    ztunnel_cpu: BTreeMap<String, Entry>,
    telemetry_series: BTreeMap<String, Entry>,
    telemetry_ztunnel: BTreeMap<String, Entry>,
    telemetry_scrape: BTreeMap<String, Entry>,
    telemetry_prometheus: BTreeMap<String, Entry>,
    telemetry_traces: BTreeMap<String, Entry>,
    telemetry_logs: BTreeMap<String, Entry>,
}

/// The default card, read once for all tests.
#[cfg(test)]
pub(crate) static TEST_CARD: std::sync::LazyLock<ModelCard> =
    std::sync::LazyLock::new(|| ModelCard::named(DEFAULT).unwrap());

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn default_text() -> &'static str {
        embedded().iter().find(|(name, _)| *name == DEFAULT).unwrap().1
    }

    #[test]
    fn every_embedded_card_reads_under_its_name() {
        for (name, text) in embedded() {
            let card = ModelCard::from_toml(text).unwrap();
            assert_eq!(card.name(), *name);
            assert!(!card.notes().is_empty());
        }
        assert_eq!(ModelCard::named(DEFAULT).unwrap().istio(), "1.24");
    }

    #[test]
    fn what_is_wrong_with_a_card_is_named() {
        let text = default_text();
        let base = "base = { value = 54, lower = 36, upper = 72, unit = \"MB\"";
        for (from, to, expected) in [
            (base, "base = { value = 30, lower = 36, upper = 72, unit = \"MB\"", "proxy_memory.base has lower 36"),
            (base, "base = { value = 54, lower = -1, upper = 72, unit = \"MB\"", "proxy_memory.base has lower -1"),
            (base, "base = { value = 54, lower = 36, upper = inf, unit = \"MB\"", "proxy_memory.base"),
            (base, "base = { value = 54, lower = 36, upper = 1e300, unit = \"MB\"", "proxy_memory.base"),
            (base, "base = { value = nan, lower = 36, upper = 72, unit = \"MB\"", "proxy_memory.base"),
            (base, "base = { value = 54, lower = 36, upper = 72, unit = \"cores\"", "expected bytes or kB"),
            ("per_cluster = {", "per_clutser = {", "proxy_memory.per_cluster is missing"),
            (
                "[proxy_cpu]\nidle",
                "[proxy_cpu]\nextra = { value = 1, lower = 1, upper = 1, unit = \"cores\", source = \"s\", date = \"d\", conditions = \"c\" }\nidle",
                "proxy_cpu.extra is not a coefficient",
            ),
            ("kB per cluster\"", "kB per listener\"", "per cluster"),
            ("range = [0, 4000]", "range = [4000, 0]", "range [4000, 0]"),
            (
                "spread = { value = 0.10, lower = 0.05, upper = 0.25",
                "spread = { value = 0.10, lower = 0.05, upper = 1.5",
                "proxy_memory.spread is 1.5",
            ),
            (
                "sharing_rate = { value = 400, lower = 120",
                "sharing_rate = { value = 400, lower = 0",
                "proxy_cpu.sharing_rate is 0",
            ),
            (
                "mtls_factor = { value = 1.12, lower = 1.10",
                "mtls_factor = { value = 1.12, lower = 0.9",
                "proxy_cpu.mtls_factor is 0.9",
            ),
            ("cpu_limit = \"2\"", "cpu_limit = \"two\"", "injection.cpu_limit"),
            ("form = \"classic\"", "form = \"auto\"", "injection.form"),
            ("name = \"istio-1.24\"", "name = \"\"", "name"),
            ("title = ", "titel = ", "titel"),
            ("\nintervals = [", "\nintervals = [\"proxy CPU: Istio 1.24, performance page\", ", "every group once"),
            ("[ztunnel_cpu]", "[ztunnel_gpu]", "ztunnel_gpu"),
        ] {
            assert!(text.contains(from), "the embedded card has no {from:?}");
            let error = ModelCard::from_toml(&text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to:?}: {error}");
        }
        assert!(ModelCard::from_toml("no card").is_err());
        assert!(ModelCard::named("istio-0.1").unwrap_err().to_string().contains(DEFAULT));
    }

    #[test]
    fn all_coefficients_are_listed_as_written() {
        let card = &*TEST_CARD;
        let text = default_text();
        let listed = card.coefficients();
        assert_eq!(listed.len(), text.lines().filter(|line| line.contains("= { value")).count());
        for coefficient in listed {
            let key = coefficient.name.split('.').next_back().unwrap();
            let [_, value, _] = coefficient.as_written();
            assert!(!coefficient.source.is_empty() && !coefficient.conditions.is_empty(), "{}", coefficient.name);
            let written = |line: &str| {
                let table: toml::Table = toml::from_str(line).unwrap();
                let number = &table[key]["value"];
                number.as_float().or_else(|| number.as_integer().map(|whole| whole as f64))
            };
            let lines = text.lines().filter(|line| line.starts_with(&format!("{key} = {{")));
            assert!(lines.filter_map(written).any(|number| (number - value).abs() < 1e-9), "{}", coefficient.name);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}", at in 0usize..8000, length in 0usize..40) {
            prop_assert!(ModelCard::from_toml(&text).is_err());
            let card = default_text();
            let start = card.floor_char_boundary(at.min(card.len()));
            let end = card.floor_char_boundary((start + length).min(card.len()));
            let spoilt = format!("{}{}{}", &card[..start], text, &card[end..]);
            let _answered = ModelCard::from_toml(&spoilt);
        }
    }
}
