//! All tuners, by the stage in which they are asked.

use super::{
    Question, Recommendation, anti_affinity, application_autoscalers, connection_pools, discovery_selectors,
    disruption_budgets, gateways, istiod, new_autoscalers, outlier_detection, proxy_concurrency, proxy_resources,
    rollout_surge, sidecar_scopes, topology_spread, ztunnel,
};

/// A tuner: the question, the law that answers it, the decision and the patch in one function of its own file.
pub type Tuner = fn(&Question<'_>) -> Vec<Recommendation>;

/// Stages in their order. A stage sees the cluster with the recommendations of those before it: how many share the
/// load comes first, then what is sent and who works on it, then the sizes of proxies, then what serves them all, and
/// last where they lie and what protects them.
pub const STAGES: [&[Tuner]; 6] = [
    &[application_autoscalers, new_autoscalers],
    &[proxy_concurrency, sidecar_scopes, discovery_selectors],
    &[proxy_resources, gateways, ztunnel],
    &[istiod],
    &[anti_affinity],
    &[topology_spread, rollout_surge, disruption_budgets, connection_pools, outlier_detection],
];
