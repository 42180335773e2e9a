//! The data of the charts.

use super::super::document::{BandInterval, Block, Chart, ChartData, Interval, RequestPair};
use super::super::node_strips::{self, NodeUse, Use};
use super::super::text::{self, Unit};
use super::namespaces::NamespaceSum;
use super::workloads::name;
use crate::overhead::ProxyCost;
use crate::placement::NodeFill;
use crate::plan::{Plan, WorkloadPlan};
use crate::telemetry::Observability;
use crate::units::{Bytes, Millicores, Quantity};

/// Most namespaces drawn; the rest is one bar.
const MOST_NAMESPACES: usize = 15;
/// How much longer than the longest bar the bar of the rest may be.
const LARGEST_OTHERS: f64 = 2.0;
/// Most workloads drawn.
const MOST_WORKLOADS: usize = 20;
/// Beyond this an amount is absurd and would make an axis useless.
const LARGEST_DRAWN: f64 = 1e12;

/// Proxy memory by namespace.
pub fn namespaces(sums: &[NamespaceSum<'_>]) -> Option<Block> {
    let with_proxies: Vec<&NamespaceSum<'_>> = sums.iter().filter(|sum| sum.proxies > 0).collect();
    let (largest, others) = with_proxies.split_at(with_proxies.len().min(MOST_NAMESPACES));
    let [_, value, _] = largest.first()?.memory;
    let unit = Unit::for_memory([value]);
    let mut rows: Vec<Interval> =
        largest.iter().filter_map(|sum| interval(sum.name.to_owned(), sum.memory, unit.size)).collect();
    let rest = others.iter().fold([0.0; 3], |[a, b, c], sum| {
        let [lower, value, upper] = sum.memory;
        [a + lower, b + value, c + upper]
    });
    let [_, others_value, _] = rest;
    let mut caption = "Bars: memory used by all proxies of a namespace. Whiskers: the likely range.".to_owned();
    if !others.is_empty() && others_value <= LARGEST_OTHERS * value {
        rows.extend(interval(format!("{} others", text::count(others.len() as u64)), rest, unit.size));
    } else if !others.is_empty() {
        // As a bar it would press all the others against the axis.
        let others = text::counted(others.len() as u64, "further namespace", "further namespaces");
        caption.push_str(&format!(" Not drawn: {others} with {} together.", unit.amount(others_value)));
    }
    let shown = largest.iter().take(3).map(|sum| {
        let [_, value, _] = sum.memory;
        format!("{} {}", text::shortened(sum.name, 40), unit.amount(value))
    });
    let alt = format!("Proxy memory by namespace. Largest: {}.", shown.collect::<Vec<_>>().join(", "));
    chart(
        "Proxy memory by namespace",
        caption,
        alt,
        ChartData::Intervals { axis: format!("memory of all proxies, {}", unit.symbol), rows },
    )
}

/// Time series of the mesh by family of metrics. Whiskers that would press the bars against the axis are left to
/// the table.
pub fn series(observed: &Observability) -> Option<Block> {
    let count = Unit::plain("series", 1.0);
    let largest = observed.families.iter().map(|(_, series)| series.value.count()).fold(0.0, f64::max);
    let mut cut = false;
    let rows: Vec<Interval> = observed
        .families
        .iter()
        .filter_map(|(family, series)| {
            let [lower, value, upper] = [series.lower, series.value, series.upper].map(|end| end.count());
            let end = upper.min(value.max(largest * LARGEST_OTHERS));
            cut |= end < upper;
            interval(family.as_str().to_owned(), [lower, value, end], 1.0)
        })
        .collect();
    let mut caption = "Bars: time series of all proxies by family of metrics. Whiskers: the likely range.".to_owned();
    if cut {
        caption.push_str(" Long whiskers are cut: the table has the whole range.");
    }
    let shown = observed
        .families
        .iter()
        .map(|(family, series)| format!("{} {}", family.as_str(), count.amount(series.value.count())));
    let alt = format!("Time series by family. {}.", shown.collect::<Vec<_>>().join(", "));
    chart(
        "Time series by family of metrics",
        caption,
        alt,
        ChartData::Intervals { axis: "time series of all proxies".to_owned(), rows },
    )
}

/// Requested against needed CPU of the workloads where the difference is largest.
pub fn cpu_requests(ordered: &[&WorkloadPlan]) -> Option<Block> {
    let millis = |amount: Millicores| amount.get() as f64;
    requests(ordered, "Proxy CPU: requested against needed", ("CPU", "millicores"), |proxy| {
        (proxy.requests.cpu.map(millis), millis(proxy.cpu_needed))
    })
}

/// The same for memory; the need covers the start-up peak.
pub fn memory_requests(ordered: &[&WorkloadPlan]) -> Option<Block> {
    let mib = |amount: Bytes| amount.to_memory().as_mib();
    requests(ordered, "Proxy memory: requested against needed", ("memory", "MiB"), |proxy| {
        (proxy.requests.memory.map(mib), mib(proxy.memory_needed))
    })
}

fn requests(
    ordered: &[&WorkloadPlan],
    title: &'static str,
    (resource, unit): (&str, &str),
    amounts: impl Fn(&ProxyCost) -> (Option<f64>, f64),
) -> Option<Block> {
    let mut pairs: Vec<(f64, RequestPair)> = ordered
        .iter()
        .filter_map(|workload| {
            let (requested, needed) = amounts(workload.proxy.as_ref()?);
            let difference = (requested.unwrap_or(0.0) - needed).abs() * workload.replicas as f64;
            let drawable = needed < LARGEST_DRAWN && requested.is_none_or(|amount| amount < LARGEST_DRAWN);
            drawable.then(|| (difference, RequestPair { label: name(workload), requested, needed }))
        })
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.label.cmp(&b.1.label)));
    let total = pairs.len();
    pairs.truncate(MOST_WORKLOADS);
    let rows: Vec<RequestPair> = pairs.into_iter().map(|(_, pair)| pair).collect();
    let short = rows.iter().filter(|row| row.requested.unwrap_or(0.0) < row.needed).count() as u64;
    let which = if total > rows.len() {
        format!(
            "The {} of {} workloads where the difference over all replicas is largest.",
            rows.len(),
            text::count(total as u64)
        )
    } else {
        "The largest difference over all replicas comes first.".to_owned()
    };
    let alt = format!(
        "Proxy {resource} requested and needed by {}: {} less than needed.",
        text::counted(rows.len() as u64, "workload", "workloads"),
        text::counted(short, "requests", "request"),
    );
    chart(title, which, alt, ChartData::Requests { axis: format!("{resource} of one proxy, {unit}"), rows })
}

