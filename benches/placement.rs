//! How fast clusters are assessed: packing, the loss of every node in turn, nodes to add.
//!
//! Nodes of 16 CPU and 46 GiB allocatable in three zones, each with three DaemonSet pods, memory seven
//! eighths requested. Pods have 60 shapes and 12 sets of constraints, two thirds of them where they run today, the rest pending.

#![allow(missing_docs, reason = "criterion's macros")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use meshcap::inventory::objects::{
    NodeResources, NodeSelectorTerm, Operator, Requirement, Taint, TaintEffect, Toleration,
};
use meshcap::inventory::{Labels, Node, ObjectName, PodSpec};
use meshcap::placement::{Mobility, PodDemand, assess};
use meshcap::policy::Policy;
use meshcap::resources::Resources;
use meshcap::units::{Bytes, Millicores};

criterion_group!(benches, assess_clusters);
criterion_main!(benches);

fn assess_clusters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assess");
    group.sample_size(10);
    for (nodes, pods) in [(100, 3_000), (1_000, 30_000), (5_000, 150_000)] {
        let cluster = Cluster::new(nodes, pods);
        let demands = cluster.demands();
        let policy = Policy::default();
        group.throughput(Throughput::Elements(pods as u64));
        let name = BenchmarkId::from_parameter(format!("{nodes} nodes, {pods} pods"));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(assess(&cluster.nodes, &cluster.offered, &demands, None, &policy)));
        });
    }
    group.finish();
}

struct Cluster {
    nodes: Vec<Node>,
    offered: Vec<NodeResources>,
    specs: Vec<PodSpec>,
    pods: Vec<Pod>,
}

struct Pod {
    name: ObjectName,
    spec: usize,
    request: Resources,
    node: Option<usize>,
    mobility: Mobility,
}

/// Knuth's MMIX generator: the same cluster every time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

impl Cluster {
    fn new(nodes: usize, pods: usize) -> Self {
        let mut random = Lcg(7);
        let offered =
            NodeResources { resources: Resources::new(Millicores::new(15_890), Bytes::from_gib(46)), pods: Some(110) };
        let mut cluster = Self {
            nodes: (0..nodes).map(node).collect(),
            offered: vec![offered; nodes],
            specs: (0..12).map(spec).collect(),
            pods: Vec::with_capacity(pods),
        };
        for index in 0..pods {
            cluster.pods.push(pod(index, nodes, &mut random));
        }
        cluster
    }

    fn demands(&self) -> Vec<PodDemand<'_>> {
        static NO_PROXY: Resources = Resources {
            cpu: Millicores::ZERO,
            memory: Bytes::ZERO,
            ephemeral_storage: Bytes::ZERO,
            extended: std::collections::BTreeMap::new(),
        };
        self.pods
            .iter()
            .map(|pod| PodDemand {
                name: &pod.name,
                spec: &self.specs[pod.spec],
                request: &pod.request,
                mesh: &NO_PROXY,
                node: pod.node,
                mobility: pod.mobility,
            })
            .collect()
    }
}

fn label(key: &str, value: String) -> (String, String) {
    (key.to_owned(), value)
}

fn node(index: usize) -> Node {
    let labels = Labels::from([
        label("kubernetes.io/hostname", format!("node-{index:05}")),
        label("kubernetes.io/os", "linux".to_owned()),
        label("node.kubernetes.io/instance-type", "n2-standard-16".to_owned()),
        label("topology.kubernetes.io/zone", format!("zone-{}", index % 3)),
        label("pool", format!("pool-{}", index % 4)),
    ]);
    let taint = Taint { key: "dedicated".to_owned(), value: "batch".to_owned(), effect: TaintEffect::NoSchedule };
    let taints = if index.is_multiple_of(20) { vec![taint] } else { Vec::new() };
    Node { name: format!("node-{index:05}").into(), labels, taints, ready: Some(true), ..Node::default() }
}

/// Eight without constraints of note, two pools, one zone affinity, one that tolerates everything.
fn spec(index: usize) -> PodSpec {
    let mut spec = PodSpec::default();
    match index {
        0..=1 => {
            spec.node_selector = Labels::from([label("pool", format!("pool-{index}"))]);
        }
        2 => {
            let values = vec!["zone-0".to_owned(), "zone-1".to_owned()];
            let zone = Requirement { key: "topology.kubernetes.io/zone".to_owned(), operator: Operator::In, values };
            let term = NodeSelectorTerm { expressions: vec![zone], fields: Vec::new() };
            spec.required_node_affinity = Some(vec![term]);
        }
        3 => spec.tolerations = vec![Toleration { exists: true, ..Toleration::default() }],
        _ => {
            let key = format!("unused-{index}");
            spec.tolerations = vec![Toleration { key, exists: true, ..Toleration::default() }];
        }
    }
    spec
}

fn pod(index: usize, nodes: usize, random: &mut Lcg) -> Pod {
    let daemon = index < 3 * nodes;
    let shape = random.below(60);
    let request = if daemon {
        Resources::new(Millicores::new(100), Bytes::from_mib(128))
    } else {
        Resources::new(Millicores::new(100 + 25 * (shape % 20)), Bytes::from_mib(256 + 128 * (shape / 3)))
    };
    let name = if daemon { format!("agent-{}-{:05}", index / nodes, index % nodes) } else { format!("pod-{index:06}") };
    Pod {
        name: ObjectName::new("bench", &name),
        spec: if daemon { 3 } else { random.below(12) as usize },
        request,
        node: (daemon || random.below(3) > 0).then_some(index % nodes),
        mobility: if daemon { Mobility::PerNode } else { Mobility::Free },
    }
}
