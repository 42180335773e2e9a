//! WebAssembly filters, patches of Envoy's configuration, settings of proxies, groups of workloads.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Oddity;
use super::istio::{Wire, WorkloadSelector};
use super::security::{PodSelector, TargetWire, attachment};
use super::telemetry::side;
use super::text::{Int, Nullable, Seq, Text, TextMap};
use super::unknown::Unknown;
use crate::inventory::objects::{
    Attachment, CertificateSettings, EnvoyFilter, ProxySettings, Side, WasmPlugin, WorkloadGroup,
};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WasmPluginSpec<'a> {
    #[serde(borrow)]
    selector: Option<PodSelector<'a>>,
    #[serde(borrow)]
    target_ref: Option<TargetWire<'a>>,
    #[serde(borrow)]
    target_refs: Seq<TargetWire<'a>>,
    #[serde(borrow)]
    phase: Text<'a>,
    #[serde(borrow, rename = "match")]
    matches: Seq<TrafficWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TrafficWire<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
}

/// A WebAssembly filter; nothing where it has no name.
pub(super) fn wasm_plugin(wire: &Wire<'_, WasmPluginSpec<'_>>, odd: &mut Vec<Oddity>) -> Option<WasmPlugin> {
    let spec = &wire.spec;
    let sides: Vec<Side> = spec.matches.0.iter().map(|it| side(&it.mode, "spec.match.mode", odd)).collect();
    let only = |wanted: Side| !sides.is_empty() && sides.iter().all(|side| *side == wanted);
    Some(WasmPlugin {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        attachment: attachment(spec.selector.as_ref(), spec.target_ref.as_ref(), &spec.target_refs),
        phase: spec.phase.to_option(),
        side: [Side::Client, Side::Server].into_iter().find(|side| only(*side)).unwrap_or_default(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EnvoyFilterSpec<'a> {
    #[serde(borrow)]
    workload_selector: Option<WorkloadSelector<'a>>,
    #[serde(borrow)]
    target_refs: Seq<TargetWire<'a>>,
    config_patches: Seq<IgnoredAny>,
}

/// Patches of Envoy's configuration; nothing where they have no name.
pub(super) fn envoy_filter(wire: &Wire<'_, EnvoyFilterSpec<'_>>) -> Option<EnvoyFilter> {
    let spec = &wire.spec;
    let selector = spec.workload_selector.as_ref().map(WorkloadSelector::labels);
    let named = attachment(None, None, &spec.target_refs);
    Some(EnvoyFilter {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        attachment: Attachment { selector, ..named },
        patches: spec.config_patches.0.len() as u64,
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ProxySettingsSpec<'a> {
    #[serde(borrow)]
    selector: Option<PodSelector<'a>>,
    concurrency: Int,
    #[serde(borrow)]
    environment_variables: Nullable<CertificateVariables<'a>>,
    #[serde(rename = "image")]
    _image: IgnoredAny,
    #[serde(flatten)]
    unknown: Unknown,
}

/// How proxies run; nothing where it has no name.
pub(super) fn proxy_settings(wire: &Wire<'_, ProxySettingsSpec<'_>>, odd: &mut Vec<Oddity>) -> Option<ProxySettings> {
    let spec = &wire.spec;
    spec.unknown.note("spec", odd);
    Some(ProxySettings {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        selector: spec.selector.as_ref().map(|selector| selector.match_labels.to_labels()),
        concurrency: spec.concurrency.count().and_then(|count| u32::try_from(count).ok()),
        certificates: spec.environment_variables.read("spec.environmentVariables", odd),
    })
}

/// The variables that decide the life of certificates; no other is read.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CertificateVariables<'a> {
    /// Of a proxy.
    #[serde(borrow, rename = "SECRET_TTL")]
    secret_ttl: Text<'a>,
    /// Of a proxy.
    #[serde(borrow, rename = "SECRET_GRACE_PERIOD_RATIO")]
    grace_ratio: Text<'a>,
    /// Of istiod, for proxies that ask for no life of their own.
    #[serde(borrow, rename = "DEFAULT_WORKLOAD_CERT_TTL")]
    default_ttl: Text<'a>,
    /// Of istiod: no certificate lives longer.
    #[serde(borrow, rename = "MAX_WORKLOAD_CERT_TTL")]
    most_ttl: Text<'a>,
}

impl CertificateVariables<'_> {
    /// What they say of certificates.
    pub(super) fn read(&self, field: &str, odd: &mut Vec<Oddity>) -> CertificateSettings {
        let mut life = |text: &Text<'_>, name: &str| {
            let seconds = (!text.is_empty()).then(|| go_duration(text.as_str()))?;
            if seconds.is_none() {
                let message = format!("{:?} is no duration above 0, such as 24h; planned without it", text.as_str());
                odd.push(super::security::ignored(&format!("{field}.{name}"), message));
            }
            seconds
        };
        let asked = life(&self.secret_ttl, "SECRET_TTL").or(life(&self.default_ttl, "DEFAULT_WORKLOAD_CERT_TTL"));
        let longest_seconds = life(&self.most_ttl, "MAX_WORKLOAD_CERT_TTL");
        let ratio = self.grace_ratio.as_str().parse::<f64>().ok().filter(|ratio| (0.0..1.0).contains(ratio));
        if ratio.is_none() && !self.grace_ratio.is_empty() {
            let message = format!("{:?} is no share from 0 to below 1; planned without it", self.grace_ratio.as_str());
            odd.push(super::security::ignored(&format!("{field}.SECRET_GRACE_PERIOD_RATIO"), message));
        }
        CertificateSettings { ttl_seconds: asked, longest_seconds, grace_ratio: ratio }
    }
}

/// Seconds of a duration as Go writes it, e.g. `1h30m`; nothing for other text and for none.
pub(super) fn go_duration(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 6] = [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
    let mut rest = text.trim();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at_checked(end)?;
        let (unit, size) = UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?;
        seconds += number.parse::<f64>().ok()? * size;
        rest = tail.strip_prefix(unit)?;
    }
    (seconds > 0.0 && seconds.is_finite()).then_some(seconds)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WorkloadGroupSpec<'a> {
    #[serde(borrow)]
    metadata: Nullable<GroupMetadata<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GroupMetadata<'a> {
    #[serde(borrow)]
    labels: TextMap<'a>,
}

/// A group of workloads; nothing where it has no name.
pub(super) fn workload_group(wire: &Wire<'_, WorkloadGroupSpec<'_>>) -> Option<WorkloadGroup> {
    Some(WorkloadGroup { name: wire.metadata.object_name()?, labels: wire.spec.metadata.labels.to_labels() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, seconds) in [
            ("24h", Some(86_400.0)),
            ("24h0m0s", Some(86_400.0)),
            ("1h30m", Some(5400.0)),
            ("90m", Some(5400.0)),
            ("0.5h", Some(1800.0)),
            ("1500ms", Some(1.5)),
            ("", None),
            ("0s", None),
            ("-1h", None),
            ("24", None),
            ("1d", None),
            ("h", None),
            ("1é", None),
        ] {
            assert_eq!(go_duration(text), seconds, "{text}");
        }
    }
}
