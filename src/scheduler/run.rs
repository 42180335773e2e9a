//! All pods in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::add::nodes_to_add;
use super::bound::lower_bound;
use super::compile::{Ingredients, compile};
use super::cycle::{Choice, Cycle, all_scores, refusal};
use super::findings::claims_unknown;
use super::first_fit::FirstFit;
use super::plugins::Plugin;
use super::preempt::{Preempting, Preemption};
use super::queue::Queue;
use super::state::State;
use super::ties::Ties;
use super::{Decision, Follow, Pack, Placement, PluginScore, Scheduling, ScoredNode, Unplaced};
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node, Place, STATIC_POD};

/// Places every pod that has no node, as Kubernetes' scheduler would with all of them waiting at once.
///
/// Pods go by priority, then age. Where none of the nodes fits and pods of lower priority are in the way, they
/// go (preemption), and their controllers' successors wait again at the end of their priority. `observe` is
/// told each decision with all scores, which costs much more time than deciding.
///
/// Volumes of claims that are not in the input are taken for reachable everywhere, which a finding says.
#[must_use]
pub fn schedule(scheduling: &Scheduling<'_>, observe: Option<&mut dyn FnMut(Decision<'_>)>) -> Placement {
    let Scheduling { inventory, offered, profile, .. } = *scheduling;
    let nodes: Vec<&Node> = inventory.nodes.iter().collect();
    let nothing = NodeResources { pods: Some(0), ..NodeResources::default() };
    let offered: Vec<&NodeResources> = (0..nodes.len()).map(|index| offered.get(index).unwrap_or(&nothing)).collect();
    let state = compile(Ingredients { inventory, profile, nodes: &nodes, offered: &offered });
    let mut run = Run::new(scheduling, state, observe);
    run.settle();
    match scheduling.pack {
        Pack::Scheduler => run.all(),
        Pack::FirstFitDecreasing => run.first_fit(),
    }
    run.finish(scheduling)
}

/// A pod that waits is on this node or nowhere: pods of DaemonSets that templates were expanded to.
pub(super) fn only_node(inventory: &Inventory, pod: usize) -> Option<usize> {
    let pod = &inventory.pods[pod];
    match pod.place {
        Place::On(node) if !pod.listed => Some(node),
        _ => None,
    }
}

/// Whether a pod would come back elsewhere if it had to leave its node.
pub(super) fn can_move(inventory: &Inventory, pod: usize) -> bool {
    let kind = inventory.workloads.get(inventory.pods[pod].workload).map(|workload| &*workload.id.kind);
    !matches!(kind, Some("DaemonSet" | STATIC_POD))
}

/// Reasons with how many nodes each holds for.
type Counted = Rc<Vec<(String, u64)>>;

struct Run<'a, 'o> {
    state: State<'a>,
    cycle: Cycle,
    queue: Queue,
    observe: Option<&'o mut dyn FnMut(Decision<'_>)>,
    follow: Option<&'a Follow>,
    reschedule: bool,
    node_index: BTreeMap<&'a str, usize>,
    /// Why a class found no node, and after how many departures.
    failed: Vec<Option<(u64, Counted)>>,
    preemption: Preemption,
    reasons: BTreeMap<usize, Counted>,
    result: Placement,
}

