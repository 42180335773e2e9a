//! What the mesh is made of in each mode, and what it uses.

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Chart, ChartData, Column, StackPlot};
use super::super::text::{self, Unit};
use super::name;
use crate::estimate::Estimate;
use crate::modes::{Comparison, ModePlan, Part, PartKind};
use crate::units::Quantity;

/// Memory and CPU, with their figures.
pub fn costs(comparison: &Comparison) -> Option<Chapter> {
    let mut blocks = vec![usage(comparison)];
    blocks.extend(memory_chart(comparison));
    blocks.extend(cpu_chart(comparison));
    blocks.extend(by_part(comparison));
    chapter("costs", "What the mesh uses", blocks)
}

/// Memory and CPU alone, for a screen.
pub fn brief(comparison: &Comparison) -> Option<Chapter> {
    chapter("costs", "What the mesh uses", vec![usage(comparison)])
}

fn usage(comparison: &Comparison) -> Block {
    let columns = vec![
        Column::text("Mode", 0),
        Column::number("Memory", "", 0),
        Column::number("likely", "", 2),
        Column::number("of the apps", "", 3),
        Column::number("CPU", "", 0),
        Column::number("likely", "", 2),
        Column::number("of the apps", "", 3),
    ];
    let memory = Unit::for_memory(comparison.modes.iter().map(|mode| mode.memory.value.base()));
    let cpu = Unit::for_cpu(comparison.modes.iter().map(|mode| mode.cpu.value.base()));
    let app = &comparison.application;
    let rows = comparison.modes.iter().map(|mode| {
        let mut row = vec![name(mode)];
        row.extend(amounts(&mode.memory, memory, app.memory.as_bytes()));
        row.extend(amounts(&mode.cpu, cpu, app.cpu.as_cores()));
        row
    });
    table("Memory and CPU of the mesh", columns, rows.collect(), usize::MAX)
}

/// A figure, its interval, and its share of what the applications use.
fn amounts<Q: Quantity>(estimate: &Estimate<Q>, unit: Unit, app: f64) -> [Cell; 3] {
    let value = estimate.value.base();
    if estimate.upper.base() <= 0.0 {
        return [Cell::Number("0".to_owned()), Cell::Empty, Cell::Empty];
    }
    let share = if app > 0.0 { Cell::Number(text::percent(value / app)) } else { Cell::Empty };
    [Cell::Number(unit.amount(value)), Cell::Number(text::interval(estimate, unit)), share]
}

/// How many of what.
pub fn what_runs(comparison: &Comparison) -> Option<Chapter> {
    let columns = vec![
        Column::text("Mode", 0),
        Column::number("Sidecars", "", 0),
        Column::number("Ztunnels", "", 0),
        Column::number("Waypoints", "", 0),
        Column::number("Gateways", "", 1),
        Column::number("istiod", "", 1),
    ];
    let rows = comparison.modes.iter().map(|mode| {
        let count = |kind: &PartKind| Cell::Number(text::count(mode.part(*kind).map_or(0, |part| part.count)));
        let mut row = vec![name(mode)];
        row.extend(PartKind::ALL.iter().map(count));
        row
    });
    let mut blocks = vec![table("What runs", columns, rows.collect(), usize::MAX)];
    let app = &comparison.application;
    blocks.push(Block::Paragraph(format!(
        "The mesh is for {} of {}, the same in every mode.",
        text::counted(app.pods, "pod", "pods"),
        text::counted(app.workloads, "workload", "workloads"),
    )));
    chapter("runs", "What runs", blocks)
}

fn memory_chart(comparison: &Comparison) -> Option<Block> {
    let app = comparison.application.memory.as_bytes();
    let unit = Unit::for_memory([app.max(most(comparison, |mode| mode.memory.value.base()))]);
    chart(comparison, "Memory by mode", "memory", unit, app, |part| part.memory.value.base())
}

fn cpu_chart(comparison: &Comparison) -> Option<Block> {
    let app = comparison.application.cpu.as_cores();
    let unit = Unit::for_cpu([app.max(most(comparison, |mode| mode.cpu.value.base()))]);
    chart(comparison, "CPU by mode", "CPU", unit, app, |part| part.cpu.value.base())
}

fn most(comparison: &Comparison, amount: fn(&ModePlan) -> f64) -> f64 {
    comparison.modes.iter().map(amount).fold(0.0, f64::max)
}

fn chart(
    comparison: &Comparison,
    title: &'static str,
    what: &str,
    unit: Unit,
    app: f64,
    of: fn(&Part) -> f64,
) -> Option<Block> {
    let kinds = PartKind::ALL.iter().map(|kind| kind.name());
    let rows = comparison.modes.iter().map(|mode| {
        let parts = mode.parts.iter().map(|part| of(part) / unit.size);
        (mode.mode.name(), std::iter::once(app / unit.size).chain(parts).collect())
    });
    let plot = StackPlot {
        axis: format!("{what} of applications and mesh, {}", unit.heading()),
        parts: std::iter::once("applications").chain(kinds).collect(),
        rows: rows.collect(),
    };
    let shown: Vec<String> = comparison
        .modes
        .iter()
        .map(|mode| format!("{} {}", mode.mode, unit.amount(mode.parts.iter().map(of).sum())))
        .collect();
    let caption = "Applications are the same in every bar; what follows is the mesh.".to_owned();
    let alt = format!("{title}, of the mesh alone: {}.", shown.join(", "));
    let data = ChartData::Stacks(plot);
    (!data.is_empty()).then_some(Block::Chart(Chart { title, caption, alt, data }))
}

/// Every part with its interval.
fn by_part(comparison: &Comparison) -> Option<Block> {
    let columns = vec![
        Column::text("Mode", 0),
        Column::text("Part", 0),
        Column::number("Number", "", 1),
        Column::number("Memory", "", 0),
        Column::number("likely", "", 2),
        Column::number("CPU", "", 0),
        Column::number("likely", "", 2),
    ];
    let parts = comparison.modes.iter().flat_map(|mode| mode.parts.iter().map(move |part| (mode, part)));
    let rows: Vec<Vec<Cell>> = parts
        .filter(|(_, part)| part.count > 0)
        .map(|(mode, part)| {
            let memory = Unit::for_memory([part.memory.value.base()]);
            let cpu = Unit::for_cpu([part.cpu.value.base()]);
            vec![
                name(mode),
                Cell::Text(part.kind.name().to_owned()),
                Cell::Number(text::count(part.count)),
                Cell::Number(memory.amount(part.memory.value.base())),
                Cell::Number(text::interval(&part.memory, memory)),
                Cell::Number(cpu.amount(part.cpu.value.base())),
                Cell::Number(text::interval(&part.cpu, cpu)),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| table("Memory and CPU by part", columns, rows, usize::MAX))
}
