//! Nodes that the cluster can do without.
//!
//! **Question.** Which nodes can be drained and given back, with everything that the policy asks for still met?
//! **Law.** A node can go where the scheduler finds another for each of its pods, the headroom target is kept, and no
//! further loss leaves a pod without a node; disruption budgets let its pods go.
//! **Decision.** The emptiest nodes first, as many as can go together; drained in that order, event by event, those
//! that a budget holds back stay. Nodes of the control plane and those with pods that no controller makes anew are not
//! looked at.
//! **Patch.** None: a person or an autoscaler drains nodes. What it saves is the plan without them.
//!
//! **Source.** [`crate::scenario`] for which nodes can go, [`crate::course`] for the drain.

use std::collections::BTreeSet;

use super::node_prices::{Prices, names};
use super::{Amount, Figures, Kind, Question, Recommendation, Saves, Setting, Withheld};
use crate::course::{Course, Drain, End, drain};
use crate::inventory::{Inventory, Node, Place};
use crate::plan::Plan;
use crate::scenario::{Check, CheckKind, Standing, without_nodes};

/// Nodes to drain and give back.
#[must_use]
pub fn spare_nodes(question: &Question<'_>) -> Vec<Recommendation> {
    let found = question.standing().and_then(|standing| of_cluster(question, standing));
    found.into_iter().collect()
}

fn of_cluster(question: &Question<'_>, standing: &Standing) -> Option<Recommendation> {
    // Where pods wait for a node, none is to spare.
    if !standing.unplaced().is_empty() {
        return None;
    }
    let bound = bound(standing.inventory());
    let may_go = |node: usize| {
        let known = standing.inventory().nodes.get(node);
        known.is_some_and(|known| !is_control_plane(known)) && !bound.contains(&node)
    };
    let going = standing.removable(&may_go);
    if going.is_empty() {
        return in_the_way(question, standing, &may_go);
    }
    let (drained, course, kept) = drained(standing, going);
    let Some(course) = course else {
        return Some(infeasible(question, kept.first().cloned().unwrap_or_default()));
    };
    let Some((nodes, saves)) = kept_by_plan(question, drained.clone()) else {
        let why = "packed anew without the emptiest of them, the cluster no longer meets the policy".to_owned();
        return Some(infeasible(question, why));
    };
    let course = match nodes.len() < drained.len() {
        true => drain(&standing.setting(), &Drain { nodes: nodes.clone(), come_back: false }),
        false => course,
    };
    let drained = nodes;
    let mut found = Recommendation::new(Kind::SpareNodes, "cluster", "nodes", settings(question, drained.len() as u64));
    found.settings.push(Setting::exact("drained after", None, Amount::Time(course.duration())));
    found.basis = vec![
        format!("drained in this order: {}", names(question.inventory(), &drained).join(", ")),
        format!(
            "every pod finds another node, {:.0} % of CPU and memory stay free{}",
            100.0 * question.inputs.policy.headroom.target.get(),
            if question.inputs.policy.headroom.survive_node_losses > 0 {
                ", and any node may still be lost"
            } else {
                ""
            }
        ),
    ];
    found.basis.extend(kept);
    found.risk.brings =
        vec!["pods that come later find less room: rollouts and autoscalers at their maximum among them".to_owned()];
    found.saves = saves;
    Some(found)
}

/// None can go, for that reason.
fn infeasible(question: &Question<'_>, why: String) -> Recommendation {
    Recommendation::new(Kind::SpareNodes, "cluster", "nodes", settings(question, 0)).withhold(Withheld::Infeasible(why))
}

fn settings(question: &Question<'_>, gone: u64) -> Vec<Setting> {
    let now = question.inventory().nodes.len() as u64;
    vec![Setting::exact("nodes", Some(Amount::Count(now)), Amount::Count(now - gone.min(now)))]
}

fn is_control_plane(node: &Node) -> bool {
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]
        .iter()
        .any(|role| node.labels.contains_key(*role))
}

/// Nodes with a pod that nothing makes anew.
fn bound(inventory: &Inventory) -> BTreeSet<usize> {
    let has_no_controller =
        |workload: usize| inventory.workloads.get(workload).is_none_or(|workload| &*workload.id.kind == "Pod");
    let pods = inventory.pods.iter().filter(|pod| has_no_controller(pod.workload));
    pods.filter_map(|pod| if let Place::On(node) = pod.place { Some(node) } else { None }).collect()
}

