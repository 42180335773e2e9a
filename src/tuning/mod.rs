//! What to change: recommendations that are simulated before they are shown.
//!
//! A tuner is one file in one shape: the question, the law that answers it, the decision, the patch. It is a function
//! of a [`Question`] and can be used alone. [`tune`] asks all of them, stage by stage, tries out what they propose
//! through the same [`Plan`], settles conflicts, and plans once more with everything applied: the combined effect is
//! that of this plan, not a sum.

mod ambient_mode;
mod access_logs;
mod anti_affinity;
mod application_autoscalers;
mod busy;
mod certificates;
mod concurrency;
mod conflicts;
mod connection_pools;
mod dangers;
mod discovery_selectors;
mod disruption_budgets;
mod effect;
mod export_to;
mod gateways;
mod http_routes;
mod groups;
mod istiod;
mod istiod_environment;
mod istiod_nodes;
mod manifest;
mod node_prices;
mod node_shape;
mod new_autoscalers;
mod metric_series;
mod of_mesh;
mod objectives;
mod outlier_detection;
mod proxy_resources;
mod proxy_size;
mod question;
mod recommendation;
mod retries;
mod rollout_surge;
mod routes;
mod rules;
mod sidecar_scopes;
mod spare_nodes;
mod steps;
#[cfg(test)]
mod tests;
mod through_gateway;
mod timeouts;
mod trace_sampling;
mod topology_spread;
mod trial;
mod tuners;
mod upgrade_plan;
mod ztunnel;

pub use access_logs::access_logs;
pub use ambient_mode::{ambient_alternative, ambient_mode};
pub use anti_affinity::anti_affinity;
pub use application_autoscalers::application_autoscalers;
pub use busy::{BusyCpu, busy_cpu};
pub use certificates::certificates;
pub use concurrency::proxy_concurrency;
pub use connection_pools::connection_pools;
pub use dangers::Dangers;
pub use discovery_selectors::discovery_selectors;
pub use disruption_budgets::disruption_budgets;
pub use effect::Figures;
pub use export_to::export_to;
pub use gateways::gateways;
pub use groups::Group;
pub use istiod::istiod;
pub use istiod_environment::istiod_environment;
pub use istiod_nodes::istiod_nodes;
pub use manifest::{Manifest, manifests};
pub use metric_series::metric_series;
pub use new_autoscalers::new_autoscalers;
pub use node_shape::node_shape;
pub use outlier_detection::outlier_detection;
pub use proxy_resources::proxy_resources;
pub use proxy_size::{BusyNeed, Evidence, ProxySize, proxy_size};
pub use question::{Member, Question};
pub use recommendation::{Amount, Kind, Recommendation, Risk, Saves, Setting, Withheld};
pub use retries::retries;
pub use rollout_surge::rollout_surge;
pub use sidecar_scopes::sidecar_scopes;
pub use spare_nodes::spare_nodes;
pub use timeouts::timeouts;
pub use topology_spread::topology_spread;
pub use trace_sampling::trace_sampling;
pub use tuners::{STAGES, Tuner};
pub use upgrade_plan::upgrade_plan;
pub use ztunnel::ztunnel;

use crate::inventory::{Change, Inventory, ObjectName};
use crate::plan::{Inputs, Plan};
use crate::policy::TuningPolicy;
use crate::scenario::Standing;

/// What to change, and what that makes of the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// The plan as it is.
    pub before: Plan,
    /// The plan with all recommendations applied that are not withheld.
    pub after: Plan,
    /// Its figures before.
    pub figures_before: Figures,
    /// Its figures after.
    pub figures_after: Figures,
    /// What all of them together save: less or more than their sum.
    pub saves: Saves,
    /// Recommendations: those to apply first, then those that a person has to carry out; those that remove a danger first among them, then by what they save.
    pub recommendations: Vec<Recommendation>,
    /// The inventory with them applied.
    pub tuned: Inventory,
}

impl Tuning {
    /// What is to be applied, in the order in which it was decided.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        let mut applied: Vec<&Recommendation> = self.recommendations.iter().filter(|it| it.is_applied()).collect();
        applied.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        applied.into_iter().flat_map(|it| &it.changes)
    }

    /// What is to be applied, in its order, alike ones together where each by itself would make more than `most` lines:
    /// by kind and namespace, or by kind, which may still be more.
    #[must_use]
    pub fn groups(&self, most: usize) -> Vec<Group<'_>> {
        groups::groups(&self.recommendations, most)
    }
}

