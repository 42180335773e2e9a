//! What metrics, traces and logs of the mesh amount to.

use super::super::derivation;
use super::super::document::{Block, Cell, Chapter, Column};
use super::super::text::{self, CORES, MIB, SERIES, Unit};
use super::{chapter, details, figures, table};
use crate::estimate::Estimate;
use crate::model::telemetry::Count;
use crate::plan::Plan;
use crate::telemetry::{Observability, PeersBasis, Trim, TrimKind, Volume, WorkloadTelemetry};
use crate::units::{DataRate, Quantity};

/// Plain counts.
const COUNT: Unit = Unit::plain("", 1.0);
/// Events per second.
const PER_SECOND: Unit = Unit::plain("/s", 1.0);
/// Most rows of a table.
const MOST_ROWS: usize = 20;

/// The mesh as a whole, its namespaces and largest workloads, and what leaving something out saves.
pub fn observability(plan: &Plan) -> Option<Chapter> {
    let observed = &plan.telemetry;
    if observed.total.series.value.count() <= 0.0 {
        return None;
    }
    let mut blocks = vec![Block::Paragraph(in_words(plan)), amounts(plan)];
    blocks.extend(figures::series(observed));
    blocks.extend(namespaces(observed));
    blocks.extend(workloads(plan));
    blocks.extend(trims(observed));
    blocks.extend(arithmetic(observed));
    chapter("observability", "Observability", blocks)
}

fn in_words(plan: &Plan) -> String {
    let (observed, policy) = (&plan.telemetry, &plan.policy.telemetry);
    let mut words = format!(
        "Proxies expose {} time series, read every {} s. Prometheus needs {} of memory for them, and {} of disk for {} days.",
        text::significant(observed.total.series.value.count()),
        whole(policy.scrape_interval.as_seconds()),
        text::memory(observed.kept.memory.value.as_bytes()),
        text::memory(observed.kept.disk_kept.value.as_bytes()),
        whole(policy.retention.as_days()),
    );
    if observed.peers_assumed > 0 {
        words.push_str(&format!(
            " For {} nobody said who calls whom: {} peers each way are assumed, and the ranges reach from one to all.",
            text::counted(observed.peers_assumed, "workload", "workloads"),
            whole(policy.peers_per_workload),
        ));
    }
    words
}

fn amounts(plan: &Plan) -> Block {
    let observed = &plan.telemetry;
    let (total, kept, cpu) = (&observed.total, &observed.kept, &observed.cpu);
    let mut rows = vec![
        row("Time series", &total.series, COUNT),
        row("Series in memory of Prometheus, replaced pods too", &kept.head_series, COUNT),
        row("Samples", &kept.samples, PER_SECOND),
        row("Prometheus, memory", &kept.memory, memory_unit(&kept.memory)),
        per_day("Prometheus, disk", &kept.disk),
        per_day("Scrapes on the network", &kept.traffic),
        row("Spans", &total.spans, PER_SECOND),
        per_day("Spans on the network", &total.span_traffic),
        vec![
            Cell::Text("Access log, lines".to_owned()),
            Cell::Number(PER_SECOND.amount(total.log_lines.as_per_second())),
            Cell::Empty,
        ],
        per_day("Access log", &total.log_traffic),
        row("Proxy CPU for standard metrics", &cpu.metrics, cpu_unit(&cpu.metrics)),
        row("Proxy CPU for access logs", &cpu.access_log, cpu_unit(&cpu.access_log)),
        row("Proxy CPU for spans beyond 1 %", &cpu.tracing, cpu_unit(&cpu.tracing)),
        row("Proxy CPU for scrapes", &cpu.scrapes, cpu_unit(&cpu.scrapes)),
    ];
    if observed.span_price.amount() > 0.0 {
        rows.push(vec![
            Cell::Text("Price of spans, an hour".to_owned()),
            Cell::Number(text::money(observed.span_price.amount())),
            Cell::Empty,
        ]);
    }
    let columns =
        vec![Column::text("Figure", 0), Column::number("Estimate", "", 0), Column::number("Likely range", "", 1)];
    table("What observing the mesh takes", columns, rows, usize::MAX)
}

fn row<Q: Quantity>(what: &str, estimate: &Estimate<Q>, unit: Unit) -> Vec<Cell> {
    vec![
        Cell::Text(what.to_owned()),
        Cell::Number(unit.amount(estimate.value.base())),
        Cell::Number(text::interval(estimate, unit)),
    ]
}

