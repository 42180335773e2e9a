//! As placed today: pods stay where they are, as long as the node holds them with what they will ask for.
//!
//! Where planned growth overcommits a node, free pods leave it: those that end most of the shortage
//! first, and as the last one the smallest that ends the rest. So few pods move, and no larger ones
//! than needed; of equals the smaller moves, then the earlier name. DaemonSet and static pods stay:
//! they run there or nowhere.
//! What is overcommitted before any growth is a fact of the dump: its pods stay, growth alone makes
//! others leave, and nothing new is placed there.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::capacity::{Amounts, Capacity, DIMENSIONS, Need};
use super::demand::Demands;
use super::kinds::{NODE_OVERCOMMITTED, NODE_OVERCOMMITTED_BY_GROWTH, POD_ON_UNKNOWN_NODE, PODS_DISPLACED_BY_GROWTH};
use super::site::{Site, Sites};
use super::{Headroom, Mobility, sample};
use crate::finding::Finding;

/// Position of each pod that stays.
pub(super) type Positions = Vec<Option<usize>>;

/// Keeps pods on their nodes, evicts what growth pushes out, and gives what is left free.
///
/// `today` is the assessment before the growth; `None` where these are today's requests.
pub(super) fn settle(
    sites: &mut Sites<'_>,
    demands: &Demands<'_>,
    today: Option<&Headroom>,
    findings: &mut Vec<Finding>,
) -> (Positions, Capacity) {
    let mut node_of = as_listed(sites, demands, findings);
    let mut loads = vec![Load::default(); sites.all.len()];
    for (pod, position) in node_of.iter().enumerate() {
        if let Some(position) = position {
            loads[*position].add(demands.need(pod));
        }
    }
    if let Some(today) = today {
        make_room(sites, demands, today, &mut loads, &mut node_of, findings);
    }
    let mut overcommitted = Vec::new();
    for (site, load) in sites.all.iter_mut().zip(&loads) {
        let offer = Load::of(&demands.offer(site.offered, site.slots));
        site.overcommitted = load.shortage(&offer).is_some();
        if site.overcommitted {
            overcommitted.push(&*site.node.name);
        }
    }
    if let Some(names) = sample(&overcommitted) {
        let count = overcommitted.len();
        let message = format!("requests exceed what {count} nodes offer ({names}): counted as full");
        findings.push(Finding::new(&NODE_OVERCOMMITTED, "cluster", message).counted(count as u64));
    }
    let free = sites.all.iter().zip(&loads).map(|(site, load)| load.left_of(&demands.offer(site.offered, site.slots)));
    let capacity = Capacity::new(free);
    (node_of, capacity)
}

fn as_listed(sites: &Sites<'_>, demands: &Demands<'_>, findings: &mut Vec<Finding>) -> Positions {
    let mut lost = Vec::new();
    let mut node_of = Vec::with_capacity(demands.pods.len());
    for pod in demands.pods {
        let position = pod.node.and_then(|node| sites.position.get(node).copied());
        if pod.node.is_some() && position.is_none() {
            lost.push(pod.name);
        }
        node_of.push(position);
    }
    lost.sort_unstable();
    if let Some(names) = sample(&lost) {
        let message = format!("{} pods name a node that is not in the inventory: {names}", lost.len());
        findings.push(Finding::new(&POD_ON_UNKNOWN_NODE, "cluster", message).counted(lost.len() as u64));
    }
    node_of
}

fn make_room(
    sites: &Sites<'_>,
    demands: &Demands<'_>,
    today: &Headroom,
    loads: &mut [Load],
    node_of: &mut Positions,
    findings: &mut Vec<Finding>,
) {
    let limits = limits(sites, demands, today);
    let mut crowded: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (position, (load, limit)) in loads.iter().zip(&limits).enumerate() {
        if load.shortage(limit).is_some() {
            crowded.insert(position, Vec::new());
        }
    }
    for (pod, position) in node_of.iter().enumerate() {
        let movable = demands.pods[pod].mobility == Mobility::Free;
        if let Some(list) = position.filter(|_| movable).and_then(|position| crowded.get_mut(&position)) {
            list.push(pod);
        }
    }
    let (mut moved, mut stuck) = (0_u64, Vec::new());
    for (position, pods) in crowded {
        for pod in evict(pods, &mut loads[position], &limits[position], demands) {
            node_of[pod] = None;
            moved += 1;
        }
        if loads[position].shortage(&limits[position]).is_some() {
            stuck.push(&*sites.all[position].node.name);
        }
    }
    if moved > 0 {
        let message = format!("{moved} pods no longer fit on their node with planned requests and have to move");
        findings.push(Finding::new(&PODS_DISPLACED_BY_GROWTH, "cluster", message).counted(moved));
    }
    if let Some(names) = sample(&stuck) {
        let message = format!("planned requests exceed what {} nodes offer ({names}), free pods aside", stuck.len());
        findings.push(Finding::new(&NODE_OVERCOMMITTED_BY_GROWTH, "cluster", message).counted(stuck.len() as u64));
    }
}

/// What each node may hold: what it offers or, where that is exceeded today already, what it holds today.
fn limits(sites: &Sites<'_>, demands: &Demands<'_>, today: &Headroom) -> Vec<Load> {
    let limit = |site: &Site<'_>| Load::of(&demands.offer(site.offered, site.slots));
    let mut limits: Vec<Load> = sites.all.iter().map(limit).collect();
    for (&position, before) in sites.position.iter().zip(&today.nodes) {
        if *before.name == *sites.all[position].node.name {
            limits[position].raise_to(&Load::of(&demands.offer(&before.fill.requested, before.fill.pods)));
        }
    }
    limits
}

