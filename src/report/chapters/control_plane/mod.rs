//! What istiod and the ztunnels need, and how istiod behaves.

mod autoscaling;
mod behaviour;
mod clusters;
mod messages;

use super::super::derivation;
use super::super::document::{Block, Callout, Cell, Chapter, Column, Document, Headline, Tone};
use super::super::text::{self, CORES, MIB, Unit};
use super::{chapter, details, table};
use crate::estimate::Estimate;
use crate::overhead::{CertificatePlan, ControlPlane};
use crate::plan::Plan;
use crate::units::Quantity;

/// istiod, then ztunnel where there is one.
pub fn control_plane(plan: &Plan) -> Option<Chapter> {
    let istiod = &plan.control_plane;
    if istiod.replicas == 0 {
        return None;
    }
    let mut blocks = vec![
        Block::Paragraph(format!(
            "istiod serves {}. It needs {} requesting {} of CPU and {} of memory each, so that the rest carries the \
             load after losing {}. Renewing certificates makes it sign {}.{}",
            text::counted(istiod.proxies, "proxy", "proxies"),
            text::counted(istiod.replicas, "replica", "replicas"),
            text::millicores(istiod.cpu_request),
            text::bytes(istiod.memory_request),
            text::counted(plan.policy.control_plane.survive_replica_losses.into(), "replica", "replicas"),
            certificates(istiod.csr_per_second),
            restart(&istiod.certificates),
        )),
        figures(plan),
    ];
    blocks.extend(clusters::table_of(istiod));
    blocks.extend(deployed(istiod));
    blocks.extend(behaviour(istiod));
    blocks.extend(arithmetic(plan));
    chapter("control-plane", "Control plane", blocks)
}

/// Everything the plan knows about istiod, with the arithmetic spread out.
pub fn control_plane_explained(plan: &Plan) -> Document {
    let istiod = &plan.control_plane;
    let mut chapters: Vec<Chapter> = Vec::new();
    if let Some(mut sizes) = control_plane(plan) {
        sizes.blocks.retain(|block| !matches!(block, Block::Details(_)));
        chapters.push(sizes);
        chapters.extend(super::savings::savings(plan));
        chapters.extend(spread_out(plan));
    }
    let sentence = if istiod.proxies == 0 {
        "istiod serves nothing: no workload of the input is in the mesh.".to_owned()
    } else {
        format!("istiod serves {}.", text::counted(istiod.proxies, "proxy", "proxies"))
    };
    Document {
        title: "Control plane".to_owned(),
        headline: Headline { badge: "istiod", tone: Tone::Neutral, sentence, advice: Vec::new() },
        chapters,
    }
}

/// The arithmetic of sizes, CPU and waiting, with what is taken for granted.
fn spread_out(plan: &Plan) -> Option<Chapter> {
    let istiod = &plan.control_plane;
    let mut lines = sums(plan);
    lines.extend(derivation::assumptions(&istiod.memory.basis));
    if let Some(operation) = &istiod.operation {
        lines.extend(derivation::line(&operation.cpu, CORES).map(|line| format!("istiod CPU by cause: {line}")));
        lines.extend(behaviour::arithmetic(operation));
    }
    if lines.is_empty() { None } else { chapter("arithmetic", "The arithmetic", vec![Block::List(lines)]) }
}

fn behaviour(istiod: &ControlPlane) -> Vec<Block> {
    let Some(operation) = &istiod.operation else { return Vec::new() };
    let mut blocks = behaviour::blocks(operation);
    blocks.extend(operation.autoscaling.iter().flat_map(autoscaling::blocks));
    blocks.extend(messages::table_of(&operation.messages));
    blocks
}

fn certificates(per_second: f64) -> String {
    if per_second >= 1.0 {
        return format!("{} certificates per second", text::significant(per_second));
    }
    format!("{} certificates per hour", text::significant(per_second * 3600.0))
}

