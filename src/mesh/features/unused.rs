//! Policies that do nothing, and those whose effect is not in the figures.

use super::super::findings::{
    ENVOY_FILTER_NOT_MODELLED, EXTERNAL_AUTHORIZATION, GROUP_WITHOUT_ENTRIES, SELECTOR_MATCHES_NOTHING,
};
use super::super::scope::has;
use super::super::{Mesh, ProxyMode};
use super::attached::{Policy, chooses};
use crate::finding::{Finding, Tally};
use crate::inventory::objects::AuthorizationAction;
use crate::inventory::{Inventory, Labels, ObjectName};

/// What was noticed, one finding per kind.
pub(super) fn findings(inventory: &Inventory, mesh: &Mesh) -> Vec<Finding> {
    [
        empty_selectors(inventory, mesh),
        envoy_filters(inventory, mesh),
        external_authorization(inventory),
        empty_groups(inventory),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn empty_selectors(inventory: &Inventory, mesh: &Mesh) -> Option<Finding> {
    let istio = &inventory.istio;
    let mut tally = Tally::default();
    note(&istio.peer_authentications, inventory, mesh, &mut tally);
    note(&istio.authorization_policies, inventory, mesh, &mut tally);
    note(&istio.request_authentications, inventory, mesh, &mut tally);
    note(&istio.telemetries, inventory, mesh, &mut tally);
    note(&istio.wasm_plugins, inventory, mesh, &mut tally);
    note(&istio.envoy_filters, inventory, mesh, &mut tally);
    for settings in &istio.proxy_settings {
        let selects = |selector: &Labels| inventory.workloads.iter().any(|workload| has(&workload.labels, selector));
        if settings.selector.as_ref().is_some_and(|selector| !selector.is_empty() && !selects(selector)) {
            tally.add(format_args!("ProxyConfig {}", settings.name));
        }
    }
    tally.finding(&SELECTOR_MATCHES_NOTHING, "policies", |names| format!("no workload of the input: {names}"))
}

fn note<P: Policy>(policies: &[P], inventory: &Inventory, mesh: &Mesh, tally: &mut Tally) {
    for policy in policies.iter().filter(|policy| !policy.attachment().is_general()) {
        if matched(policy, inventory, mesh) == 0 {
            tally.add(policy.title());
        }
    }
}

/// Workloads a policy holds for. Ambient pods have no proxy of their own, but are meant by selectors all the same.
fn matched<P: Policy>(policy: &P, inventory: &Inventory, mesh: &Mesh) -> u64 {
    let ObjectName { namespace, .. } = policy.name();
    let root = inventory.istio.mesh.root_namespace();
    let members = inventory.workloads.iter().zip(&mesh.members).filter(|(workload, member)| {
        let is_reached = **namespace == *workload.id.namespace || **namespace == *root;
        let has_part = member.mode.runs_envoy() || member.mode == ProxyMode::Ambient;
        is_reached
            && has_part
            && (policy.attachment().is_general() || chooses(policy.attachment(), workload, member.mode))
    });
    members.count() as u64
}

fn envoy_filters(inventory: &Inventory, mesh: &Mesh) -> Option<Finding> {
    let mut tally = Tally::default();
    for filter in &inventory.istio.envoy_filters {
        let workloads = matched(filter, inventory, mesh);
        if workloads > 0 {
            tally.add(format_args!("{} (workloads {workloads}, patches {})", filter.name, filter.patches));
        }
    }
    tally.finding(&ENVOY_FILTER_NOT_MODELLED, "EnvoyFilters", |names| format!("not in the figures: {names}"))
}

fn external_authorization(inventory: &Inventory) -> Option<Finding> {
    let mut tally = Tally::default();
    let policies = inventory.istio.authorization_policies.iter();
    policies.filter(|policy| policy.action == AuthorizationAction::Custom).for_each(|policy| tally.add(&policy.name));
    tally.finding(&EXTERNAL_AUTHORIZATION, "AuthorizationPolicies", |names| {
        format!("a provider is asked for every request that matches: {names}")
    })
}

fn empty_groups(inventory: &Inventory) -> Option<Finding> {
    let istio = &inventory.istio;
    let mut tally = Tally::default();
    for group in &istio.workload_groups {
        let is_of_group =
            |namespace: &str, labels: &Labels| namespace == &*group.name.namespace && has(labels, &group.labels);
        if !istio.workload_entries.iter().any(|entry| is_of_group(&entry.name.namespace, &entry.labels)) {
            tally.add(&group.name);
        }
    }
    tally.finding(&GROUP_WITHOUT_ENTRIES, "WorkloadGroups", |names| format!("no entry of theirs: {names}"))
}
