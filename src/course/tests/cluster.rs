//! A cluster of equal nodes and a few workloads, in a few words.

use std::sync::Arc;

use super::super::{Course, End, Setting, Wave};
use crate::inventory::objects::{NodeResources, Operator, PodCount, Requirement, UpdateStrategy, WholeSeconds};
use crate::inventory::{
    Container, DisruptionBudget, Inventory, Labels, Measured, Node, ObjectName, PROXY_CONTAINER, Place, Pod, PodLife,
    PodPhase, PodSpec, ReplicasBasis, Workload, WorkloadId,
};
use crate::policy::RolloutPolicy;
use crate::resources::{Declared, Requirements, Resources};
use crate::scheduler::{KubernetesVersion, Profile, TieBreak};
use crate::units::{Bytes, Millicores, Seconds};

/// Nodes and workloads under construction; pods ask for whole cores and as many GiB.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub inventory: Inventory,
    pub offered: Vec<NodeResources>,
    pub policy: RolloutPolicy,
    pub profile: Profile,
}

/// A strategy with those limits, where they are not empty.
pub fn limits(surge: &str, unavailable: &str) -> UpdateStrategy {
    let (max_surge, max_unavailable) = (PodCount::parse(surge), PodCount::parse(unavailable));
    UpdateStrategy { max_surge, max_unavailable, ..UpdateStrategy::default() }
}

impl Cluster {
    /// So many nodes of so many cores: `n0`, `n1` …; pods are ready after 10 s and end within 5 s, nodes are back
    /// after 60 s.
    pub fn new(nodes: usize, cores: u64) -> Self {
        let policy = RolloutPolicy {
            ready: Seconds::new(10.0),
            end: Some(Seconds::new(5.0)),
            node: Seconds::new(60.0),
            ..RolloutPolicy::default()
        };
        let profile = Profile::new(KubernetesVersion::V1_34);
        let cluster = Self { inventory: Inventory::default(), offered: Vec::new(), policy, profile };
        (0..nodes).fold(cluster, |cluster, _| cluster.node(cores))
    }

    pub fn node(mut self, cores: u64) -> Self {
        let name = format!("n{}", self.inventory.nodes.len());
        let labels = Labels::from([("kubernetes.io/hostname".to_owned(), name.clone())]);
        self.inventory.nodes.push(Node { name: name.into(), labels, ..Node::default() });
        let resources = Resources::new(Millicores::new(1000 * cores), Bytes::from_gib(cores));
        self.offered.push(NodeResources { resources, pods: Some(110) });
        self
    }

    /// A workload of a kind with pods of so many cores on those nodes; `usize::MAX` is none.
    pub fn workload(mut self, kind: &str, name: &str, cores: u64, on: &[usize], update: UpdateStrategy) -> Self {
        let id = WorkloadId::new("shop", kind, name);
        let requests = Declared::new(Some(Millicores::new(1000 * cores)), Some(Bytes::from_gib(cores)));
        let resources = Requirements { requests, ..Requirements::default() };
        let container = |name: &str, resources| Container { name: name.to_owned(), resources, ..Container::default() };
        let containers = vec![container("app", resources), container(PROXY_CONTAINER, Requirements::default())];
        let spec = Arc::new(PodSpec { containers, ..PodSpec::default() });
        let labels = Arc::new(Labels::from([("app".to_owned(), name.to_owned())]));
        let (first, index) = (self.inventory.pods.len(), self.inventory.workloads.len());
        for (number, &node) in on.iter().enumerate() {
            self.inventory.pods.push(Pod {
                name: ObjectName::new("shop", &format!("{name}-{number}")),
                workload: index,
                labels: labels.clone(),
                annotations: Arc::default(),
                spec: spec.clone(),
                place: if node == usize::MAX { Place::Pending } else { Place::On(node) },
                phase: PodPhase::Running,
                listed: true,
                terminating: false,
                life: PodLife::default(),
                siblings: None,
            });
        }
        self.inventory.workloads.push(Workload {
            id: id.clone(),
            replicas: on.len() as u64,
            replicas_basis: ReplicasBasis::ListedPods,
            autoscaler: None,
            labels,
            annotations: Arc::default(),
            spec,
            measured: Measured::default(),
            pods: first..first + on.len(),
        });
        self.inventory.updates.insert(id, update);
        self
    }

    /// A Deployment with pods of one core.
    pub fn deployment(self, name: &str, on: &[usize], surge: &str, unavailable: &str) -> Self {
        self.workload("Deployment", name, 1, on, limits(surge, unavailable))
    }

    /// A budget over the pods of a workload.
    pub fn budget(mut self, app: &str, min_available: &str, max_unavailable: &str) -> Self {
        let selector =
            vec![Requirement { key: "app".to_owned(), operator: Operator::In, values: vec![app.to_owned()] }];
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let name = ObjectName::new("shop", &format!("{app}-{}", self.inventory.disruption_budgets.len()));
        let (min_available, max_unavailable) = (text(min_available), text(max_unavailable));
        let budget =
            DisruptionBudget { name, selector, min_available, max_unavailable, lets_unready_go: false, owner: None };
        self.inventory.disruption_budgets.push(budget);
        self
    }

    /// The last workload's pods must be ready for so long to count.
    pub fn min_ready(mut self, seconds: u32) -> Self {
        let id = self.inventory.workloads.last().unwrap().id.clone();
        self.inventory.updates.get_mut(&id).unwrap().min_ready = WholeSeconds(seconds);
        self
    }

    pub fn last_pod(mut self, change: impl FnOnce(&mut Pod)) -> Self {
        change(self.inventory.pods.last_mut().unwrap());
        self
    }

    pub fn setting(&self) -> Setting<'_> {
        Setting {
            inventory: &self.inventory,
            offered: &self.offered,
            profile: &self.profile,
            ties: TieBreak::LowestIndex,
            policy: &self.policy,
        }
    }

    pub fn all_workloads(&self) -> Vec<usize> {
        (0..self.inventory.workloads.len()).collect()
    }
}

/// `second: pods +moved -ending ?waiting !blocked` of every wave, zeros left out, and how it ends.
pub fn told(course: &Course) -> String {
    let part = |sign: &str, number: u64| if number == 0 { String::new() } else { format!(" {sign}{number}") };
    let wave = |wave: &Wave| {
        let Wave { at, pods, moved, ending, waiting, blocked, .. } = wave;
        let parts = [("+", moved), ("-", ending), ("?", waiting), ("!", blocked)];
        let parts: String = parts.into_iter().map(|(sign, number)| part(sign, *number)).collect();
        format!("{}: {pods}{parts}", at.as_seconds())
    };
    let waves: Vec<String> = course.waves.iter().map(wave).collect();
    format!("{} | {}", waves.join(", "), ended(course))
}

/// How a course ends, in a line.
pub fn ended(course: &Course) -> String {
    let mut text = match &course.end {
        End::Finished { after } => format!("done after {}", after.as_seconds()),
        End::Stuck { after, because, pod, node } => {
            let pod = pod.as_ref().map(|pod| format!(" at {}", pod.name)).unwrap_or_default();
            let node = node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
            format!("stuck after {}{pod}{node}: {because}", after.as_seconds())
        }
    };
    for waiting in &course.waiting {
        text.push_str(&format!("; {} × {} waits", waiting.pods, waiting.pod.name));
    }
    for (why, pods) in &course.untouched {
        text.push_str(&format!("; {pods} {}", why.as_str()));
    }
    if course.lost > 0 {
        text.push_str(&format!("; {} lost", course.lost));
    }
    text
}