impl<'a, 'o> Run<'a, 'o> {
    fn new(scheduling: &Scheduling<'a>, state: State<'a>, observe: Option<&'o mut dyn FnMut(Decision<'_>)>) -> Self {
        Self {
            cycle: Cycle::new(&state, Ties::new(scheduling.ties)),
            queue: Queue::default(),
            observe,
            follow: scheduling.follow,
            reschedule: scheduling.reschedule,
            node_index: state.nodes.all.iter().enumerate().map(|(index, node)| (&*node.name, index)).collect(),
            failed: vec![None; state.classes.len()],
            preemption: Preemption::new(&state, Ties::new(scheduling.ties)),
            reasons: BTreeMap::new(),
            result: Placement::default(),
            state,
        }
    }

    /// Puts pods where they are; the others wait.
    fn settle(&mut self) {
        for pod in 0..self.state.pods.len() {
            let one = &self.state.inventory.pods[pod];
            let stays = !self.reschedule || !can_move(self.state.inventory, pod);
            match one.place {
                Place::On(node) if one.listed && stays => {
                    let node = self.state.nodes.position[node];
                    self.state.place(pod, node);
                    self.preemption.arrived(&self.state, pod);
                    self.result.kept += 1;
                }
                Place::Elsewhere => {}
                _ if one.spec.gated => {
                    self.reasons.insert(pod, Rc::new(vec![("scheduling gates".to_owned(), 0)]));
                }
                _ => {
                    let rank = self.follow.and_then(|follow| follow.rank(&one.name));
                    self.queue.push(&self.state, pod, rank);
                }
            }
        }
    }

    fn all(&mut self) {
        while let Some(pod) = self.queue.pop() {
            self.result.decisions += 1;
            match self.decide(pod) {
                Some(node) => self.put(pod, node),
                None => self.make_room(pod),
            }
        }
    }

    fn first_fit(&mut self) {
        let mut waiting = Vec::new();
        while let Some(pod) = self.queue.pop() {
            waiting.push(pod);
        }
        let mut first_fit = FirstFit::new(&self.state, 0);
        for pod in first_fit.order(&self.state, waiting) {
            self.result.decisions += 1;
            match first_fit.node(&self.state, pod) {
                Some(node) => self.put(pod, node),
                None => self.leave(pod),
            }
        }
    }

    fn put(&mut self, pod: usize, node: usize) {
        self.state.bind_claims(pod, node);
        self.state.place(pod, node);
        self.preemption.arrived(&self.state, pod);
    }

    /// The node of a pod, as decided or as followed.
    fn decide(&mut self, pod: usize) -> Option<usize> {
        let class_index = self.state.pods[pod].class as usize;
        let class = &self.state.classes[class_index];
        if let Some(only) = only_node(self.state.inventory, pod) {
            let node = self.state.nodes.position[only];
            return refusal(&self.state, class, node).is_none().then_some(node);
        }
        if let Some(node) = self.nominated(pod) {
            return Some(node);
        }
        let known = self.failed[class_index].as_ref();
        if known.is_some_and(|(departures, _)| *departures == self.state.departures) && !class.can_recover() {
            self.tell(pod, None);
            return None;
        }
        let choice = self.cycle.choose(&self.state, class_index);
        if choice.is_some_and(|choice| choice.best > 1) {
            self.result.ties += 1;
        }
        self.tell(pod, choice);
        let followed = self.followed(pod);
        followed.or(choice.map(|choice| choice.node))
    }

    /// The node that preemption made room on for a pod, which is tried first.
    fn nominated(&self, pod: usize) -> Option<usize> {
        let name = self.state.inventory.pods[pod].life.nominated_node.as_deref()?;
        let node = self.node_index.get(name).copied()?;
        refusal(&self.state, self.state.class_of(pod), node).is_none().then_some(node)
    }

    fn followed(&self, pod: usize) -> Option<usize> {
        let name = self.follow?.node(&self.state.inventory.pods[pod].name)?;
        let node = self.node_index.get(name).copied()?;
        refusal(&self.state, self.state.class_of(pod), node).is_none().then_some(node)
    }

    fn tell(&mut self, pod: usize, choice: Option<Choice>) {
        let Some(observe) = &mut self.observe else { return };
        let state = &self.state;
        let found = if choice.is_some() { self.cycle.found() } else { &[] };
        let scores = if found.len() > 1 { all_scores(state, state.class_of(pod), found) } else { Vec::new() };
        let of_node = |(index, &node): (usize, &u32)| ScoredNode {
            node: &state.nodes.all[node as usize].name,
            scores: scores
                .iter()
                .map(|one| PluginScore {
                    plugin: one.plugin,
                    raw: one.raw[index],
                    normalised: one.normalised[index],
                    weighted: one.normalised[index].saturating_mul(one.weight),
                })
                .collect(),
        };
        observe(Decision {
            pod: &state.inventory.pods[pod].name,
            chosen: choice.map(|choice| &*state.nodes.all[choice.node].name),
            nodes: found.iter().enumerate().map(of_node).collect(),
        });
    }

    /// Lets pods of lower priority go for one that fits nowhere, or leaves it.
    fn make_room(&mut self, pod: usize) {
        let room = self.preemption.find(&mut self.state, pod);
        let Some(Preempting { node, victims }) = room else { return self.leave(pod) };
        for victim in victims {
            self.state.remove(victim);
            self.preemption.left(&self.state, victim);
            self.result.preempted.push((victim, pod));
            let bare = self.state.inventory.workloads[self.state.inventory.pods[victim].workload].id.kind.as_ref();
            if matches!(bare, "Pod" | STATIC_POD) {
                let by = &self.state.inventory.pods[pod].name;
                self.reasons.insert(victim, Rc::new(vec![(format!("preempted by {by}, nothing makes it anew"), 0)]));
            } else {
                self.queue.push_last(&self.state, victim);
            }
        }
        self.put(pod, node);
    }

    fn leave(&mut self, pod: usize) {
        let class_index = self.state.pods[pod].class as usize;
        if let Some(only) = only_node(self.state.inventory, pod) {
            let node = self.state.nodes.position[only];
            let reason = refusal(&self.state, &self.state.classes[class_index], node);
            let text = reason.map_or_else(|| "its node is full".to_owned(), |(_, reason)| reason.in_short());
            self.reasons.insert(pod, Rc::new(vec![(text, 1)]));
            return;
        }
        let departures = self.state.departures;
        let recovers = self.state.classes[class_index].can_recover();
        let reasons = match &self.failed[class_index] {
            Some((before, reasons)) if *before == departures && !recovers => reasons.clone(),
            _ => Rc::new(reasons(&self.state, class_index)),
        };
        self.failed[class_index] = Some((departures, reasons.clone()));
        self.reasons.insert(pod, reasons);
    }

    fn finish(mut self, scheduling: &Scheduling<'a>) -> Placement {
        let inventory = self.state.inventory;
        let mut place_of: Vec<usize> = vec![0; self.state.nodes.len()];
        for (index, &position) in self.state.nodes.position.iter().enumerate() {
            place_of[position] = index;
        }
        let preempted: BTreeSet<usize> = self.result.preempted.iter().map(|(victim, _)| *victim).collect();
        let stays = |pod: usize| {
            let one = &inventory.pods[pod];
            one.listed && matches!(one.place, Place::On(_)) && !(self.reschedule && can_move(inventory, pod))
        };
        for (pod, one) in self.state.pods.iter().enumerate() {
            if let Some(node) = one.node().filter(|_| !stays(pod) || preempted.contains(&pod)) {
                self.result.placed.push((pod, place_of[node]));
            }
        }
        self.result.kept -= preempted.iter().filter(|pod| stays(**pod)).count() as u64;
        let unplaced = self.reasons.iter().filter(|(pod, _)| self.state.pods[**pod].node().is_none());
        self.result.unplaced =
            unplaced.map(|(&pod, reasons)| Unplaced { pod, reasons: reasons.as_ref().clone() }).collect();
        self.result.nodes_used = self.state.on_node.iter().filter(|pods| !pods.is_empty()).count() as u64;
        // Pods that run may be where no filter would put them, and filters may be off: then fewer nodes may do.
        let is_bound = self.result.kept == 0
            && [Plugin::NodeResourcesFit, Plugin::InterPodAffinity].iter().all(|it| self.state.filters(*it));
        let bound = lower_bound(&self.state);
        self.result.lower_bound = if is_bound { bound } else { bound.min(self.result.nodes_used) };
        self.result.addition = nodes_to_add(scheduling, &self.state, &self.result.unplaced);
        self.result.findings.extend(claims_unknown(&self.state));
        self.result
    }
}

/// What keeps pods of a class off how many nodes, most frequent first.
pub(super) fn reasons(state: &State<'_>, class: usize) -> Vec<(String, u64)> {
    let class = &state.classes[class];
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for node in 0..state.nodes.len() {
        let reason = refusal(state, class, node).map_or_else(String::new, |(_, reason)| reason.in_short());
        *counts.entry(reason).or_default() += 1;
    }
    let mut reasons: Vec<(String, u64)> = counts.into_iter().collect();
    if reasons.is_empty() {
        reasons.push(("there are no nodes".to_owned(), 0));
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    reasons
}
