//! Clusters written as text, one node or pod a line.

use crate::inventory::objects::{
    NodeResources, NodeSelectorTerm, Operator, Requirement, Taint, TaintEffect, Toleration,
};
use crate::inventory::{Node, ObjectName, PodSpec};
use crate::placement::{Fill, Headroom, Mobility, PodDemand, assess, reservation};
use crate::policy::{Policy, Provider};
use crate::quantity::{parse_bytes, parse_count, parse_cpu, print_bytes, print_cpu};
use crate::resources::Resources;
use crate::units::{Bytes, Share};

/// A cluster, its pods and the policy.
pub(super) struct Script {
    pub(super) nodes: Vec<Node>,
    pub(super) offered: Vec<NodeResources>,
    pub(super) pods: Vec<Pod>,
    pub(super) policy: Policy,
}

/// A pod of a script.
#[derive(Clone)]
pub(super) struct Pod {
    pub(super) name: ObjectName,
    pub(super) spec: PodSpec,
    pub(super) request: Resources,
    pub(super) growth: Resources,
    pub(super) node: Option<String>,
    pub(super) mobility: Mobility,
}

impl Script {
    /// Lines `node NAME key=value…`, `pod`, `daemon` or `static NAME key=value…`, `pods COUNT NAME …`,
    /// `policy key=value…`. New nodes offer 4 CPU, 8Gi and 110 pods.
    pub(super) fn parse(text: &str) -> Self {
        let mut policy = Policy::default();
        policy.node_pool.provider = Provider::None;
        policy.node_pool.cpu = parse_cpu("4").unwrap();
        policy.node_pool.memory = Bytes::from_gib(8) + reservation::eviction(Provider::None);
        let mut script = Self { nodes: Vec::new(), offered: Vec::new(), pods: Vec::new(), policy };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[0] {
                "policy" => script.set_policy(&words[1..]),
                "node" => script.add_node(words[1], &words[2..]),
                "pod" => script.pods.push(pod(words[1], Mobility::Free, &words[2..])),
                "daemon" => script.pods.push(pod(words[1], Mobility::PerNode, &words[2..])),
                "static" => script.pods.push(pod(words[1], Mobility::Bound, &words[2..])),
                "pods" => {
                    let one = pod(words[2], Mobility::Free, &words[3..]);
                    for number in 0..words[1].parse::<u64>().unwrap() {
                        let name = ObjectName::new("default", &format!("{}-{number:07}", words[2]));
                        script.pods.push(Pod { name, ..one.clone() });
                    }
                }
                other => panic!("unknown line {other}"),
            }
        }
        script
    }

    /// The assessment; with growth, of today first and then of what is planned.
    pub(super) fn headroom(&self) -> Headroom {
        let grown: Vec<Resources> = self.pods.iter().map(|pod| pod.request.clone() + &pod.growth).collect();
        let today: Vec<PodDemand<'_>> =
            self.pods.iter().map(|pod| self.demand(pod, &pod.request, &pod.growth)).collect();
        let before = assess(&self.nodes, &self.offered, &today, None, &self.policy);
        if self.pods.iter().all(|pod| pod.growth.is_zero()) {
            return before;
        }
        let planned: Vec<PodDemand<'_>> =
            self.pods.iter().zip(&grown).map(|(pod, request)| self.demand(pod, request, &pod.growth)).collect();
        assess(&self.nodes, &self.offered, &planned, Some(&before), &self.policy)
    }

    fn demand<'a>(&'a self, pod: &'a Pod, request: &'a Resources, mesh: &'a Resources) -> PodDemand<'a> {
        let index = |name: &str| self.nodes.iter().position(|node| *node.name == *name).unwrap_or(usize::MAX);
        PodDemand {
            name: &pod.name,
            spec: &pod.spec,
            request,
            mesh,
            node: pod.node.as_deref().map(index),
            mobility: pod.mobility,
        }
    }

    /// The assessment in lines.
    pub(super) fn assess(&self) -> Vec<String> {
        summary(&self.headroom())
    }

    fn set_policy(&mut self, words: &[&str]) {
        for (key, value) in words.iter().map(|word| word.split_once('=').unwrap()) {
            match key {
                "target" => self.policy.headroom.target = Share::new(value.parse().unwrap()).unwrap(),
                "losses" => self.policy.headroom.survive_node_losses = value.parse().unwrap(),
                "cpu" => self.policy.node_pool.cpu = parse_cpu(value).unwrap(),
                "memory" => self.policy.node_pool.memory = parse_bytes(value).unwrap(),
                "pods" => self.policy.node_pool.pods = value.parse().unwrap(),
                other => panic!("unknown policy {other}"),
            }
        }
    }

    fn add_node(&mut self, name: &str, words: &[&str]) {
        let mut node = Node { name: name.into(), ready: Some(true), ..Node::default() };
        let mut offered = NodeResources::default();
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match key {
                "cordoned" => node.unschedulable = true,
                "notready" => node.ready = Some(false),
                "pods" => offered.pods = Some(value.parse().unwrap()),
                "label" => {
                    let (label, value) = value.split_once('=').unwrap();
                    node.labels.insert(label.to_owned(), value.to_owned());
                }
                "taint" => {
                    let (pair, effect) = value.split_once(':').unwrap();
                    let (key, value) = pair.split_once('=').unwrap();
                    let effect = effect_of(effect);
                    node.taints.push(Taint { key: key.to_owned(), value: value.to_owned(), effect });
                }
                _ => set_amount(&mut offered.resources, key, value),
            }
        }
        self.nodes.push(node);
        self.offered.push(offered);
    }
}