fn evict(mut pods: Vec<usize>, load: &mut Load, limit: &Load, demands: &Demands<'_>) -> Vec<usize> {
    let mut evicted = Vec::new();
    let Some(shortage) = load.shortage(limit) else { return evicted };
    let mut contribution: BTreeMap<usize, f64> = BTreeMap::new();
    pods.retain(|&pod| {
        let part = shortage.ended_by(demands.need(pod));
        contribution.insert(pod, part);
        part > 0.0
    });
    let part = |pod: usize| contribution.get(&pod).copied().unwrap_or(0.0);
    let smallest_first = |pod: usize| (Reverse(demands.rank(pod)), demands.pods[pod].name);
    pods.sort_by(|&a, &b| part(b).total_cmp(&part(a)).then_with(|| smallest_first(a).cmp(&smallest_first(b))));
    for (index, &pod) in pods.iter().enumerate() {
        let Some(rest) = load.shortage(limit) else { break };
        if !rest.is_ended_by(demands.need(pod)) {
            load.remove(demands.need(pod));
            evicted.push(pod);
            continue;
        }
        let enough = pods[index..].iter().copied().filter(|&other| rest.is_ended_by(demands.need(other)));
        let last = enough.min_by_key(|&other| smallest_first(other)).unwrap_or(pod);
        load.remove(demands.need(last));
        evicted.push(last);
        break;
    }
    evicted
}

/// Requests added up; wide enough that no sum of 64-bit requests overflows.
#[derive(Debug, Clone, Default)]
struct Load {
    amounts: [u128; DIMENSIONS],
    extended: BTreeMap<u32, u128>,
}

impl Load {
    fn of(need: &Need) -> Self {
        let mut load = Self::default();
        load.add(need);
        load
    }

    fn add(&mut self, need: &Need) {
        for (own, amount) in self.amounts.iter_mut().zip(need.amounts) {
            *own += u128::from(amount);
        }
        for &(resource, amount) in &need.extended {
            *self.extended.entry(resource).or_default() += u128::from(amount);
        }
    }

    fn remove(&mut self, need: &Need) {
        for (own, amount) in self.amounts.iter_mut().zip(need.amounts) {
            *own = own.saturating_sub(u128::from(amount));
        }
        for &(resource, amount) in &need.extended {
            let own = self.extended.entry(resource).or_default();
            *own = own.saturating_sub(u128::from(amount));
        }
    }

    fn raise_to(&mut self, other: &Self) {
        for (own, amount) in self.amounts.iter_mut().zip(other.amounts) {
            *own = amount.max(*own);
        }
        for (&resource, &amount) in &other.extended {
            let own = self.extended.entry(resource).or_default();
            *own = amount.max(*own);
        }
    }

    /// What is held beyond a limit, if anything is.
    fn shortage(&self, limit: &Self) -> Option<Shortage> {
        let amounts = std::array::from_fn(|i| self.amounts[i].saturating_sub(limit.amounts[i]));
        let mut extended = BTreeMap::new();
        for (resource, amount) in &self.extended {
            let beyond = amount.saturating_sub(limit.extended.get(resource).copied().unwrap_or(0));
            if beyond > 0 {
                extended.insert(*resource, beyond);
            }
        }
        let short = amounts.iter().any(|&amount| amount > 0) || !extended.is_empty();
        short.then_some(Shortage { amounts, extended })
    }

    /// What is left of an offer.
    fn left_of(&self, offer: &Need) -> Need {
        let left = |offered: u64, held: u128| {
            u64::try_from(u128::from(offered).saturating_sub(held)).unwrap_or(u64::MAX) // never above `offered`
        };
        let amounts: Amounts = std::array::from_fn(|i| left(offer.amounts[i], self.amounts[i]));
        let held = |resource: u32| self.extended.get(&resource).copied().unwrap_or(0);
        let extended = offer.extended.iter().map(|&(resource, amount)| (resource, left(amount, held(resource))));
        Need { amounts, extended: extended.collect() }
    }
}

struct Shortage {
    amounts: [u128; DIMENSIONS],
    extended: BTreeMap<u32, u128>,
}

impl Shortage {
    /// Each short resource with what a need would free of it.
    fn compared<'a>(&'a self, need: &'a Need) -> impl Iterator<Item = (u128, u128)> + 'a {
        let freed = |resource: u32| {
            let found = need.extended.iter().find(|(number, _)| *number == resource);
            found.map_or(0, |(_, amount)| u128::from(*amount))
        };
        let plain = self.amounts.iter().zip(need.amounts).map(|(&short, amount)| (short, u128::from(amount)));
        let extended = self.extended.iter().map(move |(&resource, &short)| (short, freed(resource)));
        plain.chain(extended).filter(|(short, _)| *short > 0)
    }

    fn is_ended_by(&self, need: &Need) -> bool {
        self.compared(need).all(|(short, freed)| freed >= short)
    }

    /// Sum over short resources of the share of the shortage that a need would end.
    fn ended_by(&self, need: &Need) -> f64 {
        self.compared(need).map(|(short, freed)| freed.min(short) as f64 / short as f64).sum()
    }
}
