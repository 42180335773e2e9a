//! Canaries and failures by Istio's own knobs: can a subset carry its share, the rest of a service the load of hosts
//! that were ejected, the other zones that of one that is gone? Do the limits, timeouts and retries of clients refuse
//! good requests, or multiply bad ones?
//!
//! What each replica can carry is its CPU, where the CPU of a request was measured, and otherwise what replicas of
//! the same service take today. Replicas are those planned for; what an autoscaler may add answers later, and says so.

mod carrying;
mod ejections;
mod findings;
mod guards;
mod locality;
mod rules;
mod services;
mod splits;
#[cfg(test)]
mod tests;
mod zones;

pub use carrying::{Carrying, Verdict};
pub use ejections::EjectionCase;
pub use findings::FINDINGS;
pub use guards::{
    API_RETRIES, API_TIMEOUTS, Bound, Budget, Clients, Faulty, Guards, PoolCase, PoolLimits, ResponseTimes,
    RetriesSaid, RetryCase, Routed, TimeoutCase, Traffic, Waypoint, Weakness, WeaknessKind, retries_of,
};
pub use splits::Split;
pub use zones::ZoneCase;

use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::mesh::{DestinationRules, Mesh};
use crate::policy::Policy;
use crate::profile::Profile;

use findings::Odd;
use services::Services;

/// What failures are looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What is.
    pub inventory: &'a Inventory,
    /// Who is in the mesh, parallel to its workloads.
    pub mesh: &'a Mesh,
    /// What each workload demands, parallel to them.
    pub profiles: &'a [Profile],
    /// What is wanted.
    pub policy: &'a Policy,
    /// What else is known of its requests.
    pub traffic: &'a Traffic<'a>,
}

/// Capacity of canaries, and after failures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resilience {
    /// What dividing routes send to each destination, by route.
    pub splits: Vec<Split>,
    /// Outlier detection, by host.
    pub ejections: Vec<EjectionCase>,
    /// Zones, by host.
    pub zones: Vec<ZoneCase>,
    /// Limits, timeouts and retries of clients.
    pub guards: Guards,
    /// Destinations of dividing routes that lie outside the cluster and are not judged.
    pub outside: u64,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

impl Resilience {
    /// Every judgement.
    pub fn judged(&self) -> impl Iterator<Item = &Carrying> {
        let splits = self.splits.iter().map(|split| &split.carrying);
        let ejections = self.ejections.iter().map(|case| &case.carrying);
        splits.chain(ejections).chain(self.zones.iter().map(|case| &case.carrying))
    }

    /// Where the judgements end, in sentences; nothing where nothing was judged.
    #[must_use]
    pub fn not_modelled(&self) -> Vec<String> {
        let mut list = Vec::new();
        if self.judged().next().is_some() {
            list.push(
                "Of shares and failures: weights of TCP and TLS routes, subzones, trafficDistribution of Services, \
                 retries that failing hosts cause, and pools of connections, memory or backends as what runs out first."
                    .to_owned(),
            );
        }
        if self.outside > 0 {
            list.push(format!("Destinations outside the cluster to which routes divide requests: {}.", self.outside));
        }
        list
    }

    /// How many judgements came to a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.judged().filter(|carrying| carrying.verdict == verdict).count()
    }
}

/// Looks at what Istio's configuration asks of the pods behind each service.
#[must_use]
pub fn assess(inputs: &Inputs<'_>) -> Resilience {
    let services = Services::new(inputs);
    let rules = DestinationRules::new(inputs.inventory);
    let mut odd = Odd::default();
    let splits = splits::splits(inputs, &services, &rules, &mut odd);
    let ejections = ejections::ejections(inputs, &services, &rules, &mut odd);
    let zones = zones::zones(inputs, &services, &rules);
    let guards = guards::guards(inputs, &services, &rules, &mut odd);
    Resilience { splits, ejections, zones, guards, outside: odd.outside, findings: odd.findings() }
}
