//! How fast a cluster goes from kubectl JSON to a report, stage by stage.
//!
//! Without arguments, criterion measures every stage at 1,000 nodes and 30,000 pods. With `full`, each
//! stage runs once at 5,000 nodes and 150,000 pods and a table of time and peak memory is printed; other
//! sizes follow the word:
//!
//! ```text
//! cargo bench --bench pipeline
//! cargo bench --bench pipeline -- full
//! cargo bench --bench pipeline -- full 2500 75000
//! ```

#![allow(missing_docs, reason = "criterion's macros")]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench has clocks and files, prints, and stops at the first thing that is not as it should be"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use meshcap::card::ModelCard;
use meshcap::inventory::objects::NodeResources;
use meshcap::inventory::request::pod_request;
use meshcap::inventory::{Inventory, Place, assemble};
use meshcap::mesh::{self, Mesh, Visibility};
use meshcap::overhead::{self, Overhead};
use meshcap::placement::{self, Headroom, Mobility, PodDemand, reservation};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::profile::{self, Profile};
use meshcap::report::{self, TerminalOptions};
use meshcap::resources::Resources;
use meshcap::sources::{self, Input, Limits, Reading};
use meshcap::synthetic::{self, Spec};

const TERMINAL: TerminalOptions = TerminalOptions { width: 100, color: false };
const CARD: &str = "istio-1.24";

criterion_group!(benches, stages);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "full") {
        None => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
        Some(word) => {
            let mut sizes = arguments.iter().skip(word + 1).filter_map(|size| size.parse().ok());
            let (nodes, pods) = (sizes.next().unwrap_or(5_000), sizes.next().unwrap_or(150_000));
            full(&Spec::new(nodes, pods, 1));
        }
    }
}

fn stages(criterion: &mut Criterion) {
    let spec = Spec::new(1_000, 30_000, 1);
    let mut json = Vec::new();
    synthetic::write(&spec, &mut json).expect("memory takes everything");
    let reading = read_bytes(&json);
    let inputs = inputs(reading.clone());
    let demands = Requests::of(&inputs.inventory);
    let plan = Plan::new(inputs.clone());

    let mut group = criterion.benchmark_group("1,000 nodes, 30,000 pods");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("generate", |bencher| bencher.iter(|| synthetic::write(&spec, &mut std::io::sink())));
    group.bench_function("read", |bencher| bencher.iter_with_large_drop(|| read_bytes(&json)));
    drop(json);
    group.throughput(Throughput::Elements(spec.pods));
    group.bench_function("assemble", |bencher| {
        bencher.iter_batched(|| reading.objects.clone(), assemble, BatchSize::PerIteration);
    });
    group.bench_function("mesh and overhead", |bencher| bencher.iter_with_large_drop(|| mesh_and_overhead(&inputs)));
    group.bench_function("placement", |bencher| bencher.iter_with_large_drop(|| place(&inputs, &demands)));
    group.bench_function("plan", |bencher| {
        bencher.iter_batched(|| inputs.clone(), Plan::new, BatchSize::PerIteration);
    });
    group.bench_function("report json", |bencher| bencher.iter_with_large_drop(|| report::json(&plan)));
    group.bench_function("report html", |bencher| bencher.iter_with_large_drop(|| report::html(&plan)));
    group.bench_function("report terminal", |bencher| {
        bencher.iter_with_large_drop(|| report::terminal(&plan, TERMINAL));
    });
    group.finish();
}

/// Every stage once, on a file that lies in the temporary folder while it is needed.
fn full(spec: &Spec) {
    let file = tempfile::Builder::new().suffix(".json").tempfile().expect("a temporary file can be made");
    let mut table = Table::new(spec);
    table.stage("generate", || write_file(spec, file.as_file()));
    let bytes = file.as_file().metadata().map_or(0, |metadata| metadata.len());
    let start = Instant::now();
    let reading = table.stage("read", || read_file(file.path()));
    let assembled = table.stage("assemble", || inputs(reading));
    table.stage("mesh and overhead", || black_box(mesh_and_overhead(&assembled)));
    table.stage("placement", || black_box(place(&assembled, &Requests::of(&assembled.inventory))));
    let side_trips = table.seconds("mesh and overhead") + table.seconds("placement");
    let plan = table.stage("plan", || Plan::new(assembled));
    table.stage("report json", || black_box(report::json(&plan)));
    table.stage("report html", || black_box(report::html(&plan)));
    table.stage("report terminal", || black_box(report::terminal(&plan, TERMINAL)));
    let whole = start.elapsed().as_secs_f64() - side_trips;
    table.print(bytes, whole);
}

fn write_file(spec: &Spec, file: &File) {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    synthetic::write(spec, &mut out).and_then(|()| out.flush()).expect("the temporary folder has room");
}

