//! How fast pods are scheduled: pods per second, bytes per pod, and what the loss of each node in turn takes.
//!
//! Nodes of 16 CPU and 64 GiB in three zones; pods of 60 sizes in 200 workloads, all of them waiting. `plain`
//! pods have no rules; `spread` pods belong to controllers and are spread by default; `apart` pods are away
//! from their own kind by host. Without arguments criterion measures 5,000 nodes and 50,000 pods (5,000 pods
//! apart), and the loss of each of 1,000 nodes with 30,000 pods. With `table` each size runs once, growing from
//! 5,000 pods to 450,000, with the memory it takes. With `full` a size of choice runs once:
//!
//! ```text
//! cargo bench --no-default-features --features parallel --bench scheduler
//! cargo bench --no-default-features --features parallel --bench scheduler -- table
//! cargo bench --no-default-features --features parallel --bench scheduler -- full 15000 450000
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
use meshcap::scheduler::{KubernetesVersion, Pack, Placement, Profile, Scheduling, Session, TieBreak, schedule, worst};
use meshcap::units::{Bytes, Millicores};

criterion_group!(benches, five_thousand_nodes, a_thousand_losses);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let follows = |word: &str| arguments.iter().position(|argument| argument == word);
    if follows("table").is_some() {
        table();
    } else if let Some(word) = follows("one") {
        let after = |offset: usize| arguments.get(word + offset).map_or("", String::as_str);
        let kinds = [Kind::Plain, Kind::Spread, Kind::Apart];
        let kind = kinds.into_iter().find(|kind| format!("{kind:?}") == after(1)).unwrap_or(Kind::Plain);
        once(kind, after(2).parse().unwrap_or(5_000), after(3).parse().unwrap_or(50_000));
    } else if let Some(word) = follows("full") {
        let mut sizes = arguments.iter().skip(word + 1).filter_map(|size| size.parse().ok());
        let (nodes, pods) = (sizes.next().unwrap_or(15_000), sizes.next().unwrap_or(450_000));
        for kind in [Kind::Plain, Kind::Spread] {
            once(kind, nodes, pods);
        }
    } else {
        benches();
        Criterion::default().configure_from_args().final_summary();
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

fn a_thousand_losses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("losses");
    group.sample_size(10);
    for (kind, cpu) in LOSSES {
        let cluster = Cluster::with_nodes_of(kind, 1_000, 30_000, cpu);
        let session = cluster.session();
        group.throughput(Throughput::Elements(1_000));
        group.bench_function(format!("{kind:?}, 1000 nodes of {cpu}m, 30000 pods"), |bencher| {
            bencher.iter(|| black_box(session.losses()));
        });
    }
    group.finish();
}

/// Kinds and nodes for losses: three quarters full, and so full that many pods find no place.
const LOSSES: [(Kind, u64); 3] = [(Kind::Plain, 8_000), (Kind::Spread, 8_000), (Kind::Spread, 6_000)];

fn table() {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("{cores} cores; pods are placed on one of them, losses on all\n");
    println!("`CPU s` is what the work took of the cores; on a machine that is busy otherwise, `seconds` is more.\n");
    println!(
        "| pods | nodes | placed | seconds | CPU s | pods/CPU s | bytes/pod |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    for (kind, sizes) in [
        (Kind::Plain, [5_000, 50_000, 100_000, 200_000, 450_000].as_slice()),
        (Kind::Spread, [5_000, 50_000, 100_000, 200_000, 450_000].as_slice()),
        (Kind::Apart, [5_000, 10_000, 20_000].as_slice()),
    ] {
        for &pods in sizes {
            // Ten pods a node, and thirty in the largest cluster: 15,000 nodes are what Kubernetes is run with at most.
            let nodes = if kind == Kind::Apart { 5_000 } else { (pods / 10).clamp(500, 15_000) };
            by_itself(kind, nodes, pods);
        }
    }
    println!(
        "\n| losses | nodes | pods | compiled and placed, CPU s | all losses, s | CPU s | worst leaves |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    for (kind, cpu) in LOSSES {
        for nodes in [500, 1_000, 2_000] {
            let cluster = Cluster::with_nodes_of(kind, nodes, nodes * 30, cpu);
            let before = cpu_seconds();
            let session = cluster.session();
            let placed = cpu_seconds() - before;
            let (before, start) = (cpu_seconds(), Instant::now());
            let losses = session.losses();
            let (seconds, used) = (start.elapsed().as_secs_f64(), cpu_seconds() - before);
            let left = worst(&losses).map_or(0, |loss| loss.unplaced.len());
            let without = session.placement().unplaced.len();
            println!(
                "| {kind:?}, nodes of {cpu}m, {without} pods without a node | {nodes} | {} | {placed:.2} | {seconds:.2} | {used:.2} | {left} |",
                nodes * 30
            );
        }
    }
}

/// A line of the table from a process of its own, whose memory nothing else has used before.
fn by_itself(kind: Kind, nodes: usize, pods: usize) {
    let arguments = ["one".to_owned(), format!("{kind:?}"), nodes.to_string(), pods.to_string()];
    let child = std::env::current_exe().and_then(|this| std::process::Command::new(this).args(arguments).status());
    if !child.is_ok_and(|status| status.success()) {
        println!("| {pods} {kind:?} | {nodes} | failed |");
    }
}

/// A line of the table.
fn once(kind: Kind, nodes: usize, pods: usize) {
    let cluster = Cluster::new(kind, nodes, pods);
    // Peak memory counts anew from here, where the system allows it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (before, used, start) = (peak_memory(), cpu_seconds(), Instant::now());
    let placement = cluster.schedule();
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - used);
    let bytes = peak_memory().saturating_sub(before) as f64 / pods as f64;
    println!(
        "| {pods} {kind:?} | {nodes} | {} | {seconds:.2} | {cpu:.2} | {:.0} | {bytes:.0} |",
        placement.placed.len(),
        pods as f64 / cpu.max(0.01),
    );
}

/// What this process took of the cores so far, in seconds; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything: user and system time are the 12th and 13th.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
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
        Self::with_nodes_of(kind, nodes, pods, 16_000)
    }

    fn with_nodes_of(kind: Kind, nodes: usize, pods: usize, cpu: u64) -> Self {
        let resources = Resources::new(Millicores::new(cpu), Bytes::from_gib(64));
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
        schedule(&self.scheduling(), None)
    }

    fn session(&self) -> Session<'_> {
        Session::new(&self.scheduling())
    }

    fn scheduling(&self) -> Scheduling<'_> {
        Scheduling {
            inventory: &self.inventory,
            offered: &self.offered,
            profile: &self.profile,
            pack: Pack::Scheduler,
            ties: TieBreak::Seeded(1),
            reschedule: false,
            new_node: None,
            follow: None,
        }
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
