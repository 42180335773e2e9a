//! What the figures rest on, what they leave out, and how to read them.

use std::collections::BTreeMap;

use super::super::document::{Block, Cell, Chapter, Column};
use super::super::text;
use super::workloads::name;
use super::{chapter, details, some_of, table};
use crate::plan::{CardId, Input, Plan, WorkloadPlan};
use crate::quantity;

/// Most workloads named as resting on an assumption.
const MOST_NAMES: usize = 200;
/// Most distinct assumptions listed.
const MOST_ASSUMPTIONS: usize = 50;
/// Most inputs listed.
const MOST_INPUTS: usize = 50;

/// What was assumed because the input did not say.
pub fn assumptions(plan: &Plan) -> Option<Chapter> {
    let mut blocks = Vec::new();
    blocks.extend(assumed_traffic(plan));
    let mut points = distinct_assumptions(plan);
    let measured = plan.totals.app_measured_share;
    if measured < 1.0 {
        points.push(format!(
            "Application usage was measured for {} of workloads; for the others their requests stand in.",
            text::percent(measured)
        ));
    }
    let omitted = points.len().saturating_sub(MOST_ASSUMPTIONS);
    points.truncate(MOST_ASSUMPTIONS);
    if omitted > 0 {
        points.push(format!("{} more are in the JSON output.", text::count(omitted as u64)));
    }
    if !points.is_empty() {
        blocks.push(Block::List(points));
    }
    chapter("assumptions", "Assumptions", blocks)
}

fn assumed_traffic(plan: &Plan) -> Vec<Block> {
    let assumed: Vec<&WorkloadPlan> =
        plan.workloads.iter().filter(|workload| workload.proxy.is_some() && !workload.rps_measured).collect();
    if assumed.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = assumed.iter().map(|workload| name(workload)).collect();
    vec![
        Block::Paragraph(format!(
            "The traffic of {} is not in the input; the policy's {} requests per second and {} open connections per \
             proxy stand in. Tables mark such rates with an asterisk.",
            text::counted(names.len() as u64, "workload", "workloads"),
            text::without_zeros(&text::significant(plan.policy.traffic.rps_per_proxy.as_per_second())),
            text::without_zeros(&text::significant(plan.policy.traffic.connections_per_proxy)),
        )),
        details(
            format!("Which {}", if names.len() == 1 { "workload" } else { "workloads" }),
            vec![Block::Paragraph(format!("{}.", some_of(&names, MOST_NAMES)))],
        ),
    ]
}

/// Each assumption once, with the number of workloads that rest on it.
fn distinct_assumptions(plan: &Plan) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for proxy in plan.workloads.iter().filter_map(|workload| workload.proxy.as_ref()) {
        let bases = [&proxy.memory.basis, &proxy.startup_memory.basis, &proxy.cpu.basis];
        let mut own: Vec<&str> = bases.iter().flat_map(|basis| basis.assumptions.iter()).map(String::as_str).collect();
        own.sort_unstable();
        own.dedup();
        for assumption in own {
            *counts.entry(assumption).or_default() += 1;
        }
    }
    let mut points: Vec<(u64, String)> = counts
        .into_iter()
        .map(|(text, number)| (number, format!("{text} ({})", text::counted(number, "workload", "workloads"))))
        .collect();
    points.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let istiod = [&plan.control_plane.memory.basis, &plan.control_plane.cpu.basis];
    let mut of_istiod: Vec<String> = Vec::new();
    for assumption in istiod.iter().flat_map(|basis| basis.assumptions.iter()) {
        let point = format!("{assumption} (istiod)");
        if !of_istiod.contains(&point) {
            of_istiod.push(point);
        }
    }
    points.into_iter().map(|(_, point)| point).chain(of_istiod).collect()
}

/// What costs capacity but is not in the figures.
pub fn not_modelled(plan: &Plan) -> Option<Chapter> {
    if plan.not_modelled.is_empty() {
        return None;
    }
    let blocks = vec![
        Block::Paragraph("The following takes capacity too and is in none of the figures above.".to_owned()),
        Block::List(plan.not_modelled.clone()),
    ];
    chapter("not-modelled", "Not in these figures", blocks)
}

