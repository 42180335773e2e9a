//! What the requests of proxies should be, as one would type it.

use std::collections::BTreeMap;

use super::super::document::{Block, Cell, Column, Tone};
use super::workloads::name;
use super::{some_of, table};
use crate::mesh::ProxyMode;
use crate::overhead::ProxyCost;
use crate::plan::{SizingVerdict, WorkloadPlan};
use crate::quantity::{print_bytes, print_cpu};

/// Most sets of values listed.
const MOST_SETS: usize = 20;
/// Most workloads named beside one set of values.
const MOST_NAMES: usize = 12;

/// A verdict on declared resources in words.
pub struct Judged {
    /// How grave it is.
    pub tone: Tone,
    /// What is wrong.
    pub wrong: &'static str,
    /// What to do.
    pub to_do: &'static str,
}

/// How grave a verdict is, and its words.
pub fn judged(verdict: &SizingVerdict) -> Judged {
    let (tone, wrong, to_do) = match verdict {
        SizingVerdict::MemoryLimitBelowPeak => {
            (Tone::Bad, "memory limit below start-up peak", "raise memory limit (may be killed at start)")
        }
        SizingVerdict::MemoryLimitNearMaximum => {
            (Tone::Bad, "memory limit below or close to what was measured", "raise memory limit (measured close to it)")
        }
        SizingVerdict::CpuLimitTooSmall => (Tone::Bad, "CPU limit below need", "raise CPU limit (throttles)"),
        SizingVerdict::MemoryRequestTooSmall => (Tone::Caution, "memory request too small", "raise memory"),
        SizingVerdict::CpuRequestTooSmall => (Tone::Caution, "CPU request too small", "raise CPU"),
        SizingVerdict::MemoryRequestTooLarge => (Tone::Neutral, "memory request over twice the need", "lower memory"),
        SizingVerdict::CpuRequestTooLarge => (Tone::Neutral, "CPU request over twice the need", "lower CPU"),
    };
    Judged { tone, wrong, to_do }
}

/// What to do about a proxy's declared resources, gravest first.
pub fn to_do(sizing: &[SizingVerdict], proxy: &ProxyCost) -> Cell {
    let mut verdicts: Vec<Judged> = sizing.iter().map(judged).collect();
    verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.tone));
    let Some(gravest) = verdicts.first() else {
        return if proxy.requests.is_empty() {
            Cell::Mark(Tone::Caution, "set requests: there are none".to_owned())
        } else {
            Cell::Mark(Tone::Good, "nothing".to_owned())
        };
    };
    let words: Vec<&str> = verdicts.iter().map(|verdict| verdict.to_do).collect();
    Cell::Mark(gravest.tone, words.join(", "))
}

/// By how much the requests of all replicas change when they are set to the need, in cores and bytes.
pub fn change(proxy: &ProxyCost, replicas: u64) -> [f64; 2] {
    let cpu = |amount: crate::units::Millicores| amount.to_cores().as_cores();
    let bytes = |amount: crate::units::Bytes| amount.to_memory().as_bytes();
    [
        cpu(proxy.cpu_needed) - cpu(proxy.requests.cpu.unwrap_or_default()),
        bytes(proxy.memory_needed) - bytes(proxy.requests.memory.unwrap_or_default()),
    ]
    .map(|change| change * replicas as f64)
}

/// The values to set, once for all workloads that share them; `None` where every request suits.
pub fn annotations(ordered: &[&WorkloadPlan]) -> Option<Block> {
    let mut sets: BTreeMap<[String; 4], Vec<String>> = BTreeMap::new();
    for workload in ordered.iter().filter(|workload| workload.mode == ProxyMode::Sidecar) {
        let Some(proxy) = workload.proxy.as_ref().filter(|_| !workload.sizing.is_empty()) else { continue };
        sets.entry(values(proxy)).or_default().push(name(workload));
    }
    let mut sets: Vec<_> = sets.into_iter().collect();
    if sets.is_empty() {
        return None;
    }
    sets.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let columns = vec![
        Column::text("Workloads", 0),
        Column::number("proxyCPU", "", 0),
        Column::number("proxyMemory", "", 0),
        Column::number("proxyCPULimit", "", 1),
        Column::number("proxyMemoryLimit", "", 1),
    ];
    let rows = sets.into_iter().map(|(values, names)| {
        let names = Cell::Text(some_of(&names, MOST_NAMES));
        [names].into_iter().chain(values.into_iter().map(Cell::Number)).collect()
    });
    Some(table(
        "Values to set as annotations sidecar.istio.io/… of the pod template. Set all of a row: one alone makes the \
         injector drop its other defaults",
        columns,
        rows.collect(),
        MOST_SETS,
    ))
}

/// The need as requests; limits stay, unless they are below it.
fn values(proxy: &ProxyCost) -> [String; 4] {
    let unset = || "leave unset".to_owned();
    [
        print_cpu(proxy.cpu_needed),
        print_bytes(proxy.memory_needed),
        proxy.limits.cpu.map_or_else(unset, |limit| print_cpu(limit.max(proxy.cpu_needed))),
        proxy.limits.memory.map_or_else(unset, |limit| print_bytes(limit.max(proxy.memory_limit_needed))),
    ]
}
