//! Pods that are alike: what the scheduler needs to know of them, worked out once.

use std::sync::Arc;

use super::ground::Demand;
use super::plugins::image_locality::PodImages;
use super::{Reason, nodes::CPU, nodes::MEMORY};
use crate::inventory::objects::{Disk, Transport};
use crate::inventory::{Labels, PodSpec};

/// Pods of one namespace with the same labels and specification.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) namespace: Arc<str>,
    pub(super) labels: &'a Labels,
    pub(super) spec: &'a PodSpec,
    pub(super) priority: i32,
    pub(super) demand: Demand<'a>,
    /// What never changes about nodes for it; nothing for pods that name their nodes.
    pub(super) ground: Option<usize>,
    /// The only nodes it can run on, in the scheduler's order.
    pub(super) named: Option<Vec<usize>>,
    /// Amounts above zero by column.
    pub(super) asked: Vec<(usize, i64)>,
    /// CPU and memory with what is not said.
    pub(super) scored: [i64; 2],
    pub(super) ports: Vec<HostPort>,
    pub(super) disks: Vec<&'a Disk>,
    pub(super) claims: Vec<usize>,
    /// Claims that are not in the input, though others are.
    pub(super) missing_claim: Option<String>,
    /// Storage classes of claims of its own.
    pub(super) own_claims: Vec<Option<&'a str>>,
    pub(super) hard_spread: Vec<Spread>,
    pub(super) soft_spread: Vec<Spread>,
    /// Whether the soft constraints are the system's, under which nodes without a zone are not ignored.
    pub(super) spread_by_system: bool,
    /// Counters of pods it must be near, one a term.
    pub(super) near: Vec<usize>,
    /// Whether it is such a pod itself.
    pub(super) near_itself: bool,
    /// Counters of pods it must be away from.
    pub(super) away: Vec<usize>,
    /// Counters of pods that must be away from it.
    pub(super) kept_away: Vec<usize>,
    /// Counters with the weight of each pod in the score of their domains.
    pub(super) between: Vec<(usize, i64)>,
    /// Counters it adds to.
    pub(super) counted: Vec<usize>,
    /// Counters it adds to unless it terminates.
    pub(super) counted_while_staying: Vec<usize>,
    /// Its images that some node holds.
    pub(super) images: PodImages,
    /// Whether it runs on cordoned nodes.
    pub(super) tolerates_cordons: bool,
}

/// A port claimed on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort {
    pub(super) port: u16,
    pub(super) protocol: Transport,
    /// `0.0.0.0` for all addresses.
    pub(super) address: String,
}

/// A topology spread constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) key: usize,
    /// Whether its label names hosts.
    pub(super) by_host: bool,
    /// Counter of pods of the kind; nothing where no pod is meant.
    pub(super) counter: Option<usize>,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    /// Whether the pod is of the kind itself.
    pub(super) means_itself: bool,
}

impl Class<'_> {
    /// What it asks for of a column.
    pub(super) fn asks(&self, column: usize) -> i64 {
        self.asked.iter().find(|(known, _)| *known == column).map_or(0, |(_, amount)| *amount)
    }

    /// The same as scores count it.
    pub(super) fn scores(&self, column: usize) -> i64 {
        match column {
            CPU => self.scored[0],
            MEMORY => self.scored[1],
            other => self.asks(other),
        }
    }

    /// Whether its fitness depends on more than the node and the pods there.
    pub(super) fn looks_around(&self) -> bool {
        !(self.hard_spread.is_empty()
            && self.near.is_empty()
            && self.away.is_empty()
            && self.kept_away.is_empty()
            && !self.has_claims())
    }

    /// Whether it mounts claims, its own among them.
    pub(super) fn has_claims(&self) -> bool {
        !(self.claims.is_empty() && self.missing_claim.is_none() && self.own_claims.is_empty())
    }

    /// Counters of pods whose coming elsewhere can make a node fit again.
    pub(super) fn hopes(&self) -> impl Iterator<Item = usize> {
        self.hard_spread.iter().filter_map(|spread| spread.counter).chain(self.near.iter().copied())
    }
}

impl HostPort {
    /// Whether two claims cannot be met on one node.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        const ALL: &str = "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.address == other.address || self.address == ALL || other.address == ALL)
    }

    /// Ports that a specification claims on its node, those of the node's network included.
    pub(super) fn of(spec: &PodSpec) -> Vec<Self> {
        let mut ports = Vec::new();
        let sidecars = spec.init_containers.iter().filter(|init| init.restartable);
        for port in spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports) {
            let number = if spec.host_network && port.host_port == 0 { port.port } else { port.host_port };
            if number > 0 {
                let address = if port.host_ip.is_empty() { "0.0.0.0".to_owned() } else { port.host_ip.clone() };
                ports.push(Self { port: number, protocol: port.protocol, address });
            }
        }
        ports
    }
}

/// The first trouble of a pod that no node can change.
pub(super) fn hopeless(class: &Class<'_>) -> Option<Reason> {
    class.missing_claim.clone().map(Reason::NoClaim)
}
