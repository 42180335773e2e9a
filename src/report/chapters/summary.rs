//! The answer, and the figures to remember.

use super::super::document::{Block, Chapter, Headline, KeyFigure, Tone};
use super::super::text::{self, Unit};
use super::chapter;
use crate::estimate::Estimate;
use crate::placement::{Fill, NodesToAdd};
use crate::plan::{Outcome, Plan};
use crate::units::{Quantity, Ratio};

/// The verdict.
pub fn headline(plan: &Plan) -> Headline {
    let (badge, tone) = match plan.verdict.outcome {
        Outcome::Fits => ("fits", Tone::Good),
        Outcome::Tight => ("tight", Tone::Caution),
        Outcome::DoesNotFit => ("does not fit", Tone::Bad),
        Outcome::Unjudged => ("not judged", Tone::Neutral),
    };
    Headline { badge, tone, sentence: plan.verdict.sentence.clone(), advice: plan.verdict.advice.clone() }
}

/// The figures to remember.
pub fn key_figures(plan: &Plan) -> Option<Chapter> {
    let figures = [cluster(plan), proxies(plan), overhead(plan), control_plane(plan), capacity(plan)].concat();
    chapter("figures", "Key figures", vec![Block::KeyFigures(figures)])
}

/// What runs out first.
pub fn binding(plan: &Plan) -> Option<Chapter> {
    let mut sentences = Vec::new();
    if !plan.headroom.binding.is_empty() {
        sentences.push(format!("What runs out first: {}.", plan.headroom.binding));
    }
    let was = &plan.headroom_today.binding;
    if !was.is_empty() && *was != plan.headroom.binding {
        sentences.push(format!("Today it is {was}."));
    }
    if let Some(reason) = &plan.headroom.nodes_to_add.infeasible {
        sentences.push(format!("Adding nodes of the pool does not help: {reason}."));
    }
    let blocks = if sentences.is_empty() { Vec::new() } else { vec![Block::Paragraph(sentences.join(" "))] };
    chapter("why", "Why", blocks)
}

fn cluster(plan: &Plan) -> Vec<KeyFigure> {
    let totals = &plan.totals;
    let zones = plan.headroom.zones.len() as u64;
    let zones = if zones > 1 { format!("in {}", text::counted(zones, "zone", "zones")) } else { String::new() };
    vec![
        plain("Nodes", text::count(totals.nodes), zones),
        plain("Pods", text::count(totals.pods), format!("of {}", workloads(totals.workloads))),
    ]
}

fn workloads(number: u64) -> String {
    text::counted(number, "workload", "workloads")
}

fn proxies(plan: &Plan) -> Vec<KeyFigure> {
    let totals = &plan.totals;
    let running = totals.proxies.saturating_sub(totals.planned_proxies);
    let mut figures = vec![plain(
        "Proxies",
        text::count(totals.proxies),
        format!("{} planned, {} running", text::count(totals.planned_proxies), text::count(running)),
    )];
    if totals.ambient_pods > 0 || totals.ztunnels > 0 {
        figures.push(plain(
            "Ztunnels",
            text::count(totals.ztunnels),
            format!("for {}", text::counted(totals.ambient_pods, "ambient pod", "ambient pods")),
        ));
    }
    figures
}

fn overhead(plan: &Plan) -> Vec<KeyFigure> {
    let totals = &plan.totals;
    let memory = Unit::for_memory([totals.proxy_memory.value.base()]);
    let cpu = Unit::for_cpu([totals.proxy_cpu.value.base()]);
    vec![
        estimated("Proxy memory", &totals.proxy_memory, memory),
        estimated("Proxy CPU", &totals.proxy_cpu, cpu),
        ratio("Memory overhead", totals.memory_overhead.as_ref(), "memory"),
        ratio("CPU overhead", totals.cpu_overhead.as_ref(), "CPU"),
    ]
}

fn estimated<Q: Quantity>(label: &'static str, estimate: &Estimate<Q>, unit: Unit) -> KeyFigure {
    let note = format!("90 % interval {}", text::interval(estimate, unit));
    plain(label, unit.amount(estimate.value.base()), note)
}

