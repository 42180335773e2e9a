//! What proxies do for requests beside passing them on: what says so, and what it adds.

use std::collections::BTreeMap;

use super::super::document::{Block, Cell, Chapter, Column};
use super::super::text::{self, CORES, Unit};
use super::workloads::name;
use super::{chapter, some_of, table};
use crate::mesh::{Feature, Origin};
use crate::plan::{Plan, WorkloadPlan};

/// Most rows of the table.
const MOST_ROWS: usize = 200;
/// Most workloads named in a row.
const MOST_NAMES: usize = 3;

/// Workloads for which the same objects decide a feature alike.
#[derive(Default)]
struct Group {
    names: Vec<String>,
    proxies: u64,
    cpu: f64,
    proxy_cpu: f64,
    memory: f64,
}

/// Every feature with what decided it and what it adds, costliest first.
pub fn features(plan: &Plan) -> Option<Chapter> {
    let groups = grouped(plan);
    if groups.is_empty() {
        return None;
    }
    let (cpu, memory) = (
        Unit::for_cpu(groups.iter().map(|(_, group)| group.cpu)),
        Unit::for_memory(groups.iter().map(|(_, group)| group.memory).filter(|bytes| *bytes > 0.0)),
    );
    let columns = vec![
        Column::text("Feature", 0),
        Column::text("How it is", 1),
        Column::text("From", 2),
        Column::text("Workloads", 3),
        Column::number("Proxies", "", 4),
        Column::number("CPU added", cpu.heading(), 0),
        Column::number("Share of their CPU", "", 1),
        Column::number("Memory added", memory.heading(), 5),
    ];
    let rows = groups.iter().map(|((feature, setting, from), group)| {
        let share = group.cpu / group.proxy_cpu;
        vec![
            Cell::Text(feature.as_str().to_owned()),
            Cell::Text(setting.clone()),
            Cell::Text(from.clone()),
            Cell::Text(some_of(&group.names, MOST_NAMES)),
            Cell::Number(text::count(group.proxies)),
            if group.cpu > 0.0 { Cell::Number(cpu.number(group.cpu)) } else { Cell::Empty },
            if share > 0.0 && share.is_finite() { Cell::Number(text::percent(share)) } else { Cell::Empty },
            if group.memory > 0.0 { Cell::Number(memory.number(group.memory)) } else { Cell::Empty },
        ]
    });
    let caption = "What each feature adds to all proxies of a row together, everything else being as it is";
    let note = "Each row says what would be saved without that feature alone: what features add together is less \
                than the sum, for they multiply. A feature without a figure costs little or is not modelled.";
    let blocks = vec![table(caption, columns, rows.collect(), MOST_ROWS), Block::Paragraph(note.to_owned())];
    chapter("features", "Features that cost", blocks)
}

/// Everything that decides about one workload's proxy, and what each feature adds to it.
pub fn of_workload(workload: &WorkloadPlan) -> Vec<String> {
    let mut lines: Vec<String> = workload.features.origins.iter().map(line).collect();
    for cost in &workload.feature_costs {
        let cpu = text::interval(&cost.cpu, CORES);
        let mut line =
            format!("for {}: {} of CPU ({cpu})", cost.feature.as_str(), CORES.amount(cost.cpu.value.as_cores()));
        if let Some(memory) = &cost.memory {
            line.push_str(&format!(" and {} of memory", text::memory(memory.value.as_bytes())));
        }
        lines.push(line);
    }
    lines
}

fn line(origin: &Origin) -> String {
    format!("{}: {} ({})", origin.feature.as_str(), origin.setting, origin.from)
}

/// Feature, how it is, and what says so.
type Key = (Feature, String, String);

fn grouped(plan: &Plan) -> Vec<(Key, Group)> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for workload in &plan.workloads {
        let Some(proxy) = &workload.proxy else { continue };
        let replicas = workload.replicas as f64;
        for (feature, origins) in by_feature(&workload.features.origins) {
            let joined = |part: fn(&Origin) -> &String| {
                let mut parts: Vec<&str> = origins.iter().map(|origin| part(origin).as_str()).collect();
                parts.dedup();
                parts.join("; ")
            };
            let key = (feature, joined(|origin| &origin.setting), joined(|origin| &origin.from));
            let group = groups.entry(key).or_default();
            group.names.push(name(workload));
            group.proxies = group.proxies.saturating_add(workload.replicas);
            group.proxy_cpu += proxy.cpu.value.as_cores() * replicas;
            if let Some(cost) = workload.feature_costs.iter().find(|cost| cost.feature == feature) {
                group.cpu += cost.cpu.value.as_cores() * replicas;
                group.memory += cost.memory.as_ref().map_or(0.0, |memory| memory.value.as_bytes()) * replicas;
            }
        }
    }
    let mut groups: Vec<(Key, Group)> = groups.into_iter().collect();
    groups.sort_by(|(a_key, a), (b_key, b)| b.cpu.total_cmp(&a.cpu).then_with(|| a_key.cmp(b_key)));
    groups
}

fn by_feature(origins: &[Origin]) -> BTreeMap<Feature, Vec<&Origin>> {
    let mut features: BTreeMap<Feature, Vec<&Origin>> = BTreeMap::new();
    for origin in origins {
        features.entry(origin.feature).or_default().push(origin);
    }
    features
}
