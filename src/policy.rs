//! What is wanted: the targets and assumptions a plan is made for, as a TOML file.
//!
//! Every field is optional; [`Policy::EXAMPLE`] lists all of them with their defaults and meaning.

mod churn;
mod data_plane;
mod node_pool;
mod remote;
mod scenario;
mod resilience;
mod rollout;
mod telemetry;
mod tuning;

use std::collections::BTreeSet;

pub use churn::ChurnPolicy;
pub use node_pool::{NodePoolPolicy, Provider};
pub use remote::{RemoteCluster, RemoteKind};
pub use resilience::ResiliencePolicy;
pub use rollout::RolloutPolicy;
pub use scenario::{NodeShapes, Scenario, ScenarioFile, Step, StepOrder};
pub use telemetry::{Histogram, LogEncoding, TelemetryPolicy};
pub use tuning::{TuningPolicy, Waiver, is_day};

use serde::{Deserialize, Serialize};

pub use data_plane::{DataPlane, GatewayPolicy, Waypoints};

use crate::quantity;
use crate::units::{Bytes, Millicores, Quantile, Rate, Seconds, Share};

/// Targets and assumptions of a plan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How much capacity must stay free, and which failures must be survived.
    pub headroom: HeadroomPolicy,
    /// How estimates become requests.
    pub sizing: SizingPolicy,
    /// What to assume where traffic is unknown.
    pub traffic: TrafficPolicy,
    /// Mesh features that cost CPU.
    pub features: FeaturePolicy,
    /// Which proxies there are, and how they are injected.
    pub injection: InjectionPolicy,
    /// How gateways and waypoints are sized.
    pub gateways: GatewayPolicy,
    /// When replicas count as able to carry a load.
    pub resilience: ResiliencePolicy,
    /// How istiod is sized.
    pub control_plane: ControlPlanePolicy,
    /// How often things change.
    pub churn: ChurnPolicy,
    /// How pods and nodes are replaced.
    pub rollout: RolloutPolicy,
    /// The shape and price of nodes to add.
    pub node_pool: NodePoolPolicy,
    /// How metrics, traces and logs are collected and kept.
    pub telemetry: TelemetryPolicy,
    /// Situations to ask about beside the plan itself.
    #[serde(rename = "scenario", skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<Scenario>,
    /// Shapes of nodes that scenarios choose from; without any, the catalogue that comes with the program.
    #[serde(rename = "shape", skip_serializing_if = "Vec::is_empty")]
    pub shapes: NodeShapes,
    /// What recommendations may change, and how far.
    pub tuning: TuningPolicy,
}

/// How much capacity must stay free.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadroomPolicy {
    /// Share of allocatable CPU and memory that stays unrequested.
    pub target: Share,
    /// Nodes the cluster must be able to lose with every pod placed again: 0 or 1.
    pub survive_node_losses: u8,
}

/// How estimates become requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SizingPolicy {
    /// Which quantile of an estimate must be covered; 0.95 is the upper end of its 90 % interval.
    pub quantile: Quantile,
    /// Added to memory after the quantile, as a share: a separate, visible step.
    pub memory_margin: Share,
    /// Added to CPU after the quantile, as a share.
    pub cpu_margin: Share,
    /// Added to the largest memory that was measured, as a share, for what a limit must leave. By default as much as
    /// Kubernetes' VPA adds after a pod was killed (`--oom-bump-up-ratio`, 1.2).
    pub limit_reserve: Share,
    /// How long memory must have been measured before it takes the place of the estimate; what was measured for less
    /// only raises it.
    #[serde(rename = "measured_hours", with = "hours")]
    pub measured_for: Seconds,
}

/// What to assume where traffic is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrafficPolicy {
    /// Requests per second through each proxy, inbound and outbound together.
    pub rps_per_proxy: Rate,
    /// Open connections per proxy, inbound and outbound together.
    pub connections_per_proxy: f64,
}

/// Mesh features that cost CPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeaturePolicy {
    /// Mutual TLS between proxies.
    pub mtls: bool,
    /// Istio's standard metrics.
    pub metrics: bool,
    /// Access log of every request.
    pub access_log: bool,
    /// Share of requests traced.
    pub tracing_sampling: Share,
    /// Share of requests that a filter of the access log lets through.
    pub filtered_log_share: Share,
    /// Requests that a client outside the mesh sends over one TLS connection to a gateway.
    pub requests_per_tls_connection: f64,
}

