//! What to do next, gravest first.

use super::verdict::Evidence;
use super::words::{cores, count, count_of, grouped, listed, memory, percent, shortened};
use super::{SizingVerdict, Totals, WorkloadPlan};
use crate::mesh::Feature;
use crate::overhead::ControlPlane;
use crate::placement::Fill;
use crate::policy::Policy;
use crate::quantity::{print_bytes, print_cpu};
use crate::units::{Bytes, Millicores};

/// Longest reason in a sentence, in characters; the report's chapters have all of it.
pub const LONGEST_REASON: usize = 160;
/// Longest name in a sentence.
pub const LONGEST_NAME: usize = 60;

/// Up to a handful of lines: what to do next.
pub fn advice(evidence: Evidence<'_>) -> Vec<String> {
    let Evidence { totals, control_plane, policy, .. } = evidence;
    if totals.pods == 0 {
        return vec![
            "Add pods, or the workloads that make them, to the input: kubectl get pods,deployments -A -o json."
                .to_owned(),
        ];
    }
    let sizing = sizing(evidence);
    let measure = sizing
        .as_ref()
        .filter(|_| totals.cpu_wasted.as_cores() > 0.0)
        .and_then(|_| measure(evidence.workloads, policy));
    [
        limits(evidence),
        nodes(evidence),
        sizing,
        measure,
        costly_feature(evidence),
        istiod(control_plane, policy),
        enroll(totals),
        no_nodes(evidence),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The first of several reasons, and how many there are beside it.
pub fn first_reason(reasons: &str) -> String {
    match reasons.split_once("; ") {
        Some((first, rest)) => {
            let others = count(rest.split("; ").count() as u64, "further reason");
            format!("{} (and {others})", shortened(first, LONGEST_REASON))
        }
        None => shortened(reasons, LONGEST_REASON),
    }
}

fn limits(Evidence { totals, workloads, .. }: Evidence<'_>) -> Option<String> {
    let at_risk = workloads.iter().filter(|workload| workload.may_be_killed());
    let names = some(at_risk.map(name).collect());
    let is_measured = workloads.iter().any(|workload| workload.sizing.contains(&SizingVerdict::MemoryLimitNearMaximum));
    let need = if is_measured {
        "what they may need while starting, or close to what was measured"
    } else {
        "what they may need while starting"
    };
    (totals.proxies_at_risk > 0).then(|| {
        format!(
            "Raise the memory limit of {}: it is below {need} ({names}).",
            count_of(totals.proxies_at_risk, "proxy", "proxies")
        )
    })
}

fn nodes(Evidence { planned, .. }: Evidence<'_>) -> Option<String> {
    let add = &planned.nodes_to_add;
    planned.cluster.as_ref()?;
    if let Some(reason) = &add.infeasible {
        return Some(format!("Adding nodes of {} does not help: {}.", add.pool, first_reason(reason)));
    }
    if add.count == 0 {
        return None;
    }
    let price = if add.price.amount() > 0.0 { format!(" ({:.2} per hour)", add.price.amount()) } else { String::new() };
    Some(format!("Add {} of {}{}{price}.", count(add.count, "node"), add.pool, purpose(&add.reason)))
}

fn purpose(reason: &str) -> String {
    match reason {
        "" => String::new(),
        "headroom target" => " to keep the headroom target".to_owned(),
        "node loss" => " to survive the loss of a node".to_owned(),
        "unplaced pods" => " to give every pod a place".to_owned(),
        other => format!(" for {other}"),
    }
}

/// What setting every request to the need would free and take, where that is worth a rollout.
fn sizing(Evidence { totals, workloads, planned, .. }: Evidence<'_>) -> Option<String> {
    let cluster = planned.cluster.as_ref();
    let cpu = totals.cpu_wasted.as_cores() - totals.cpu_missing.as_cores();
    let bytes = totals.memory_wasted.as_bytes() - totals.memory_missing.as_bytes();
    let amounts = [
        (cpu, worth_cores(cpu, cluster), cores(cpu.abs())),
        (bytes, worth_bytes(bytes, cluster), format!("{} of memory", memory(bytes.abs()))),
    ];
    let side = |verb: &str, wanted: fn(f64) -> bool, end: &str| {
        let part = amounts.iter().filter(|(change, worth, _)| *worth && wanted(*change));
        let part: Vec<String> = part.map(|(_, _, amount)| amount.clone()).collect();
        (!part.is_empty()).then(|| format!("{verb} {}{end}", listed(&part)))
    };
    let effects: Vec<String> =
        [side("frees", |change| change > 0.0, ""), side("reserves", |change| change < 0.0, " more")]
            .into_iter()
            .flatten()
            .collect();
    if effects.is_empty() {
        return None;
    }
    let after = cluster.map_or_else(String::new, |cluster| {
        let cpu = cluster.cpu_headroom() + cpu / cluster.allocatable.cpu.to_cores().as_cores();
        let memory = cluster.memory_headroom() + bytes / cluster.allocatable.memory.to_memory().as_bytes();
        if !cpu.is_finite() || !memory.is_finite() {
            return String::new();
        }
        format!(", headroom then is {} of CPU and {} of memory", percent(cpu), percent(memory))
    });
    Some(format!(
        "Set proxy requests to what each needs, first {}: that {}{after}.",
        some(furthest_off(workloads, cluster)),
        listed(&effects),
    ))
}

/// A rollout of every workload is worth a core, or a hundredth of the cluster.
fn worth_cores(cores: f64, cluster: Option<&Fill>) -> bool {
    let part = cluster.map_or(1.0, |cluster| cluster.allocatable.cpu.to_cores().as_cores() / 100.0);
    cores.abs() >= part.min(1.0) && cores != 0.0
}

/// The same in memory: a gibibyte, or a hundredth of the cluster.
fn worth_bytes(bytes: f64, cluster: Option<&Fill>) -> bool {
    const GIB: f64 = crate::units::GIB;
    let part = cluster.map_or(GIB, |cluster| cluster.allocatable.memory.to_memory().as_bytes() / 100.0);
    bytes.abs() >= part.min(GIB) && bytes != 0.0
}

/// Workloads whose requests differ most from the need over all replicas, as shares of the cluster.
fn furthest_off(workloads: &[WorkloadPlan], cluster: Option<&Fill>) -> Vec<String> {
    // Without nodes the usual 4 GiB per core make CPU and memory comparable.
    let whole = |amount: Option<u64>, otherwise: f64| {
        amount.filter(|amount| *amount > 0).map_or(otherwise, |amount| amount as f64)
    };
    let cpu = whole(cluster.map(|cluster| cluster.allocatable.cpu.get()), 1000.0);
    let bytes = whole(cluster.map(|cluster| cluster.allocatable.memory.get()), 4.0 * crate::units::GIB);
    let mut off: Vec<(f64, String)> = workloads
        .iter()
        .filter_map(|workload| {
            let cost = workload.proxy.as_ref().filter(|_| workload.mode.runs_envoy())?;
            let gap = |have: Option<u64>, need: u64| have.unwrap_or(0).abs_diff(need) as f64;
            let share = gap(cost.requests.cpu.map(Millicores::get), cost.cpu_needed.get()) / cpu
                + gap(cost.requests.memory.map(Bytes::get), cost.memory_needed.get()) / bytes;
            Some((share * workload.replicas as f64, name(workload)))
        })
        .filter(|(share, _)| *share > 0.0)
        .collect();
    off.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    off.into_iter().map(|(_, name)| name).collect()
}

/// A request is no better than the rate it was made for.
fn measure(workloads: &[WorkloadPlan], policy: &Policy) -> Option<String> {
    let with_proxy = || workloads.iter().filter(|workload| workload.proxy.is_some());
    let assumed = with_proxy().filter(|workload| !workload.rps_measured).count() as u64;
    let all = with_proxy().count() as u64;
    let which = if assumed == all {
        count(all, "workload")
    } else {
        format!("{} of {}", grouped(assumed), count(all, "workload"))
    };
    (assumed > 0).then(|| {
        format!(
            "Measure traffic before lowering CPU requests: {} requests per second are assumed for {which}.",
            policy.traffic.rps_per_proxy.as_per_second()
        )
    })
}

/// The feature that takes most of the proxies' CPU, where that is much and can be had for less.
fn costly_feature(Evidence { totals, workloads, .. }: Evidence<'_>) -> Option<String> {
    const MUCH: f64 = 0.08;
    const REMEDIES: [(Feature, &str); 5] = [
        (Feature::AccessLog, "log failures only with a filter, or turn the log off where nobody reads it"),
        (Feature::Tracing, "sample fewer requests"),
        (Feature::Wasm, "see whether a filter of Envoy's own does the same"),
        (Feature::Jwt, "validate tokens at the gateway only"),
        (Feature::Authorization, "put rules together, and paths under prefixes"),
    ];
    let cost = |feature: Feature| -> f64 {
        let costs = |workload: &WorkloadPlan| {
            let own = workload.feature_costs.iter().filter(|cost| cost.feature == feature);
            own.map(|cost| cost.cpu.value.as_cores()).sum::<f64>() * workload.replicas as f64
        };
        workloads.iter().map(costs).sum()
    };
    let costs = REMEDIES.iter().map(|(feature, remedy)| (cost(*feature), *feature, *remedy));
    let (most, feature, remedy) = costs.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let share = most / totals.proxy_cpu.value.as_cores();
    (share >= MUCH && share.is_finite()).then(|| {
        let which = feature.as_str();
        format!("Of the proxies' CPU {} is for {which}, {}: {remedy}.", percent(share), cores(most))
    })
}

fn istiod(control_plane: &ControlPlane, policy: &Policy) -> Option<String> {
    if let Some(reason) = &control_plane.infeasible {
        return Some(format!(
            "istiod cannot carry this mesh within the policy's largest replica ({reason}): scope what proxies see first."
        ));
    }
    let (cpu, bytes) = (control_plane.cpu_request, control_plane.memory_request);
    let today = match &control_plane.deployed {
        None => "the input has none".to_owned(),
        Some((replicas, declared)) => {
            let (has_cpu, has_memory) = (declared.cpu.unwrap_or_default(), declared.memory.unwrap_or_default());
            if *replicas >= control_plane.replicas && has_cpu >= cpu && has_memory >= bytes {
                return None;
            }
            format!("today it is {replicas} × {} and {}", print_cpu(has_cpu), print_bytes(has_memory))
        }
    };
    let place = if policy.control_plane.dedicated_nodes { " on nodes of their own" } else { "" };
    (control_plane.replicas > 0).then(|| {
        format!(
            "Run istiod with {}{place}, each requesting {} CPU and {}; {today}.",
            count(control_plane.replicas, "replica"),
            print_cpu(cpu),
            print_bytes(bytes)
        )
    })
}

fn enroll(totals: &Totals) -> Option<String> {
    (totals.proxies == 0 && totals.ztunnels == 0).then(|| {
        "Name the namespaces that shall join (--enroll, or injection.enroll in the policy) to see what the mesh would cost."
            .to_owned()
    })
}

fn no_nodes(Evidence { planned, .. }: Evidence<'_>) -> Option<String> {
    planned.cluster.is_none().then(|| {
        "Add the nodes to the input (kubectl get nodes -o json) to see headroom and the loss of a node.".to_owned()
    })
}

fn name(workload: &WorkloadPlan) -> String {
    shortened(&format!("{}/{}", workload.namespace, workload.name), LONGEST_NAME)
}

/// The first two names; the others are counted.
fn some(names: Vec<String>) -> String {
    const SHOWN: usize = 2;
    let more = names.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = names.into_iter().take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("{} more", grouped(more as u64)));
    }
    listed(&shown)
}
