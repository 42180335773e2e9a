//! Whom a workload's proxies talk to: from calls where they are given, between bounds where they are not.

use super::Inputs;
use super::calls::Graph;
use crate::finding::Finding;
use crate::inventory::Workload;
use crate::mesh::{self, ProxyMode, Scope};
use crate::model::telemetry::Count;

/// Peers of a workload that its metrics tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peers {
    /// Workloads behind the services it calls, over HTTP.
    pub client_http: Count,
    /// The same, over TCP.
    pub client_tcp: Count,
    /// Workloads that call it, over HTTP.
    pub server_http: Count,
    /// The same, over TCP.
    pub server_tcp: Count,
    /// How they are known.
    pub basis: PeersBasis,
}

/// How peers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeersBasis {
    /// From calls that were given.
    Calls,
    /// Between one peer and all that could be, by policy in the middle.
    #[default]
    Bounds,
}

impl Peers {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> Count {
        self.client_http + self.client_tcp + self.server_http + self.server_tcp
    }
}

/// Peers of every workload, parallel to the inventory's workloads.
pub(super) fn of_all(inputs: &Inputs<'_>) -> (Vec<Peers>, Vec<Finding>) {
    let services = Services::new(inputs);
    let (graph, findings) = match inputs.calls {
        Some(calls) => {
            let (graph, findings) = Graph::new(inputs, &services.behind, calls);
            (Some(graph), findings)
        }
        None => (None, Vec::new()),
    };
    let peers = inputs.inventory.workloads.iter().enumerate().map(|(index, workload)| {
        let mode = inputs.mesh.members.get(index).map_or(ProxyMode::None, |member| member.mode);
        let known = graph.as_ref().and_then(|graph| graph.peers(index, mode));
        known.unwrap_or_else(|| services.bounds(inputs, index, workload, mode))
    });
    (peers.collect(), findings)
}

/// What decides the bounds, worked out once.
struct Services {
    /// Workloads behind each service.
    behind: Vec<Vec<usize>>,
    /// Services in front of each workload: those over HTTP and those over TCP alone.
    in_front: Vec<(u64, u64)>,
    /// Share of services that carry TCP alone, in [0, 1].
    tcp_share: f64,
    /// Workloads behind a service, on average; at least 1.
    fan_out: f64,
    /// Workloads in the mesh that may call.
    callers: f64,
}

impl Services {
    fn new(inputs: &Inputs<'_>) -> Self {
        let inventory = inputs.inventory;
        let behind = mesh::behind_services(inventory);
        let mut in_front = vec![(0, 0); inventory.workloads.len()];
        let mut tcp_only = 0usize;
        for (service, workloads) in inventory.services.iter().zip(&behind) {
            let is_tcp = mesh::is_tcp_only(service);
            tcp_only += usize::from(is_tcp);
            for &index in workloads {
                if let Some((http, tcp)) = in_front.get_mut(index) {
                    *(if is_tcp { tcp } else { http }) += 1;
                }
            }
        }
        let count = inventory.services.len().max(1) as f64;
        let fan_out = behind.iter().map(|workloads| workloads.len().max(1)).sum::<usize>() as f64 / count;
        let calls = |mode: ProxyMode| matches!(mode, ProxyMode::Sidecar | ProxyMode::Ambient | ProxyMode::Gateway);
        let callers = inputs.mesh.members.iter().filter(|member| calls(member.mode)).count() as f64;
        Self { behind, in_front, tcp_share: tcp_only as f64 / count, fan_out: fan_out.max(1.0), callers }
    }

    fn bounds(&self, inputs: &Inputs<'_>, index: usize, workload: &Workload, mode: ProxyMode) -> Peers {
        let none = Peers::default();
        match mode {
            ProxyMode::Sidecar | ProxyMode::Ambient => {
                let server = self.server(inputs, index, workload);
                let client = self.client(inputs, index, workload, server != (Count::ZERO, Count::ZERO));
                let ((client_http, client_tcp), (server_http, server_tcp)) = (client, server);
                Peers { client_http, client_tcp, server_http, server_tcp, ..none }
            }
            ProxyMode::Gateway => {
                let (client_http, client_tcp) = self.client(inputs, index, workload, false);
                Peers { client_http, client_tcp, ..none }
            }
            ProxyMode::Waypoint => {
                let (client_http, client_tcp) = self.through_waypoint(inputs, workload);
                Peers { client_http, client_tcp, ..none }
            }
            ProxyMode::None | ProxyMode::Ztunnel | ProxyMode::ControlPlane => none,
        }
    }

    /// Whom it calls, over HTTP and over TCP. A workload that is called may be a leaf; one that is not must call.
    fn client(&self, inputs: &Inputs<'_>, index: usize, workload: &Workload, is_called: bool) -> (Count, Count) {
        if workload.measured.outbound_rps.is_some_and(|rate| rate.as_per_second() == 0.0) {
            return (Count::ZERO, Count::ZERO);
        }
        let visible = inputs.visibility.scopes.get(index).map_or(0, seen);
        let visible = if visible == 0 { inputs.visibility.services } else { visible } as f64;
        let middle = inputs.policy.telemetry.peers_per_workload.min(visible);
        let least = if is_called { 0.0 } else { visible.min(1.0) };
        let all = Count::between(least, middle, visible).times(self.fan_out);
        (all.times(1.0 - self.tcp_share), all.times(self.tcp_share))
    }

    /// Who calls it, over HTTP and over TCP; nobody where no service leads to it.
    fn server(&self, inputs: &Inputs<'_>, index: usize, workload: &Workload) -> (Count, Count) {
        let is_silent = workload.measured.inbound_rps.is_some_and(|rate| rate.as_per_second() == 0.0);
        let (http, tcp) = match self.in_front.get(index) {
            // Without services in the input, every workload is taken as one.
            _ if inputs.inventory.services.is_empty() => (1, 0),
            Some(&in_front) => in_front,
            None => (0, 0),
        };
        if is_silent || http + tcp == 0 {
            return (Count::ZERO, Count::ZERO);
        }
        let callers = self.callers(inputs);
        if http > 0 { (callers, Count::ZERO) } else { (Count::ZERO, callers) }
    }

    /// Callers of one workload; those outside the mesh look like one.
    fn callers(&self, inputs: &Inputs<'_>) -> Count {
        let most = (self.callers - 1.0).max(1.0);
        Count::between(1.0, inputs.policy.telemetry.peers_per_workload, most).at_most(most)
    }

    /// Pairs of caller and service that a waypoint carries.
    fn through_waypoint(&self, inputs: &Inputs<'_>, workload: &Workload) -> (Count, Count) {
        let carried = inputs.inventory.services.iter().filter(|it| mesh::is_carried(inputs.inventory, it, workload));
        let (mut http, mut tcp) = (0.0, 0.0);
        for service in carried {
            *(if mesh::is_tcp_only(service) { &mut tcp } else { &mut http }) += 1.0;
        }
        let callers = self.callers(inputs);
        (callers.times(http), callers.times(tcp))
    }
}

fn seen(scope: &Scope) -> u64 {
    scope.seen.namespaces.iter().map(|namespace| namespace.services).sum()
}