/// Which proxies there are, and how they are injected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InjectionPolicy {
    /// Namespaces that join the mesh beside those labelled; `all` for every namespace but the system's.
    pub enroll: BTreeSet<String>,
    /// How the workloads of the mesh take part in it.
    pub mode: DataPlane,
    /// Which waypoints there will be.
    pub waypoints: Waypoints,
    /// Classic containers or native sidecars, for proxies not yet there.
    pub form: SidecarForm,
    /// CPU request of an injected proxy, instead of the card's default.
    #[serde(with = "optional_millicores")]
    pub proxy_cpu: Option<Millicores>,
    /// Memory request of an injected proxy, instead of the card's default.
    #[serde(with = "optional_bytes")]
    pub proxy_memory: Option<Bytes>,
}

/// Where an injected proxy stands in the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SidecarForm {
    /// What the model card's Istio version does by default.
    #[default]
    Auto,
    /// Among the containers.
    Classic,
    /// An init container with `restartPolicy: Always`.
    Native,
}

/// How istiod is sized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlPlanePolicy {
    /// Least CPU request of an istiod replica.
    #[serde(with = "millicores")]
    pub floor_cpu: Millicores,
    /// Least memory request of an istiod replica.
    #[serde(with = "bytes")]
    pub floor_memory: Bytes,
    /// Most CPU a replica should need before another one is added.
    #[serde(with = "millicores")]
    pub replica_cpu: Millicores,
    /// Most memory a replica should need before another one is added.
    #[serde(with = "bytes")]
    pub replica_memory: Bytes,
    /// Replicas that may be lost with the rest still carrying the load.
    pub survive_replica_losses: u8,
    /// Whether istiod gets nodes of its own, one per replica.
    pub dedicated_nodes: bool,
    /// Life of workload certificates.
    #[serde(rename = "certificate_ttl_hours", with = "hours")]
    pub certificate_ttl: Seconds,
    /// Share of a certificate's life left when it is renewed.
    pub certificate_grace_ratio: Share,
    /// How long it may take until all proxies are connected again after istiod restarts.
    #[serde(rename = "reconnect_within_seconds", with = "seconds")]
    pub reconnect_within: Seconds,
    /// Other clusters of the mesh that istiod looks at.
    pub remote_clusters: Vec<RemoteCluster>,
}

impl Default for HeadroomPolicy {
    fn default() -> Self {
        Self { target: Share::literal(0.20), survive_node_losses: 1 }
    }
}

impl Default for SizingPolicy {
    fn default() -> Self {
        Self {
            quantile: Quantile::literal(0.95),
            memory_margin: Share::ZERO,
            cpu_margin: Share::ZERO,
            limit_reserve: Share::literal(0.2),
            measured_for: Seconds::from_hours(12.0),
        }
    }
}

impl Default for TrafficPolicy {
    fn default() -> Self {
        Self { rps_per_proxy: Rate::per_second(50.0), connections_per_proxy: 20.0 }
    }
}

impl Default for FeaturePolicy {
    fn default() -> Self {
        Self {
            mtls: true,
            metrics: true,
            access_log: false,
            tracing_sampling: Share::literal(0.01),
            filtered_log_share: Share::literal(0.05),
            requests_per_tls_connection: 10.0,
        }
    }
}

impl Default for InjectionPolicy {
    fn default() -> Self {
        let (mode, waypoints, form) = (DataPlane::default(), Waypoints::default(), SidecarForm::Auto);
        Self { enroll: BTreeSet::new(), mode, waypoints, form, proxy_cpu: None, proxy_memory: None }
    }
}

impl Default for ControlPlanePolicy {
    fn default() -> Self {
        Self {
            floor_cpu: Millicores::new(500),
            floor_memory: Bytes::from_gib(2),
            replica_cpu: Millicores::new(4000),
            replica_memory: Bytes::from_gib(8),
            survive_replica_losses: 1,
            dedicated_nodes: false,
            certificate_ttl: Seconds::from_hours(24.0),
            certificate_grace_ratio: Share::literal(0.5),
            reconnect_within: Seconds::new(60.0),
            remote_clusters: Vec::new(),
        }
    }
}

/// A policy file that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// What is wrong, with line and column where known, and what to do.
    pub message: String,
}

impl Policy {
    /// Every field with its default and meaning, as a file to start from.
    pub const EXAMPLE: &str = include_str!("policy_example.toml");

