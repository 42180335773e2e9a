//! Gives every pod a node, one pod at a time, the same way each time it is asked.

use super::draw::Draw;
use super::nodes::{Amount, PODS_PER_NODE, ZONES};
use super::planning::{Cluster, per_node};
use super::workloads::{Rule, Workload};

/// Nodes looked at before the emptiest of them is taken (the power of a few choices, Mitzenmacher 1996).
const CHOICES: usize = 4;

/// Free capacity of the nodes while pods are placed in the order of the listing.
pub(super) struct Schedule {
    draw: Draw,
    rooms: Vec<Room>,
    /// Nodes with pod slots left, by pool (general, dedicated) and zone.
    open: [[Vec<usize>; ZONES.len()]; 2],
    /// Nodes of the present workload, where they must differ.
    taken: Vec<usize>,
    /// Whether a pod of the present workload found no node: its like will not either.
    stuck: bool,
}

/// Capacity of a node.
#[derive(Clone, Copy)]
struct Room {
    allocatable: Amount,
    free: Amount,
    slots: u64,
}

impl Schedule {
    /// Every node with its agents and nothing else.
    pub fn new(cluster: &Cluster) -> Self {
        let (agents, count) = per_node(&cluster.workloads);
        let mut open: [[Vec<usize>; ZONES.len()]; 2] = Default::default();
        let rooms = cluster
            .nodes
            .iter()
            .enumerate()
            .map(|(position, node)| {
                if let Some(list) = open.get_mut(usize::from(node.dedicated)).and_then(|zones| zones.get_mut(node.zone))
                {
                    list.push(position);
                }
                let allocatable = node.allocatable();
                let free = Amount {
                    cpu: allocatable.cpu.saturating_sub(agents.cpu),
                    memory: allocatable.memory.saturating_sub(agents.memory),
                };
                Room { allocatable, free, slots: PODS_PER_NODE - count }
            })
            .collect();
        Self { draw: Draw::new(cluster.seed, 4), rooms, open, taken: Vec::new(), stuck: false }
    }

    /// Begins the pods of another workload.
    pub fn begin(&mut self) {
        self.taken.clear();
        self.stuck = false;
    }

    /// A node for the next pod of a workload that holds capacity; `None` where there is none.
    pub fn place(&mut self, workload: &Workload, ordinal: u64) -> Option<usize> {
        if workload.rule == Rule::EveryNode {
            return Some(ordinal as usize).filter(|node| *node < self.rooms.len());
        }
        if self.stuck || workload.rule == Rule::Nowhere {
            return None;
        }
        let request = workload.pod_request();
        let pool = usize::from(workload.rule == Rule::Dedicated);
        let zones = allowed_zones(workload.rule, ordinal.wrapping_add(workload.key % 3));
        let Some(found) = self.choose(request, pool, zones).or_else(|| self.search(request, pool, zones)) else {
            self.stuck = true;
            return None;
        };
        self.fill(found, request, pool);
        if workload.rule == Rule::Apart {
            self.taken.push(found.node);
        }
        Some(found.node)
    }

    /// Some node for a pod that holds no capacity any more.
    pub fn past_node(&mut self) -> Option<usize> {
        let nodes = self.rooms.len() as u64;
        (nodes > 0).then(|| self.draw.below(nodes) as usize)
    }

    /// The emptiest of a few nodes drawn at random.
    fn choose(&mut self, request: Amount, pool: usize, zones: [bool; ZONES.len()]) -> Option<Found> {
        let mut best: Option<(u64, Found)> = None;
        for _ in 0..CHOICES {
            let zone = self.draw.below(ZONES.len() as u64) as usize;
            let luck = self.draw.below(1 << 32);
            if !zones.get(zone).copied().unwrap_or(false) {
                continue;
            }
            let Some(list) = self.open.get(pool).and_then(|pool| pool.get(zone)) else { continue };
            let position = ((luck * list.len() as u64) >> 32) as usize;
            let Some(&node) = list.get(position) else { continue };
            let Some(fill) = self.fill_with(node, request) else { continue };
            if best.is_none_or(|(least, _)| fill < least) {
                best = Some((fill, Found { node, zone, position }));
            }
        }
        best.map(|(_, found)| found)
    }

    /// The first node that takes it, if any.
    fn search(&self, request: Amount, pool: usize, zones: [bool; ZONES.len()]) -> Option<Found> {
        let lists = self.open.get(pool)?;
        for (zone, list) in lists.iter().enumerate() {
            if !zones.get(zone).copied().unwrap_or(false) {
                continue;
            }
            let fits = |node: &usize| self.fill_with(*node, request).is_some();
            if let Some(position) = list.iter().position(fits) {
                return list.get(position).map(|&node| Found { node, zone, position });
            }
        }
        None
    }

    /// How full the node would be, in thousandths of its fullest resource; `None` where it does not fit.
    fn fill_with(&self, node: usize, request: Amount) -> Option<u64> {
        let room = self.rooms.get(node)?;
        if request.cpu > room.free.cpu || request.memory > room.free.memory || room.slots == 0 {
            return None;
        }
        if self.taken.contains(&node) {
            return None;
        }
        let cpu = fill(room.free.cpu - request.cpu, room.allocatable.cpu);
        let memory = fill(room.free.memory - request.memory, room.allocatable.memory);
        Some(cpu.max(memory).max(fill(room.slots - 1, PODS_PER_NODE)))
    }

    fn fill(&mut self, found: Found, request: Amount, pool: usize) {
        let Some(room) = self.rooms.get_mut(found.node) else { return };
        room.free.cpu -= request.cpu;
        room.free.memory -= request.memory;
        room.slots -= 1;
        if room.slots > 0 {
            return;
        }
        if let Some(list) = self.open.get_mut(pool).and_then(|pool| pool.get_mut(found.zone)) {
            list.swap_remove(found.position);
        }
    }
}

/// A node and where it stands in the list of its zone.
#[derive(Clone, Copy)]
struct Found {
    node: usize,
    zone: usize,
    position: usize,
}

fn allowed_zones(rule: Rule, ordinal: u64) -> [bool; ZONES.len()] {
    match rule {
        Rule::NotInZone(shunned) => std::array::from_fn(|zone| zone != shunned),
        // One pod after the other into the next zone keeps the skew at 1.
        Rule::SpreadZones(true) => std::array::from_fn(|zone| zone as u64 == ordinal % ZONES.len() as u64),
        _ => [true; ZONES.len()],
    }
}

fn fill(free: u64, allocatable: u64) -> u64 {
    1000 - (free * 1000).checked_div(allocatable).unwrap_or(0).min(1000)
}
