//! Peers from a call graph: names become services and workloads, pairs become peers.

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::findings::CALL_OF_UNKNOWN;
use super::peers::{Peers, PeersBasis};
use crate::finding::{Finding, Tally};
use crate::inventory::objects::{Call, ObjectName};
use crate::mesh::{self, ProxyMode};
use crate::model::telemetry::Count;

/// Who calls whom, by index of workloads.
pub(super) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
}

/// What is known of a workload; `None` in a set stands for everyone whom metrics call unknown.
#[derive(Default)]
struct Node<'a> {
    /// Whether the graph has it at all.
    is_known: bool,
    /// What it calls, and whether over TCP alone.
    calls: BTreeSet<(Callee<'a>, bool)>,
    /// Who calls it, through which service, and whether over TCP alone.
    called_by: BTreeSet<(Option<usize>, Option<usize>, bool)>,
    /// Pairs of caller and callee that pass it as a waypoint.
    passing: BTreeSet<(Option<usize>, Callee<'a>, bool)>,
}

/// What a call leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Callee<'a> {
    /// A workload, through a service where there is one.
    Inside { service: Option<usize>, workload: Option<usize> },
    /// A host outside, or a name nobody has.
    Outside(&'a ObjectName),
}

/// Indices by namespace and name.
type Names<'a> = BTreeMap<(&'a str, &'a str), Vec<usize>>;

impl<'a> Graph<'a> {
    /// The graph of calls between the workloads of an inventory, and the names that are not in it.
    pub fn new(inputs: &Inputs<'a>, behind: &[Vec<usize>], calls: &'a [Call]) -> (Self, Vec<Finding>) {
        let inventory = inputs.inventory;
        let workloads = index(inventory.workloads.iter().map(|it| (&*it.id.namespace, &*it.id.name)));
        let services = index(inventory.services.iter().map(|it| (&*it.name.namespace, &*it.name.name)));
        let in_front = in_front(inventory.workloads.len(), behind);
        let waypoints = waypoints(inputs);
        let mut nodes: Vec<Node<'a>> = inventory.workloads.iter().map(|_| Node::default()).collect();
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        for call in calls {
            let callers = workloads.get(&key(&call.from)).map_or(&[] as &[usize], Vec::as_slice);
            let service = services.get(&key(&call.to)).and_then(|found| found.first()).copied();
            let callees: Vec<Callee<'a>> = match (service, workloads.get(&key(&call.to))) {
                (Some(service), _) => through(service, behind),
                (None, Some(found)) => found
                    .iter()
                    .map(|&workload| Callee::Inside { service: first(&in_front, workload), workload: Some(workload) })
                    .collect(),
                (None, None) => vec![Callee::Outside(&call.to)],
            };
            if callers.is_empty() {
                unknown.insert(call.from.to_string());
            }
            if matches!(callees.first(), Some(Callee::Outside(name)) if !name.namespace.is_empty()) {
                unknown.insert(call.to.to_string());
            }
            let callers: Vec<Option<usize>> =
                if callers.is_empty() { vec![None] } else { callers.iter().map(|&it| Some(it)).collect() };
            for &caller in &callers {
                for &callee in &callees {
                    note(&mut nodes, inputs, &waypoints, caller, callee);
                }
            }
        }
        (Self { nodes }, unknown_names(&unknown))
    }

    /// Peers of a workload; `None` where the graph does not have it.
    pub fn peers(&self, index: usize, mode: ProxyMode) -> Option<Peers> {
        let node = self.nodes.get(index).filter(|node| node.is_known)?;
        let count = |number: usize| Count::exact(number as f64);
        let calls = |tcp: bool| node.calls.iter().filter(|(_, is_tcp)| *is_tcp == tcp).count();
        let called = |tcp: bool| node.called_by.iter().filter(|(_, _, is_tcp)| *is_tcp == tcp).count();
        let passing = |tcp: bool| node.passing.iter().filter(|(_, _, is_tcp)| *is_tcp == tcp).count();
        let basis = PeersBasis::Calls;
        let none = Peers { basis, ..Peers::default() };
        Some(match mode {
            ProxyMode::Sidecar | ProxyMode::Ambient => Peers {
                client_http: count(calls(false)),
                client_tcp: count(calls(true)),
                server_http: count(called(false)),
                server_tcp: count(called(true)),
                basis,
            },
            ProxyMode::Gateway => Peers { client_http: count(calls(false)), client_tcp: count(calls(true)), ..none },
            ProxyMode::Waypoint => {
                Peers { client_http: count(passing(false)), client_tcp: count(passing(true)), ..none }
            }
            ProxyMode::None | ProxyMode::Ztunnel | ProxyMode::ControlPlane => none,
        })
    }
}

