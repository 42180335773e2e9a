//! What scoping would save.

use super::super::document::{Block, Cell, Chapter, Column};
use super::super::duration;
use super::super::text::{self, Unit};
use super::{chapter, table};
use crate::plan::{Plan, Scoped, ScopedBy};
use crate::units::Quantity;

/// The mesh as it is beside the mesh scoped; nothing where no scoping changes anything.
pub fn savings(plan: &Plan) -> Option<Chapter> {
    let (today, changed) = plan.savings.split_first()?;
    if changed.is_empty() {
        return None;
    }
    let mut blocks = vec![compared(&plan.savings)];
    blocks.push(Block::List(changed.iter().map(|scoped| saved(today, scoped)).collect()));
    chapter("savings", "What scoping would save", blocks)
}

fn compared(all: &[Scoped]) -> Block {
    let memory = Unit::for_memory(all.iter().map(|scoped| scoped.proxy_memory.value.base()));
    let istiod = Unit::for_memory(all.iter().map(|scoped| scoped.istiod_memory.value.base()));
    let cpu = Unit::for_cpu(all.iter().map(|scoped| scoped.istiod_cpu.value.base()));
    let row = |scoped: &Scoped| {
        vec![
            Cell::Text(name(&scoped.by)),
            Cell::Number(text::significant(scoped.clusters)),
            Cell::Number(text::memory(scoped.sent.as_bytes())),
            Cell::Number(memory.amount(scoped.proxy_memory.value.base())),
            Cell::Number(istiod.amount(scoped.istiod_memory.value.base())),
            Cell::Number(cpu.amount(scoped.istiod_cpu.value.base())),
            Cell::Number(text::count(scoped.replicas)),
            Cell::Number(duration::amount(scoped.config_change.value)),
        ]
    };
    let columns = vec![
        Column::text("Scoped by", 0),
        Column::number("Clusters a proxy", "", 3),
        Column::number("Sent to a proxy", "", 2),
        Column::number("Memory of all proxies", "", 0),
        Column::number("istiod memory, each", "", 1),
        Column::number("istiod CPU", "", 4),
        Column::number("Replicas", "", 5),
        Column::number("A change reaches all in", "", 6),
    ];
    table("The mesh under each scoping", columns, all.iter().map(row).collect(), usize::MAX)
}

fn name(by: &ScopedBy) -> String {
    match by {
        ScopedBy::Today => "what there is today".to_owned(),
        ScopedBy::DiscoverySelectors { .. } => "discovery selectors".to_owned(),
        ScopedBy::Sidecars { by_calls: true, .. } => "Sidecars by calls".to_owned(),
        ScopedBy::Sidecars { by_calls: false, .. } => "Sidecars by namespace".to_owned(),
    }
}

fn saved(today: &Scoped, scoped: &Scoped) -> String {
    let proxies = (today.proxy_memory.value.base() - scoped.proxy_memory.value.base()).max(0.0);
    let istiod = (today.istiod_memory.value.base() - scoped.istiod_memory.value.base()).max(0.0);
    let how = match &scoped.by {
        ScopedBy::Today => "as it is".to_owned(),
        ScopedBy::DiscoverySelectors { hidden } => format!(
            "discoverySelectors for the namespaces of the mesh alone: istiod no longer looks at {}, and proxies reach \
             services there as hosts they do not know",
            text::counted(*hidden, "other namespace", "other namespaces")
        ),
        ScopedBy::Sidecars { workloads, by_calls } => format!(
            "a Sidecar of its own for {}, which imports {}",
            text::counted(*workloads, "workload", "workloads"),
            if *by_calls { "what it calls and Istio's namespace" } else { "its own namespace and Istio's" }
        ),
    };
    format!("{how}: {} less in proxies, {} less in each istiod", text::memory(proxies), text::memory(istiod))
}
