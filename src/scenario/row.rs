//! One line of the matrix: a scenario, and what holds in it.

use std::collections::BTreeMap;

use super::answer::{Answer, Loss};
use super::case::Case;
use super::check::{self, Check};
use super::course::{Ask, courses};
use super::known::Trouble;
use super::matrix::Situation;
use super::placed::Placed;
use super::shapes::Shape;
use super::{consolidate, demand, enrol_in_turn, fit_more, growth, lose, lose_each, shapes};
use crate::finding::Finding;
use crate::groundwork::Groundwork;
use crate::overhead::Serving;
use crate::placement::{Fill, NodesToAdd, Unplaced};
use crate::policy::{Policy, Step, StepOrder};

/// A scenario, and what holds in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What happens in it: kinds of steps, in order; empty for the cluster as planned.
    pub steps: Vec<&'static str>,
    /// Nodes that are there.
    pub nodes: u64,
    /// Pods that have a node.
    pub placed: u64,
    /// Pods that have none, each with what most often keeps it off.
    pub unplaced: Vec<Unplaced>,
    /// Pods that leave the node they were on.
    pub moved: u64,
    /// Requested against allocatable.
    pub fill: Fill,
    /// Nodes to add so that every pod has one and, unless nodes were lost, the headroom target is kept.
    pub nodes_to_add: NodesToAdd,
    /// The member whose loss is worst, where losses were looked at.
    pub worst: Option<Loss>,
    /// What the policy asks for.
    pub checks: Vec<Check>,
    /// What runs out first, or keeps most pods off.
    pub binding: String,
    /// What its question found.
    pub answer: Option<Answer>,
}

impl Row {
    /// Whether everything the policy asks for is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.checks.iter().all(|check| check.met)
    }
}

/// What steps lead to.
#[derive(Debug, Clone)]
pub(super) struct Outcome<'a> {
    pub(super) placed: Placed<'a>,
    pub(super) checks: Vec<Check>,
    /// What the loss of each node would do, worst first, where the policy asks.
    pub(super) losses: Vec<Loss>,
    pub(super) policy: Policy,
    pub(super) after_loss: bool,
    /// What istiod sends proxies; nothing without any.
    pub(super) serving: Option<Serving>,
}

/// Plans a case anew, places its pods, and loses nodes.
pub(super) fn evaluate<'a>(mut case: Case, losses: &[Step], situation: &Situation<'a>) -> Result<Outcome<'a>, Trouble> {
    let groundwork = Groundwork::new(std::mem::take(&mut case.inventory), &case.policy, situation.card);
    let mut placed = Placed::new(&case, &groundwork, situation.rules);
    let after_loss = !losses.is_empty();
    for step in losses {
        placed = lose::lose(placed, step)?;
    }
    let mut checks = check::of_placement(&placed, &case.policy, after_loss);
    let mut losses = Vec::new();
    if !after_loss && case.policy.headroom.survive_node_losses > 0 {
        losses = lose_each::nodes(&placed);
        checks.extend(losses.first().map(check::node_loss));
    }
    checks.extend(demand::checks(&case, &groundwork));
    let serving = groundwork.overhead.control_plane.operation.as_ref().map(|operation| operation.serving);
    Ok(Outcome { placed, checks, losses, policy: case.policy, after_loss, serving })
}

/// A scenario's row, and what was noticed.
pub(super) fn row(name: &str, steps: &[Step], situation: &Situation<'_>) -> Result<(Row, Vec<Finding>), Trouble> {
    let mut case = Case::of(situation);
    for step in steps {
        case = case.changed(step, situation)?;
    }
    let losses: Vec<Step> = steps.iter().filter(|step| step.order() == StepOrder::Loss).cloned().collect();
    let (answer, outcome) = match steps.last() {
        Some(Step::TrafficUntilBreak) => {
            let (answer, outcome) = growth::growth(&case, &losses, situation)?;
            (Some(answer), outcome)
        }
        Some(Step::EnrolInTurn { namespaces }) => {
            let (answer, outcome) = enrol_in_turn::enrol_in_turn(&case, &losses, namespaces, situation)?;
            (Some(answer), outcome)
        }
        question => {
            let outcome = evaluate(case, &losses, situation)?;
            match question {
                Some(question) => answered(outcome, question, situation)?,
                None => (None, outcome),
            }
        }
    };
    let findings = outcome.placed.findings.clone();
    Ok((described(name, steps, outcome, answer), findings))
}

