//! The answer, and the figures to remember.

use super::super::document::{Block, Cell, Chapter, Column, Headline, KeyFigure, Tone};
use super::super::text::{self, Unit};
use super::{chapter, table};
use crate::estimate::Estimate;
use crate::overhead::MemoryCheck;
use crate::placement::NodesToAdd;
use crate::plan::{Check, CheckKind, Outcome, Plan};
use crate::units::{Quantity, Ratio};

/// Longest name of a node beside figures.
const LONGEST_NODE: usize = 24;

const CPU_OVERHEAD: &str = "CPU overhead";
const MEMORY_OVERHEAD: &str = "Memory overhead";

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

/// What the policy asks for, and how the plan meets it.
pub fn decisive(plan: &Plan) -> Option<Chapter> {
    let columns = vec![
        Column::text("The policy asks for", 0),
        Column::number("Today", "", 1),
        Column::number("With the mesh", "", 0),
        Column::text("Met", 0),
    ];
    let rows: Vec<Vec<Cell>> = plan.verdict.checks.iter().map(|check| check_row(check, plan)).collect();
    if rows.is_empty() {
        return None;
    }
    chapter("decides", "What decides", vec![table("Today and with the mesh", columns, rows, usize::MAX)])
}

/// The same in fewer lines, for a screen; what to add is among the advice.
pub fn brief_figures(plan: &Plan) -> Option<Chapter> {
    let totals = &plan.totals;
    let mut figures = [proxies(plan), overhead(plan), control_plane(plan)].concat();
    let shares = [("CPU used", &totals.cpu_overhead, "CPU"), ("Memory used", &totals.memory_overhead, "memory")];
    for (label, overhead, resource) in shares {
        let figure = figures.iter_mut().find(|figure| figure.label == label);
        if let (Some(figure), Some(overhead)) = (figure, overhead) {
            let share = text::percent(overhead.value.as_number());
            figure.note.push_str(&format!("; {share} of application {resource}"));
        }
    }
    figures.retain(|figure| figure.label != CPU_OVERHEAD && figure.label != MEMORY_OVERHEAD);
    if totals.pods > 0 {
        let nodes = if plan.headroom.cluster.is_none() {
            "no nodes".to_owned()
        } else {
            text::counted(totals.nodes, "node", "nodes")
        };
        figures.push(plain("Cluster", nodes, format!("{} of {}", pods(totals.pods), workloads(totals.workloads))));
    }
    if figures.is_empty() {
        return None;
    }
    chapter("figures", "Key figures", vec![Block::KeyFigures(figures)])
}

fn check_row(check: &Check, plan: &Plan) -> Vec<Cell> {
    let cluster = plan.headroom.cluster.as_ref();
    let short = check.limit - check.planned;
    let percent = |share: f64| text::percent(share);
    let whole = |number: f64| text::count(number.max(0.0) as u64);
    let (wanted, written, missed): (String, &dyn Fn(f64) -> String, String) = match check.kind {
        CheckKind::CpuHeadroom => (
            format!("at least {} of CPU free", percent(check.limit)),
            &percent,
            cluster.map_or_else(String::new, |fill| text::cpu(short * fill.allocatable.cpu.to_cores().as_cores())),
        ),
        CheckKind::MemoryHeadroom => (
            format!("at least {} of memory free", percent(check.limit)),
            &percent,
            cluster
                .map_or_else(String::new, |fill| text::memory(short * fill.allocatable.memory.to_memory().as_bytes())),
        ),
        CheckKind::UnplacedPods => ("no pod without a place".to_owned(), &whole, pods(check.planned as u64)),
        CheckKind::ResponseTimes => (
            "no objective on response times missed".to_owned(),
            &whole,
            format!("{} missed", text::count(check.planned as u64)),
        ),
        CheckKind::NodeLoss => {
            let (node, displaced) = plan
                .headroom
                .worst_node_loss
                .as_ref()
                .map_or(("any node", 0), |loss| (loss.node.as_str(), loss.displaced));
            let node = text::shortened(node, LONGEST_NODE);
            (
                format!("no pod stranded by losing {node}"),
                &whole,
                format!("{} of {} stranded", text::count(check.planned as u64), pods(displaced)),
            )
        }
    };
    let met = match (check.met, check.kind) {
        (true, _) => Cell::Mark(Tone::Good, "yes".to_owned()),
        (false, CheckKind::UnplacedPods) => Cell::Mark(Tone::Bad, format!("no: {missed}")),
        (false, CheckKind::NodeLoss | CheckKind::ResponseTimes) => Cell::Mark(Tone::Caution, format!("no: {missed}")),
        (false, _) if check.planned < 0.0 => Cell::Mark(Tone::Bad, format!("no: {missed} short, overcommitted")),
        (false, _) => Cell::Mark(Tone::Caution, format!("no: {missed} short")),
    };
    let today = check.today.map_or(Cell::Empty, |today| Cell::Number(written(today)));
    vec![Cell::Text(wanted), today, Cell::Number(written(check.planned)), met]
}

