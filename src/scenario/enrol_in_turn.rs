//! Namespaces join the mesh one after the other: which one breaks something first.

use std::collections::BTreeMap;

use super::answer::{Answer, EnrolStep};
use super::case::Case;
use super::check::Check;
use super::enrol::enrol;
use super::known::{self, Trouble};
use super::matrix::Situation;
use super::row::{Outcome, evaluate};
use crate::mesh::{ProxyMode, membership};
use crate::parallel;
use crate::policy::Step;

/// What each namespace does on top of those before it, and how it stands once all have joined.
pub(super) fn enrol_in_turn<'a>(
    case: &Case,
    losses: &[Step],
    namespaces: &[String],
    situation: &Situation<'a>,
) -> Result<(Answer, Outcome<'a>), Trouble> {
    known::namespaces(&case.inventory, namespaces)?;
    let pods = pods_by_namespace(case);
    let order = if namespaces.is_empty() { outside(case, situation, &pods) } else { namespaces.to_vec() };
    if order.is_empty() {
        return Ok((Answer::Enrolment(Vec::new()), evaluate(case.clone(), losses, situation)?));
    }
    let of_first = |end: usize| {
        let joined = enrol(case.clone(), order.get(..end).unwrap_or_default())?;
        evaluate(joined, losses, situation)
    };
    let outcomes = parallel::map(order.len() + 1, 1, || (), |(), end| of_first(end));
    let mut outcomes = outcomes.into_iter().collect::<Result<Vec<Outcome<'a>>, Trouble>>()?;
    let before = outcomes.remove(0);
    let was_met = |check: &Check| before.checks.iter().any(|it| it.kind == check.kind && it.met);
    let step = |(namespace, outcome): (&String, &Outcome<'_>)| EnrolStep {
        namespace: namespace.clone(),
        pods: pods.get(namespace.as_str()).copied().unwrap_or(0),
        unplaced: outcome.placed.unplaced.len() as u64,
        cpu_headroom: outcome.placed.fill.cpu_headroom(),
        memory_headroom: outcome.placed.fill.memory_headroom(),
        missed: outcome.checks.iter().filter(|check| !check.met && was_met(check)).map(|check| check.kind).collect(),
    };
    let steps = order.iter().zip(&outcomes).map(step).collect();
    let Some(last) = outcomes.into_iter().next_back() else { return Err("there is no namespace to enrol".to_owned()) };
    Ok((Answer::Enrolment(steps), last))
}

fn pods_by_namespace(case: &Case) -> BTreeMap<&str, u64> {
    let mut pods: BTreeMap<&str, u64> = BTreeMap::new();
    for pod in &case.inventory.pods {
        *pods.entry(&pod.name.namespace).or_default() += 1;
    }
    pods
}

/// Namespaces that enrolling would bring into the mesh, smallest first.
fn outside(case: &Case, situation: &Situation<'_>, pods: &BTreeMap<&str, u64>) -> Vec<String> {
    let members =
        |case: &Case| membership(&case.inventory, &situation.card.injection, &case.policy.injection).0.members;
    let before = members(case);
    let mut all = case.clone();
    all.policy.injection.enroll.insert("all".to_owned());
    let mut joins: BTreeMap<&str, u64> = BTreeMap::new();
    for ((workload, before), after) in case.inventory.workloads.iter().zip(&before).zip(members(&all)) {
        if before.mode == ProxyMode::None && after.mode == ProxyMode::Sidecar {
            let namespace = &*workload.id.namespace;
            joins.insert(namespace, pods.get(namespace).copied().unwrap_or(0));
        }
    }
    let mut order: Vec<(u64, &str)> = joins.into_iter().map(|(namespace, pods)| (pods, namespace)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, namespace)| namespace.to_owned()).collect()
}
