//! Settings of the whole mesh.

use std::sync::Arc;

use super::visibility::ExportTo;
use super::{CertificateSettings, LocalityBalancing, Requirement, RetryPolicy};
use crate::resources::Declared;
use crate::units::{Rate, Seconds};

/// Settings of the whole mesh that decide what is sent and what proxies do; `None` and empty where the input
/// does not say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeshConfig {
    /// Where it was written.
    pub origin: MeshConfigOrigin,
    /// Namespace whose objects hold for all others; `istio-system` unless it says otherwise.
    pub root_namespace: Option<Arc<str>>,
    /// Namespaces istiod looks at: those whose labels meet all requirements of one entry.
    pub discovery_selectors: Vec<Vec<Requirement>>,
    /// `defaultServiceExportTo`.
    pub service_export_to: ExportTo,
    /// `defaultVirtualServiceExportTo`.
    pub virtual_service_export_to: ExportTo,
    /// `defaultDestinationRuleExportTo`.
    pub destination_rule_export_to: ExportTo,
    /// Whether gateways are sent only the clusters their routes lead to
    /// (`PILOT_FILTER_GATEWAY_CLUSTER_CONFIG`).
    pub filter_gateway_clusters: Option<bool>,
    /// Whether clients use mutual TLS wherever they can (`enableAutoMtls`).
    pub auto_mtls: Option<bool>,
    /// What proxies report.
    pub telemetry: MeshTelemetry,
    /// Worker threads of proxies (`defaultConfig.concurrency`); 0 for one per core.
    pub concurrency: Option<u32>,
    /// Life of workload certificates.
    pub certificates: CertificateSettings,
    /// Whether hosts nobody knows may be called (`outboundTrafficPolicy`): `ALLOW_ANY` or not.
    pub allows_any_host: Option<bool>,
    /// Which zones are preferred (`localityLbSetting`).
    pub locality: Option<LocalityBalancing>,
    /// When routes that say nothing send a failed request again (`defaultHttpRetryPolicy`); `None` for Istio's default.
    pub retries: Option<RetryPolicy>,
    /// istiod as the installation asks for it.
    pub pilot: PilotValues,
}

/// What proxies of the whole mesh report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeshTelemetry {
    /// Whether `accessLogFile` names a file.
    pub access_log_file: Option<bool>,
    /// Whether `enableTracing` is on.
    pub tracing: Option<bool>,
    /// `defaultConfig.tracing.sampling`, from 0 to 100.
    pub sampling_percent: Option<f64>,
    /// Whether `defaultProviders` names any for access logs.
    pub logs_by_default: Option<bool>,
    /// Whether `defaultProviders` names any for traces.
    pub traces_by_default: Option<bool>,
    /// Names in `extensionProviders`.
    pub providers: Vec<String>,
}

/// istiod as Helm values or an IstioOperator ask for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PilotValues {
    /// Requests of each replica.
    pub requests: Declared,
    /// Limits of each replica.
    pub limits: Declared,
    /// Replicas without an autoscaler.
    pub replicas: Option<u64>,
    /// Whether it has an autoscaler.
    pub autoscaled: Option<bool>,
    /// Fewest replicas with an autoscaler.
    pub autoscale_min: Option<u64>,
    /// Most replicas with an autoscaler.
    pub autoscale_max: Option<u64>,
    /// How it is tuned.
    pub settings: PilotSettings,
}

/// Settings of istiod that decide how fast it works; `None` where nothing is said and its own default holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PilotSettings {
    /// Pushes a replica works on at once (`PILOT_PUSH_THROTTLE`).
    pub push_throttle: Option<u64>,
    /// Requests for configuration that a replica takes a second (`PILOT_MAX_REQUESTS_PER_SECOND`).
    pub connection_rate: Option<Rate>,
    /// Quiet time after which a push starts (`PILOT_DEBOUNCE_AFTER`).
    pub debounce_after: Option<Seconds>,
    /// Longest that a push is put off (`PILOT_DEBOUNCE_MAX`).
    pub debounce_max: Option<Seconds>,
    /// Age at which a proxy's connection is closed (`keepaliveMaxServerConnectionAge`).
    pub connection_age: Option<Seconds>,
    /// Whether changes of endpoints wait for others before they are pushed (`PILOT_ENABLE_EDS_DEBOUNCE`).
    pub endpoint_debounce: Option<bool>,
}