    /// Reads a policy from TOML text.
    ///
    /// # Errors
    /// [`PolicyError`] for text that is not TOML, unknown fields, or values outside their range.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text).map_err(|error| PolicyError { message: error.to_string() })?;
        policy.check()?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), PolicyError> {
        let wrong = |message: &str| Err(PolicyError { message: message.to_owned() });
        if self.headroom.survive_node_losses > 1 {
            return wrong(
                "headroom.survive_node_losses is above 1: only the loss of single nodes is computed; use 0 or 1",
            );
        }
        if self.headroom.target.get() >= 1.0 {
            return wrong("headroom.target is 1: nothing could be placed; use a share below 1, such as 0.2");
        }
        if self.sizing.quantile.get() <= 0.0 || self.sizing.quantile.get() >= 1.0 {
            return wrong(
                "sizing.quantile must lie strictly between 0 and 1; 0.95 is the upper end of the 90 % interval",
            );
        }
        let measured_for = self.sizing.measured_for.as_seconds();
        if !measured_for.is_finite() || measured_for < 0.0 {
            return wrong("sizing.measured_hours must be a finite number, 0 or more");
        }
        let rps = self.traffic.rps_per_proxy.as_per_second();
        if !rps.is_finite() || rps < 0.0 {
            return wrong("traffic.rps_per_proxy must be a finite number of requests per second, 0 or more");
        }
        if !self.traffic.connections_per_proxy.is_finite() || self.traffic.connections_per_proxy < 0.0 {
            return wrong("traffic.connections_per_proxy must be a finite number, 0 or more");
        }
        let per_connection = self.features.requests_per_tls_connection;
        if !per_connection.is_finite() || per_connection < 1.0 {
            return wrong("features.requests_per_tls_connection must be a finite number, 1 or more");
        }
        let ttl = self.control_plane.certificate_ttl.as_seconds();
        if !ttl.is_finite() || ttl <= 0.0 {
            return wrong("control_plane.certificate_ttl_hours must be above 0");
        }
        if self.control_plane.certificate_grace_ratio.get() >= 1.0 {
            return wrong(
                "control_plane.certificate_grace_ratio is 1: certificates would be renewed without end; use a share below 1",
            );
        }
        let reconnect = self.control_plane.reconnect_within.as_seconds();
        if !reconnect.is_finite() || reconnect <= 0.0 {
            return wrong("control_plane.reconnect_within_seconds must be above 0");
        }
        remote::check(&self.control_plane.remote_clusters)?;
        if let Some(message) = self.churn.wrong() {
            return wrong(message);
        }
        if let Some(message) = self.rollout.wrong() {
            return wrong(&message);
        }
        if self.gateways.target_utilization.get() <= 0.0 {
            return wrong("gateways.target_utilization is 0: no replica could carry anything; use a share such as 0.6");
        }
        if self.gateways.min_replicas == 0 || self.gateways.min_replicas > GatewayPolicy::MOST_REPLICAS {
            return wrong("gateways.min_replicas must be a number from 1 to 1000");
        }
        if let Some(message) = self.resilience.wrong() {
            return wrong(message);
        }
        if self.control_plane.replica_cpu.is_zero() || self.control_plane.replica_memory.is_zero() {
            return wrong("control_plane.replica_cpu and replica_memory must be above 0");
        }
        if let Some(message) = self.node_pool.wrong() {
            return wrong(&format!("node_pool.{message}"));
        }
        scenario::check(&self.scenarios, &self.shapes)?;
        if let Some(message) = self.tuning.wrong() {
            return wrong(&message);
        }
        self.telemetry.check()
    }
}

/// Kubernetes quantities in policy files: `"500m"`, `"2Gi"`, or a plain number.
#[derive(Deserialize)]
#[serde(untagged)]
enum QuantityText {
    Text(String),
    Whole(i64),
    Fraction(f64),
}

impl QuantityText {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Fraction(number) => number.to_string(),
        }
    }
}

macro_rules! quantity_field {
    ($module:ident, $optional:ident, $unit:ty, $parse:path, $print:path) => {
        mod $module {
            use super::*;
            use serde::{Deserializer, Serializer, de::Error};

            pub fn serialize<S: Serializer>(amount: &$unit, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$print(*amount))
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$unit, D::Error> {
                let text = QuantityText::deserialize(deserializer)?.into_text();
                $parse(&text).map_err(D::Error::custom)
            }
        }

        mod $optional {
            use super::*;
            use serde::{Deserializer, Serializer, de::Error};

            pub fn serialize<S: Serializer>(amount: &Option<$unit>, serializer: S) -> Result<S::Ok, S::Error> {
                amount.map($print).serialize(serializer)
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$unit>, D::Error> {
                let text = Option::<QuantityText>::deserialize(deserializer)?;
                text.map(|text| $parse(&text.into_text()).map_err(D::Error::custom)).transpose()
            }
        }
    };
}

quantity_field!(millicores, optional_millicores, Millicores, quantity::parse_cpu, quantity::print_cpu);
quantity_field!(bytes, optional_bytes, Bytes, quantity::parse_bytes, quantity::print_bytes);

macro_rules! duration_field {
    ($module:ident, $size:expr) => {
        mod $module {
            use super::Seconds;
            use serde::{Deserialize, Deserializer, Serializer};

            pub fn serialize<S: Serializer>(duration: &Seconds, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(duration.as_seconds() / $size)
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
                f64::deserialize(deserializer).map(|number| Seconds::new(number * $size))
            }
        }
    };
}

/// Seconds that may be left out.
mod optional_seconds {
    use super::Seconds;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(duration: &Option<Seconds>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Seconds::as_seconds).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Seconds>, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.map(Seconds::new))
    }
}

