//! All tuners, by the stage in which they are asked.

use super::{
    Question, Recommendation, access_logs, anti_affinity, application_autoscalers, certificates, connection_pools,
    discovery_selectors, disruption_budgets, export_to, gateways, istiod, istiod_environment, metric_series,
    new_autoscalers, outlier_detection, proxy_concurrency, proxy_resources, retries, rollout_surge, sidecar_scopes,
    timeouts, topology_spread, trace_sampling, ztunnel,
};

/// A tuner: the question, the law that answers it, the decision and the patch in one function of its own file.
pub type Tuner = fn(&Question<'_>) -> Vec<Recommendation>;

/// Stages in their order. A stage sees the cluster with the recommendations of those before it: how many share the
/// load comes before what they report, this before what is sent and who works on it, then come the sizes of proxies,
/// then what serves them all, and last where they lie and what protects them; the very last stage adds to objects that
/// the one before may have made.
pub const STAGES: [&[Tuner]; 11] = [
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
];