fn per_day(what: &str, flow: &Estimate<DataRate>) -> Vec<Cell> {
    let [lower, value, upper] = [flow.lower, flow.value, flow.upper].map(|end| end.per_day().as_bytes());
    let unit = Unit::for_memory([value]);
    vec![
        Cell::Text(format!("{what}, a day")),
        Cell::Number(unit.amount(value)),
        Cell::Number(unit.interval(lower, upper)),
    ]
}

fn cpu_unit<Q: Quantity>(estimate: &Estimate<Q>) -> Unit {
    Unit::for_cpu([estimate.value.base()])
}

fn memory_unit<Q: Quantity>(estimate: &Estimate<Q>) -> Unit {
    Unit::for_memory([estimate.value.base()])
}

/// The namespaces, most series first.
fn namespaces(observed: &Observability) -> Option<Block> {
    let mut namespaces: Vec<(&String, &Volume)> = observed.namespaces.iter().collect();
    if namespaces.len() < 2 {
        return None;
    }
    namespaces.sort_by(|(a_name, a), (b_name, b)| {
        b.series.value.count().total_cmp(&a.series.value.count()).then_with(|| a_name.cmp(b_name))
    });
    let log = Unit::for_memory(namespaces.iter().map(|(_, volume)| volume.log_traffic.value.per_day().as_bytes()));
    let columns = vec![
        Column::text("Namespace", 0),
        Column::number("Series", "", 0),
        Column::number("Likely range", "", 2),
        Column::number("Spans", "/s", 1),
        Column::number("Access log a day", log.heading(), 1),
    ];
    let rows = namespaces.iter().map(|(name, volume)| {
        vec![
            Cell::Name((*name).clone()),
            Cell::Number(COUNT.number(volume.series.value.count())),
            Cell::Number(text::interval(&volume.series, COUNT)),
            Cell::Number(text::significant(volume.spans.value.as_per_second())),
            Cell::Number(log.number(volume.log_traffic.value.per_day().as_bytes())),
        ]
    });
    Some(table("Telemetry of all proxies of a namespace", columns, rows.collect(), MOST_ROWS))
}

/// The workloads with most series.
fn workloads(plan: &Plan) -> Option<Block> {
    let mut observed: Vec<_> =
        plan.workloads.iter().filter_map(|workload| workload.telemetry.as_ref().map(|it| (workload, it))).collect();
    observed.sort_by(|(a_plan, a), (b_plan, b)| {
        let by_series = b.volume.series.value.count().total_cmp(&a.volume.series.value.count());
        by_series.then_with(|| (&a_plan.namespace, &a_plan.name).cmp(&(&b_plan.namespace, &b_plan.name)))
    });
    if observed.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text("Workload", 0),
        Column::number("Peers", "", 1),
        Column::number("Series a proxy", "", 1),
        Column::number("Series", "", 0),
        Column::number("Likely range", "", 2),
        Column::number("Spans", "/s", 3),
    ];
    let rows = observed.iter().map(|(workload, telemetry)| {
        let each = telemetry.series_per_proxy.as_ref();
        vec![
            Cell::Name(super::workloads::name(workload)),
            Cell::Number(whole(telemetry.peers.all().value())),
            each.map_or(Cell::Empty, |each| Cell::Number(COUNT.number(each.value.count()))),
            Cell::Number(COUNT.number(telemetry.volume.series.value.count())),
            Cell::Number(text::interval(&telemetry.volume.series, COUNT)),
            Cell::Number(text::significant(telemetry.volume.spans.value.as_per_second())),
        ]
    });
    Some(table("Workloads with most series, all replicas", columns, rows.collect(), MOST_ROWS))
}