/// Nodes that a drain empties, the course of it, and why others stay.
fn drained(standing: &Standing, mut nodes: Vec<usize>) -> (Vec<usize>, Option<Course>, Vec<String>) {
    /// Drains are played again without the node that was stuck, but not for ever.
    const MOST: usize = 8;
    let mut kept = Vec::new();
    for _ in 0..MOST {
        if nodes.is_empty() {
            break;
        }
        let course = drain(&standing.setting(), &Drain { nodes: nodes.clone(), come_back: false });
        if course.succeeds() {
            return (nodes, Some(course), kept);
        }
        let name_of = |node: usize| standing.inventory().nodes.get(node).map(|node| node.name.to_string());
        match &course.end {
            End::Stuck { because, node: Some(stuck), .. } => {
                kept.push(format!("{stuck} stays: {because}"));
                nodes.retain(|&node| name_of(node).as_ref() != Some(stuck));
            }
            // Pods went to other places than when all nodes left at once: one node fewer leaves more room.
            _ => {
                let last = nodes.pop().and_then(name_of).unwrap_or_default();
                kept.push(format!("{last} stays: drained one after another, pods would be left without a node"));
            }
        }
    }
    kept.push("drains of the other nodes get stuck as well".to_owned());
    (Vec::new(), None, kept)
}

/// Nodes without which the plan keeps its verdict, and what that saves; half as many are tried where it does not.
fn kept_by_plan(question: &Question<'_>, mut nodes: Vec<usize>) -> Option<(Vec<usize>, Saves)> {
    let (inputs, plan) = (question.inputs, question.plan);
    let before = Figures::of(plan, &inputs.inventory);
    while !nodes.is_empty() {
        let (inventory, _) = without_nodes(inputs.inventory.clone(), &nodes.iter().copied().collect());
        let after = Figures::of(&Plan::to_compare(inputs.with_inventory(inventory.clone())), &inventory);
        if before.harm_of(&after).is_none() {
            let prices = Prices::of(&inputs.policy);
            let freed = nodes.iter().filter_map(|&node| inputs.inventory.nodes.get(node));
            let money = freed.filter_map(|node| prices.of_node(node)).sum();
            let saves = Saves { nodes: nodes.len() as f64, money, ..before.saved_by(&after, plan) };
            return Some((nodes, saves));
        }
        nodes.truncate(nodes.len() / 2);
    }
    None
}

/// What keeps the emptiest node, where the sum of all requests would leave one to spare; `None` where it would not.
fn in_the_way(question: &Question<'_>, standing: &Standing, may_go: &dyn Fn(usize) -> bool) -> Option<Recommendation> {
    let inventory = standing.inventory();
    let mut pods = vec![0_u64; inventory.nodes.len()];
    for pod in &inventory.pods {
        if let Place::On(node) = pod.place
            && let Some(count) = pods.get_mut(node)
        {
            *count += 1;
        }
    }
    let emptiest =
        (0..inventory.nodes.len()).filter(|&node| may_go(node)).min_by_key(|&node| pods.get(node).copied())?;
    if inventory.nodes.len() < 2 || !standing.spares(emptiest) || standing.checks().iter().any(|check| !check.met) {
        return None;
    }
    let checks = standing.checks_without(&BTreeSet::from([emptiest]));
    let missed = checks.into_iter().find(|check| !check.met)?;
    let name = inventory.nodes.get(emptiest).map_or("", |node| &*node.name);
    Some(infeasible(question, format!("without {name}, the emptiest node, {}", words(&missed))))
}

/// What is missed, in words.
fn words(check: &Check) -> String {
    match check.kind {
        CheckKind::UnplacedPods => format!("{:.0} pods have no node, {} first", check.found, check.subject),
        CheckKind::NodeLoss => {
            format!("the loss of {} leaves {:.0} pods without a node", check.subject, check.found)
        }
        CheckKind::CpuHeadroom => format!("{:.0} % of CPU are free", 100.0 * check.found),
        CheckKind::MemoryHeadroom => format!("{:.0} % of memory are free", 100.0 * check.found),
        CheckKind::Autoscaler | CheckKind::ProxyCpu | CheckKind::ApplicationCpu | CheckKind::Course => {
            format!("{} is missed", check.subject)
        }
    }
}
