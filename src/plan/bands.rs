//! The field's rules of thumb, checked rather than assumed.
//!
//! Four figures are quoted wherever meshes are sized: 50–100 MB of memory per sidecar, 5–15 % CPU,
//! 2 CPU and 4 GiB for istiod, 20–30 % headroom. None of them is a law; each depends on something the
//! plan knows.

use super::{Band, Totals, WorkloadPlan, words};
use crate::mesh::ProxyMode;
use crate::overhead::ControlPlane;
use crate::placement::Headroom;
use crate::policy::Policy;

/// Every rule of thumb against a plan's figures.
pub fn bands(
    totals: &Totals,
    workloads: &[WorkloadPlan],
    control_plane: &ControlPlane,
    headroom: &Headroom,
    policy: &Policy,
) -> Vec<Band> {
    vec![memory(workloads), cpu(totals), istiod(control_plane), free_capacity(headroom, policy)]
}

fn memory(workloads: &[WorkloadPlan]) -> Band {
    const RULE: &str = "50–100 MB of memory per sidecar";
    const WHY: &str = "a sidecar's memory is decided by the configuration it is sent (clusters, endpoints, listeners, routes), \
                       not by traffic: it leaves the band when every proxy sees every service of a large mesh";
    let sidecars: Vec<f64> = workloads
        .iter()
        .filter(|workload| workload.mode == ProxyMode::Sidecar && workload.replicas > 0)
        .filter_map(|workload| workload.proxy.as_ref())
        .map(|cost| cost.memory.value.as_bytes() / 1e6)
        .collect();
    let Some((least, most)) = range(&sidecars) else {
        return unanswered(RULE, "no sidecars", WHY);
    };
    let found = if most - least < 1.0 { format!("{most:.0} MB") } else { format!("{least:.0}–{most:.0} MB") };
    Band { rule: RULE.to_owned(), found, inside: Some(least >= 50.0 && most <= 100.0), why: WHY.to_owned() }
}

fn cpu(totals: &Totals) -> Band {
    const RULE: &str = "5–15 % of the application's CPU";
    const WHY: &str = "a proxy costs CPU per request, an application costs what it costs: the same proxy is a small share of a heavy \
                       service and a large one of a light service, so the share follows from rate and application, not from the mesh";
    let Some(overhead) = &totals.cpu_overhead else {
        return unanswered(RULE, "the applications declare no CPU and none was measured", WHY);
    };
    let share = overhead.value.as_number();
    let basis = if totals.app_measured_share >= 1.0 {
        "measured usage"
    } else if totals.app_measured_share > 0.0 {
        "measured usage and requests"
    } else {
        "requests, not usage"
    };
    let found = format!(
        "{:.1} % ({:.1}–{:.1} %) of {basis}",
        share * 100.0,
        overhead.lower.as_number() * 100.0,
        overhead.upper.as_number() * 100.0
    );
    Band { rule: RULE.to_owned(), found, inside: Some((0.05..=0.15).contains(&share)), why: WHY.to_owned() }
}

fn istiod(control_plane: &ControlPlane) -> Band {
    const RULE: &str = "2 CPU and 4 GiB for istiod";
    const WHY: &str = "istiod grows with proxies, services and the rate of change; Istio ships 500m and 2 GiB, and a small mesh \
                       needs no more, while thousands of unscoped proxies need several replicas of more than that";
    if control_plane.replicas == 0 {
        return unanswered(RULE, "no mesh", WHY);
    }
    let cpu = control_plane.cpu_request.to_cores().as_cores();
    let memory = control_plane.memory_request.to_memory();
    let found = format!(
        "{} requesting {} and {} each",
        words::count(control_plane.replicas, "replica"),
        words::cores(cpu),
        words::memory(memory.as_bytes())
    );
    let memory = memory.as_mib() / 1024.0;
    Band { rule: RULE.to_owned(), found, inside: Some(cpu <= 2.0 && memory <= 4.0), why: WHY.to_owned() }
}

fn free_capacity(headroom: &Headroom, policy: &Policy) -> Band {
    const RULE: &str = "20–30 % of the cluster kept free";
    let why = format!(
        "what must stay free follows from what must be survived: this policy keeps {:.0} % free and {}, and the share \
         that one node makes up falls as the cluster grows",
        policy.headroom.target.get() * 100.0,
        if policy.headroom.survive_node_losses == 0 { "no node in reserve" } else { "one node in reserve" }
    );
    let Some(cluster) = &headroom.cluster else {
        return Band { rule: RULE.to_owned(), found: "no nodes in the input".to_owned(), inside: None, why };
    };
    let (cpu, memory) = (cluster.cpu_headroom(), cluster.memory_headroom());
    let found = format!("CPU {:.0} %, memory {:.0} % free with the mesh", cpu * 100.0, memory * 100.0);
    Band { rule: RULE.to_owned(), found, inside: Some((0.20..=0.30).contains(&cpu.min(memory))), why }
}

fn unanswered(rule: &str, found: &str, why: &str) -> Band {
    Band { rule: rule.to_owned(), found: found.to_owned(), inside: None, why: why.to_owned() }
}

fn range(figures: &[f64]) -> Option<(f64, f64)> {
    let least = figures.iter().copied().reduce(f64::min)?;
    let most = figures.iter().copied().reduce(f64::max)?;
    Some((least, most))
}