/// How full every node is.
pub fn nodes(plan: &Plan) -> Option<Block> {
    let of_node = |node: &NodeFill| {
        let (requested, allocatable) = (&node.fill.requested, &node.fill.allocatable);
        NodeUse {
            cpu: Use { mesh: node.mesh.cpu.get(), requested: requested.cpu.get(), allocatable: allocatable.cpu.get() },
            memory: Use {
                mesh: node.mesh.memory.get(),
                requested: requested.memory.get(),
                allocatable: allocatable.memory.get(),
            },
        }
    };
    let nodes: Vec<NodeUse> = plan.headroom.nodes.iter().map(of_node).collect();
    node_strips::figure(&nodes, 1.0 - plan.policy.headroom.target.get())
}

/// The plan's figures against the ranges the field quotes for them.
pub fn bands(plan: &Plan) -> Option<Block> {
    let rows: Vec<BandInterval> = [sidecar_memory(plan), cpu_overhead(plan), cpu_headroom(plan), memory_headroom(plan)]
        .into_iter()
        .flatten()
        .collect();
    let told = rows.iter().map(|row| {
        let figure = format!("{} {} {}", row.figure.label, text::significant(row.figure.value), row.unit);
        format!("{figure} against {}–{} {}", text::significant(row.low), text::significant(row.high), row.unit)
    });
    let alt = format!("Figures against rules of thumb: {}.", told.collect::<Vec<_>>().join("; "));
    if rows.is_empty() {
        return None;
    }
    let caption = "Shaded: the range the field quotes. Point and whiskers: this plan, each row on its own scale. For \
                   sidecars the whiskers span the smallest lower and the largest upper end of all workloads.";
    chart("Rules of thumb against this plan", caption.to_owned(), alt, ChartData::Bands(rows))
}

/// The field's 50–100 MB per sidecar.
fn sidecar_memory(plan: &Plan) -> Option<BandInterval> {
    let sidecars = plan.workloads.iter().filter(|workload| workload.mode == crate::mesh::ProxyMode::Sidecar);
    let memory: Vec<_> = sidecars.filter_map(|workload| workload.proxy.as_ref()).map(|proxy| &proxy.memory).collect();
    let mut values: Vec<f64> = memory.iter().map(|memory| memory.value.as_bytes()).collect();
    values.sort_by(f64::total_cmp);
    let lower = memory.iter().map(|memory| memory.lower.as_bytes()).fold(f64::INFINITY, f64::min);
    let upper = memory.iter().map(|memory| memory.upper.as_bytes()).fold(0.0, f64::max);
    let median = *values.get(values.len() / 2)?;
    let figure = interval("memory per sidecar".to_owned(), [lower, median, upper], 1e6)?;
    Some(BandInterval { figure, unit: "MB", low: 50.0, high: 100.0 })
}

/// The field's 5–15 % of application CPU.
fn cpu_overhead(plan: &Plan) -> Option<BandInterval> {
    let ratio = plan.totals.cpu_overhead.as_ref()?;
    let ends = [ratio.lower.base(), ratio.value.base(), ratio.upper.base()];
    let figure = interval("CPU overhead".to_owned(), ends, 0.01)?;
    Some(BandInterval { figure, unit: "%", low: 5.0, high: 15.0 })
}

/// The field's 20–30 % headroom.
fn cpu_headroom(plan: &Plan) -> Option<BandInterval> {
    let share = plan.headroom.cluster.as_ref()?.cpu_headroom();
    let figure = interval("CPU headroom".to_owned(), [share; 3], 0.01)?;
    Some(BandInterval { figure, unit: "%", low: 20.0, high: 30.0 })
}

fn memory_headroom(plan: &Plan) -> Option<BandInterval> {
    let share = plan.headroom.cluster.as_ref()?.memory_headroom();
    let figure = interval("memory headroom".to_owned(), [share; 3], 0.01)?;
    Some(BandInterval { figure, unit: "%", low: 20.0, high: 30.0 })
}

/// An interval in a unit, unless it cannot be drawn.
fn interval(label: String, ends: [f64; 3], size: f64) -> Option<Interval> {
    let [lower, value, upper] = ends.map(|end| end / size);
    let drawable = [lower, value, upper].iter().all(|end| end.is_finite() && end.abs() < LARGEST_DRAWN);
    drawable.then_some(Interval { label, lower, value, upper })
}

fn chart(title: &'static str, caption: String, alt: String, data: ChartData) -> Option<Block> {
    if data.is_empty() { None } else { Some(Block::Chart(Chart { title, caption, alt, data })) }
}
