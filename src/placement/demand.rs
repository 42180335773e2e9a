//! Pods as the packer sees them: grouped by what they ask for and where they may run, largest first.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use super::capacity::{Amounts, Need};
use super::{Mobility, PodDemand};
use crate::inventory::objects::{NodeSelectorTerm, Toleration};
use crate::inventory::{Labels, PodSpec};
use crate::parallel;
use crate::resources::Resources;

/// All pods, with the work they share.
#[derive(Debug)]
pub(super) struct Demands<'a> {
    pub(super) pods: &'a [PodDemand<'a>],
    /// Distinct requests.
    pub(super) needs: Vec<Need>,
    /// Request of each pod, in `needs`.
    pub(super) need_of: Vec<usize>,
    /// Distinct pairs of request and constraints among pods that may have to be placed.
    pub(super) classes: Vec<Class>,
    /// Class of each pod that may have to be placed; `NONE` for the others.
    pub(super) class_of: Vec<usize>,
    /// One specification for each distinct set of constraints.
    pub(super) constraints: Vec<&'a PodSpec>,
    /// Pods that may have to be placed, largest first, ties by name.
    pub(super) largest_first: Vec<usize>,
    /// Rank of each request by size, the largest first; equal sizes share one.
    ranks: Vec<u32>,
    /// Number of each extended resource.
    pub(super) extended: BTreeMap<&'a str, u32>,
}

/// Pods that are the same to the packer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    /// Index of its request.
    pub(super) need: usize,
    /// Index of its constraints.
    pub(super) constraints: usize,
}

/// The class of a pod that never needs a place.
pub(super) const NONE: usize = usize::MAX;

/// How large a request is: those for scarce extended resources first, then by the larger share of a
/// node's CPU or memory.
#[derive(Debug, Clone, Copy)]
struct Size {
    extended: bool,
    share: f64,
}

impl Size {
    fn of(need: &Need, yardstick: Amounts) -> Self {
        let share = |dimension: usize| need.amounts[dimension] as f64 / yardstick[dimension].max(1) as f64;
        Self { extended: !need.extended.is_empty(), share: share(0).max(share(1)) }
    }

    fn total_cmp(&self, other: &Self) -> Ordering {
        self.extended.cmp(&other.extended).then(self.share.total_cmp(&other.share))
    }
}

/// What decides where a pod may run.
#[derive(PartialEq, Eq, Hash)]
struct Constraints<'a> {
    selector: &'a Labels,
    affinity: Option<&'a [NodeSelectorTerm]>,
    tolerations: &'a [Toleration],
}

impl<'a> Demands<'a> {
    /// Groups and orders pods. `yardstick` is the node that sizes are measured against.
    pub(super) fn new(pods: &'a [PodDemand<'a>], nodes: usize, yardstick: Amounts) -> Self {
        let extended = number_extended(pods);
        let (needs, need_of) = group_requests(pods, &extended);
        let mut demands = Self {
            pods,
            needs,
            need_of,
            classes: Vec::new(),
            class_of: vec![NONE; pods.len()],
            constraints: Vec::new(),
            largest_first: Vec::new(),
            ranks: Vec::new(),
            extended,
        };
        demands.group_movable(nodes);
        demands.order(yardstick);
        demands
    }

    fn group_movable(&mut self, nodes: usize) {
        // Pods of one template share their specification, so its address saves most comparisons.
        let mut by_address: HashMap<*const PodSpec, usize> = HashMap::new();
        let mut by_content: HashMap<Constraints<'a>, usize> = HashMap::new();
        let mut by_pair: HashMap<(usize, usize), usize> = HashMap::new();
        for (index, pod) in self.pods.iter().enumerate() {
            if pod.mobility != Mobility::Free && pod.node.is_some_and(|node| node < nodes) {
                continue;
            }
            let constraints = *by_address.entry(std::ptr::from_ref(pod.spec)).or_insert_with(|| {
                *by_content.entry(constraints_of(pod.spec)).or_insert_with(|| {
                    self.constraints.push(pod.spec);
                    self.constraints.len() - 1
                })
            });
            let need = self.need_of[index];
            self.class_of[index] = *by_pair.entry((need, constraints)).or_insert_with(|| {
                self.classes.push(Class { need, constraints });
                self.classes.len() - 1
            });
            self.largest_first.push(index);
        }
    }

    fn order(&mut self, yardstick: Amounts) {
        let sizes: Vec<Size> = self.needs.iter().map(|need| Size::of(need, yardstick)).collect();
        let mut ranked: Vec<usize> = (0..self.needs.len()).collect();
        ranked.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
        let mut rank = vec![0_u32; self.needs.len()];
        for pair in ranked.windows(2) {
            let same = sizes[pair[0]].total_cmp(&sizes[pair[1]]).is_eq();
            rank[pair[1]] = rank[pair[0]] + u32::from(!same);
        }
        let (pods, need_of) = (self.pods, &self.need_of);
        parallel::sort_by(&mut self.largest_first, |&a, &b| {
            rank[need_of[a]].cmp(&rank[need_of[b]]).then_with(|| pods[a].name.cmp(pods[b].name)).then(a.cmp(&b))
        });
        self.ranks = rank;
    }

    /// What a pod asks for.
    pub(super) fn need(&self, pod: usize) -> &Need {
        &self.needs[self.need_of[pod]]
    }

    /// Rank of a pod by size: 0 for the largest, the same for equal sizes.
    pub(super) fn rank(&self, pod: usize) -> u32 {
        self.ranks[self.need_of[pod]]
    }

    /// What a class asks for.
    pub(super) fn need_of_class(&self, class: usize) -> &Need {
        &self.needs[self.classes[class].need]
    }

    /// The amounts of a node, in the packer's form.
    pub(super) fn offer(&self, offered: &Resources, slots: u64) -> Need {
        let mut need = need_of(offered, &self.extended);
        need.amounts[super::capacity::PODS] = slots;
        need
    }
}

fn constraints_of(spec: &PodSpec) -> Constraints<'_> {
    Constraints {
        selector: &spec.node_selector,
        affinity: spec.required_node_affinity.as_deref(),
        tolerations: &spec.tolerations,
    }
}

fn number_extended<'a>(pods: &[PodDemand<'a>]) -> BTreeMap<&'a str, u32> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    for pod in pods {
        for (name, &amount) in &pod.request.extended {
            if amount > 0 {
                numbers.insert(name, 0);
            }
        }
    }
    for (next, number) in (0..).zip(numbers.values_mut()) {
        *number = next;
    }
    numbers
}

fn group_requests(pods: &[PodDemand<'_>], extended: &BTreeMap<&str, u32>) -> (Vec<Need>, Vec<usize>) {
    let mut needs = Vec::new();
    let mut seen: HashMap<&Resources, usize> = HashMap::new();
    let need_of = pods
        .iter()
        .map(|pod| {
            *seen.entry(pod.request).or_insert_with(|| {
                needs.push(need_of(pod.request, extended));
                needs.len() - 1
            })
        })
        .collect();
    (needs, need_of)
}

fn need_of(resources: &Resources, numbers: &BTreeMap<&str, u32>) -> Need {
    let extended = resources
        .extended
        .iter()
        .filter(|(_, amount)| **amount > 0)
        .filter_map(|(name, &amount)| numbers.get(name.as_str()).map(|&number| (number, amount)))
        .collect();
    let amounts = [resources.cpu.get(), resources.memory.get(), resources.ephemeral_storage.get(), 1];
    Need { amounts, extended }
}
