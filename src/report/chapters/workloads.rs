//! What the mesh costs, workload by workload, and what to change.

use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::text::{self, MIB, MILLICORES, Unit};
use super::{arithmetic, chapter, details, figures, sizing, table};
use crate::overhead::ProxyCost;
use crate::plan::{Plan, SizingVerdict, WorkloadPlan};
use crate::units::{Bytes, Millicores};

/// Most rows of the workload table.
const MOST_WORKLOADS: usize = 200;

/// The workloads, those to change first.
pub fn workloads(plan: &Plan) -> Option<Chapter> {
    let (ordered, others): (Vec<_>, Vec<_>) =
        by_urgency(plan).into_iter().partition(|workload| workload.proxy.is_some());
    let mut blocks = Vec::new();
    if !ordered.is_empty() {
        blocks.push(workload_table(&ordered));
    }
    blocks.extend(sizing::annotations(&ordered));
    blocks.extend(figures::cpu_requests(&ordered));
    blocks.extend(figures::memory_requests(&ordered));
    let shown = ordered.get(..ordered.len().min(MOST_WORKLOADS)).unwrap_or_default();
    blocks.extend(arithmetic::derivations(shown));
    if !others.is_empty() {
        let number = text::counted(
            others.len() as u64,
            "workload without a proxy of its own",
            "workloads without a proxy of their own",
        );
        blocks.push(details(number, vec![without_proxy(&others)]));
    }
    chapter("workloads", "Workloads", blocks)
}

/// Gravest first, then by what setting requests to the need would change over all replicas, then by
/// memory and name.
fn by_urgency(plan: &Plan) -> Vec<&WorkloadPlan> {
    let memory = |workload: &WorkloadPlan| {
        workload.proxy.as_ref().map_or(-1.0, |proxy| proxy.memory.value.as_bytes() * workload.replicas as f64)
    };
    let gravity = |workload: &WorkloadPlan| {
        let gravest = workload.sizing.iter().map(|verdict| sizing::judged(verdict).tone).max();
        (gravest, !workload.sizing.is_empty())
    };
    let change = |workload: &WorkloadPlan| {
        if workload.sizing.is_empty() {
            return 0.0;
        }
        let [cpu, bytes] = workload.proxy.as_ref().map_or([0.0; 2], |proxy| sizing::change(proxy, workload.replicas));
        // The usual 4 GiB per core make CPU and memory comparable.
        cpu.abs() + bytes.abs() / (4.0 * 1024.0 * MIB.size)
    };
    let mut ordered: Vec<&WorkloadPlan> = plan.workloads.iter().collect();
    ordered.sort_by(|a, b| {
        gravity(b)
            .cmp(&gravity(a))
            .then_with(|| change(b).total_cmp(&change(a)))
            .then_with(|| memory(b).total_cmp(&memory(a)))
            .then_with(|| key(a).cmp(&key(b)))
    });
    ordered
}

fn key(workload: &WorkloadPlan) -> [&str; 3] {
    [&workload.namespace, &workload.kind, &workload.name]
}

fn workload_table(ordered: &[&WorkloadPlan]) -> Block {
    let memory =
        Unit::for_memory(ordered.iter().filter_map(|workload| Some(workload.proxy.as_ref()?.memory.value.as_bytes())));
    let (millicores, mib) = (MILLICORES.heading(), MIB.heading());
    let is_measured = ordered.iter().any(|it| it.proxy.as_ref().is_some_and(|proxy| proxy.measured.is_some()));
    let mut columns = vec![
        Column::text("Workload", 0),
        Column::number("Replicas", "", 2),
        Column::text("What to do", 0),
        Column::number("CPU request → need", millicores, 1),
        Column::number("Memory request → need", mib, 1),
        Column::number("Memory limit", mib, 4),
        Column::number("CPU change, all replicas", millicores, 3),
        Column::number("Memory change, all replicas", mib, 3),
        Column::number("CPU used", millicores, 5),
        Column::number("Memory used", memory.heading(), 5),
        Column::number("Likely range", memory.heading(), 6),
        Column::number("Start-up peak", memory.heading(), 6),
        Column::number("Requests/s", "", 7),
        Column::number("Clusters", "", 8),
        Column::number("Endpoints", "", 9),
        Column::text("Mode", 7),
        Column::text("Kind", 8),
    ];
    let mut rows: Vec<Vec<Cell>> =
        ordered.iter().filter_map(|workload| Some(workload_row(workload, workload.proxy.as_ref()?, memory))).collect();
    if is_measured {
        columns.push(Column::number("Measured median, largest", memory.heading(), 4));
        let proxies = ordered.iter().filter_map(|workload| workload.proxy.as_ref());
        for (row, proxy) in rows.iter_mut().zip(proxies) {
            row.push(as_measured(proxy, memory));
        }
    }
    table("One proxy of each workload; those to change come first", columns, rows, MOST_WORKLOADS)
}

