//! Canaries and failures as they are written.

use serde::Serialize;

use super::derivations::Derivations;
use super::guards::Guards;
use super::wire::Estimate;
use crate::resilience;

/// Whether canaries carry their share, and what is left carries the load once hosts or a zone are gone.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resilience<'a> {
    /// What dividing routes send to each destination, by route.
    splits: Vec<Split<'a>>,
    /// Outlier detection, by host.
    ejections: Vec<Ejection<'a>>,
    /// Zones, by host.
    zones: Vec<Zone<'a>>,
    /// Limits, timeouts and retries of clients.
    guards: Guards<'a>,
    /// Destinations of dividing routes outside the cluster, which are not judged.
    destinations_outside: u64,
}

/// What a route sends to a destination.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Split<'a> {
    /// The object that routes.
    route: &'a str,
    /// Full name of the host.
    host: &'a str,
    /// Subset of it.
    subset: Option<&'a str>,
    /// Workloads whose pods take the requests.
    workloads: &'a [String],
    /// Part of the requests that it gets, copies included.
    share: Estimate,
    /// Place of its arithmetic in `derivations`.
    share_derivation: Option<usize>,
    /// Whether some of what it gets are copies.
    mirrored: bool,
    /// What rules look at before they send requests here or elsewhere.
    conditions: &'a [&'static str],
    /// How its pods stand with it.
    carrying: Carrying<'a>,
}

/// Outlier detection of a host, a subset or a port.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Ejection<'a> {
    /// The destination rule, as namespace and name.
    destination_rule: &'a str,
    /// Full name of the host.
    host: &'a str,
    /// Subset of it.
    subset: Option<&'a str>,
    /// Port it holds for alone.
    port: Option<u16>,
    /// Pods behind it.
    hosts: u64,
    /// `maxEjectionPercent`, with Istio's default filled in.
    max_ejection_percent: u64,
    /// `minHealthPercent`, with Istio's default filled in.
    min_health_percent: u64,
    /// Hosts that may be ejected at once.
    ejected_at_once: u64,
    /// Hosts taken as gone, at least one.
    taken_as_gone: u64,
    /// How the others stand with the load of all.
    carrying: Carrying<'a>,
}

/// A service without a zone.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Zone<'a> {
    /// Full name of the service's host.
    host: &'a str,
    /// How clients choose among zones: `none`, `distribute` or `failover`.
    preference: &'static str,
    /// The zone that is gone; `null` where weights are judged with every zone there.
    zone_gone: Option<&'a str>,
    /// Its pods by zone before.
    pods: Vec<ZonePods<'a>>,
    /// The zone whose pods then get most each; `null` where no pod is left.
    busiest: Option<&'a str>,
    /// How those pods stand with what they get.
    carrying: Carrying<'a>,
}

/// Pods of a zone.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ZonePods<'a> {
    /// The zone.
    zone: &'a str,
    /// Pods in it.
    pods: u64,
}

/// How replicas stand with a load.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Carrying<'a> {
    /// `carries`, `tight`, `cannot` or `unknown`.
    verdict: &'static str,
    /// Why.
    why: &'a str,
    /// Replicas that share the load.
    replicas: u64,
    /// How many an autoscaler may make of them.
    most_replicas: u64,
    /// Replicas that carry the upper end of it; `null` where it cannot be said.
    needed_replicas: Option<u64>,
    /// Requests per second of all of them together.
    requests_per_second: Estimate,
    /// Place of its arithmetic in `derivations`.
    requests_derivation: Option<usize>,
    /// Requests per second of each; `null` without a replica.
    requests_per_replica: Option<Estimate>,
    /// That over what a replica takes today; `null` where that is nothing.
    against_today: Option<Estimate>,
    /// CPU of the application over its request; `null` where it is not known.
    cpu_utilization: Option<Estimate>,
    /// Place of its arithmetic in `derivations`.
    cpu_derivation: Option<usize>,
}

impl<'a> Resilience<'a> {
    /// Everything judged.
    pub fn new(found: &'a resilience::Resilience, derivations: &mut Derivations<'a>) -> Self {
        Self {
            splits: found.splits.iter().map(|split| Split::new(split, derivations)).collect(),
            ejections: found.ejections.iter().map(|case| Ejection::new(case, derivations)).collect(),
            zones: found.zones.iter().map(|case| Zone::new(case, derivations)).collect(),
            guards: Guards::new(&found.guards),
            destinations_outside: found.outside,
        }
    }
}

impl<'a> Split<'a> {
    fn new(split: &'a resilience::Split, derivations: &mut Derivations<'a>) -> Self {
        Self {
            route: &split.route,
            host: &split.host,
            subset: split.subset.as_deref(),
            workloads: &split.workloads,
            share: (&split.share).into(),
            share_derivation: derivations.place(&split.share),
            mirrored: split.mirrored,
            conditions: &split.conditions,
            carrying: Carrying::new(&split.carrying, derivations),
        }
    }
}

impl<'a> Ejection<'a> {
    fn new(case: &'a resilience::EjectionCase, derivations: &mut Derivations<'a>) -> Self {
        Self {
            destination_rule: &case.rule,
            host: &case.host,
            subset: case.subset.as_deref(),
            port: case.port,
            hosts: case.hosts,
            max_ejection_percent: case.most_percent,
            min_health_percent: case.min_health_percent,
            ejected_at_once: case.at_once,
            taken_as_gone: case.gone,
            carrying: Carrying::new(&case.carrying, derivations),
        }
    }
}

impl<'a> Zone<'a> {
    fn new(case: &'a resilience::ZoneCase, derivations: &mut Derivations<'a>) -> Self {
        Self {
            host: &case.host,
            preference: case.preference,
            zone_gone: case.lost.as_deref(),
            pods: case.pods.iter().map(|(zone, pods)| ZonePods { zone, pods: *pods }).collect(),
            busiest: case.busiest.as_deref(),
            carrying: Carrying::new(&case.carrying, derivations),
        }
    }
}

impl<'a> Carrying<'a> {
    fn new(carrying: &'a resilience::Carrying, derivations: &mut Derivations<'a>) -> Self {
        Self {
            verdict: carrying.verdict.as_str(),
            why: &carrying.why,
            replicas: carrying.replicas,
            most_replicas: carrying.most_replicas,
            needed_replicas: carrying.needed,
            requests_per_second: (&carrying.load).into(),
            requests_derivation: derivations.place(&carrying.load),
            requests_per_replica: carrying.per_replica.as_ref().map(Estimate::from),
            against_today: carrying.against_today.as_ref().map(Estimate::from),
            cpu_utilization: carrying.utilization.as_ref().map(Estimate::from),
            cpu_derivation: carrying.utilization.as_ref().and_then(|it| derivations.place(it)),
        }
    }
}
