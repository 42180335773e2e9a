//! What is added to proxies or set for them, and workloads outside Kubernetes to come.

use super::security::Attachment;
use super::telemetry::Side;
use super::{Labels, ObjectName};

/// `extensions.istio.io/*/WasmPlugin`: a WebAssembly filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WasmPlugin {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`.
    pub created: String,
    /// What it holds for.
    pub attachment: Attachment,
    /// Phase as written, e.g. `AUTHN`.
    pub phase: Option<String>,
    /// Requests it is for.
    pub side: Side,
}

/// `networking.istio.io/*/EnvoyFilter`: patches of Envoy's own configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvoyFilter {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`.
    pub created: String,
    /// What it holds for.
    pub attachment: Attachment,
    /// Patches.
    pub patches: u64,
}

/// `networking.istio.io/*/ProxyConfig`: how proxies run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProxySettings {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several objects the oldest holds.
    pub created: String,
    /// Labels of the pods it holds for; `None` and empty for all.
    pub selector: Option<Labels>,
    /// Worker threads; 0 for one per core.
    pub concurrency: Option<u32>,
    /// Life of certificates and when they are renewed.
    pub certificates: CertificateSettings,
}

/// Life of workload certificates; `None` where it is not said.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CertificateSettings {
    /// Life in seconds that is asked for, above 0: `SECRET_TTL` of a proxy, `DEFAULT_WORKLOAD_CERT_TTL` of istiod.
    pub ttl_seconds: Option<f64>,
    /// Longest life in seconds that istiod gives, above 0: `MAX_WORKLOAD_CERT_TTL`.
    pub longest_seconds: Option<f64>,
    /// Share of life left at renewal, in [0, 1]: `SECRET_GRACE_PERIOD_RATIO`.
    pub grace_ratio: Option<f64>,
}

impl CertificateSettings {
    /// Life in seconds where so much is asked for unless it says otherwise.
    #[must_use]
    pub fn life_seconds(&self, unless_said: f64) -> f64 {
        let asked = self.ttl_seconds.unwrap_or(unless_said);
        self.longest_seconds.map_or(asked, |longest| asked.min(longest))
    }

    /// What it says, and where it says nothing, what `weaker` says.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        Self {
            ttl_seconds: self.ttl_seconds.or(weaker.ttl_seconds),
            longest_seconds: self.longest_seconds.or(weaker.longest_seconds),
            grace_ratio: self.grace_ratio.or(weaker.grace_ratio),
        }
    }
}

/// `networking.istio.io/*/WorkloadGroup`: the template of workload entries that join by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadGroup {
    /// Namespace and name.
    pub name: ObjectName,
    /// Labels of its entries.
    pub labels: Labels,
}