/// How to read an interval.
pub fn reading(plan: &Plan) -> Option<Chapter> {
    let sizing = &plan.policy.sizing;
    let text = [
        "A likely range such as 52–71 MiB holds the true figure in nine of ten cases (a 90 % interval). It says how well \
         the model card's coefficients are known, not how much traffic may change."
            .to_owned(),
        "Sums add the ends of their parts, because all proxies share the same coefficients and err in the same \
         direction. That makes ranges of sums wide and safe."
            .to_owned(),
        format!(
            "The need of a proxy is an amount that suffices in {} of 100 cases, plus a margin of {} on memory and {} on \
             CPU. Its memory covers the start-up peak. Requests and limits are judged against it.",
            text::without_zeros(&text::percent_number(sizing.quantile.get())),
            text::percent(sizing.memory_margin.get()),
            text::percent(sizing.cpu_margin.get()),
        ),
        "Headroom is one minus requested over allocatable: it follows requests, as the scheduler does, not usage."
            .to_owned(),
    ];
    chapter("reading", "How to read the figures", vec![Block::List(text.into())])
}

/// Inputs, model card, policy and version.
pub fn inputs(plan: &Plan) -> Option<Chapter> {
    let mut blocks = Vec::new();
    blocks.extend(inputs_of(&plan.inputs));
    blocks.push(policy(plan));
    blocks.push(coefficients(&plan.card));
    chapter("inputs", "Inputs and provenance", blocks)
}

/// What was read.
pub fn inputs_of(inputs: &[Input]) -> Option<Block> {
    if inputs.is_empty() {
        return None;
    }
    let columns = vec![Column::text("Input", 0), Column::text("Objects", 0)];
    let rows = inputs.iter().map(|input| {
        let objects: Vec<String> =
            input.objects.iter().map(|(kind, number)| format!("{kind} {}", text::count(*number))).collect();
        vec![Cell::Name(input.name.clone()), Cell::Text(objects.join(", "))]
    });
    Some(table("Inputs", columns, rows.collect(), MOST_INPUTS))
}

/// Where the coefficients come from, and what made the report.
pub fn coefficients(card: &CardId) -> Block {
    Block::Paragraph(format!(
        "Coefficients come from model card {} ({}, {}). Made by {} {}.",
        card.name,
        card.title,
        card.date,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    ))
}

fn policy(plan: &Plan) -> Block {
    let policy = &plan.policy;
    let on = |wanted: bool| if wanted { "on" } else { "off" };
    let rows = [
        ("headroom target", text::percent(policy.headroom.target.get())),
        ("node losses to survive", policy.headroom.survive_node_losses.to_string()),
        ("sizing quantile", format!("{} %", text::percent_number(policy.sizing.quantile.get()))),
        ("mutual TLS, metrics", format!("{}, {}", on(policy.features.mtls), on(policy.features.metrics))),
        ("access log", on(policy.features.access_log).to_owned()),
        ("requests traced", text::percent(policy.features.tracing_sampling.get())),
        ("requests that a log filter lets through", text::percent(policy.features.filtered_log_share.get())),
        (
            "requests a TLS connection of clients outside",
            text::significant(policy.features.requests_per_tls_connection),
        ),
        ("namespaces enrolled", enrolled(plan)),
        ("istiod replicas to lose", policy.control_plane.survive_replica_losses.to_string()),
        (
            "istiod floor",
            format!(
                "{}, {}",
                quantity::print_cpu(policy.control_plane.floor_cpu),
                text::bytes(policy.control_plane.floor_memory)
            ),
        ),
        (
            "node pool",
            format!(
                "{}: {} CPU, {}, {} pods",
                policy.node_pool.name,
                quantity::print_cpu(policy.node_pool.cpu),
                text::bytes(policy.node_pool.memory),
                text::count(policy.node_pool.pods)
            ),
        ),
    ];
    let rows = rows.into_iter().map(|(what, value)| vec![Cell::Text(what.to_owned()), Cell::Text(value)]).collect();
    table("Policy", vec![Column::text("Policy", 0), Column::text("Value", 0)], rows, usize::MAX)
}

fn enrolled(plan: &Plan) -> String {
    let names: Vec<String> = plan.policy.injection.enroll.iter().cloned().collect();
    if names.is_empty() { "none beside those labelled".to_owned() } else { some_of(&names, 20) }
}

/// One line on what the figures rest on.
pub fn brief(plan: &Plan) -> Option<Chapter> {
    let mut sentence = format!("Model card {}", plan.card.name);
    if !plan.not_modelled.is_empty() {
        let number = text::counted(plan.not_modelled.len() as u64, "cost is", "costs are");
        sentence.push_str(&format!("; {number} not in these figures, the full report names them"));
    }
    sentence.push('.');
    chapter("basis", "Basis", vec![Block::Paragraph(sentence)])
}