/// How long certificates live, and how long signing takes when all proxies restart together.
fn restart(certificates: &CertificatePlan) -> String {
    let hours = text::significant(certificates.ttl.as_seconds() / 3600.0);
    let left = text::percent(certificates.grace_ratio.get());
    let mut words =
        format!(" They live {hours} hours and are renewed with {left} of that left ({}).", certificates.from);
    if let Some(time) = &certificates.restart {
        let [lower, value, upper] = [time.lower, time.value, time.upper].map(|end| text::significant(end.as_seconds()));
        words.push_str(&format!(
            " Should all {} restart together, signing takes {value} s ({lower} to {upper} s) of what the replicas \
             request.",
            text::counted(certificates.holders, "holder", "holders")
        ));
    }
    words
}

fn figures(plan: &Plan) -> Block {
    let istiod = &plan.control_plane;
    let mut rows = vec![
        row("istiod CPU, all replicas", &istiod.cpu, cpu_unit(&istiod.cpu)),
        row("istiod memory, each replica", &istiod.memory, memory_unit(&istiod.memory)),
    ];
    if let Some(ztunnel) = &plan.ztunnel {
        rows.push(row("ztunnel CPU, each node", &ztunnel.cpu, cpu_unit(&ztunnel.cpu)));
        rows.push(row("ztunnel memory, each node", &ztunnel.memory, memory_unit(&ztunnel.memory)));
    }
    let columns =
        vec![Column::text("Figure", 0), Column::number("Estimate", "", 0), Column::number("Likely range", "", 1)];
    table("What the control plane uses", columns, rows, usize::MAX)
}

fn row<Q: Quantity>(what: &str, estimate: &Estimate<Q>, unit: Unit) -> Vec<Cell> {
    vec![
        Cell::Text(what.to_owned()),
        Cell::Number(unit.amount(estimate.value.base())),
        Cell::Number(text::interval(estimate, unit)),
    ]
}

fn cpu_unit<Q: Quantity>(estimate: &Estimate<Q>) -> Unit {
    Unit::for_cpu([estimate.value.base()])
}

fn memory_unit<Q: Quantity>(estimate: &Estimate<Q>) -> Unit {
    Unit::for_memory([estimate.value.base()])
}

fn deployed(istiod: &ControlPlane) -> Option<Block> {
    let (replicas, requests) = istiod.deployed.as_ref()?;
    let short_of = |have: Option<u64>, need: u64| have.unwrap_or(0) < need;
    let short = *replicas < istiod.replicas
        || short_of(requests.cpu.map(|cpu| cpu.get()), istiod.cpu_request.get())
        || short_of(requests.memory.map(|memory| memory.get()), istiod.memory_request.get());
    Some(Block::Callout(Callout {
        tone: if short { Tone::Caution } else { Tone::Good },
        title: "Deployed today".to_owned(),
        text: format!(
            "{} requesting {} each{}",
            text::counted(*replicas, "replica", "replicas"),
            text::declared(requests),
            if short { ": less than the plan needs." } else { ": enough." }
        ),
    }))
}

fn arithmetic(plan: &Plan) -> Option<Block> {
    let lines = sums(plan);
    if lines.is_empty() { None } else { Some(details("The arithmetic".to_owned(), vec![Block::List(lines)])) }
}

fn sums(plan: &Plan) -> Vec<String> {
    let istiod = &plan.control_plane;
    let mut lines = Vec::new();
    lines.extend(derivation::line(&istiod.memory, MIB).map(|line| format!("istiod memory: {line}")));
    lines.extend(istiod.measured.as_ref().map(|measured| format!("istiod memory {}", measured.in_words())));
    lines.extend(derivation::line(&istiod.cpu, CORES).map(|line| format!("istiod CPU: {line}")));
    if let Some(ztunnel) = &plan.ztunnel {
        lines.extend(derivation::line(&ztunnel.memory, MIB).map(|line| format!("ztunnel memory: {line}")));
        lines.extend(ztunnel.measured.as_ref().map(|measured| format!("ztunnel memory {}", measured.in_words())));
        lines.extend(derivation::line(&ztunnel.cpu, CORES).map(|line| format!("ztunnel CPU: {line}")));
    }
    lines
}
