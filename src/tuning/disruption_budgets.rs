//! Disruption budgets of the mesh.
//!
//! **Question.** Does a budget forbid what every node upgrade needs, and has everything that many depend on one?
//! **Law.** A budget allows `replicas − minAvailable` (a share is rounded up) or `maxUnavailable` (rounded up) pods to
//! be away; where that is none, no drain ends.
//! **Decision.** Budgets that never allow a pod to go allow one. istiod and gateways of two replicas and more that have
//! none get one.
//! **Patch.** `PodDisruptionBudget`.
//!
//! **Source.** Kubernetes documentation, "Specifying a Disruption Budget for your Application".

use super::{Amount, Kind, Member, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{BudgetPatch, Operator, Patch};
use crate::inventory::{Change, DisruptionBudget, ObjectName, Requirement};
use crate::mesh::ProxyMode;

/// Looks at the budgets of the mesh.
#[must_use]
pub fn disruption_budgets(question: &Question<'_>) -> Vec<Recommendation> {
    let meshed = question.members().filter(|it| it.member.mode != ProxyMode::None);
    meshed.filter_map(|it| of_workload(question, &it)).collect()
}

fn of_workload(question: &Question<'_>, it: &Member<'_>) -> Option<Recommendation> {
    let replicas = it.workload.replicas;
    let budgets = &question.inventory().disruption_budgets;
    let protects = |budget: &&DisruptionBudget| {
        budget.name.namespace == it.workload.id.namespace
            && budget.selector.iter().all(|requirement| requirement.matches(&it.workload.labels))
    };
    let own: Vec<&DisruptionBudget> = budgets.iter().filter(protects).collect();
    if let Some(blocking) = own.iter().find(|budget| allowed(budget, replicas) == Some(0)) {
        return Some(unblocked(it, blocking, replicas, shared(question, blocking, it)));
    }
    let is_central = matches!(it.member.mode, ProxyMode::ControlPlane | ProxyMode::Gateway | ProxyMode::Waypoint);
    let is_deployment = &*it.workload.id.kind == "Deployment";
    let is_named = budgets
        .iter()
        .any(|budget| budget.name.namespace == it.workload.id.namespace && budget.name.name == it.workload.id.name);
    (own.is_empty() && !is_named && is_central && is_deployment && replicas >= 2)
        .then(|| missing(question, it))
        .flatten()
}

/// Pods that may be away; `None` where the budget does not say.
fn allowed(budget: &DisruptionBudget, replicas: u64) -> Option<u64> {
    let amount = |text: &str| match text.strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.trim().parse().ok()?;
            Some((replicas as f64 * percent / 100.0).ceil().max(0.0) as u64)
        }
        None => text.trim().parse().ok(),
    };
    match (budget.min_available.as_deref(), budget.max_unavailable.as_deref()) {
        (Some(least), _) => amount(least).map(|least| replicas.saturating_sub(least)),
        (None, Some(most)) => amount(most),
        (None, None) => None,
    }
}

/// Whether the budget also protects pods of other workloads.
fn shared(question: &Question<'_>, budget: &DisruptionBudget, it: &Member<'_>) -> bool {
    question.inventory().workloads.iter().any(|other| {
        other.id != it.workload.id
            && other.id.namespace == budget.name.namespace
            && budget.selector.iter().all(|requirement| requirement.matches(&other.labels))
    })
}

fn unblocked(it: &Member<'_>, budget: &DisruptionBudget, replicas: u64, is_shared: bool) -> Recommendation {
    let name = it.name();
    let today = match (&budget.min_available, &budget.max_unavailable) {
        (Some(least), _) => format!("minAvailable {least}"),
        (None, Some(most)) => format!("maxUnavailable {most}"),
        (None, None) => String::new(),
    };
    let setting =
        Setting::exact("budget", Some(Amount::Text(today.clone())), Amount::Text("maxUnavailable 1".to_owned()));
    let subject = format!("PodDisruptionBudget {}", budget.name);
    let mut found = Recommendation::new(Kind::DisruptionBudgets, &name, subject, vec![setting]).of_workload(&name);
    found.basis = vec![format!("{today} of {replicas} replicas lets no pod go: a drain waits for ever")];
    found.risk = Risk {
        removes: Some("no node with these pods can be drained: upgrades of nodes and of proxies stick".to_owned()),
        brings: vec![format!("{} of {replicas} replicas may be away during a drain", 1.min(replicas))],
    };
    if is_shared {
        let why = format!("{} protects several workloads: decide which of their pods may go", budget.name);
        return found.withhold(Withheld::NotPatchable(why));
    }
    if replicas < 2 {
        let why = "a single replica is away whenever its node is drained; run two before its budget lets one go";
        return found.withhold(Withheld::Infeasible(why.to_owned()));
    }
    let patch = BudgetPatch { name: budget.name.clone(), min_available: None, max_unavailable: Some("1".to_owned()) };
    found.doing(it.changes(vec![Patch::DisruptionBudget(patch)]))
}

fn missing(question: &Question<'_>, it: &Member<'_>) -> Option<Recommendation> {
    let selector = question.selector(it.workload)?;
    let name = it.name();
    let replicas = it.workload.replicas;
    let setting = Setting::exact("budget", None, Amount::Text("maxUnavailable 1".to_owned()));
    let subject = it.workload.id.to_string();
    let mut found = Recommendation::new(Kind::DisruptionBudgets, &name, subject, vec![setting]).of_workload(&name);
    found.basis = vec![format!("{replicas} replicas and no budget: drains of two nodes may take all of them at once")];
    found.risk.removes = Some("a drain of several nodes may take all replicas at once".to_owned());
    let by_label =
        selector.into_iter().map(|(key, value)| Requirement { key, operator: Operator::In, values: vec![value] });
    found.changes = vec![Change::DisruptionBudget(DisruptionBudget {
        name: ObjectName { namespace: it.workload.id.namespace.clone(), name: it.workload.id.name.clone() },
        selector: by_label.collect(),
        min_available: None,
        max_unavailable: Some("1".to_owned()),
        ..DisruptionBudget::default()
    })];
    Some(found)
}