/// The figures to remember.
pub fn key_figures(plan: &Plan) -> Option<Chapter> {
    let figures =
        [proxies(plan), overhead(plan), control_plane(plan), capacity(plan), used(plan), cluster(plan)].concat();
    if figures.is_empty() {
        return None;
    }
    chapter("figures", "Key figures", vec![Block::KeyFigures(figures)])
}

fn cluster(plan: &Plan) -> Vec<KeyFigure> {
    let totals = &plan.totals;
    let zones = plan.headroom.zones.len() as u64;
    let zones = if zones > 1 { format!("in {}", text::counted(zones, "zone", "zones")) } else { String::new() };
    let mut figures = Vec::new();
    if totals.nodes > 0 {
        figures.push(plain("Nodes", text::count(totals.nodes), zones));
    }
    if totals.pods > 0 {
        figures.push(plain("Pods", text::count(totals.pods), format!("of {}", workloads(totals.workloads))));
    }
    figures
}

fn workloads(number: u64) -> String {
    text::counted(number, "workload", "workloads")
}

fn proxies(plan: &Plan) -> Vec<KeyFigure> {
    let totals = &plan.totals;
    let running = totals.proxies.saturating_sub(totals.planned_proxies);
    let mut figures = Vec::new();
    let state = match (running, totals.planned_proxies) {
        (_, 0) => "all running".to_owned(),
        (0, _) => "all new".to_owned(),
        (running, new) => format!("{} running, {} new", text::count(running), text::count(new)),
    };
    if totals.proxies > 0 {
        figures.push(plain("Proxies", text::count(totals.proxies), state));
    }
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
    if totals.proxies == 0 && totals.ztunnels == 0 {
        return Vec::new();
    }
    let memory = Unit::for_memory([totals.proxy_memory.value.base()]);
    let cpu = Unit::for_cpu([totals.proxy_cpu.value.base()]);
    let mut figures =
        vec![estimated("CPU used", &totals.proxy_cpu, cpu), estimated("Memory used", &totals.proxy_memory, memory)];
    figures.extend(totals.memory_check.as_ref().map(memory_check));
    if totals.proxies > 0 {
        let (cpu, memory) = (totals.proxy_cpu_requested.as_cores(), totals.proxy_memory_requested.as_bytes());
        let needed_cpu = cpu - totals.cpu_wasted.as_cores() + totals.cpu_missing.as_cores();
        let needed_memory = memory - totals.memory_wasted.as_bytes() + totals.memory_missing.as_bytes();
        let need = |amount: String| format!("by proxy requests; they need {amount}");
        figures.push(plain("CPU reserved", text::cpu(cpu), need(text::cpu(needed_cpu))));
        figures.push(plain("Memory reserved", text::memory(memory), need(text::memory(needed_memory))));
    }
    figures.push(ratio(CPU_OVERHEAD, totals.cpu_overhead.as_ref(), "CPU"));
    figures.push(ratio(MEMORY_OVERHEAD, totals.memory_overhead.as_ref(), "memory"));
    figures
}