duration_field!(seconds, 1.0);
duration_field!(hours, 3_600.0);
duration_field!(days, 86_400.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_states_the_defaults() {
        assert_eq!(Policy::from_toml(Policy::EXAMPLE), Ok(Policy::default()));
    }

    #[test]
    fn the_example_names_every_field() {
        let written = toml::to_string(&Policy::default()).unwrap();
        for line in written.lines().filter(|line| line.contains(" = ")) {
            let field = line.split(" = ").next().unwrap();
            assert!(Policy::EXAMPLE.contains(field), "{field} is not in the example");
        }
        for optional in [
            "proxy_cpu",
            "proxy_memory",
            "pod_changes_per_hour",
            "config_changes_per_hour",
            "label_sets_per_peer",
            "end_seconds",
            "span_budget",
            "log_budget",
            "series_budget",
        ] {
            assert!(Policy::EXAMPLE.contains(optional), "{optional} is not in the example");
        }
    }

    #[test]
    fn an_empty_policy_is_the_default() {
        assert_eq!(Policy::from_toml(""), Ok(Policy::default()));
    }

    #[test]
    fn values_out_of_range_are_named() {
        for (text, word) in [
            ("[headroom]\ntarget = 1.5", "share"),
            ("[headroom]\ntarget = 1.0", "headroom.target"),
            ("[headroom]\ntargets = 0.2", "targets"),
            ("[headroom]\nsurvive_node_losses = 3", "survive_node_losses"),
            ("[control_plane]\nfloor_cpu = \"2 cores\"", "2 cores"),
            ("[traffic]\nrps_per_proxy = -1", "rps_per_proxy"),
            ("[control_plane]\ncertificate_ttl_hours = 0", "certificate_ttl_hours"),
            ("[control_plane]\nreconnect_within_seconds = -1", "reconnect_within_seconds"),
            ("[churn]\nrollouts_per_week = -1", "rollouts_per_week"),
            ("[churn]\npod_changes_per_hour = inf", "pod_changes_per_hour"),
            ("[churn]\nconfig_changes_per_hour = nan", "config_changes_per_hour"),
            ("[rollout]\nready_seconds = -1", "ready_seconds"),
            ("[rollout]\nend_seconds = nan", "end_seconds"),
            ("[rollout]\nnode_seconds = inf", "node_seconds"),
            ("[rollout]\nworkloads_at_once = 0", "workloads_at_once"),
            ("[rollout]\nnodes_at_once = -1", "nodes_at_once"),
            ("[features]\nrequests_per_tls_connection = 0.5", "requests_per_tls_connection"),
            ("[features]\nfiltered_log_share = 5", "share"),
            ("[gateways]\nmin_replicas = 0", "gateways.min_replicas"),
            ("[gateways]\ntarget_utilization = 0", "gateways.target_utilization"),
            ("[resilience]\ntarget_utilization = 0", "resilience.target_utilization"),
            ("[resilience]\npeak_factor = 0.5", "resilience.peak_factor"),
            ("[resilience]\npool_quantile = 1", "resilience.pool_quantile"),
            ("[injection]\nmode = \"mixed\"", "mixed"),
            ("[telemetry]\nscrape_interval_seconds = 0", "scrape_interval_seconds"),
            ("[telemetry]\npeers_per_workload = nan", "peers_per_workload"),
            ("[telemetry]\nlabel_sets_per_peer = 0.5", "label_sets_per_peer"),
            ("[telemetry]\nhistograms = [\"latency\"]", "latency"),
            ("[tuning]\nmax_change = 0.0", "tuning.max_change"),
            ("[tuning]\nworker_utilization = 0.0", "tuning.worker_utilization"),
            ("[tuning]\nautoscaler_target = 0.0", "tuning.autoscaler_target"),
            ("[tuning]\nleast_proxy_cpu = 0", "least_proxy_cpu"),
            ("[tuning]\nspan_budget = -1", "span_budget"),
            ("[tuning]\nlongest_certificate_hours = 0", "longest_certificate_hours"),
            ("[tuning]\nseries_budget = inf", "series_budget"),
            ("[tuning]\nlog_budget = \"much\"", "much"),
            ("[[tuning.waivers]]\nid = \"istiod\"\nreason = \" \"", "no reason"),
            ("[[tuning.waivers]]\nid = \"istiod\"\nreason = \"x\"\nuntil = \"soon\"", "soon"),
            ("nonsense", "nonsense"),
        ] {
            let error = Policy::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