/// What a question about one placement finds; the outcome is then the one it speaks of.
fn answered<'a>(
    mut outcome: Outcome<'a>,
    question: &Step,
    situation: &Situation<'_>,
) -> Result<(Option<Answer>, Outcome<'a>), Trouble> {
    let answer = match question {
        Step::FitMorePods { workload } => fit_more::fit_more(&outcome.placed, workload)?,
        Step::CheapestNodes { replace } => {
            shapes::cheapest(&outcome.placed, *replace, situation.shapes, &situation.policy.headroom)?
        }
        Step::LoseEveryNode | Step::LoseEveryZone => {
            let of_zones = *question == Step::LoseEveryZone;
            let known = std::mem::take(&mut outcome.losses);
            let losses = match (of_zones, known.is_empty()) {
                (true, _) => lose_each::zones(&outcome.placed),
                (false, true) => lose_each::nodes(&outcome.placed),
                (false, false) => known,
            };
            let Some(after) = lose_each::after(&outcome.placed, &losses, of_zones) else {
                let what = if of_zones { "node has a zone label" } else { "input has no nodes" };
                return Err(
                    format!("there is nothing to lose: no {what}").replace("no input has no", "the input has no")
                );
            };
            outcome.checks = check::of_placement(&after, &outcome.policy, true);
            outcome.losses.extend(losses.first().cloned());
            outcome.placed = after;
            outcome.after_loss = true;
            Answer::Losses(losses)
        }
        Step::Consolidate => {
            let (names, rest) = consolidate::consolidate(&outcome.placed, &outcome.policy, &|_| true);
            outcome.checks = check::of_placement(&rest, &outcome.policy, false);
            if outcome.policy.headroom.survive_node_losses > 0 {
                outcome.losses = lose_each::nodes(&rest);
                outcome.checks.extend(outcome.losses.first().map(check::node_loss));
            }
            outcome.placed = rest;
            Answer::Removable(names)
        }
        step => {
            let policy = outcome.policy.rollout.clone();
            let ask = Ask { placed: &outcome.placed, policy: &policy, card: situation.card, serving: outcome.serving };
            let Some(answer) = courses(&ask, step)? else { return Ok((None, outcome)) };
            outcome.checks.extend(check::of_courses(&answer));
            answer
        }
    };
    Ok((Some(answer), outcome))
}

fn described(name: &str, steps: &[Step], outcome: Outcome<'_>, answer: Option<Answer>) -> Row {
    let nodes_to_add = nodes_to_add(&outcome);
    let Outcome { placed, checks, losses, .. } = outcome;
    let worst = losses.into_iter().next();
    let unplaced = placed.unplaced.iter().filter_map(|(pod, reason)| {
        Some(Unplaced { pod: placed.inventory.pods.get(*pod)?.name.clone(), reason: reason.clone() })
    });
    Row {
        name: name.to_owned(),
        steps: steps.iter().map(Step::kind).collect(),
        nodes: placed.inventory.nodes.len() as u64,
        placed: placed.fill.pods,
        unplaced: unplaced.collect(),
        moved: placed.moved,
        nodes_to_add,
        worst,
        checks,
        binding: binding(&placed),
        answer,
        fill: placed.fill,
    }
}

/// Nodes for the pods without one and, unless nodes were lost, for the headroom target.
fn nodes_to_add(outcome: &Outcome<'_>) -> NodesToAdd {
    let Outcome { placed, policy, .. } = outcome;
    let for_pods = placed.addition.nodes;
    let shape = Shape::new(&placed.inventory, placed.rules, &placed.pool);
    let for_target =
        if outcome.after_loss { Some(0) } else { shape.nodes_for_target(&placed.fill, policy.headroom.target) };
    let mut obstacles = Vec::new();
    if placed.addition.impossible > 0 {
        let tried = if placed.addition.is_cut_short() { "; no more nodes are tried" } else { "" };
        obstacles.push(format!("{} pods fit on no new node either{tried}", placed.addition.impossible));
    }
    if for_target.is_none() {
        obstacles.push("the headroom target is out of reach: DaemonSet pods take too much of a new node".to_owned());
    }
    let count = for_pods.max(for_target.unwrap_or(0));
    let reason = match count {
        0 => "",
        _ if for_pods == count => "unplaced pods",
        _ => "headroom target",
    };
    NodesToAdd {
        count,
        pool: placed.pool.name.clone(),
        reason: reason.to_owned(),
        price: placed.pool.price_per_hour * count as f64,
        infeasible: (!obstacles.is_empty()).then(|| obstacles.join("; ")),
    }
}

/// What keeps most pods off; else the resource with the least headroom.
fn binding(placed: &Placed<'_>) -> String {
    let mut weight: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, reason) in &placed.unplaced {
        *weight.entry(reason).or_default() += 1;
    }
    if let Some((reason, _)) = weight.iter().rev().max_by_key(|(_, weight)| **weight) {
        return (*reason).to_owned();
    }
    let fill = &placed.fill;
    if fill.allocatable.is_zero() {
        return String::new();
    }
    let headrooms = [("memory", fill.memory_headroom()), ("CPU", fill.cpu_headroom()), ("pods", fill.pod_headroom())];
    let least = headrooms.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    least.map_or_else(String::new, |(resource, _)| (*resource).to_owned())
}
