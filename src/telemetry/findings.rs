//! What is remarkable about the telemetry of a mesh.

use super::kept::Kept;
use super::workload::{Load, WorkloadTelemetry};
use super::{Inputs, Volume};
use crate::finding::{Finding, FindingKind, Severity, Tally};
use crate::inventory::Node;
use crate::quantity::print_bytes;
use crate::units::{Bytes, DataRate, Memory, Rate};

/// The series of one workload are beyond the policy's bound.
pub const MANY_SERIES: FindingKind = FindingKind {
    id: "telemetry-many-series",
    severity: Severity::Warning,
    meaning: "the proxies of one workload expose more time series than the policy allows",
    why: "every replica repeats all of them: a rollout of this one workload doubles them in the memory of Prometheus for hours",
    remedy: "leave out histograms or labels nobody looks at with a Telemetry resource for this workload, or raise telemetry.most_series_per_workload",
};

/// Every request is traced, at a high rate.
pub const TRACES_EVERYTHING: FindingKind = FindingKind {
    id: "telemetry-traces-everything",
    severity: Severity::Warning,
    meaning: "workloads trace every request, and that comes to more spans per second than the policy allows",
    why: "each passage of a proxy makes a span of about a kilobyte: collectors and storage are sized by it, and proxies that cannot deliver spans drop them",
    remedy: "lower the sampling in the Telemetry resource or meshConfig to a few percent, or sample at the collector",
};

/// Access logs come to more than the policy's bound a day.
pub const MUCH_LOG: FindingKind = FindingKind {
    id: "telemetry-much-access-log",
    severity: Severity::Warning,
    meaning: "the access logs of the mesh come to more bytes a day than the policy allows",
    why: "a line for every request at both of its proxies fills disks of nodes and is paid for by the gigabyte at the log store",
    remedy: "log only errors with a filter in the Telemetry resource, or only at gateways, or raise telemetry.most_log_per_day",
};

/// Prometheus needs more memory than any node has.
pub const PROMETHEUS_ABOVE_NODE: FindingKind = FindingKind {
    id: "telemetry-prometheus-above-node",
    severity: Severity::Warning,
    meaning: "one Prometheus server that keeps the mesh's series needs more memory than the largest node offers",
    why: "it is killed when the head grows, replays its log, and is killed again; meanwhile there are no metrics",
    remedy: "take one of the report's trims, shard by target, or keep only aggregates with recording rules and a short retention",
};

/// A name in the calls that the input does not have.
pub const CALL_OF_UNKNOWN: FindingKind = FindingKind {
    id: "telemetry-call-of-unknown",
    severity: Severity::Info,
    meaning: "calls name a workload or service that is not in the input",
    why: "it counts as one unknown peer; if it is misspelt, its series are missing where they belong",
    remedy: "write NAMESPACE/NAME as in the cluster; a host outside has no namespace",
};

/// Kinds of findings raised about telemetry.
pub const FINDINGS: &[&FindingKind] =
    &[&MANY_SERIES, &TRACES_EVERYTHING, &MUCH_LOG, &PROMETHEUS_ABOVE_NODE, &CALL_OF_UNKNOWN];

pub(super) fn findings(
    inputs: &Inputs<'_>,
    loads: &[Option<Load>],
    workloads: &[Option<WorkloadTelemetry>],
    total: &Volume,
    kept: &Kept,
) -> Vec<Finding> {
    let found = [
        many_series(inputs, workloads),
        traces_everything(inputs, loads, workloads),
        much_log(inputs, total),
        above_node(inputs, kept),
    ];
    found.into_iter().flatten().collect()
}

fn many_series(inputs: &Inputs<'_>, workloads: &[Option<WorkloadTelemetry>]) -> Option<Finding> {
    let most = inputs.policy.telemetry.most_series_per_workload;
    let mut tally = Tally::default();
    for (workload, telemetry) in inputs.inventory.workloads.iter().zip(workloads) {
        let series = telemetry.as_ref().map_or(0.0, |telemetry| telemetry.volume.series.value.count());
        if series > most {
            tally.add(format!("{} ({series:.0})", workload.id));
        }
    }
    tally.finding(&MANY_SERIES, "mesh", |names| format!("more than {most:.0} series each: {names}"))
}

/// Spans of the workloads that trace every request, together.
fn traces_everything(
    inputs: &Inputs<'_>,
    loads: &[Option<Load>],
    workloads: &[Option<WorkloadTelemetry>],
) -> Option<Finding> {
    let most = inputs.policy.telemetry.most_spans_per_second;
    let mut tally = Tally::default();
    let (mut spans, mut traffic) = (Rate::ZERO, DataRate::ZERO);
    let observed = inputs.inventory.workloads.iter().zip(loads).zip(workloads);
    for ((workload, load), telemetry) in observed {
        let (Some(load), Some(telemetry)) = (load, telemetry) else { continue };
        if load.traces_everything() && workload.replicas > 0 {
            tally.add(&workload.id);
            spans += telemetry.volume.spans.value;
            traffic += telemetry.volume.span_traffic.value;
        }
    }
    let spans = spans.as_per_second();
    let per_day = print_bytes(Bytes::holding(traffic.per_day()));
    let message =
        |names: &str| format!("{spans:.0} spans per second, {per_day} a day, of {names}; the policy allows {most:.0}");
    tally.finding(&TRACES_EVERYTHING, "mesh", message).filter(|_| spans > most)
}

fn much_log(inputs: &Inputs<'_>, total: &Volume) -> Option<Finding> {
    let most = inputs.policy.telemetry.most_log_per_day;
    let per_day = total.log_traffic.value.per_day();
    (per_day > most.to_memory()).then(|| {
        let message = format!(
            "{:.0} lines per second, {} a day; the policy allows {}",
            total.log_lines.as_per_second(),
            print_bytes(Bytes::holding(per_day)),
            print_bytes(most)
        );
        Finding::new(&MUCH_LOG, "mesh", message)
    })
}

/// Against the largest node of the input; without nodes, against those the policy would add.
fn above_node(inputs: &Inputs<'_>, kept: &Kept) -> Option<Finding> {
    let offered = |node: &Node| Some(node.allocatable.as_ref().or(node.capacity.as_ref())?.resources.memory);
    let largest = inputs.inventory.nodes.iter().filter_map(offered).max();
    let (node, whose) = match largest {
        Some(memory) => (memory, "the largest node"),
        None => (inputs.policy.node_pool.memory, "a node of the policy's pool"),
    };
    let needed: Memory = kept.memory.value;
    (needed > node.to_memory()).then(|| {
        let message = format!(
            "{} needed for {:.0} series, {whose} has {}",
            print_bytes(Bytes::holding(needed)),
            kept.head_series.value.count(),
            print_bytes(node)
        );
        Finding::new(&PROMETHEUS_ABOVE_NODE, "Prometheus", message)
    })
}
