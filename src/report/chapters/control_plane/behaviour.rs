//! What istiod does all day, and how long proxies wait for it.

use super::super::super::document::{Block, Cell, Column};
use super::super::super::text::{self, Unit};
use super::super::super::{derivation, duration};
use super::super::{details, table};
use crate::estimate::Estimate;
use crate::model::Bound;
use crate::overhead::{Event, Operation, WaitingTime};
use crate::units::{Rate, Seconds};

/// CPU by cause and waiting times, with their arithmetic.
pub fn blocks(operation: &Operation) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(changes(operation))];
    blocks.extend(causes(operation));
    blocks.push(waiting(operation));
    blocks.push(details("The arithmetic of waiting".to_owned(), vec![Block::List(arithmetic(operation))]));
    blocks
}

/// Every waiting time as a sum.
pub fn arithmetic(operation: &Operation) -> Vec<String> {
    let line = |waiting: &WaitingTime| {
        let sum = derivation::line(&waiting.time, text::SECONDS)?;
        Some(format!("{}: {sum}", event(&waiting.event)))
    };
    let mut lines: Vec<String> = operation.times.iter().filter_map(line).collect();
    lines.push(format!(
        "each replica: {} ({}), so {} pushes at once and as many new connections a second",
        text::counted(operation.runtime.cores, "core", "cores"),
        operation.runtime.basis,
        text::without_zeros(&text::significant(operation.runtime.pushes_at_once)),
    ));
    lines.extend(operation.times.iter().find_map(|waiting| derivation::assumptions(&waiting.time.basis)));
    lines
}

fn changes(operation: &Operation) -> String {
    let changes = &operation.changes;
    let merged = &changes.pushed.merged;
    let mut sentence = format!(
        "Each hour {} of the mesh come or go and {} of configuration change, which istiod merges into {}; {} of them \
         generate everything again.",
        counted(changes.pods, "pod", "pods"),
        counted(changes.config, "object", "objects"),
        counted(changes.pushed.pushes(), "push", "pushes"),
        text::without_zeros(&text::significant(per_hour(changes.pushed.full))),
    );
    if changes.pushed.endpoints_at_once {
        sentence
            .push_str(" Changes of endpoints are pushed at once, each by itself (PILOT_ENABLE_EDS_DEBOUNCE is off).");
    }
    if merged.forced >= 0.005 {
        sentence.push_str(&format!(
            " Changes come so fast that {} of the pushes start only because the longest wait is over.",
            text::percent(merged.forced)
        ));
    }
    sentence
}

fn counted(rate: Rate, one: &str, many: &str) -> String {
    let number = per_hour(rate);
    format!("{} {}", text::without_zeros(&text::significant(number)), if number == 1.0 { one } else { many })
}

fn per_hour(rate: Rate) -> f64 {
    rate.as_per_second() * 3600.0
}

/// What the mean CPU is made of; nothing where there is no arithmetic.
fn causes(operation: &Operation) -> Option<Block> {
    let total = operation.cpu.value.as_cores();
    let terms: Vec<_> = operation.cpu.basis.terms.iter().filter(|term| term.amount > 0.0).collect();
    if terms.is_empty() || total <= 0.0 {
        return None;
    }
    let unit = Unit::for_cpu(terms.iter().map(|term| term.amount));
    let mut rows: Vec<Vec<Cell>> = terms
        .iter()
        .map(|term| {
            vec![
                Cell::Text(term.what.clone()),
                Cell::Number(text::without_zeros(&text::significant(term.count))),
                Cell::Number(unit.number(term.amount)),
                Cell::Number(text::percent(term.amount / total)),
            ]
        })
        .collect();
    let range = unit.range(operation.cpu.lower.as_cores(), operation.cpu.upper.as_cores());
    rows.push(vec![
        Cell::Text(format!("all replicas, likely {range}")),
        Cell::Empty,
        Cell::Number(unit.number(total)),
        Cell::Number(text::percent(1.0)),
    ]);
    let columns = vec![
        Column::text("Cause", 0),
        Column::number("Count", "", 2),
        Column::number("CPU", unit.heading(), 0),
        Column::number("Share", "", 1),
    ];
    Some(table("What istiod's CPU goes to, on average", columns, rows, usize::MAX))
}

fn waiting(operation: &Operation) -> Block {
    let rows = operation.times.iter().map(|waiting| {
        vec![
            Cell::Text(event(&waiting.event)),
            Cell::Number(text::count(waiting.proxies)),
            Cell::Number(duration::amount(waiting.time.value)),
            Cell::Number(likely(&waiting.time)),
            Cell::Text(bound(waiting.bound).to_owned()),
        ]
    });
    let columns = vec![
        Column::text("After", 0),
        Column::number("Proxies", "", 2),
        Column::number("The last one has it", "", 0),
        Column::number("Likely range", "", 1),
        Column::text("Decided by", 3),
    ];
    let whose = if operation.deployed { "deployed" } else { "planned" };
    let replicas = text::counted(operation.replicas, "replica", "replicas");
    table(&format!("How long proxies wait for {replicas} as {whose}"), columns, rows.collect(), usize::MAX)
}

fn likely(time: &Estimate<Seconds>) -> String {
    let unit = duration::unit_of_interval(time.lower, time.value, time.upper);
    unit.interval(time.lower.as_seconds(), time.upper.as_seconds())
}

/// What happened, in words.
fn event(event: &Event) -> String {
    match event {
        Event::EndpointChange => "one endpoint changed".to_owned(),
        Event::ConfigChange => "configuration of one service changed".to_owned(),
        Event::ConfigChangeInChurn => "the same, among the other changes".to_owned(),
        Event::NamespaceRestart(namespace) => format!("all pods of {namespace} restarted"),
        Event::ReplicaLoss => "one replica of istiod was lost".to_owned(),
        Event::Restart => "all replicas of istiod restarted".to_owned(),
    }
}

fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::Cores => "cores of istiod",
        Bound::PushesAtOnce => "pushes at once",
        Bound::Network => "network of istiod",
        Bound::ConnectionRate => "connections accepted a second",
    }
}