fn read_file(path: &Path) -> Reading {
    sources::read(&[Input::Path(path.to_owned())], &Limits::default(), &|_| ()).expect("what was generated can be read")
}

fn read_bytes(json: &[u8]) -> Reading {
    sources::read_bytes("cluster.json", json, &Limits::default()).expect("what was generated can be read")
}

fn inputs(reading: Reading) -> Inputs {
    let card = ModelCard::named(CARD).expect("the card is embedded");
    Inputs::new(assemble(reading.objects).inventory, Policy::default(), card)
}

fn mesh_and_overhead(inputs: &Inputs) -> (Mesh, Visibility, Vec<Profile>, Overhead) {
    let Inputs { inventory, policy, card, .. } = inputs;
    let (mesh, _) = mesh::membership(inventory, &card.injection, &policy.injection);
    let (visibility, _) = mesh::scope(inventory, &mesh);
    let profiles = profile::observe(inventory, &policy.traffic);
    let overhead = overhead::estimate(inventory, &mesh, &visibility, &profiles, card, policy);
    (mesh, visibility, profiles, overhead)
}

/// Packs the cluster as it is; a plan does so twice, without and with the mesh.
fn place(inputs: &Inputs, requests: &Requests) -> Headroom {
    let Inputs { inventory, policy, .. } = inputs;
    placement::assess(&inventory.nodes, &requests.offered, &requests.pods(inventory), None, policy)
}

/// What nodes offer and pods ask for.
struct Requests {
    offered: Vec<NodeResources>,
    asked: Vec<Resources>,
    nothing: Resources,
}

impl Requests {
    fn of(inventory: &Inventory) -> Self {
        Self {
            offered: inventory.nodes.iter().map(|node| reservation::for_node(node).0).collect(),
            asked: inventory.pods.iter().map(|pod| pod_request(&pod.spec)).collect(),
            nothing: Resources::default(),
        }
    }

    fn pods<'a>(&'a self, inventory: &'a Inventory) -> Vec<PodDemand<'a>> {
        let node = |place| match place {
            Place::On(index) => Some(index),
            Place::Pending | Place::Elsewhere => None,
        };
        let kind = |workload: usize| inventory.workloads.get(workload).map(|workload| &*workload.id.kind);
        let mobility = |workload| if kind(workload) == Some("DaemonSet") { Mobility::PerNode } else { Mobility::Free };
        inventory
            .pods
            .iter()
            .zip(&self.asked)
            .map(|(pod, request)| PodDemand {
                name: &pod.name,
                spec: &pod.spec,
                request,
                mesh: &self.nothing,
                node: node(pod.place),
                mobility: mobility(pod.workload),
            })
            .collect()
    }
}

/// Time and peak memory of each stage.
struct Table {
    rows: Vec<Row>,
    nodes: u64,
    pods: u64,
}

struct Row {
    stage: &'static str,
    seconds: f64,
    peak_bytes: Option<u64>,
}

impl Table {
    fn new(spec: &Spec) -> Self {
        Self { rows: Vec::new(), nodes: spec.nodes, pods: spec.pods }
    }

    fn stage<T>(&mut self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        let fresh = forget_peak();
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        self.rows.push(Row { stage, seconds, peak_bytes: peak_memory().filter(|_| fresh) });
        result
    }

    fn seconds(&self, stage: &str) -> f64 {
        self.rows.iter().filter(|row| row.stage == stage).map(|row| row.seconds).sum()
    }

    /// Markdown. `whole` is the time in seconds from the file to the last report.
    fn print(&self, bytes: u64, whole: f64) {
        let cores = std::thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
        let threads = if cfg!(feature = "parallel") { "parallel" } else { "one thread" };
        println!("{} nodes, {} pods, {:.2} GB of JSON; {cores} cores, {threads}\n", self.nodes, self.pods, giga(bytes));
        println!("| stage | time | rate | peak memory |");
        println!("|---|---:|---:|---:|");
        for row in &self.rows {
            let rate = match row.stage {
                "generate" | "read" => format!("{:.0} MB/s", giga(bytes) * 1000.0 / row.seconds),
                "assemble" | "placement" | "plan" => format!("{:.0} pods/s", self.pods as f64 / row.seconds),
                _ => String::new(),
            };
            println!("| {} | {:.2} s | {rate} | {} |", row.stage, row.seconds, memory(row.peak_bytes));
        }
        let peak = self.rows.iter().skip(1).map(|row| row.peak_bytes).max().flatten();
        println!("| read to reports | {whole:.2} s | | {} |", memory(peak));
    }
}

fn giga(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

fn memory(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "not available".to_owned(), |bytes| format!("{} MiB", bytes >> 20))
}

/// Starts a new peak; false where that cannot be done.
fn forget_peak() -> bool {
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// The largest resident size since [`forget_peak`].
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
