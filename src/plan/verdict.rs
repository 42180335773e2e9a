//! The answer in words: what the mesh costs, whether it fits, and every reason why not.

use super::advice::{LONGEST_NAME, LONGEST_REASON, advice, first_reason};
use super::checks::{checks, outcome};
use super::words::{cores, count, count_of, grouped, memory, percent, shortened};
use super::{Check, CheckKind, Outcome, Totals, Verdict, WorkloadPlan, WorkloadResponse};
use crate::overhead::ControlPlane;
use crate::placement::Headroom;
use crate::policy::Policy;

/// What a verdict rests on.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub totals: &'a Totals,
    pub workloads: &'a [WorkloadPlan],
    pub responses: &'a [WorkloadResponse],
    pub control_plane: &'a ControlPlane,
    pub today: &'a Headroom,
    pub planned: &'a Headroom,
    pub policy: &'a Policy,
}

/// Judges a plan against its policy.
pub fn verdict(evidence: Evidence<'_>) -> Verdict {
    let checks = checks(evidence);
    let outcome = outcome(&checks);
    let answer = match outcome {
        Outcome::Unjudged => unjudged(evidence),
        Outcome::DoesNotFit | Outcome::Tight => {
            let missed = missed(&checks, evidence).join(", and ");
            format!("It {} {missed}.", if outcome == Outcome::Tight { "fits, but" } else { "does not fit:" })
        }
        Outcome::Fits => fits(&checks),
    };
    let cost = cost(evidence.totals);
    let sentence = match outcome {
        Outcome::Unjudged if evidence.totals.pods == 0 => answer,
        Outcome::Unjudged => format!("{cost} {answer}"),
        // The decision comes first; what it costs supports it.
        _ => format!("{answer} {cost}"),
    };
    Verdict { outcome, checks, sentence, advice: advice(evidence) }
}

/// What the mesh costs, in use and in requests: the requests are what fills the nodes.
fn cost(totals: &Totals) -> String {
    if totals.proxies == 0 && totals.ztunnels == 0 {
        return "No workload is in the mesh, and none asks for it.".to_owned();
    }
    let proxies = count_of(totals.proxies, "proxy", "proxies");
    let proxies = match totals.planned_proxies {
        0 => format!("{proxies}, all running,"),
        new if new == totals.proxies => format!("{proxies}, all new,"),
        new => format!("{proxies}, {} of them new,", grouped(new)),
    };
    let ztunnels = count(totals.ztunnels, "ztunnel");
    let who = match (totals.proxies, totals.ztunnels) {
        (0, _) => ztunnels,
        (_, 0) => proxies,
        _ => format!("{} and {ztunnels}", count_of(totals.proxies, "proxy", "proxies")),
    };
    let verb = if totals.proxies + totals.ztunnels == 1 { ("uses", "reserves") } else { ("use", "reserve") };
    let usage = format!(
        "{} about {} of memory and {}",
        verb.0,
        memory(totals.proxy_memory.value.as_bytes()),
        cores(totals.proxy_cpu.value.as_cores())
    );
    // What ztunnels request is not among the requests of the totals.
    if totals.ztunnels > 0 {
        return format!("The mesh's {who} {usage}.");
    }
    format!(
        "The mesh's {who} {usage}; {} {} and {}.",
        if totals.proxies == 1 { "it reserves" } else { "they reserve" },
        memory(totals.proxy_memory_requested.as_bytes()),
        cores(totals.proxy_cpu_requested.as_cores())
    )
}

fn unjudged(Evidence { totals, planned, .. }: Evidence<'_>) -> String {
    let add = &planned.nodes_to_add;
    if totals.pods == 0 {
        return "There are no pods in the input: nothing to plan.".to_owned();
    }
    match &add.infeasible {
        Some(reason) => format!(
            "The input has no nodes, and not everything would run on the policy's {}: {}.",
            add.pool,
            first_reason(reason)
        ),
        None => format!("The input has no nodes; {} of {} would hold it.", count(add.count, "node"), add.pool),
    }
}

fn unplaced(Evidence { today, planned, .. }: Evidence<'_>) -> String {
    let number = planned.unplaced.len() as u64;
    let already = today.unplaced.len() as u64;
    let since = match already {
        0 => String::new(),
        _ if already >= number => ", with the mesh or without".to_owned(),
        _ => format!("; today it is {already}"),
    };
    let binding = if planned.binding.is_empty() {
        String::new()
    } else {
        format!(" ({})", shortened(&planned.binding, LONGEST_REASON))
    };
    format!("{} no place{binding}{since}", count_of(number, "pod has", "pods have"))
}

/// Every check that is not met, as a clause.
fn missed(checks: &[Check], evidence: Evidence<'_>) -> Vec<String> {
    let clauses = checks.iter().filter(|check| !check.met).map(|check| match check.kind {
        CheckKind::CpuHeadroom => too_full("CPU", check),
        CheckKind::MemoryHeadroom => too_full("memory", check),
        CheckKind::NodeLoss => node_loss(check, evidence.planned),
        CheckKind::UnplacedPods => unplaced(evidence),
        CheckKind::ResponseTimes => too_slow(check, evidence.responses),
    });
    clauses.collect()
}

fn too_full(resource: &str, check: &Check) -> String {
    let (after, target) = (percent(check.planned), percent(check.limit));
    match check.today.map(percent).filter(|today| *today != after) {
        Some(today) => format!("{resource} headroom goes from {today} to {after} where the policy asks for {target}"),
        None => format!("{resource} headroom is {after} where the policy asks for {target}"),
    }
}

fn node_loss(check: &Check, planned: &Headroom) -> String {
    let worst = planned.worst_node_loss.as_ref().map(|loss| &loss.node);
    let only = planned.nodes.first().map(|node| &node.name);
    let node = worst.or(only).map_or_else(String::new, |name| shortened(name, LONGEST_NAME));
    let pods = count(check.planned as u64, "pod");
    let already = if check.today.is_some_and(|today| today >= check.planned) { ", as it would today" } else { "" };
    format!("losing node {node} would leave {pods} without a place{already}")
}

/// How many objectives are missed, and one of them.
fn too_slow(check: &Check, responses: &[WorkloadResponse]) -> String {
    let mut missed = responses.iter().flat_map(|response| {
        response
            .objectives
            .iter()
            .filter(|objective| !objective.will_be_met())
            .map(move |objective| (response, objective))
    });
    let first = missed.next().map_or_else(String::new, |(response, objective)| {
        format!("{} of {}", objective.slo, shortened(&response.workload, LONGEST_NAME))
    });
    let already = if check.today.is_some_and(|today| today >= check.planned) { ", as today" } else { "" };
    match check.planned as u64 {
        1 => format!("{first} would be missed{already}"),
        number => format!("{} objectives on response times would be missed, first {first}{already}", grouped(number)),
    }
}

fn fits(checks: &[Check]) -> String {
    let share = |kind| checks.iter().find(|check| check.kind == kind).map_or(0.0, |check| check.planned);
    let survives = checks.iter().any(|check| check.kind == CheckKind::NodeLoss);
    format!(
        "It fits: {} of CPU and {} of memory stay free{}.",
        percent(share(CheckKind::CpuHeadroom)),
        percent(share(CheckKind::MemoryHeadroom)),
        if survives { ", and any one node may be lost" } else { "" }
    )
}