impl PilotSettings {
    /// Whether anything is said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        *self != Self::default()
    }

    fn or(self, weaker: Self) -> Self {
        Self {
            push_throttle: self.push_throttle.or(weaker.push_throttle),
            connection_rate: self.connection_rate.or(weaker.connection_rate),
            debounce_after: self.debounce_after.or(weaker.debounce_after),
            debounce_max: self.debounce_max.or(weaker.debounce_max),
            connection_age: self.connection_age.or(weaker.connection_age),
            endpoint_debounce: self.endpoint_debounce.or(weaker.endpoint_debounce),
        }
    }
}

impl PilotValues {
    /// Whether anything is asked for.
    #[must_use]
    pub fn is_said(&self) -> bool {
        *self != Self::default()
    }

    /// Whether its size is asked for: requests or replicas.
    #[must_use]
    pub fn is_sized(&self) -> bool {
        Self { settings: PilotSettings::default(), ..self.clone() }.is_said()
    }

    /// Fewest replicas the installation starts: the autoscaler's least, unless it is off; one where nothing
    /// is said, as Istio's charts have it.
    #[must_use]
    pub fn least_replicas(&self) -> u64 {
        let scaled = self.autoscaled != Some(false);
        if scaled { self.autoscale_min.or(self.replicas) } else { self.replicas }.unwrap_or(1)
    }

    fn or(self, weaker: &Self) -> Self {
        Self {
            requests: self.requests.or(&weaker.requests),
            limits: self.limits.or(&weaker.limits),
            replicas: self.replicas.or(weaker.replicas),
            autoscaled: self.autoscaled.or(weaker.autoscaled),
            autoscale_min: self.autoscale_min.or(weaker.autoscale_min),
            autoscale_max: self.autoscale_max.or(weaker.autoscale_max),
            settings: self.settings.or(weaker.settings),
        }
    }
}

impl MeshTelemetry {
    fn or(self, weaker: Self) -> Self {
        Self {
            access_log_file: self.access_log_file.or(weaker.access_log_file),
            tracing: self.tracing.or(weaker.tracing),
            sampling_percent: self.sampling_percent.or(weaker.sampling_percent),
            logs_by_default: self.logs_by_default.or(weaker.logs_by_default),
            traces_by_default: self.traces_by_default.or(weaker.traces_by_default),
            providers: if self.providers.is_empty() { weaker.providers } else { self.providers },
        }
    }
}

/// Where mesh settings were written, the one that counts most last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum MeshConfigOrigin {
    /// Values of Istio's Helm charts.
    #[default]
    HelmValues,
    /// An `IstioOperator`.
    Operator,
    /// The ConfigMap that istiod itself reads.
    ConfigMap,
    /// Values that are to be installed over all that.
    Overlay,
}

impl MeshConfig {
    /// Namespace whose objects hold for all others.
    #[must_use]
    pub fn root_namespace(&self) -> &str {
        self.root_namespace.as_deref().unwrap_or("istio-system")
    }

    /// What it says, and where it says nothing, what `weaker` says.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        let export = |strong: ExportTo, weak: ExportTo| if strong.0.is_empty() { weak } else { strong };
        Self {
            origin: self.origin,
            root_namespace: self.root_namespace.or(weaker.root_namespace),
            discovery_selectors: if self.discovery_selectors.is_empty() {
                weaker.discovery_selectors
            } else {
                self.discovery_selectors
            },
            service_export_to: export(self.service_export_to, weaker.service_export_to),
            virtual_service_export_to: export(self.virtual_service_export_to, weaker.virtual_service_export_to),
            destination_rule_export_to: export(self.destination_rule_export_to, weaker.destination_rule_export_to),
            filter_gateway_clusters: self.filter_gateway_clusters.or(weaker.filter_gateway_clusters),
            auto_mtls: self.auto_mtls.or(weaker.auto_mtls),
            telemetry: self.telemetry.or(weaker.telemetry),
            concurrency: self.concurrency.or(weaker.concurrency),
            certificates: self.certificates.or(weaker.certificates),
            allows_any_host: self.allows_any_host.or(weaker.allows_any_host),
            locality: self.locality.or(weaker.locality),
            retries: self.retries.or(weaker.retries),
            pilot: self.pilot.or(&weaker.pilot),
        }
    }
}
