//! What clients set between them and a service: limits of what is under way, times after which they give up, and how
//! often they ask again. Do they cut good requests, or multiply bad ones?

mod budget;
mod clients;
mod pools;
mod retries;
mod routes;
mod timeouts;
mod weakness;

pub use budget::Budget;
pub use clients::{Clients, Waypoint};
pub use pools::{PoolCase, PoolLimits};
pub use retries::{RetriesSaid, RetryCase};
pub use routes::{API_RETRIES, API_TIMEOUTS, Routed, retries_of};
pub use timeouts::TimeoutCase;
pub use weakness::{Bound, Faulty, Weakness, WeaknessKind};

use super::Inputs;
use super::ejections::{EjectionCase, missing};
use super::findings::Odd;
use super::services::Services;
use crate::inventory::objects::Call;
use crate::inventory::{ObjectName, Workload};
use crate::mesh::{self, DestinationRules, ProxyMode, hosts};
use crate::units::{Quantile, Seconds};

use routes::Routes;

/// What is known of the requests of a mesh beside its inventory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traffic<'a> {
    /// Response times of each workload with the proxies that the plan brings, parallel to the workloads; `None` where
    /// none were measured.
    pub times: Vec<Option<ResponseTimes>>,
    /// The most worker threads that a proxy has.
    pub workers: u64,
    /// Who calls whom, if that is known.
    pub calls: Option<&'a [Call]>,
    /// The waypoint of each workload, parallel to the workloads; `None` where requests to it pass none.
    pub waypoints: Vec<Option<Waypoint>>,
}

/// Response times of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseTimes {
    /// What was measured.
    pub measurement: String,
    /// Upper end of the mean, finite; where only a quantile was stated, that.
    pub mean: Seconds,
    /// Whether it is a quantile that stands for the mean.
    pub mean_is_quantile: bool,
    /// Which of the slowest requests are looked at; lower than the policy's where too few were measured for that.
    pub quantile: Quantile,
    /// Upper end of that quantile; `None` where nothing bounds it.
    pub tail: Option<Seconds>,
}

/// Guards of the services of the input, and services whose guards cannot be judged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Guards {
    /// Pools of connections, by service.
    pub pools: Vec<PoolCase>,
    /// Timeouts, by route.
    pub timeouts: Vec<TimeoutCase>,
    /// Retries, by service; nothing where nobody said who calls whom.
    pub retries: Vec<RetryCase>,
    /// Services without outlier detection, as if they had Istio's default of it.
    pub unwatched: Vec<EjectionCase>,
    /// Services in the mesh without measured requests.
    pub without_requests: Vec<ObjectName>,
    /// Services in the mesh with measured requests and no response times.
    pub without_times: Vec<ObjectName>,
    /// Services of ambient mode with HTTP ports that no waypoint carries, and no caller with a proxy is known of.
    pub without_proxies: Vec<ObjectName>,
    /// Whether it is known who calls whom.
    pub calls_known: bool,
    /// What is wrong with all of them, the gravest first.
    pub weaknesses: Vec<Weakness>,
}

impl Guards {
    /// Whether anything could be judged.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        !(self.pools.is_empty() && self.timeouts.is_empty() && self.retries.is_empty() && self.weaknesses.is_empty())
    }

    /// Whether nobody holds the guards of a service, so that nothing that is set for it would be followed.
    #[must_use]
    pub fn is_held_by_nobody(&self, host: &str) -> bool {
        self.without_proxies.iter().any(|it| hosts::of_service(&it.name, &it.namespace) == host)
    }

    /// How many services and routes something is wrong with.
    #[must_use]
    pub fn count(&self, kind: WeaknessKind) -> u64 {
        let of_kind = self.weaknesses.iter().filter(|it| it.kind == kind);
        of_kind.map(|it| it.subjects.len() as u64).sum()
    }
}

/// Looks at the guards of every service with HTTP ports and workloads in the mesh, whoever holds them.
pub(super) fn guards(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    rules: &DestinationRules<'_>,
    odd: &mut Odd,
) -> Guards {
    let traffic = inputs.traffic;
    let mut guards = Guards { calls_known: traffic.calls.is_some(), ..Guards::default() };
    budget::notice(inputs.inventory, odd);
    let routes = Routes::new(inputs.inventory);
    for (host, index) in services.hosts() {
        let Some(service) = inputs.inventory.services.get(index) else { continue };
        let Some(backing) = services.behind(host).filter(|_| !mesh::is_tcp_only(service)) else { continue };
        let is_in_mesh = backing.workloads.iter().any(|&it| mode(inputs, it) != ProxyMode::None);
        let is_called = backing.workloads.iter().any(|&it| is_called(inputs, it));
        if !is_in_mesh || !is_called || services.workloads(&backing).all(|it| it.replicas == 0) {
            continue;
        }
        let clients = clients::of(inputs, service, &backing);
        if clients == Clients::Nobody {
            guards.without_proxies.push(service.name.clone());
        }
        guards.unwatched.extend(missing(inputs, services, rules, (host, &backing)));
        let demand = match pools::demand(services, &backing, traffic) {
            Ok(demand) => demand,
            // Measurements would change nothing there.
            Err(_) if clients == Clients::Nobody => continue,
            Err(pools::Missing::Requests) => {
                guards.without_requests.push(service.name.clone());
                continue;
            }
            Err(pools::Missing::Times) => {
                guards.without_times.push(service.name.clone());
                continue;
            }
        };
        guards.pools.push(pools::case(inputs, rules, (host, service, clients), &demand));
    }
    guards.timeouts = timeouts::timeouts(inputs, services, &routes, &guards.without_proxies);
    guards.retries = retries::retries(inputs, services, &routes, &guards.pools);
    guards.weaknesses = Weakness::all(&guards, inputs.policy.resilience.most_amplification);
    guards
}

/// Whether the mesh may call a workload as a service of its own: nobody calls istiod or a waypoint that way, and a gateway
/// only where somebody said so, for as a rule it is called from outside.
fn is_called(inputs: &Inputs<'_>, workload: usize) -> bool {
    let Some(of_inventory) = inputs.inventory.workloads.get(workload) else { return false };
    match mode(inputs, workload) {
        ProxyMode::Gateway => {
            inputs.traffic.calls.is_some_and(|calls| calls.iter().any(|call| is_of(of_inventory, &call.to)))
        }
        ProxyMode::Waypoint | ProxyMode::Ztunnel | ProxyMode::ControlPlane => false,
        ProxyMode::None | ProxyMode::Sidecar | ProxyMode::Ambient => !of_inventory.is_istiod(),
    }
}

fn is_of(workload: &Workload, name: &ObjectName) -> bool {
    workload.id.namespace == name.namespace && workload.id.name == name.name
}

fn mode(inputs: &Inputs<'_>, workload: usize) -> ProxyMode {
    inputs.mesh.members.get(workload).map_or(ProxyMode::None, |member| member.mode)
}