fn ratio(label: &'static str, estimate: Option<&Estimate<Ratio>>, resource: &str) -> KeyFigure {
    let Some(estimate) = estimate else {
        return plain(label, text::UNKNOWN.to_owned(), format!("applications declare no {resource}"));
    };
    let interval = text::percent_interval(estimate.lower.as_number(), estimate.upper.as_number());
    plain(label, text::percent(estimate.value.as_number()), format!("of application {resource}, {interval}"))
}

fn control_plane(plan: &Plan) -> Vec<KeyFigure> {
    let istiod = &plan.control_plane;
    if istiod.replicas == 0 {
        return Vec::new();
    }
    if let Some(reason) = &istiod.infeasible {
        return vec![plain("istiod request", "no number of replicas fits".to_owned(), reason.clone())];
    }
    let request = format!(
        "{} × {}, {}",
        text::count(istiod.replicas),
        text::millicores(istiod.cpu_request),
        text::bytes(istiod.memory_request)
    );
    let deployed = istiod.deployed.as_ref().map_or_else(
        || "none deployed today".to_owned(),
        |(replicas, requests)| format!("today {} × {}", text::count(*replicas), text::declared(requests)),
    );
    vec![plain("istiod request", request, deployed)]
}

fn capacity(plan: &Plan) -> Vec<KeyFigure> {
    let (Some(today), Some(after)) = (&plan.headroom_today.cluster, &plan.headroom.cluster) else {
        return vec![plain("Headroom", text::UNKNOWN.to_owned(), "the input has no nodes".to_owned())];
    };
    let target = plan.policy.headroom.target.get();
    let headroom = |label, share: fn(&Fill) -> f64| KeyFigure {
        label,
        value: format!("{} → {}", text::percent(share(today)), text::percent(share(after))),
        note: format!("today → after; target {}", text::percent(target)),
        tone: headroom_tone(share(after), target),
    };
    let mut figures = vec![
        headroom("CPU headroom", Fill::cpu_headroom),
        headroom("Memory headroom", Fill::memory_headroom),
        unplaced(plan),
    ];
    figures.extend(node_loss(plan));
    figures.push(nodes_to_add(&plan.headroom.nodes_to_add));
    figures
}

fn headroom_tone(share: f64, target: f64) -> Tone {
    if share < 0.0 {
        Tone::Bad
    } else if share < target {
        Tone::Caution
    } else {
        Tone::Good
    }
}

fn unplaced(plan: &Plan) -> KeyFigure {
    let number = plan.headroom.unplaced.len() as u64;
    let today = plan.headroom_today.unplaced.len() as u64;
    KeyFigure {
        label: "Pods without a place",
        value: text::count(number),
        note: format!("today {}", text::count(today)),
        tone: if number == 0 { Tone::Good } else { Tone::Bad },
    }
}

fn node_loss(plan: &Plan) -> Option<KeyFigure> {
    let loss = plan.headroom.worst_node_loss.as_ref()?;
    let wanted = plan.policy.headroom.survive_node_losses > 0;
    Some(KeyFigure {
        label: "Worst node loss",
        value: format!("{} of {} stranded", text::count(loss.unplaced), pods(loss.displaced)),
        note: format!("losing {}", text::shortened(&loss.node, 40)),
        tone: match (loss.unplaced, wanted) {
            (0, _) => Tone::Good,
            (_, true) => Tone::Caution,
            (_, false) => Tone::Neutral,
        },
    })
}

fn pods(number: u64) -> String {
    text::counted(number, "pod", "pods")
}

fn nodes_to_add(nodes: &NodesToAdd) -> KeyFigure {
    if nodes.infeasible.is_some() {
        return KeyFigure {
            label: "Nodes to add",
            value: "no number helps".to_owned(),
            note: format!("pool {}", nodes.pool),
            tone: Tone::Bad,
        };
    }
    if nodes.count == 0 {
        return KeyFigure { label: "Nodes to add", value: "0".to_owned(), note: String::new(), tone: Tone::Good };
    }
    let mut note = format!("of {}", nodes.pool);
    if !nodes.reason.is_empty() {
        note.push_str(&format!(", for the {}", nodes.reason));
    }
    let price = nodes.price.amount();
    if price > 0.0 {
        note.push_str(&format!("; {} per hour", text::money(price)));
    }
    KeyFigure { label: "Nodes to add", value: text::count(nodes.count), note, tone: Tone::Caution }
}

fn plain(label: &'static str, value: String, note: String) -> KeyFigure {
    KeyFigure { label, value, note, tone: Tone::Neutral }
}
