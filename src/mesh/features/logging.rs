//! Access logs: those of the mesh's settings, overruled by Telemetry from the mesh down to the workload.

use super::attached::Policy;
use super::{Feature, Origin, WorkloadFeatures, rounded};
use crate::inventory::Telemetry;
use crate::inventory::objects::{LoggingSetting, MeshConfig, Side};
use crate::policy::FeaturePolicy;
use crate::units::Share;

/// Whether requests of a side are logged, and what says so.
#[derive(Clone)]
struct State {
    is_on: bool,
    filtered: bool,
    from: String,
}

/// Decides about the logs of a workload; `telemetry` is ordered from the mesh to the workload.
pub(super) fn decide(
    telemetry: &[&Telemetry],
    settings: &MeshConfig,
    policy: &FeaturePolicy,
    features: &mut WorkloadFeatures,
) {
    let mesh = by_mesh(settings);
    let mut origins: Vec<Origin> = Vec::new();
    for (side, own) in features.sides() {
        let Some(state) = decided(telemetry, side, mesh.clone()) else { continue };
        own.access_log = match (state.is_on, state.filtered) {
            (false, _) => Share::ZERO,
            (true, false) => Share::ONE,
            (true, true) => policy.filtered_log_share,
        };
        let what = match (state.is_on, state.filtered) {
            (false, _) => "off".to_owned(),
            (true, false) => "every request".to_owned(),
            (true, true) => {
                let share = rounded(policy.filtered_log_share.get() * 100.0);
                format!("what a filter lets through, {share} % assumed by policy")
            }
        };
        super::metrics::join(&mut origins, Origin::read(Feature::AccessLog, what, state.from), side);
    }
    features.decide(origins);
}

/// What the mesh's settings say, if they do.
fn by_mesh(settings: &MeshConfig) -> Option<State> {
    let state = |is_on, what: &str| State { is_on, filtered: false, from: format!("{what} of the mesh settings") };
    let telemetry = &settings.telemetry;
    match (telemetry.logs_by_default, telemetry.access_log_file) {
        (Some(true), _) => Some(state(true, "defaultProviders")),
        (_, Some(on)) => Some(state(on, "accessLogFile")),
        (Some(false), None) => Some(state(false, "defaultProviders")),
        (None, None) => None,
    }
}

/// Each entry overrules those before: one that names providers turns the log on, one without keeps what was.
fn decided(telemetry: &[&Telemetry], side: Side, mesh: Option<State>) -> Option<State> {
    let mut state = mesh;
    for object in telemetry {
        for entry in object.logging.iter().filter(|entry| entry.side.covers(side)) {
            state = Some(after(entry, state.as_ref(), object.title()));
        }
    }
    state
}

fn after(entry: &LoggingSetting, before: Option<&State>, from: String) -> State {
    let was_on = before.is_some_and(|before| before.is_on);
    State { is_on: !entry.disabled && (!entry.providers.is_empty() || was_on), filtered: entry.filter.is_some(), from }
}