/// Why the others have none.
fn without_proxy(others: &[&WorkloadPlan]) -> Block {
    let columns = vec![
        Column::text("Workload", 0),
        Column::text("Kind", 2),
        Column::number("Replicas", "", 1),
        Column::text("Mode", 1),
        Column::text("Why", 0),
    ];
    let rows = others.iter().map(|workload| {
        vec![
            Cell::Name(name(workload)),
            Cell::Text(workload.kind.clone()),
            Cell::Number(text::count(workload.replicas)),
            Cell::Text(workload.mode.as_str().to_owned()),
            Cell::Text(workload.reason.clone()),
        ]
    });
    table("Workloads without a proxy of their own", columns, rows.collect(), MOST_WORKLOADS)
}

fn workload_row(workload: &WorkloadPlan, proxy: &ProxyCost, memory: Unit) -> Vec<Cell> {
    let mut cells = vec![Cell::Name(name(workload)), Cell::Number(text::count(workload.replicas))];
    let ends = [Cell::Text(workload.mode.as_str().to_owned()), Cell::Text(workload.kind.clone())];
    let assumed = if workload.rps_measured { "" } else { "*" };
    let [cpu_change, memory_change] = sizing::change(proxy, workload.replicas);
    cells.extend([
        sizing::to_do(&workload.sizing, proxy),
        cpu_request(workload, proxy),
        memory_request(workload, proxy),
        proxy.limits.memory.map_or(Cell::Text("none".to_owned()), |limit| {
            let tone = if workload.may_be_killed() { Tone::Bad } else { Tone::Neutral };
            marked(tone, in_mib(limit))
        }),
        Cell::Number(signed(&MILLICORES.number(cpu_change.abs()), cpu_change)),
        Cell::Number(signed(&MIB.number(memory_change.abs()), memory_change)),
        Cell::Number(MILLICORES.number(proxy.cpu.value.as_cores())),
        Cell::Number(memory.number(proxy.memory.value.as_bytes())),
        Cell::Number(memory.range(proxy.memory.lower.as_bytes(), proxy.memory.upper.as_bytes())),
        Cell::Number(memory.number(proxy.startup_memory.value.as_bytes())),
        Cell::Number(format!("{}{assumed}", text::without_zeros(&text::significant(workload.rps_per_proxy)))),
        Cell::Number(text::count(workload.visible.clusters)),
        Cell::Number(text::count(workload.visible.endpoints)),
    ]);
    cells.extend(ends);
    cells
}

/// Measured memory, marked where the estimate's interval misses it.
fn as_measured(proxy: &ProxyCost, unit: Unit) -> Cell {
    let Some(measured) = &proxy.measured else { return Cell::Empty };
    let pods = &measured.pods;
    let tone = if measured.is_inside() { Tone::Neutral } else { Tone::Caution };
    marked(tone, format!("{}, {}", unit.number(pods.median.as_bytes()), unit.number(pods.largest.as_bytes())))
}

fn cpu_request(workload: &WorkloadPlan, proxy: &ProxyCost) -> Cell {
    let millis = |amount: Millicores| text::count(amount.get());
    let has = |verdict| workload.sizing.contains(&verdict);
    let tone = if has(SizingVerdict::CpuRequestTooSmall) { Tone::Caution } else { Tone::Neutral };
    marked(tone, against(proxy.requests.cpu.map(millis).as_deref(), &millis(proxy.cpu_needed)))
}

fn memory_request(workload: &WorkloadPlan, proxy: &ProxyCost) -> Cell {
    let has = |verdict| workload.sizing.contains(&verdict);
    let tone = if has(SizingVerdict::MemoryRequestTooSmall) { Tone::Caution } else { Tone::Neutral };
    marked(tone, against(proxy.requests.memory.map(in_mib).as_deref(), &in_mib(proxy.memory_needed)))
}

fn against(requested: Option<&str>, need: &str) -> String {
    format!("{} → {need}", requested.unwrap_or("none"))
}

fn in_mib(amount: Bytes) -> String {
    text::without_zeros(&MIB.number(amount.to_memory().as_bytes()))
}

fn marked(tone: Tone, text: String) -> Cell {
    if tone == Tone::Neutral { Cell::Number(text) } else { Cell::Mark(tone, text) }
}

fn signed(magnitude: &str, change: f64) -> String {
    let magnitude = text::without_zeros(magnitude);
    match change {
        _ if magnitude == "0" => magnitude,
        ..0.0 => format!("−{magnitude}"),
        _ => format!("+{magnitude}"),
    }
}

/// Namespace and name.
pub fn name(workload: &WorkloadPlan) -> String {
    format!("{}/{}", workload.namespace, workload.name)
}
