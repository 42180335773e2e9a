//! Traces: which share of requests is sampled, and whether spans are reported at all.

use super::attached::Policy;
use super::{Feature, Origin, WorkloadFeatures, sampled};
use crate::inventory::Telemetry;
use crate::inventory::objects::MeshConfig;
use crate::policy::FeaturePolicy;
use crate::units::Share;

/// Decides about the traces of a workload; `telemetry` is ordered from the mesh to the workload.
///
/// Sampling and switch are each those of the last object that speaks of them, else the mesh's; a Telemetry
/// that names no provider reports to those of the mesh.
pub(super) fn decide(
    telemetry: &[&Telemetry],
    settings: &MeshConfig,
    policy: &FeaturePolicy,
    features: &mut WorkloadFeatures,
) {
    let by_mesh = &settings.telemetry;
    let mesh_sampling = by_mesh.sampling_percent.and_then(|percent| Share::new(percent / 100.0).ok());
    let mut origins: Vec<Origin> = Vec::new();
    for (side, own) in features.sides() {
        let settings = || {
            let entries = telemetry.iter().flat_map(|object| object.tracing.iter().map(move |entry| (entry, *object)));
            entries.filter(move |(entry, _)| entry.side.covers(side))
        };
        let disabled = settings().filter_map(|(entry, object)| Some((entry.disabled?, object))).next_back();
        let sampling = settings().filter_map(|(entry, object)| Some((entry.sampling_percent?, object))).next_back();
        let has_provider = by_mesh.traces_by_default == Some(true)
            || by_mesh.tracing != Some(false)
            || settings().any(|(entry, _)| !entry.providers.is_empty());
        let (share, from) = match (disabled, sampling) {
            (Some((true, object)), _) => (Share::ZERO, object.title()),
            _ if !has_provider => (Share::ZERO, "enableTracing of the mesh settings".to_owned()),
            (_, Some((percent, object))) => (Share::new(percent / 100.0).unwrap_or_default(), object.title()),
            (_, None) => match mesh_sampling {
                Some(share) => (share, "defaultConfig.tracing of the mesh settings".to_owned()),
                None => {
                    own.tracing = policy.tracing_sampling;
                    super::metrics::join(
                        &mut origins,
                        Origin::assumed(Feature::Tracing, sampled(policy.tracing_sampling)),
                        side,
                    );
                    continue;
                }
            },
        };
        own.tracing = share;
        let words = if share == Share::ZERO { "off".to_owned() } else { sampled(share) };
        super::metrics::join(&mut origins, Origin::read(Feature::Tracing, words, from), side);
    }
    features.decide(origins);
}
