//! One workload in full: why it is in the mesh, what its proxy costs, and the arithmetic.

use super::arithmetic::lines as arithmetic;
use super::features;
use super::observability;
use super::sent;
use super::sizing::judged;
use crate::overhead::ProxyCost;
use crate::plan::{Scoping, WorkloadPlan};
use crate::report::document::{Block, Chapter, Document, Headline, Tone};
use crate::report::text;

/// Everything the plan knows about a workload, and what a Sidecar of its own would leave.
pub fn explanation(workload: &WorkloadPlan, scoping: Option<&Scoping>) -> Document {
    let mut chapters = vec![Chapter { id: "inputs", title: "What it is", blocks: vec![Block::List(inputs(workload))] }];
    if let Some(proxy) = &workload.proxy {
        chapters.push(sent::chapter(workload));
        chapters.extend(scoping.map(|scoping| sent::narrowed(proxy, scoping)));
        chapters.push(Chapter {
            id: "features",
            title: "What it does for requests",
            blocks: vec![Block::List(features::of_workload(workload))],
        });
        chapters.push(Chapter { id: "arithmetic", title: "Per proxy", blocks: vec![Block::List(arithmetic(proxy))] });
        chapters.push(Chapter {
            id: "sizing",
            title: "Declared against needed",
            blocks: vec![Block::List(sizing(workload, proxy))],
        });
    }
    chapters.extend(workload.telemetry.as_ref().map(observability::of_workload));
    Document {
        title: format!("{} {}/{}", workload.kind, workload.namespace, workload.name),
        headline: Headline {
            badge: workload.mode.as_str(),
            tone: Tone::Neutral,
            sentence: headline(workload),
            advice: Vec::new(),
        },
        chapters,
    }
}

fn headline(workload: &WorkloadPlan) -> String {
    let reason = &workload.reason;
    match (&workload.proxy, workload.proxy_present) {
        (None, _) => {
            format!("{} {}/{} has no proxy of its own: {reason}.", workload.kind, workload.namespace, workload.name)
        }
        (Some(_), true) => {
            format!("{} {}/{} runs a proxy: {reason}.", workload.kind, workload.namespace, workload.name)
        }
        (Some(_), false) => {
            format!("{} {}/{} will get a proxy: {reason}.", workload.kind, workload.namespace, workload.name)
        }
    }
}

fn inputs(workload: &WorkloadPlan) -> Vec<String> {
    let mut lines =
        vec![format!("{} ({})", text::counted(workload.replicas, "replica", "replicas"), workload.replicas_basis)];
    if let Some((min, max)) = workload.autoscaler {
        lines.push(format!("autoscaler between {} and {}", text::count(min), text::count(max)));
    }
    if workload.proxy.is_some() {
        let basis = if workload.rps_measured { "measured" } else { "assumed by policy" };
        lines.push(format!(
            "{} requests per second through each proxy ({basis})",
            text::significant(workload.rps_per_proxy)
        ));
        lines.push(text::counted(u64::from(workload.workers), "worker thread", "worker threads"));
    }
    let basis = if workload.app_measured { "measured" } else { "requested" };
    lines.push(format!(
        "the application uses {} CPU and {} ({basis}, all replicas)",
        text::cpu(workload.app_cpu.as_cores()),
        text::memory(workload.app_memory.as_bytes())
    ));
    lines
}

fn sizing(workload: &WorkloadPlan, proxy: &ProxyCost) -> Vec<String> {
    let mut lines = vec![
        format!("requests {}; limits {}", text::declared(&proxy.requests), text::declared(&proxy.limits)),
        format!(
            "needed at the policy's quantile: {} CPU, {} memory ({})",
            text::millicores(proxy.cpu_needed),
            text::bytes(proxy.memory_needed),
            if proxy.rests_on_measurement() {
                format!("as measured; a limit of {} covers the start-up peak", text::bytes(proxy.memory_limit_needed))
            } else {
                "covers the start-up peak".to_owned()
            }
        ),
    ];
    lines.extend(workload.sizing.iter().map(|verdict| judged(verdict).wrong.to_owned()));
    lines
}