fn trims(observed: &Observability) -> Option<Block> {
    if observed.trims.is_empty() {
        return None;
    }
    let memory = Unit::for_memory(observed.trims.iter().map(|trim| trim.memory.value.as_bytes()));
    let disk = Unit::for_memory(observed.trims.iter().map(|trim| trim.disk.value.per_day().as_bytes()));
    let cpu = Unit::for_cpu(observed.trims.iter().map(|trim| trim.cpu.value.as_cores()));
    let columns = vec![
        Column::text("Left out", 0),
        Column::number("Series saved", "", 0),
        Column::number("Likely range", "", 3),
        Column::number("Prometheus memory", memory.heading(), 1),
        Column::number("Disk a day", disk.heading(), 2),
        Column::number("Proxy CPU", cpu.heading(), 1),
    ];
    let rows = observed.trims.iter().map(|trim: &Trim| {
        vec![
            Cell::Text(left_out(trim.kind).to_owned()),
            Cell::Number(COUNT.number(trim.series.value.count())),
            Cell::Number(text::interval(&trim.series, COUNT)),
            Cell::Number(memory.number(trim.memory.value.as_bytes())),
            Cell::Number(disk.number(trim.disk.value.per_day().as_bytes())),
            Cell::Number(cpu.number(trim.cpu.value.as_cores())),
        ]
    });
    Some(table("What leaving something out saves, each on its own", columns, rows.collect(), usize::MAX))
}

fn left_out(kind: TrimKind) -> &'static str {
    match kind {
        TrimKind::RequestCountOnly => "all histograms: REQUEST_COUNT only",
        TrimKind::SizeHistograms => "histograms of sizes: REQUEST_SIZE and RESPONSE_SIZE",
        TrimKind::ClientSide => "metrics of the client side (mode CLIENT; gateways keep theirs)",
        TrimKind::ServerSide => "metrics of the server side (mode SERVER)",
        TrimKind::OutcomeLabels => "tags response_code, response_flags, grpc_response_status",
        TrimKind::CallerLabels => "tags source_* at the server",
        TrimKind::ProxyInternals => "envoy_* and istio_agent_*, dropped by Prometheus",
        TrimKind::EverySecondScrape => "every second scrape",
        TrimKind::AllStandardMetrics => "all of Istio's standard metrics",
    }
}

fn arithmetic(observed: &Observability) -> Option<Block> {
    let lines: Vec<String> = [
        derivation::line(&observed.total.series, SERIES).map(|line| format!("series: {line}")),
        derivation::line(&observed.kept.head_series, SERIES).map(|line| format!("series in memory: {line}")),
        derivation::line(&observed.kept.memory, MIB).map(|line| format!("Prometheus memory: {line}")),
        derivation::line(&observed.cpu.scrapes, CORES).map(|line| format!("CPU for scrapes: {line}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!lines.is_empty()).then(|| details("The arithmetic".to_owned(), vec![Block::List(lines)]))
}

/// A count that is whole more often than not.
fn whole(count: f64) -> String {
    text::without_zeros(&text::significant(count))
}

/// Telemetry of one workload.
pub fn of_workload(telemetry: &WorkloadTelemetry) -> Chapter {
    let peers = &telemetry.peers;
    let basis = match peers.basis {
        PeersBasis::Calls => "by the calls given",
        PeersBasis::Bounds => "assumed: --calls gives the call graph",
    };
    let both = |a: Count, b: Count| {
        let [lower, value, upper] = (a + b).ends();
        let range = if lower == upper { String::new() } else { format!(" ({}–{})", whole(lower), whole(upper)) };
        format!("{}{range}", whole(value))
    };
    let mut lines = vec![format!(
        "its metrics tell apart {} peers it calls and {} that call it ({basis})",
        both(peers.client_http, peers.client_tcp),
        both(peers.server_http, peers.server_tcp)
    )];
    if let Some(each) = &telemetry.series_per_proxy {
        lines.extend(derivation::line(each, SERIES).map(|line| format!("each proxy: {line}")));
    }
    let volume = &telemetry.volume;
    lines.push(format!(
        "all replicas: {} ({})",
        SERIES.amount(volume.series.value.count()),
        text::interval(&volume.series, COUNT)
    ));
    lines.push(format!(
        "{} spans per second, {} a day; {} of access log a day",
        text::significant(volume.spans.value.as_per_second()),
        text::memory(volume.span_traffic.value.per_day().as_bytes()),
        text::memory(volume.log_traffic.value.per_day().as_bytes())
    ));
    let cpu = &telemetry.cpu;
    lines.push(format!(
        "CPU of its proxies: {} for standard metrics, {} for access logs, {} for spans beyond 1 %, {} for scrapes",
        text::cpu(cpu.metrics.value.as_cores()),
        text::cpu(cpu.access_log.value.as_cores()),
        text::cpu(cpu.tracing.value.as_cores()),
        text::cpu(cpu.scrapes.value.as_cores())
    ));
    Chapter { id: "observability", title: "Observability", blocks: vec![Block::List(lines)] }
}
