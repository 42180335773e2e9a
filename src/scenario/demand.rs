//! What grown traffic needs, against what containers may use.

use super::case::Case;
use super::check::{Check, CheckKind};
use crate::groundwork::Groundwork;
use crate::inventory::{Container, PROXY_CONTAINER, Workload};
use crate::units::Millicores;

/// Something that would need more than it may have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strained {
    pub(super) subject: String,
    pub(super) found: f64,
    pub(super) limit: f64,
}

/// Autoscalers at their end, proxies and applications at their CPU limits; empty unless traffic changed.
pub(super) fn checks(case: &Case, groundwork: &Groundwork) -> Vec<Check> {
    if !case.traffic_changed {
        return Vec::new();
    }
    vec![
        judged(CheckKind::Autoscaler, case.strained.clone()),
        judged(CheckKind::ProxyCpu, proxies(groundwork)),
        judged(CheckKind::ApplicationCpu, applications(groundwork)),
    ]
}

/// The check as its worst case shows it.
fn judged(kind: CheckKind, strained: Vec<Strained>) -> Check {
    let excess = |it: &Strained| it.found / it.limit.max(f64::MIN_POSITIVE);
    let worst = strained.into_iter().reduce(|worst, next| if excess(&next) > excess(&worst) { next } else { worst });
    match worst {
        None => Check { kind, subject: String::new(), found: 0.0, limit: 0.0, met: true },
        Some(Strained { subject, found, limit }) => Check { kind, subject, found, limit, met: false },
    }
}

/// Proxies that need more CPU than their limit, in cores.
fn proxies(groundwork: &Groundwork) -> Vec<Strained> {
    let costs = groundwork.inventory.workloads.iter().zip(&groundwork.overhead.workloads);
    let strained = costs.filter_map(|(workload, cost)| {
        let cost = cost.as_ref()?;
        over(workload, cost.cpu_needed, cost.limits.cpu?)
    });
    strained.collect()
}

/// Applications whose measured use is more than all their replicas may have, in cores.
fn applications(groundwork: &Groundwork) -> Vec<Strained> {
    let strained = groundwork.inventory.workloads.iter().filter_map(|workload| {
        let used = workload.measured.app_cpu?;
        let limit = limit(workload)?.times(workload.replicas);
        over(workload, Millicores::holding(used), limit)
    });
    strained.collect()
}

fn over(workload: &Workload, needed: Millicores, limit: Millicores) -> Option<Strained> {
    let [found, allowed] = [needed, limit].map(|amount| amount.to_cores().as_cores());
    (needed > limit).then(|| Strained { subject: workload.id.to_string(), found, limit: allowed })
}

/// What an application may use per pod; `None` where one of its containers is not limited.
fn limit(workload: &Workload) -> Option<Millicores> {
    let is_own = |container: &&Container| container.name != PROXY_CONTAINER;
    let limits = workload.spec.containers.iter().filter(is_own).map(|container| container.resources.limits.cpu);
    let all: Vec<Millicores> = limits.collect::<Option<_>>()?;
    (!all.is_empty()).then(|| all.into_iter().fold(Millicores::ZERO, |sum, next| sum + next))
}
