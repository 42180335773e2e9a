//! How fast pods are scheduled: pods per second, and bytes per pod.
//!
//! Nodes of 16 CPU and 64 GiB in three zones; pods of 60 sizes in 200 workloads, all of them waiting. `plain`
//! pods have no rules; `spread` pods belong to controllers and are spread by default; `apart` pods are away
//! from their own kind by host. Without arguments criterion measures 5,000 nodes and 50,000 pods (5,000 pods
//! apart). With `full`, 15,000 nodes and 450,000 plain pods are scheduled once, other sizes follow the word:
//!
//! ```text
//! cargo bench --no-default-features --bench scheduler
//! cargo bench --no-default-features --bench scheduler -- full 15000 450000
//! ```

#![allow(missing_docs, reason = "criterion's macros")]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench has a clock, asks for its memory, and prints"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group};
use meshcap::inventory::objects::{NodeResources, Operator, PodAffinityTerm, Requirement};
use meshcap::inventory::{Container, Inventory, Labels, Node, ObjectName, Place, Pod, PodLife, PodPhase, PodSpec};
use meshcap::resources::{Declared, Requirements, Resources};
use meshcap::scheduler::{KubernetesVersion, Pack, Placement, Profile, Scheduling, TieBreak, schedule};
use meshcap::units::{Bytes, Millicores};

criterion_group!(benches, five_thousand_nodes);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "full") {
        None => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
        Some(word) => {
            let mut sizes = arguments.iter().skip(word + 1).filter_map(|size| size.parse().ok());
            let (nodes, pods) = (sizes.next().unwrap_or(15_000), sizes.next().unwrap_or(450_000));
            for kind in [Kind::Plain, Kind::Spread] {
                full(kind, nodes, pods);
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Spread,
    Apart,
}

fn five_thousand_nodes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("schedule");
    group.sample_size(10);
    for (kind, pods) in [(Kind::Plain, 50_000), (Kind::Spread, 50_000), (Kind::Apart, 5_000)] {
        let cluster = Cluster::new(kind, 5_000, pods);
        group.throughput(Throughput::Elements(pods as u64));
        group.bench_function(format!("{kind:?}, 5000 nodes, {pods} pods"), |bencher| {
            bencher.iter(|| black_box(cluster.schedule()));
        });
    }
    group.finish();
}

fn full(kind: Kind, nodes: usize, pods: usize) {
    let cluster = Cluster::new(kind, nodes, pods);
    // Peak memory counts anew from here, where the system allows it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (before, start) = (peak_memory(), Instant::now());
    let placement = cluster.schedule();
    let seconds = start.elapsed().as_secs_f64();
    let bytes = peak_memory().saturating_sub(before) as f64 / pods as f64;
    println!(
        "{kind:?}: {nodes} nodes, {pods} pods in {seconds:.1} s, {:.0} pods/s, {bytes:.0} bytes/pod; {} placed, {} ties",
        pods as f64 / seconds,
        placement.placed.len(),
        placement.ties
    );
}

/// Most memory held so far, in bytes; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes * 1024)
}

struct Cluster {
    inventory: Inventory,
    offered: Vec<NodeResources>,
    profile: Profile,
}

impl Cluster {
    fn new(kind: Kind, nodes: usize, pods: usize) -> Self {
        let resources = Resources::new(Millicores::new(16_000), Bytes::from_gib(64));
        let workloads: Vec<Workload> = (0..200).map(|index| workload(kind, index)).collect();
        let inventory = Inventory {
            nodes: (0..nodes).map(node).collect(),
            pods: (0..pods).filter_map(|index| Some(pod(index, workloads.get(index * 7 % 200)?))).collect(),
            ..Inventory::default()
        };
        Self {
            inventory,
            offered: vec![NodeResources { resources, pods: Some(110) }; nodes],
            profile: Profile::new(KubernetesVersion::V1_34),
        }
    }

    fn schedule(&self) -> Placement {
        let scheduling = Scheduling {
            inventory: &self.inventory,
            offered: &self.offered,
            profile: &self.profile,
            pack: Pack::Scheduler,
            ties: TieBreak::Seeded(1),
            reschedule: false,
            new_node: None,
            follow: None,
        };
        schedule(&scheduling, None)
    }
}

fn node(index: usize) -> Node {
    let name = format!("node-{index:05}");
    let labels = Labels::from([
        ("kubernetes.io/hostname".to_owned(), name.clone()),
        ("topology.kubernetes.io/zone".to_owned(), format!("zone-{}", index % 3)),
    ]);
    Node { name: name.into(), labels, ready: Some(true), ..Node::default() }
}

struct Workload {
    labels: Arc<Labels>,
    spec: Arc<PodSpec>,
    siblings: Option<Arc<[Requirement]>>,
}

fn workload(kind: Kind, index: usize) -> Workload {
    let app = format!("app-{index}");
    let own = || Requirement { key: "app".to_owned(), operator: Operator::In, values: vec![app.clone()] };
    let size = (index % 60) as u64;
    let requests =
        Declared::new(Some(Millicores::new(100 + 10 * (size % 20))), Some(Bytes::from_mib(256 + 32 * (size / 3))));
    let resources = Requirements { requests, ..Requirements::default() };
    let mut spec = PodSpec { containers: vec![Container { resources, ..Container::default() }], ..PodSpec::default() };
    if kind == Kind::Apart {
        let topology_key = "kubernetes.io/hostname".to_owned();
        spec.pod_anti_affinity.required =
            vec![PodAffinityTerm { selector: Some(vec![own()]), topology_key, ..PodAffinityTerm::default() }];
    }
    Workload {
        labels: Arc::new(Labels::from([("app".to_owned(), app.clone())])),
        spec: Arc::new(spec),
        siblings: (kind == Kind::Spread).then(|| [own()].into()),
    }
}

fn pod(index: usize, workload: &Workload) -> Pod {
    Pod {
        name: ObjectName::new("bench", &format!("pod-{index:06}")),
        workload: 0,
        labels: workload.labels.clone(),
        annotations: Arc::default(),
        spec: workload.spec.clone(),
        place: Place::Pending,
        phase: PodPhase::Pending,
        listed: true,
        terminating: false,
        life: PodLife::default(),
        siblings: workload.siblings.clone(),
    }
}