/// How many of the proxies that were measured the law describes.
fn memory_check(check: &MemoryCheck) -> KeyFigure {
    let direction = if check.error < 0.0 { "too little" } else { "too much" };
    let note = format!(
        "measured workloads inside the estimate's interval, which says {} {direction} in the median; {} planned as measured",
        text::percent(check.error.abs()),
        text::count(check.counted),
    );
    plain("Memory checked", format!("{} of {}", text::count(check.inside), text::count(check.workloads)), note)
}

fn estimated<Q: Quantity>(label: &'static str, estimate: &Estimate<Q>, unit: Unit) -> KeyFigure {
    let note = format!("likely {}", text::interval(estimate, unit));
    plain(label, unit.amount(estimate.value.base()), note)
}

fn ratio(label: &'static str, estimate: Option<&Estimate<Ratio>>, resource: &str) -> KeyFigure {
    let Some(estimate) = estimate else {
        return plain(label, text::UNKNOWN.to_owned(), format!("applications declare no {resource}"));
    };
    let interval = text::percent_interval(estimate.lower.as_number(), estimate.upper.as_number());
    plain(label, text::percent(estimate.value.as_number()), format!("of application {resource}; likely {interval}"))
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
    if plan.totals.pods == 0 {
        return Vec::new();
    }
    if plan.headroom.cluster.is_none() {
        return vec![plain("Headroom", text::UNKNOWN.to_owned(), "the input has no nodes".to_owned())];
    }
    let mut figures = Vec::new();
    // Where a constraint binds, the verdict and the chapter on capacity say which.
    let resource = |binding: &str| ["CPU", "memory", "pods"].contains(&binding);
    let (binding, was) = (&plan.headroom.binding, &plan.headroom_today.binding);
    if resource(binding) {
        let note = match resource(was) {
            true if was == binding => "as today".to_owned(),
            true => format!("today {was}"),
            false => String::new(),
        };
        figures.push(plain("Runs out first", binding.clone(), note));
    }
    figures.push(nodes_to_add(&plan.headroom.nodes_to_add));
    figures
}

/// How much of the requests that fill nodes is used.
fn used(plan: &Plan) -> Vec<KeyFigure> {
    let used = &plan.totals.application_use;
    let cpu = used.cpu.map(|cpu| Use { of: "CPU", mean: cpu.mean_share(), busy: cpu.busy_share(), by: cpu.workloads });
    let memory =
        used.memory.map(|it| Use { of: "memory", mean: it.mean_share(), busy: it.busy_share(), by: it.workloads });
    let all: Vec<Use> = cpu.into_iter().chain(memory).collect();
    let Some(most) = all.iter().map(|it| it.by).max() else { return Vec::new() };
    let listed = |share: fn(&Use) -> f64| {
        all.iter().map(|it| format!("{} {}", it.of, text::percent(share(it)))).collect::<Vec<String>>().join(", ")
    };
    let (mean, busy) = (listed(|it| it.mean), listed(|it| it.busy));
    vec![plain("Requests used", mean, format!("on average by {} with measured use; at p95 {busy}", workloads(most)))]
}

/// Shares of what is requested of a resource.
struct Use {
    of: &'static str,
    mean: f64,
    busy: f64,
    by: u64,
}

fn pods(number: u64) -> String {
    text::counted(number, "pod", "pods")
}

fn nodes_to_add(nodes: &NodesToAdd) -> KeyFigure {
    if nodes.infeasible.is_some() {
        return KeyFigure {
            label: "Nodes to add",
            value: "none helps".to_owned(),
            note: format!("pool {}", nodes.pool),
            tone: Tone::Bad,
        };
    }
    if nodes.count == 0 {
        return KeyFigure { label: "Nodes to add", value: "0".to_owned(), note: String::new(), tone: Tone::Good };
    }
    let mut note = format!("of {}", nodes.pool);
    if !nodes.reason.is_empty() {
        note.push_str(&format!(", for: {}", nodes.reason));
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
