//! How full the cluster is, today and after the change.

use super::super::document::{Block, Callout, Cell, Chapter, Column, Tone};
use super::super::text::{self, Unit};
use super::{chapter, figures, table};
use crate::placement::{Fill, Headroom, NodeFill};
use crate::plan::Plan;

/// Most nodes listed.
const MOST_NODES: usize = 20;
/// Most pods without a place listed.
const MOST_UNPLACED: usize = 50;
/// Most zones listed.
const MOST_ZONES: usize = 30;

/// The cluster, its zones, its fullest nodes, and what has no place.
pub fn capacity(plan: &Plan) -> Option<Chapter> {
    let Some(after) = &plan.headroom.cluster else {
        let text = "The input has no nodes, so the mesh was sized but capacity was not judged. Add the nodes to the \
                    input to see headroom, node loss and nodes to add.";
        return chapter("capacity", "Capacity", vec![Block::Paragraph(text.to_owned())]);
    };
    let mut blocks = vec![cluster_table(plan.headroom_today.cluster.as_ref(), after)];
    blocks.push(Block::Paragraph(room(plan.headroom_today.cluster.as_ref(), after)));
    blocks.extend(no_node_helps(&plan.headroom));
    blocks.extend(node_loss(&plan.headroom));
    blocks.extend(unplaced(&plan.headroom));
    blocks.extend(figures::nodes(plan));
    blocks.extend(zones(&plan.headroom));
    blocks.extend(fullest(&plan.headroom));
    chapter("capacity", "Capacity", blocks)
}

fn cluster_table(today: Option<&Fill>, after: &Fill) -> Block {
    let columns = vec![
        Column::text("Resource", 0),
        Column::number("Allocatable", "", 2),
        Column::number("Requested today", "", 3),
        Column::number("Requested after", "", 1),
        Column::number("Free today", "", 1),
        Column::number("Free after", "", 0),
        Column::number("Free but unusable", "", 4),
    ];
    let memory = Unit::for_memory([after.allocatable.memory.to_memory().as_bytes()]);
    let cpu = Unit::for_cpu([after.allocatable.cpu.to_cores().as_cores()]);
    let row = |name: &str, of: &dyn Fn(&Fill) -> [String; 2], share: fn(&Fill) -> f64, stranded: Option<String>| {
        let [allocatable, requested] = of(after);
        vec![
            Cell::Text(name.to_owned()),
            Cell::Number(allocatable),
            today.map_or(Cell::Empty, |fill| {
                let [_, requested] = of(fill);
                Cell::Number(requested)
            }),
            Cell::Number(requested),
            today.map_or(Cell::Empty, |fill| Cell::Number(text::percent(share(fill)))),
            Cell::Number(text::percent(share(after))),
            stranded.map_or(Cell::Empty, Cell::Number),
        ]
    };
    let cpu_of =
        |fill: &Fill| [fill.allocatable.cpu, fill.requested.cpu].map(|amount| cpu.amount(amount.to_cores().as_cores()));
    let memory_of = |fill: &Fill| {
        [fill.allocatable.memory, fill.requested.memory].map(|amount| memory.amount(amount.to_memory().as_bytes()))
    };
    let pods_of = |fill: &Fill| [text::count(fill.allocatable_pods), text::count(fill.pods)];
    let stranded_cpu = cpu.amount(after.stranded_cpu.to_cores().as_cores());
    let stranded_memory = memory.amount(after.stranded_memory.to_memory().as_bytes());
    let rows = vec![
        row("CPU", &cpu_of, Fill::cpu_headroom, Some(stranded_cpu)),
        row("Memory", &memory_of, Fill::memory_headroom, Some(stranded_memory)),
        row("Pods", &pods_of, Fill::pod_headroom, None),
    ];
    table("The cluster", columns, rows, usize::MAX)
}

fn room(today: Option<&Fill>, after: &Fill) -> String {
    let mut sentence = format!(
        "After the change {} of the typical shape (median request) still fit",
        text::counted(after.usable_pods, "further pod", "further pods")
    );
    if let Some(today) = today {
        sentence.push_str(&format!("; today it is {}", text::count(today.usable_pods)));
    }
    sentence
        .push_str(". Free but unusable is what is left on nodes where another resource has no room for such a pod.");
    sentence
}

