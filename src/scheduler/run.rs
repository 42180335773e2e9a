//! All pods in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::add::nodes_to_add;
use super::bound::lower_bound;
use super::compile::{Ingredients, compile};
use super::cycle::{Choice, Cycle, all_scores, fits, refusal};
use super::findings::claims_unknown;
use super::first_fit::FirstFit;
use super::plugins::Plugin;
use super::preempt::{Preempting, Preemption};
use super::profile::Profile;
use super::queue::Queue;
use super::state::{Hope, State};
use super::ties::Ties;
use super::why::why;
use super::{Decision, Follow, Pack, Placement, PluginScore, Scheduling, ScoredNode, TieBreak, Unplaced};
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node, Place, Pod, STATIC_POD};

/// Places every pod that has no node, as Kubernetes' scheduler would with all of them waiting at once.
///
/// Pods go by priority, then age. Where none of the nodes fits and pods of lower priority are in the way, they
/// go (preemption), and their controllers' successors wait again at the end of their priority. `observe` is
/// told each decision with all scores, which costs much more time than deciding.
///
/// Volumes of claims that are not in the input are taken for reachable everywhere, which a finding says.
#[must_use]
pub fn schedule(scheduling: &Scheduling<'_>, observe: Option<&mut dyn FnMut(Decision<'_>)>) -> Placement {
    let mut run = Run::new(scheduling);
    run.settle(scheduling.reschedule);
    run.go(observe);
    run.placement(scheduling)
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
type Counted = Arc<Vec<(String, u64)>>;
/// Who is told of decisions.
type Observer<'o> = Option<&'o mut dyn FnMut(Decision<'_>)>;

/// A cluster, the pods that wait, and how they are placed.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) state: State<'a>,
    pub(super) preemption: Preemption,
    /// Pods that want a node.
    pub(super) waiting: BTreeSet<usize>,
    cycle: Cycle,
    queue: Queue,
    pack: Pack,
    ties: TieBreak,
    follow: Option<&'a Follow>,
    node_index: Arc<BTreeMap<&'a str, usize>>,
    /// Why a class found no node, and what it hoped for then.
    failed: Vec<Option<(Hope, Counted)>>,
    reasons: BTreeMap<usize, Counted>,
    /// Pods that were decided on.
    touched: BTreeSet<usize>,
    /// Pods that ended, with nobody to make them anew.
    ended: Vec<usize>,
    preempted: Vec<(usize, usize)>,
    decisions: u64,
    tied: u64,
}

impl<'a> Run<'a> {
    /// A compiled cluster without a pod.
    pub(super) fn new(scheduling: &Scheduling<'a>) -> Self {
        let Scheduling { inventory, offered, profile, .. } = *scheduling;
        let nodes: Vec<&Node> = inventory.nodes.iter().collect();
        let nothing = NodeResources { pods: Some(0), ..NodeResources::default() };
        let offered: Vec<&NodeResources> =
            (0..nodes.len()).map(|index| offered.get(index).unwrap_or(&nothing)).collect();
        let state = compile(Ingredients { inventory, profile, nodes: &nodes, offered: &offered });
        let ties = Ties::new(scheduling.ties);
        let index = state.nodes.all.iter().enumerate().map(|(index, node)| (&*node.name, index)).collect();
        Self {
            preemption: Preemption::new(&state, ties.clone()),
            waiting: BTreeSet::new(),
            cycle: Cycle::new(&state, ties),
            queue: Queue::default(),
            pack: scheduling.pack,
            ties: scheduling.ties,
            follow: scheduling.follow,
            node_index: Arc::new(index),
            failed: Vec::new(),
            reasons: BTreeMap::new(),
            touched: BTreeSet::new(),
            ended: Vec::new(),
            preempted: Vec::new(),
            decisions: 0,
            tied: 0,
            state,
        }
    }

    /// A copy that can go on from here, and return to here.
    pub(super) fn fork(&self) -> Self {
        let mut state = self.state.clone();
        state.journal = Some(Vec::new());
        let mut fork = Self {
            preemption: self.preemption.clone(),
            waiting: BTreeSet::new(),
            cycle: Cycle::new(&state, Ties::new(self.ties)),
            queue: Queue::default(),
            pack: self.pack,
            ties: self.ties,
            follow: None,
            node_index: self.node_index.clone(),
            failed: Vec::new(),
            reasons: BTreeMap::new(),
            touched: BTreeSet::new(),
            ended: Vec::new(),
            preempted: Vec::new(),
            decisions: 0,
            tied: 0,
            state,
        };
        fork.return_to(self);
        fork
    }

    /// Takes back all that was done since it was forked from `base`; what is known of nodes is kept.
    pub(super) fn return_to(&mut self, base: &Self) {
        self.state.undo();
        self.state.nodes.turn();
        self.preemption.restart(&base.preemption, Ties::new(self.ties));
        self.cycle.restart(Ties::new(self.ties));
        self.waiting.clone_from(&base.waiting);
    }

    /// Puts pods where they are; the others wait. Pods of nodes that are not there are not there either.
    pub(super) fn settle(&mut self, reschedule: bool) {
        for pod in 0..self.state.pods.len() {
            self.settle_one(pod, reschedule);
        }
    }

    pub(super) fn settle_one(&mut self, pod: usize, reschedule: bool) {
        let one = &self.state.inventory.pods[pod];
        let stays = one.listed && (!reschedule || !can_move(self.state.inventory, pod));
        let on = if let Place::On(node) = one.place { Some(self.state.nodes.position[node]) } else { None };
        if on.is_some_and(|node| !self.state.nodes.present[node]) {
            return;
        }
        self.preemption.wanted(&self.state, pod);
        match on {
            Some(node) if stays => {
                self.state.place(pod, node);
                self.preemption.arrived(&self.state, pod);
            }
            None if one.place == Place::Elsewhere => {}
            _ => {
                self.waiting.insert(pod);
            }
        }
    }

    /// Decides on every pod that waits.
    pub(super) fn go(&mut self, observe: Observer<'_>) {
        self.failed.clear();
        self.failed.resize(self.state.classes.len(), None);
        self.preemption.hope_again();
        self.reasons.clear();
        self.touched.clear();
        self.preempted.clear();
        (self.decisions, self.tied) = (0, 0);
        for pod in std::mem::take(&mut self.waiting) {
            let one = &self.state.inventory.pods[pod];
            if let Some(reason) = held_back(one, self.state.profile) {
                self.reasons.insert(pod, Arc::new(vec![(reason, 0)]));
                continue;
            }
            let rank = self.follow.and_then(|follow| follow.rank(&one.name));
            self.queue.push(&self.state, pod, rank);
            self.touched.insert(pod);
        }
        match self.pack {
            Pack::Scheduler => self.all(observe),
            Pack::FirstFitDecreasing => self.first_fit(),
        }
        let ended = std::mem::take(&mut self.ended);
        for &pod in &ended {
            self.preemption.unwanted(&self.state, pod);
        }
        let left = self.reasons.keys().filter(|pod| self.state.pods[**pod].node().is_none() && !ended.contains(pod));
        self.waiting = left.copied().collect();
    }

    fn all(&mut self, mut observe: Observer<'_>) {
        while let Some(pod) = self.queue.pop() {
            self.decisions += 1;
            match self.decide(pod, &mut observe) {
                Some(node) => self.put(pod, node),
                None => self.make_room(pod, &mut observe),
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
            self.decisions += 1;
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
    fn decide(&mut self, pod: usize, observe: &mut Observer<'_>) -> Option<usize> {
        let class_index = self.state.pods[pod].class as usize;
        if let Some(only) = only_node(self.state.inventory, pod) {
            let node = self.state.nodes.position[only];
            return fits(&self.state, self.state.class_of(pod), node).then_some(node);
        }
        if let Some(node) = self.nominated(pod) {
            self.tell_of(pod, node, &[], observe);
            return Some(node);
        }
        let known = self.failed[class_index].as_ref();
        if known.is_some_and(|(hope, _)| *hope == self.state.hope(self.state.class_of(pod))) {
            return None;
        }
        let choice = self.cycle.choose(&self.state, class_index);
        if choice.is_some_and(|choice| choice.best > 1) {
            self.tied += 1;
        }
        if choice.is_some() {
            self.tell(pod, choice, observe);
        }
        let followed = self.followed(pod);
        followed.or(choice.map(|choice| choice.node))
    }

    /// The node that preemption made room on for a pod, which is tried first.
    fn nominated(&self, pod: usize) -> Option<usize> {
        if self.state.pods[pod].is_successor {
            return None;
        }
        self.if_it_fits(pod, self.state.inventory.pods[pod].life.nominated_node.as_deref()?)
    }

    fn followed(&self, pod: usize) -> Option<usize> {
        self.if_it_fits(pod, self.follow?.node(&self.state.inventory.pods[pod].name)?)
    }

    fn if_it_fits(&self, pod: usize, name: &str) -> Option<usize> {
        let node = self.node_index.get(name).copied().filter(|&node| self.state.nodes.present[node])?;
        fits(&self.state, self.state.class_of(pod), node).then_some(node)
    }

    fn tell(&self, pod: usize, choice: Option<Choice>, observe: &mut Observer<'_>) {
        let Some(observe) = observe else { return };
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
            victims: Vec::new(),
        });
    }

    /// Tells of a node that was not chosen by its score: a nominated one, or one that others leave.
    fn tell_of(&self, pod: usize, node: usize, victims: &[usize], observe: &mut Observer<'_>) {
        let Some(observe) = observe else { return };
        let state = &self.state;
        let node = &*state.nodes.all[node].name;
        observe(Decision {
            pod: &state.inventory.pods[pod].name,
            chosen: Some(node),
            nodes: vec![ScoredNode { node, scores: Vec::new() }],
            victims: victims.iter().map(|&victim| &state.inventory.pods[victim].name).collect(),
        });
    }

    /// Lets pods of lower priority go for one that fits nowhere, or leaves it.
    fn make_room(&mut self, pod: usize, observe: &mut Observer<'_>) {
        let room = self.preemption.find(&mut self.state, pod);
        let Some(Preempting { node, victims }) = room else {
            self.tell(pod, None, observe);
            return self.leave(pod);
        };
        self.tell_of(pod, node, &victims, observe);
        for victim in victims {
            self.state.remove(victim);
            self.preemption.left(&self.state, victim);
            self.preempted.push((victim, pod));
            if comes_back(self.state.inventory, victim) {
                self.state.succeed(victim);
                self.queue.push_last(&self.state, victim);
                self.touched.insert(victim);
            } else {
                let by = &self.state.inventory.pods[pod].name;
                self.reasons.insert(victim, Arc::new(vec![(format!("preempted by {by}, nothing makes it anew"), 0)]));
                self.ended.push(victim);
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
            self.reasons.insert(pod, Arc::new(vec![(text, 1)]));
            return;
        }
        let hope = self.state.hope(&self.state.classes[class_index]);
        let reasons = match &self.failed[class_index] {
            Some((before, reasons)) if *before == hope => reasons.clone(),
            _ => Arc::new(why(&self.state, &self.state.classes[class_index])),
        };
        self.failed[class_index] = Some((hope, reasons.clone()));
        self.reasons.insert(pod, reasons);
    }

    /// Pods decided on that have a node, with that node, by index.
    fn placed(&self) -> impl Iterator<Item = (usize, usize)> {
        let placed = self.touched.iter().filter_map(|&pod| Some((pod, self.state.pods[pod].node()?)));
        placed.map(|(pod, node)| (pod, self.state.nodes.input[node]))
    }

    /// Pods decided on that have no node.
    pub(super) fn unplaced(&self) -> impl Iterator<Item = (usize, &[(String, u64)])> {
        let without = self.reasons.iter().filter(|(pod, _)| self.state.pods[**pod].node().is_none());
        without.map(|(&pod, reasons)| (pod, reasons.as_slice()))
    }

    /// Pods that had to go for others, and for whom.
    pub(super) fn preempted(&self) -> &[(usize, usize)] {
        &self.preempted
    }

    /// What became of the pods decided on, and of the cluster.
    pub(super) fn placement(&self, scheduling: &Scheduling<'a>) -> Placement {
        let placed: Vec<(usize, usize)> = self.placed().collect();
        let kept = self.state.placed - placed.len() as u64;
        let nodes_used = self.state.on_node.iter().filter(|pods| !pods.is_empty()).count() as u64;
        // Pods that run may be where no filter would put them, and filters may be off: then fewer nodes may do.
        let is_bound =
            kept == 0 && [Plugin::NodeResourcesFit, Plugin::InterPodAffinity].iter().all(|it| self.state.filters(*it));
        let bound = lower_bound(&self.state);
        let unplaced: Vec<Unplaced> =
            self.unplaced().map(|(pod, reasons)| Unplaced { pod, reasons: reasons.to_vec() }).collect();
        Placement {
            placed,
            kept,
            preempted: self.preempted.clone(),
            decisions: self.decisions,
            ties: self.tied,
            nodes_used,
            lower_bound: if is_bound { bound } else { bound.min(nodes_used) },
            addition: scheduling.new_node.map(|new| nodes_to_add(scheduling, &self.state, &unplaced, new)),
            unplaced,
            findings: claims_unknown(&self.state).into_iter().collect(),
        }
    }
}

/// What keeps a pod from being placed at all: scheduling gates, or another scheduler whose pod it is.
pub(super) fn held_back(pod: &Pod, profile: &Profile) -> Option<String> {
    if pod.spec.gated {
        return Some("scheduling gates".to_owned());
    }
    let other = pod.spec.scheduler.as_deref().filter(|name| Some(*name) != profile.scheduler.as_deref())?;
    Some(format!("left to the scheduler {other}"))
}

/// Whether somebody makes a pod anew that had to go.
fn comes_back(inventory: &Inventory, pod: usize) -> bool {
    let kind = inventory.workloads.get(inventory.pods[pod].workload).map(|workload| &*workload.id.kind);
    !matches!(kind, Some("Pod" | STATIC_POD))
}
