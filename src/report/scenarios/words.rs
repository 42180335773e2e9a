//! What scenarios found, in words.

use super::super::text;
use super::course;
use crate::scenario::{Answer, Check, CheckKind, Row};

/// A check that is missed.
pub fn missed(check: &Check) -> String {
    let of =
        |what: &str| if check.subject.is_empty() { what.to_owned() } else { format!("{what} of {}", check.subject) };
    match check.kind {
        CheckKind::UnplacedPods => {
            format!("{} no node, first {}", text::counted(check.found as u64, "pod has", "pods have"), check.subject)
        }
        CheckKind::CpuHeadroom | CheckKind::MemoryHeadroom => format!(
            "{} of {} is free where the policy asks for {}",
            text::percent(check.found),
            if check.kind == CheckKind::CpuHeadroom { "CPU" } else { "memory" },
            text::percent(check.limit)
        ),
        CheckKind::NodeLoss => format!(
            "losing node {} leaves {} without a node",
            check.subject,
            text::counted(check.found as u64, "pod", "pods")
        ),
        CheckKind::Autoscaler => format!(
            "{} asks for {} replicas and may have {}",
            of("the autoscaler"),
            text::count(check.found as u64),
            text::count(check.limit as u64)
        ),
        CheckKind::ProxyCpu => {
            format!("{} needs {} and may use {}", of("the proxy"), text::cpu(check.found), text::cpu(check.limit))
        }
        CheckKind::Course => format!(
            "the {} does not come to its end: {} in the way or without a node",
            check.subject,
            text::counted(check.found as u64, "pod is", "pods are")
        ),
        CheckKind::ApplicationCpu => {
            format!("{} uses {} and may use {}", of("the application"), text::cpu(check.found), text::cpu(check.limit))
        }
    }
}

/// A kind of check in a word or two.
pub fn kind(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::UnplacedPods => "pods without a node",
        CheckKind::CpuHeadroom => "CPU headroom",
        CheckKind::MemoryHeadroom => "memory headroom",
        CheckKind::NodeLoss => "loss of a node",
        CheckKind::Autoscaler => "autoscaler",
        CheckKind::ProxyCpu => "proxy CPU",
        CheckKind::ApplicationCpu => "application CPU",
        CheckKind::Course => "course over time",
    }
}

/// The answer of a row in one sentence; `None` without a question.
pub fn answer(row: &Row) -> Option<String> {
    let name = &row.name;
    Some(match row.answer.as_ref()? {
        Answer::FitMore { workload, pods, binding } => format!(
            "{name}: {} of {workload} fit{}.",
            text::counted(*pods, "further pod", "further pods"),
            if binding.is_empty() { String::new() } else { format!("; the next one finds {binding}") }
        ),
        Answer::Shapes { pods: 0, .. } => format!("{name}: every pod has a node, so none is needed."),
        Answer::Shapes { pods, shapes } => match shapes.first() {
            Some(first) if first.impossible == 0 => format!(
                "{name}: {} of {} for {} an hour take {} at the least price.",
                text::counted(first.nodes, "node", "nodes"),
                first.shape,
                text::money(first.price.amount()),
                text::counted(*pods, "pod", "pods")
            ),
            _ => format!("{name}: no shape takes all of {}.", text::counted(*pods, "pod", "pods")),
        },
        Answer::Losses(losses) => {
            let worst = losses.first()?;
            let hurt = losses.iter().filter(|loss| loss.unplaced > 0).count() as u64;
            match worst.unplaced {
                0 => format!(
                    "{name}: any one of {} can be lost; {} moves most, {}.",
                    text::count(losses.len() as u64),
                    worst.member,
                    text::counted(worst.moved, "pod", "pods")
                ),
                number => format!(
                    "{name}: worst is {}, which leaves {} without a node ({}); {} of {} leave some.",
                    worst.member,
                    text::counted(number, "pod", "pods"),
                    worst.reason,
                    text::count(hurt),
                    text::count(losses.len() as u64)
                ),
            }
        }
        Answer::Growth { factor: None, .. } => format!("{name}: today's traffic is too much already."),
        Answer::Growth { factor: Some(factor), breaks } => match breaks.first() {
            None => format!("{name}: nothing new fails up to {} times the traffic.", text::significant(*factor)),
            Some(first) => {
                format!("{name}: traffic can grow to {factor:.2} times today's; beyond that {}.", missed(first))
            }
        },
        Answer::Enrolment(steps) if steps.is_empty() => format!("{name}: no namespace is outside the mesh."),
        Answer::Enrolment(steps) => match steps.iter().position(|step| !step.missed.is_empty()) {
            None => {
                let all = text::counted(steps.len() as u64, "namespace", "namespaces");
                format!("{name}: {all} can join, and nothing is missed that was met before.")
            }
            Some(number) => {
                let step = steps.get(number)?;
                let kinds: Vec<&str> = step.missed.iter().map(|missed| kind(*missed)).collect();
                format!(
                    "{name}: {}, number {} of {}, is the first with which something new is missed: {}.",
                    step.namespace,
                    number + 1,
                    steps.len(),
                    kinds.join(", ")
                )
            }
        },
        Answer::Courses(courses) => course::sentence(name, courses.first()?),
        Answer::Removable(nodes) if nodes.is_empty() => format!("{name}: no node can go."),
        Answer::Removable(nodes) => {
            let shown: Vec<&str> = nodes.iter().take(5).map(String::as_str).collect();
            let more = nodes.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!(
                "{name}: {} can go, {}{more}.",
                text::counted(nodes.len() as u64, "node", "nodes"),
                shown.join(", ")
            )
        }
    })
}

/// What to know of a row at once: its answer, else what it misses first.
pub fn advice(row: &Row) -> Option<String> {
    let first = || row.checks.iter().find(|check| !check.met).map(|check| format!("{}: {}.", row.name, missed(check)));
    answer(row).or_else(first)
}
