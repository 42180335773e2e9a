//! All tuners, by the stage in which they are asked.

use super::{
    Question, Recommendation, access_logs, ambient_alternative, ambient_mode, anti_affinity, application_autoscalers,
    certificates, connection_pools, discovery_selectors, disruption_budgets, export_to, gateways, istiod,
    istiod_environment, istiod_nodes, metric_series, new_autoscalers, node_shape, outlier_detection, proxy_concurrency,
    proxy_resources, retries, rollout_surge, sidecar_scopes, spare_nodes, timeouts, topology_spread, trace_sampling,
    upgrade_plan, ztunnel,
};

/// A tuner: the question, the law that answers it, the decision and the patch in one function of its own file.
pub type Tuner = fn(&Question<'_>) -> Vec<Recommendation>;

/// Stages in their order. A stage sees the cluster with the recommendations of those before it: which data plane there
/// is comes first, then how many share the load, what they report, what is sent and who works on it, the sizes of
/// proxies, what serves them all, and where they lie and what protects them; the next stage adds to objects that the one
/// before may have made; last comes what people do with the cluster as it is then.
pub const STAGES: [&[Tuner]; 13] = [
    &[ambient_mode],
    &[application_autoscalers, new_autoscalers],
    &[trace_sampling, access_logs],
    &[metric_series],
    &[proxy_concurrency, sidecar_scopes, discovery_selectors],
    &[export_to],
    &[proxy_resources, gateways, ztunnel],
    &[istiod],
    &[istiod_environment, certificates],
    &[anti_affinity],
    &[topology_spread, rollout_surge, disruption_budgets, connection_pools, retries],
    &[outlier_detection, timeouts],
    &[ambient_alternative, istiod_nodes, spare_nodes, node_shape, upgrade_plan],
];
