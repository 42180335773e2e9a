//! A cluster in a few words.

use std::sync::Arc;

use super::super::{KubernetesVersion, Pack, Placement, Profile, Scheduling, TieBreak, explain, schedule};
use crate::inventory::objects::{
    NodeResources, Operator, PodAffinityTerm, Requirement, Taint, TaintEffect, TopologySpread,
};
use crate::inventory::{
    Container, Inventory, Labels, Measured, Node, ObjectName, Place, Pod, PodLife, PodPhase, PodSpec, ReplicasBasis,
    Workload, WorkloadId,
};
use crate::resources::{Declared, Requirements, Resources};
use crate::units::{Bytes, Millicores};

/// Nodes and pods under construction.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    pub inventory: Inventory,
    pub offered: Vec<NodeResources>,
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn is(key: &str, value: &str) -> Requirement {
    Requirement { key: key.to_owned(), operator: Operator::In, values: vec![value.to_owned()] }
}

pub fn taint(key: &str, effect: TaintEffect) -> Taint {
    Taint { key: key.to_owned(), value: String::new(), effect }
}

/// Pods with `app` of that value, over a key.
pub fn near(app: &str, key: &str) -> PodAffinityTerm {
    PodAffinityTerm { selector: Some(vec![is("app", app)]), topology_key: key.to_owned(), ..PodAffinityTerm::default() }
}

/// A constraint on pods with `app` of that value.
pub fn spread(app: &str, key: &str, max_skew: i32, hard: bool) -> TopologySpread {
    TopologySpread {
        max_skew,
        topology_key: key.to_owned(),
        hard,
        selector: Some(vec![is("app", app)]),
        ..TopologySpread::default()
    }
}

/// A specification that asks for so many millicores and mebibytes.
pub fn spec(cpu: u64, memory: u64) -> PodSpec {
    let requests = Declared::new(Some(Millicores::new(cpu)), Some(Bytes::from_mib(memory)));
    let resources = Requirements { requests, ..Requirements::default() };
    PodSpec {
        containers: vec![Container { name: "app".to_owned(), resources, ..Container::default() }],
        ..PodSpec::default()
    }
}

impl Cluster {
    /// A node of 4 cores, 16 GiB and 110 pods with its name as host.
    pub fn node(self, name: &str, pairs: &[(&str, &str)]) -> Self {
        self.sized_node(name, pairs, 4000, 16 * 1024)
    }

    pub fn sized_node(mut self, name: &str, pairs: &[(&str, &str)], cpu: u64, memory: u64) -> Self {
        let mut labels = labels(pairs);
        labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
        self.inventory.nodes.push(Node { name: name.into(), labels, ..Node::default() });
        let resources = Resources::new(Millicores::new(cpu), Bytes::from_mib(memory));
        self.offered.push(NodeResources { resources, pods: Some(110) });
        self
    }

    pub fn last_node(mut self, change: impl FnOnce(&mut Node, &mut NodeResources)) -> Self {
        change(self.inventory.nodes.last_mut().unwrap(), self.offered.last_mut().unwrap());
        self
    }

    /// A pod labelled `app`, on a node or waiting.
    pub fn pod(mut self, name: &str, app: &str, on: Option<&str>, spec: PodSpec) -> Self {
        let node = on.map(|on| self.inventory.nodes.iter().position(|node| &*node.name == on).unwrap());
        let index = self.inventory.pods.len();
        let (labels, spec) = (Arc::new(labels(&[("app", app)])), Arc::new(spec));
        self.inventory.workloads.push(Workload {
            id: WorkloadId::new("shop", "Deployment", name),
            replicas: 1,
            replicas_basis: ReplicasBasis::ListedPods,
            autoscaler: None,
            labels: labels.clone(),
            annotations: Arc::default(),
            spec: spec.clone(),
            measured: Measured::default(),
            pods: index..index + 1,
        });
        self.inventory.pods.push(Pod {
            name: ObjectName::new("shop", name),
            workload: index,
            labels,
            annotations: Arc::default(),
            spec,
            place: node.map_or(Place::Pending, Place::On),
            phase: PodPhase::Running,
            listed: true,
            terminating: false,
            life: PodLife::default(),
            siblings: None,
        });
        self
    }

    pub fn last_pod(mut self, change: impl FnOnce(&mut Pod)) -> Self {
        change(self.inventory.pods.last_mut().unwrap());
        self
    }

    /// Places everything; of equal nodes the first is taken.
    pub fn place(&self) -> Placement {
        let profile = Profile::new(KubernetesVersion::V1_34);
        schedule(&self.scheduling(&profile), None)
    }

    pub fn scheduling<'a>(&'a self, profile: &'a Profile) -> Scheduling<'a> {
        Scheduling {
            inventory: &self.inventory,
            offered: &self.offered,
            profile,
            pack: Pack::Scheduler,
            ties: TieBreak::LowestIndex,
            reschedule: false,
            new_node: None,
            follow: None,
        }
    }

    /// `pod=node` of every pod placed, and `pod: reasons` of every other.
    pub fn outcome(&self, placement: &Placement) -> String {
        let name = |pod: usize| self.inventory.pods[pod].name.name.to_string();
        let placed =
            placement.placed.iter().map(|&(pod, node)| format!("{}={}", name(pod), self.inventory.nodes[node].name));
        let unplaced = placement.unplaced.iter().map(|one| {
            let reasons: Vec<String> = one.reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            format!("{}: {}", name(one.pod), reasons.join(", "))
        });
        placed.chain(unplaced).collect::<Vec<_>>().join("; ")
    }

    /// What each node answers the last pod: the reason, or `plugin raw/normalised` of the plugins named.
    pub fn answers(&self, profile: &Profile, plugins: &[&str]) -> Vec<String> {
        let last = self.inventory.pods.len() - 1;
        let explanation = explain(&self.inventory, &self.offered, profile, last).unwrap();
        let of_node = |node: &super::super::NodeAnswer<'_>| match &node.refusal {
            Some((plugin, reason)) => format!("{plugin}: {reason}"),
            None => {
                let wanted = node.scores.iter().filter(|score| plugins.contains(&score.plugin.name()));
                wanted.map(|score| format!("{}/{}", score.raw, score.normalised)).collect::<Vec<_>>().join(" ")
            }
        };
        explanation.nodes.iter().map(of_node).collect()
    }
}