/// Recommends changes of a cluster. `today`, as `2027-03-31`, decides which waivers still hold; without it all do.
#[must_use]
pub fn tune(inputs: &Inputs, today: Option<&str>) -> Tuning {
    // Many plans are made here, and none of them is asked what if.
    let mut unasked = inputs.clone();
    unasked.policy.scenarios.clear();
    let inputs = &unasked;
    let before = Plan::new(inputs.clone());
    let figures_before = Figures::of(&before, &inputs.inventory);
    let mut recommendations: Vec<Recommendation> = Vec::new();
    let mut staged = inputs.clone();
    let mut plan = before.clone();
    let mut standing: Option<Standing> = None;
    let mut is_changed = false;
    for tuners in STAGES {
        let question = Question::new(&staged, &plan).with_standing(standing.take());
        let mut found: Vec<Recommendation> = tuners.iter().flat_map(|tuner| tuner(&question)).collect();
        // It stands as long as nothing is changed.
        standing = question.into_standing();
        found.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        select(&mut found, &staged.policy.tuning, today);
        build_upon(&mut found, &recommendations);
        conflicts::resolve(&mut found);
        trial::all(&staged, &plan, &mut found);
        let changes: Vec<&Change> = found.iter().filter(|it| it.is_applied()).flat_map(|it| &it.changes).collect();
        if !changes.is_empty() {
            standing = None;
            staged.inventory = staged.inventory.changed(changes);
            plan = Plan::to_compare(staged.clone());
            is_changed = true;
        }
        recommendations.extend(found);
    }
    rank(&mut recommendations);
    if is_changed {
        plan = Plan::new(staged.clone());
    }
    let figures_after = Figures::of(&plan, &staged.inventory);
    let saves = figures_before.saved_by(&figures_after, &before);
    Tuning { before, after: plan, figures_before, figures_after, saves, recommendations, tuned: staged.inventory }
}

/// Withholds what the policy leaves alone.
fn select(recommendations: &mut [Recommendation], policy: &TuningPolicy, today: Option<&str>) {
    for it in recommendations.iter_mut().filter(|it| it.withheld.is_none()) {
        let workload = it.workload.as_deref().and_then(|name| name.split_once('/'));
        if workload.is_some_and(|(namespace, name)| policy.excludes(namespace, name)) {
            it.withheld = Some(Withheld::Excluded);
        } else if let Some(waiver) = policy.waiver(&it.id, today) {
            it.withheld = Some(Withheld::Waived { reason: waiver.reason.clone(), until: waiver.until.clone() });
        }
    }
}

/// What sizes a proxy by what it will be sent rests on what decides that, and what patches a new object on that.
fn build_upon(recommendations: &mut [Recommendation], earlier: &[Recommendation]) {
    for it in recommendations.iter_mut().filter(|it| it.is_applied()) {
        let patched: Vec<_> = it.changes.iter().filter_map(patched).collect();
        let makes = |other: &&Recommendation| other.changes.iter().filter_map(new).any(|own| patched.contains(&own));
        let needs = earlier.iter().filter(|other| other.is_applied()).filter(makes).map(|other| other.id.clone());
        let needs: Vec<String> = needs.collect();
        it.needs.extend(needs);
    }
    for it in recommendations {
        let Some((namespace, _)) = it.workload.as_deref().and_then(|name| name.split_once('/')) else { continue };
        let decides = |other: &&Recommendation| match other.kind {
            Kind::TraceSampling | Kind::AccessLogs | Kind::MetricSeries => true,
            Kind::DiscoverySelectors | Kind::ExportTo => true,
            Kind::SidecarScopes => other.id.ends_with(&format!("/{namespace}")),
            Kind::ProxyConcurrency | Kind::ApplicationAutoscalers => other.workload == it.workload,
            _ => false,
        };
        let needs = earlier.iter().filter(|other| other.is_applied()).filter(decides);
        it.needs.extend(needs.map(|other| other.id.clone()));
    }
}

/// Kind and name of an object that a change patches.
fn patched(change: &Change) -> Option<(&str, &ObjectName)> {
    match change {
        Change::Patch(patch) => Some(patch.target()),
        Change::GatewayPart(part) if !part.is_new => Some(("ConfigMap", &part.parameters)),
        _ => None,
    }
}

/// Kind and name of an object that a change makes, of those that are patched later on.
fn new(change: &Change) -> Option<(&str, &ObjectName)> {
    match change {
        Change::DestinationRule(it) => Some(("DestinationRule", &it.name)),
        Change::VirtualService(it) => Some(("VirtualService", &it.name)),
        Change::GatewayPart(part) if part.is_new => Some(("ConfigMap", &part.parameters)),
        _ => None,
    }
}

/// What is to be applied first, then what a person has to do; of that what removes a danger, the most of them first;
/// then by nodes, memory and CPU saved, then what guards, then by name.
fn rank(recommendations: &mut [Recommendation]) {
    recommendations.sort_by(|a, b| {
        let last = |it: &Recommendation| (it.withheld.is_some(), it.is_by_hand(), it.risk.removes.is_none());
        let less = |amount: fn(&Saves) -> f64| amount(&b.saves).total_cmp(&amount(&a.saves));
        last(a)
            .cmp(&last(b))
            .then_with(|| less(|saves| saves.dangers))
            .then_with(|| less(|saves| saves.nodes))
            .then_with(|| less(|saves| saves.memory_used.as_bytes()))
            .then_with(|| less(|saves| saves.cpu.as_cores()))
            .then_with(|| less(|saves| saves.guards))
            .then_with(|| a.id.cmp(&b.id))
    });
}
