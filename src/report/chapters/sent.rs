//! What a proxy is sent and why, and what a Sidecar of its own would leave.

use crate::mesh::VisibleConfig;
use crate::overhead::ProxyCost;
use crate::plan::{Scoping, ScopingBasis, WorkloadPlan};
use crate::report::document::{Block, Chapter};
use crate::report::text;

/// Namespaces and hosts listed; the others are counted.
const MOST_LISTED: usize = 8;

/// What decides, what is sent, and where it comes from.
pub fn chapter(workload: &WorkloadPlan) -> Chapter {
    let scope = &workload.scope;
    let mut lines = vec![sent(&workload.visible)];
    if !scope.decided_by.is_empty() {
        lines.insert(0, scope.decided_by.clone());
    }
    let mut namespaces: Vec<_> = scope.seen.namespaces.iter().collect();
    namespaces.sort_by(|a, b| b.endpoints.cmp(&a.endpoints).then_with(|| a.namespace.cmp(&b.namespace)));
    let named = namespaces.iter().map(|seen| {
        let services = text::counted(seen.services, "service", "services");
        format!("{} ({services}, {})", seen.namespace, text::counted(seen.endpoints, "endpoint", "endpoints"))
    });
    if !namespaces.is_empty() {
        let number = text::counted(namespaces.len() as u64, "namespace", "namespaces");
        lines.push(format!("it sees {number}: {}", listed(named.collect())));
    }
    let largest = scope.seen.largest.iter().filter(|(_, endpoints)| *endpoints > 1);
    let largest: Vec<String> =
        largest.map(|(name, endpoints)| format!("{name} ({})", text::count(*endpoints))).collect();
    if !largest.is_empty() {
        lines.push(format!("most endpoints: {}", largest.join(", ")));
    }
    Chapter { id: "sent", title: "What it is sent", blocks: vec![Block::List(lines)] }
}

/// What would be sent, and what the proxy would need, with a Sidecar of its own.
pub fn narrowed(today: &ProxyCost, scoping: &Scoping) -> Chapter {
    let basis = match &scoping.basis {
        ScopingBasis::Floor => {
            "the call graph is not known (--calls gives it): own namespace and istio-system only, the usual floor"
                .to_owned()
        }
        ScopingBasis::Calls { known, .. } => {
            format!("by the calls given: {}", text::counted(*known, "host it calls", "hosts it calls"))
        }
    };
    let memory = |then: f64, now: f64| format!("{} instead of {}", text::memory(then), text::memory(now));
    let mut lines = vec![
        basis,
        format!("egress hosts: {}", listed(scoping.hosts.clone())),
        sent(&scoping.visible),
        format!(
            "memory {}, at start-up {}",
            memory(scoping.memory.value.as_bytes(), today.memory.value.as_bytes()),
            memory(scoping.startup_memory.value.as_bytes(), today.startup_memory.value.as_bytes())
        ),
    ];
    if let ScopingBasis::Calls { unknown, .. } = &scoping.basis
        && !unknown.is_empty()
    {
        lines.push(format!("called, but not in the input and left out: {}", listed(unknown.clone())));
    }
    Chapter { id: "narrowed", title: "With a Sidecar of its own", blocks: vec![Block::List(lines)] }
}

fn sent(visible: &VisibleConfig) -> String {
    format!(
        "each proxy is sent {}, {}, {}, {} with {}, about {}",
        text::counted(visible.clusters, "cluster", "clusters"),
        text::counted(visible.endpoints, "endpoint", "endpoints"),
        text::counted(visible.listeners, "listener", "listeners"),
        text::counted(visible.virtual_hosts, "virtual host", "virtual hosts"),
        text::counted(visible.routes, "route", "routes"),
        text::bytes(visible.xds.total())
    )
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_LISTED);
    names.truncate(MOST_LISTED);
    let tail = if more > 0 { format!(" and {} more", text::count(more as u64)) } else { String::new() };
    format!("{}{tail}", names.join(", "))
}
