//! All tuners, by the stage in which they are asked.

use super::{
    Question, Recommendation, access_logs, ambient_alternative, ambient_mode, anti_affinity, application_autoscalers,
    certificates, connection_pools, discovery_selectors, disruption_budgets, export_to, gateways, istiod,
    istiod_environment, metric_series, node_shape, outlier_detection, proxy_concurrency, proxy_resources,
    rollout_surge, sidecar_scopes, spare_nodes, topology_spread, trace_sampling, upgrade_plan, ztunnel,
};

/// A tuner: the question, the law that answers it, the decision and the patch in one function of its own file.
pub type Tuner = fn(&Question<'_>) -> Vec<Recommendation>;

/// Stages in their order. A stage sees the cluster with the recommendations of those before it: which data plane there
/// is comes first, what is sent and who works on it before the sizes of proxies, these before what serves them all,
/// and how many there are before where they lie and what protects them.
pub const STAGES: [&[Tuner]; 11] = [
    &[ambient_mode],
    &[trace_sampling, access_logs],
    &[metric_series],
    &[proxy_concurrency, sidecar_scopes, discovery_selectors],
    &[export_to],
    &[proxy_resources, gateways, ztunnel],
    &[istiod],
    &[istiod_environment, certificates],
    &[anti_affinity],
    &[topology_spread, rollout_surge, disruption_budgets, application_autoscalers, connection_pools, outlier_detection],
    &[ambient_alternative, spare_nodes, node_shape, upgrade_plan],
];