/// Notes one call at its caller, its callee and the waypoints between them.
fn note<'a>(
    nodes: &mut [Node<'a>],
    inputs: &Inputs<'a>,
    waypoints: &BTreeMap<usize, Vec<usize>>,
    caller: Option<usize>,
    callee: Callee<'a>,
) {
    let is_in_mesh =
        |index: usize| inputs.mesh.members.get(index).is_some_and(|member| !matches!(member.mode, ProxyMode::None));
    let seen_as = caller.filter(|&caller| is_in_mesh(caller));
    let (service, workload) = match callee {
        Callee::Inside { service, workload } => (service, workload),
        Callee::Outside(_) => (None, None),
    };
    let is_tcp = service.and_then(|it| inputs.inventory.services.get(it)).is_some_and(mesh::is_tcp_only);
    if let Some(node) = caller.and_then(|caller| nodes.get_mut(caller)) {
        node.is_known = true;
        node.calls.insert((callee, is_tcp));
    }
    if let Some(node) = workload.and_then(|workload| nodes.get_mut(workload)) {
        node.is_known = true;
        node.called_by.insert((service, seen_as, is_tcp));
    }
    for &waypoint in service.and_then(|service| waypoints.get(&service)).into_iter().flatten() {
        if let Some(node) = nodes.get_mut(waypoint) {
            node.is_known = true;
            node.passing.insert((seen_as, callee, is_tcp));
        }
    }
}

/// Waypoints that carry each service, by index of the service.
fn waypoints(inputs: &Inputs<'_>) -> BTreeMap<usize, Vec<usize>> {
    let inventory = inputs.inventory;
    let members = inventory.workloads.iter().zip(&inputs.mesh.members).enumerate();
    let waypoints = members.filter(|(_, (_, member))| member.mode == ProxyMode::Waypoint);
    let mut carried: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (waypoint, (workload, _)) in waypoints {
        for (service, _) in
            inventory.services.iter().enumerate().filter(|(_, it)| mesh::is_carried(inventory, it, workload))
        {
            carried.entry(service).or_default().push(waypoint);
        }
    }
    carried
}

fn through<'a>(service: usize, behind: &[Vec<usize>]) -> Vec<Callee<'a>> {
    let workloads = behind.get(service).map_or(&[] as &[usize], Vec::as_slice);
    if workloads.is_empty() {
        return vec![Callee::Inside { service: Some(service), workload: None }];
    }
    workloads.iter().map(|&it| Callee::Inside { service: Some(service), workload: Some(it) }).collect()
}

/// Services in front of each workload.
fn in_front(workloads: usize, behind: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut in_front = vec![Vec::new(); workloads];
    for (service, behind) in behind.iter().enumerate() {
        for &workload in behind {
            if let Some(services) = in_front.get_mut(workload) {
                services.push(service);
            }
        }
    }
    in_front
}

fn first(in_front: &[Vec<usize>], workload: usize) -> Option<usize> {
    in_front.get(workload).and_then(|services| services.first()).copied()
}

fn index<'n>(names: impl Iterator<Item = (&'n str, &'n str)>) -> Names<'n> {
    let mut index: Names<'n> = BTreeMap::new();
    for (position, name) in names.enumerate() {
        index.entry(name).or_default().push(position);
    }
    index
}

fn key(name: &ObjectName) -> (&str, &str) {
    (&name.namespace, &name.name)
}

fn unknown_names(unknown: &BTreeSet<String>) -> Vec<Finding> {
    let mut tally = Tally::default();
    unknown.iter().for_each(|name| tally.add(name));
    let message = |names: &str| format!("{names}: counted as unknown peers");
    tally.finding(&CALL_OF_UNKNOWN, "calls", message).into_iter().collect()
}