fn no_node_helps(headroom: &Headroom) -> Option<Block> {
    let nodes = &headroom.nodes_to_add;
    let reasons = nodes.infeasible.as_ref()?;
    Some(Block::Callout(Callout {
        tone: Tone::Bad,
        title: format!("Adding nodes of {} does not help", nodes.pool),
        text: format!("{reasons}."),
    }))
}

fn node_loss(headroom: &Headroom) -> Option<Block> {
    let loss = headroom.worst_node_loss.as_ref().filter(|loss| loss.displaced > 0)?;
    let place = if loss.displaced == 1 { "another place" } else { "other places" };
    let outcome = match loss.unplaced {
        0 => "all find one".to_owned(),
        none if none == loss.displaced => "none finds one".to_owned(),
        some => format!("{} find none", text::count(some)),
    };
    Some(Block::Paragraph(format!(
        "The node whose loss hurts most is {}: {} to find {place}, and {outcome}.",
        loss.node,
        text::counted(loss.displaced, "pod has", "pods have"),
    )))
}

fn unplaced(headroom: &Headroom) -> Option<Block> {
    if headroom.unplaced.is_empty() {
        return None;
    }
    let columns = vec![Column::text("Pod", 0), Column::text("Why it fits nowhere", 0)];
    let rows = headroom.unplaced.iter().map(|unplaced| {
        let name = format!("{}/{}", unplaced.pod.namespace, unplaced.pod.name);
        vec![Cell::Name(name), Cell::Text(unplaced.reason.clone())]
    });
    Some(table("Pods without a place", columns, rows.collect(), MOST_UNPLACED))
}

fn zones(headroom: &Headroom) -> Option<Block> {
    if headroom.zones.len() < 2 {
        return None;
    }
    let columns = vec![
        Column::text("Zone", 0),
        Column::number("CPU free", "", 0),
        Column::number("Memory free", "", 0),
        Column::number("Pods", "", 1),
        Column::number("Room for typical pods", "", 2),
    ];
    let rows = headroom.zones.iter().map(|(zone, fill)| {
        vec![
            Cell::Name(zone.clone()),
            Cell::Number(text::percent(fill.cpu_headroom())),
            Cell::Number(text::percent(fill.memory_headroom())),
            Cell::Number(text::count(fill.pods)),
            Cell::Number(text::count(fill.usable_pods)),
        ]
    });
    Some(table("Zones after the change", columns, rows.collect(), MOST_ZONES))
}

fn fullest(headroom: &Headroom) -> Option<Block> {
    if headroom.nodes.is_empty() {
        return None;
    }
    let fullness = |node: &NodeFill| -node.fill.cpu_headroom().min(node.fill.memory_headroom());
    let mut nodes: Vec<&NodeFill> = headroom.nodes.iter().collect();
    nodes.sort_by(|a, b| fullness(b).total_cmp(&fullness(a)).then_with(|| a.name.cmp(&b.name)));
    let columns = vec![
        Column::text("Node", 0),
        Column::text("Zone", 4),
        Column::number("CPU requested", "", 0),
        Column::number("by proxies", "", 3),
        Column::number("Memory requested", "", 0),
        Column::number("by proxies", "", 3),
        Column::number("Pods", "", 2),
        Column::text("New pods", 5),
    ];
    let rows = nodes.iter().map(|node| node_row(node)).collect();
    Some(table("Fullest nodes after the change", columns, rows, MOST_NODES))
}

fn node_row(node: &NodeFill) -> Vec<Cell> {
    let part = |part: u64, whole: u64| {
        if whole == 0 { Cell::Empty } else { Cell::Number(text::percent(part as f64 / whole as f64)) }
    };
    let fill = &node.fill;
    let (cpu, memory) = (fill.allocatable.cpu.get(), fill.allocatable.memory.get());
    vec![
        Cell::Name(node.name.clone()),
        Cell::Text(node.zone.clone()),
        part(fill.requested.cpu.get(), cpu),
        part(node.mesh.cpu.get(), cpu),
        part(fill.requested.memory.get(), memory),
        part(node.mesh.memory.get(), memory),
        Cell::Number(format!("{} of {}", text::count(fill.pods), text::count(fill.allocatable_pods))),
        Cell::Text(if node.schedulable { "accepted" } else { "not accepted" }.to_owned()),
    ]
}
