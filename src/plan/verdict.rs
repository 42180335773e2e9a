//! The answer in one sentence, and what to do next.

use super::{Outcome, Totals, Verdict};
use crate::overhead::ControlPlane;
use crate::placement::Headroom;
use crate::policy::Policy;

/// Judges a plan's headroom against its policy.
pub fn verdict(totals: &Totals, control_plane: &ControlPlane, headroom: &Headroom, policy: &Policy) -> Verdict {
    let outcome = outcome(totals, headroom, policy);
    let cost = cost(totals);
    let sentence = match (outcome, &headroom.cluster) {
        (Outcome::Unjudged, _) if totals.pods == 0 => "There are no pods in the input: nothing to plan.".to_owned(),
        (Outcome::Unjudged, _) => match &headroom.nodes_to_add.infeasible {
            Some(reason) => {
                format!("{cost} The input has no nodes, and the policy's node pool cannot hold it: {reason}.")
            }
            None => format!(
                "{cost} The input has no nodes; {} of {} would hold it.",
                count(headroom.nodes_to_add.count, "node"),
                headroom.nodes_to_add.pool
            ),
        },
        (Outcome::DoesNotFit, _) => {
            format!(
                "{cost} It does not fit: {} cannot be placed ({}).",
                count(headroom.unplaced.len() as u64, "pod"),
                headroom.binding
            )
        }
        (Outcome::Tight, Some(cluster)) => {
            let free = cluster.cpu_headroom().min(cluster.memory_headroom());
            let target = policy.headroom.target.get();
            if free < target {
                format!(
                    "{cost} It fits, but {} is the limit: {:.0} % stays free and the policy asks for {:.0} %.",
                    headroom.binding,
                    free * 100.0,
                    target * 100.0
                )
            } else {
                match &headroom.worst_node_loss {
                    Some(loss) => format!(
                        "{cost} It fits, but losing node {} would leave {} without a place.",
                        loss.node,
                        count(loss.unplaced, "pod")
                    ),
                    None => format!("{cost} It fits, but on one node: nothing runs when it is lost."),
                }
            }
        }
        (_, cluster) => {
            let free = cluster.as_ref().map_or(0.0, |cluster| cluster.cpu_headroom().min(cluster.memory_headroom()));
            format!("{cost} It fits with {:.0} % of {} to spare.", free * 100.0, headroom.binding)
        }
    };
    Verdict { outcome, sentence, advice: advice(totals, control_plane, headroom, policy) }
}

fn outcome(totals: &Totals, headroom: &Headroom, policy: &Policy) -> Outcome {
    // Nothing fits anywhere; to say so would make a lost list of pods look fine.
    if totals.pods == 0 {
        return Outcome::Unjudged;
    }
    let Some(cluster) = &headroom.cluster else { return Outcome::Unjudged };
    if !headroom.unplaced.is_empty() {
        return Outcome::DoesNotFit;
    }
    let target = policy.headroom.target.get();
    let missed = cluster.cpu_headroom() < target || cluster.memory_headroom() < target;
    let hurt = match &headroom.worst_node_loss {
        Some(loss) => loss.unplaced > 0,
        // One node alone: there is no loss to compare, and none to survive.
        None => cluster.pods > 0 && headroom.nodes_to_add.count > 0,
    };
    if missed || (hurt && policy.headroom.survive_node_losses > 0) { Outcome::Tight } else { Outcome::Fits }
}

fn cost(totals: &Totals) -> String {
    if totals.proxies == 0 && totals.ztunnels == 0 {
        return "No workload is in the mesh, and none asks for it.".to_owned();
    }
    let proxies = if totals.ztunnels > 0 && totals.proxies > 0 {
        format!("{} and {}", count_of(totals.proxies, "proxy", "proxies"), count(totals.ztunnels, "ztunnel"))
    } else if totals.ztunnels > 0 {
        count(totals.ztunnels, "ztunnel")
    } else {
        count_of(totals.proxies, "proxy", "proxies")
    };
    let verb = if totals.proxies + totals.ztunnels == 1 { "uses" } else { "use" };
    format!(
        "The mesh's {proxies} {verb} {} of memory and {} cores.",
        memory(totals.proxy_memory.value.as_bytes()),
        cores(totals.proxy_cpu.value.as_cores())
    )
}

fn advice(totals: &Totals, control_plane: &ControlPlane, headroom: &Headroom, policy: &Policy) -> Vec<String> {
    let mut advice = Vec::new();
    let add = &headroom.nodes_to_add;
    if let Some(reason) = &add.infeasible {
        advice.push(format!("No number of nodes of {} meets the policy: {reason}.", add.pool));
    } else if add.count > 0 {
        let price =
            if add.price.amount() > 0.0 { format!(", {:.2} per hour", add.price.amount()) } else { String::new() };
        advice.push(format!("Add {} of {} ({}{price}).", count(add.count, "node"), add.pool, add.reason));
    }
    if totals.proxies_at_risk > 0 {
        advice.push(format!(
            "Raise the memory limit of {}: it is below what they may need while starting.",
            count_of(totals.proxies_at_risk, "proxy", "proxies")
        ));
    }
    advice.extend(waste(totals));
    if let Some(reason) = &control_plane.infeasible {
        advice.push(format!("istiod cannot carry this mesh within the policy's largest replica ({reason}): scope what proxies see first."));
    } else if control_plane.replicas > 0 {
        let deployed = control_plane.deployed.as_ref().map_or(0, |(replicas, _)| *replicas);
        if deployed < control_plane.replicas {
            let place = if policy.control_plane.dedicated_nodes { " on nodes of its own" } else { "" };
            advice.push(format!(
                "Run istiod with {} of {} CPU and {} each{place}; {deployed} run today.",
                count(control_plane.replicas, "replica"),
                crate::quantity::print_cpu(control_plane.cpu_request),
                crate::quantity::print_bytes(control_plane.memory_request)
            ));
        }
    }
    advice
}

/// What proxy requests reserve beyond need, where it is worth a rollout.
fn waste(totals: &Totals) -> Option<String> {
    /// Less than this is not worth changing every workload.
    const WORTH_CORES: f64 = 1.0;
    const WORTH_MIB: f64 = 1024.0;
    let cpu = totals.cpu_wasted.as_cores();
    let unused_cpu = (cpu >= WORTH_CORES).then(|| format!("{cpu:.1} cores"));
    let unused_memory = (totals.memory_wasted.as_mib() >= WORTH_MIB).then(|| memory(totals.memory_wasted.as_bytes()));
    let unused: Vec<String> = unused_cpu.into_iter().chain(unused_memory).collect();
    (!unused.is_empty())
        .then(|| format!("Proxy requests reserve {} beyond their need: fit them per workload.", unused.join(" and ")))
}

fn count(number: u64, noun: &str) -> String {
    count_of(number, noun, &format!("{noun}s"))
}

fn count_of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn memory(bytes: f64) -> String {
    let mib = bytes / crate::units::MIB;
    match mib {
        ..1024.0 => format!("{mib:.0} MiB"),
        ..1_048_576.0 => format!("{:.1} GiB", mib / 1024.0),
        _ => format!("{:.1} TiB", mib / 1_048_576.0),
    }
}

fn cores(cores: f64) -> String {
    if cores < 10.0 { format!("{cores:.2}") } else { grouped(cores.round() as u64) }
}
