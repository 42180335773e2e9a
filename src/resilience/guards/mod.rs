//! What clients set between them and a service: limits of what is under way, times after which they give up, and how
//! often they ask again. Do they cut good requests, or multiply bad ones?

mod budget;
mod pools;
mod retries;
mod routes;
mod timeouts;
mod weakness;

pub use budget::Budget;
pub use pools::{PoolCase, PoolLimits};
pub use retries::RetryCase;
pub use routes::Routed;
pub use timeouts::TimeoutCase;
pub use weakness::{Bound, Faulty, Weakness, WeaknessKind};

use super::Inputs;
use super::ejections::{EjectionCase, missing};
use super::findings::Odd;
use super::services::Services;
use crate::inventory::ObjectName;
use crate::inventory::objects::Call;
use crate::mesh::{self, DestinationRules, ProxyMode};
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

    /// How many services and routes something is wrong with.
    #[must_use]
    pub fn count(&self, kind: WeaknessKind) -> u64 {
        let of_kind = self.weaknesses.iter().filter(|it| it.kind == kind);
        of_kind.map(|it| it.subjects.len() as u64).sum()
    }
}

/// Looks at the guards of every service with HTTP ports and workloads in the mesh, where any proxy holds them: ztunnels
/// do not.
pub(super) fn guards(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    rules: &DestinationRules<'_>,
    odd: &mut Odd,
) -> Guards {
    let traffic = inputs.traffic;
    let mut guards = Guards { calls_known: traffic.calls.is_some(), ..Guards::default() };
    let runs_envoy = inputs.mesh.members.iter().any(|member| member.mode.runs_envoy());
    if !runs_envoy {
        return guards;
    }
    budget::notice(inputs.inventory, odd);
    let routes = Routes::new(inputs.inventory);
    for (host, index) in services.hosts() {
        let Some(service) = inputs.inventory.services.get(index) else { continue };
        let Some(backing) = services.behind(host).filter(|_| !mesh::is_tcp_only(service)) else { continue };
        let is_in_mesh = backing.workloads.iter().any(|&it| mode(inputs, it) != ProxyMode::None);
        if !is_in_mesh || services.workloads(&backing).all(|it| it.replicas == 0) {
            continue;
        }
        guards.unwatched.extend(missing(inputs, services, rules, (host, &backing)));
        let demand = match pools::demand(services, &backing, traffic) {
            Ok(demand) => demand,
            Err(pools::Missing::Requests) => {
                guards.without_requests.push(service.name.clone());
                continue;
            }
            Err(pools::Missing::Times) => {
                guards.without_times.push(service.name.clone());
                continue;
            }
        };
        guards.pools.extend(pools::case(inputs, rules, (host, service), &demand));
    }
    guards.timeouts = timeouts::timeouts(inputs, services, &routes, traffic);
    guards.retries = retries::retries(inputs, services, &routes, &guards.pools);
    guards.weaknesses = Weakness::all(&guards, inputs.policy.resilience.most_amplification);
    guards
}

fn mode(inputs: &Inputs<'_>, workload: usize) -> ProxyMode {
    inputs.mesh.members.get(workload).map_or(ProxyMode::None, |member| member.mode)
}