fn pod(name: &str, mobility: Mobility, words: &[&str]) -> Pod {
    let mut pod = Pod {
        name: ObjectName::new("default", name),
        spec: PodSpec::default(),
        request: Resources::default(),
        growth: Resources::default(),
        node: None,
        mobility,
    };
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "node" => pod.node = Some(value.to_owned()),
            "grow" => pod.growth.memory = parse_bytes(value).unwrap(),
            "spread" => pod.spec.has_pod_constraints = true,
            "volumes" => pod.spec.has_volume_claims = true,
            "select" => {
                let (label, value) = value.split_once('=').unwrap();
                pod.spec.node_selector.insert(label.to_owned(), value.to_owned());
            }
            "tolerate" => {
                let (taint, value) = value.split_once('=').unwrap_or((value, ""));
                pod.spec.tolerations.push(Toleration {
                    key: taint.to_owned(),
                    exists: value.is_empty(),
                    value: value.to_owned(),
                    effect: None,
                });
            }
            "affinity" | "field" => add_affinity(&mut pod.spec, key, value),
            _ => set_amount(&mut pod.request, key, value),
        }
    }
    pod
}

/// `none` is a list without terms, `empty` a term without requirements; an `affinity` after a `field`
/// joins its term, any other makes one of its own.
fn add_affinity(spec: &mut PodSpec, kind: &str, text: &str) {
    let terms = spec.required_node_affinity.get_or_insert_default();
    if text == "none" {
        return;
    }
    if text == "empty" {
        return terms.push(NodeSelectorTerm::default());
    }
    let mut parts = text.split(':');
    let key = parts.next().unwrap().to_owned();
    let operator = match parts.next().unwrap() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Gt,
        "Lt" => Operator::Lt,
        other => Operator::Unknown(other.to_owned()),
    };
    let requirement = Requirement { key, operator, values: parts.map(str::to_owned).collect() };
    if kind == "field" {
        return terms.push(NodeSelectorTerm { fields: vec![requirement], ..NodeSelectorTerm::default() });
    }
    match terms.last_mut().filter(|term| !term.fields.is_empty()) {
        Some(term) => term.expressions.push(requirement),
        None => terms.push(NodeSelectorTerm { expressions: vec![requirement], ..NodeSelectorTerm::default() }),
    }
}

fn set_amount(resources: &mut Resources, key: &str, value: &str) {
    match key {
        "cpu" => resources.cpu = amount(value, |text| parse_cpu(text).unwrap().get()).into_millicores(),
        "memory" => resources.memory = Bytes::new(amount(value, |text| parse_bytes(text).unwrap().get())),
        "disk" => resources.ephemeral_storage = parse_bytes(value).unwrap(),
        "gpu" => drop(resources.extended.insert("nvidia.com/gpu".to_owned(), parse_count(value).unwrap())),
        other => panic!("unknown key {other}"),
    }
}

/// Quantities end at 2⁶³ − 1; the largest number of all is written in full.
fn amount(text: &str, parse: fn(&str) -> u64) -> u64 {
    if text.starts_with("18446744073709551615") { u64::MAX } else { parse(text) }
}

trait IntoMillicores {
    fn into_millicores(self) -> crate::units::Millicores;
}

impl IntoMillicores for u64 {
    fn into_millicores(self) -> crate::units::Millicores {
        crate::units::Millicores::new(self)
    }
}

fn effect_of(text: &str) -> TaintEffect {
    match text {
        "NoSchedule" => TaintEffect::NoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        _ => TaintEffect::PreferNoSchedule,
    }
}

fn summary(headroom: &Headroom) -> Vec<String> {
    let rest = |fill: &Fill| {
        let (cpu, memory) = (print_cpu(fill.stranded_cpu), print_bytes(fill.stranded_memory));
        format!("cluster: stranded cpu {cpu}, memory {memory}, usable {} pods", fill.usable_pods)
    };
    let mut lines = vec![headroom.cluster.as_ref().map_or("cluster: none".to_owned(), rest)];
    lines.extend(headroom.zones.iter().map(|(zone, fill)| format!("zone {zone}: {} pods", fill.pods)));
    lines.extend(headroom.nodes.iter().map(|node| {
        let (cpu, memory) = (print_cpu(node.fill.requested.cpu), print_bytes(node.fill.requested.memory));
        format!("{}: {} pods, cpu {cpu}, memory {memory}", node.name, node.fill.pods)
    }));
    lines.extend(headroom.unplaced.iter().map(|unplaced| format!("unplaced {}: {}", unplaced.pod, unplaced.reason)));
    lines.push(headroom.worst_node_loss.as_ref().map_or("worst loss: none".to_owned(), |loss| {
        format!("worst loss: {}, {} displaced, {} unplaced", loss.node, loss.displaced, loss.unplaced)
    }));
    let add = &headroom.nodes_to_add;
    let reason = if add.reason.is_empty() { "nothing" } else { &add.reason };
    lines.push(format!("add: {} for {reason}", add.count));
    lines.extend(add.infeasible.iter().map(|why| format!("infeasible: {why}")));
    lines.push(format!("binding: {}", headroom.binding));
    lines.extend(headroom.findings.iter().map(|finding| format!("finding {}: {}", finding.kind.id, finding.message)));
    lines
}
