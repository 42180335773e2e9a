//! What is left of a service once a zone is gone: can the others carry its load?

use std::collections::BTreeMap;

use super::Inputs;
use super::carrying::{Carrying, Servers};
use super::locality::{Place, Preference, spread};
use super::services::{Backing, Services};
use crate::estimate::{Basis, Estimate, Term};
use crate::inventory::objects::TrafficPolicy;
use crate::inventory::{Inventory, Place as On};
use crate::mesh::{DestinationRules, ProxyMode};

/// A service without the zone that it can least do without, or its weights by zone as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneCase {
    /// Full name of the service's host.
    pub host: String,
    /// How clients choose among zones: `none`, `distribute` or `failover`.
    pub preference: &'static str,
    /// The zone that is gone; `None` where weights are judged with every zone there.
    pub lost: Option<String>,
    /// Its pods by zone before.
    pub pods: Vec<(String, u64)>,
    /// The zone whose pods then get most each; `None` where no pod is left.
    pub busiest: Option<String>,
    /// How those pods stand with what they get.
    pub carrying: Carrying,
}

/// The worst loss of a zone for every service of the mesh whose pods have nodes; nothing where nodes name fewer than
/// two zones.
pub(super) fn zones(inputs: &Inputs<'_>, services: &Services<'_>, rules: &DestinationRules<'_>) -> Vec<ZoneCase> {
    let places: Vec<Option<Place>> = inputs.inventory.nodes.iter().map(Place::of).collect();
    let mut known: Vec<&Place> = places.iter().flatten().collect();
    known.sort_unstable();
    known.dedup();
    if known.len() < 2 {
        return Vec::new();
    }
    let clients = clients(inputs, &places);
    let mut cases = Vec::new();
    for (host, _) in services.hosts() {
        let Some(of_host) = services.behind(host).filter(|it| is_meshed(inputs, it)) else { continue };
        let pods = pods(inputs.inventory, services, &of_host, &places);
        if pods.is_empty() {
            continue;
        }
        let service = Zoned { inputs, services, rules, host, of_host: &of_host, pods: &pods, clients: &clients };
        service.cases(&mut cases);
    }
    cases
}

fn is_meshed(inputs: &Inputs<'_>, backing: &Backing) -> bool {
    let is_in = |index: &usize| {
        let mode = inputs.mesh.members.get(*index).map_or(ProxyMode::None, |member| member.mode);
        !matches!(mode, ProxyMode::None | ProxyMode::Ztunnel | ProxyMode::ControlPlane)
    };
    backing.workloads.iter().any(is_in)
}

/// Pods of the mesh by place: where callers are taken to be.
fn clients(inputs: &Inputs<'_>, places: &[Option<Place>]) -> BTreeMap<Place, f64> {
    let mut clients = BTreeMap::new();
    for (workload, member) in inputs.inventory.workloads.iter().zip(&inputs.mesh.members) {
        if matches!(member.mode, ProxyMode::None | ProxyMode::Ztunnel | ProxyMode::ControlPlane) {
            continue;
        }
        for place in inputs.inventory.pods_of(workload).iter().filter_map(|pod| of_pod(pod.place, places)) {
            *clients.entry(place.clone()).or_default() += 1.0;
        }
    }
    clients
}

fn pods(
    inventory: &Inventory,
    services: &Services<'_>,
    backing: &Backing,
    places: &[Option<Place>],
) -> BTreeMap<Place, u64> {
    let mut pods = BTreeMap::new();
    for workload in services.workloads(backing) {
        for place in inventory.pods_of(workload).iter().filter_map(|pod| of_pod(pod.place, places)) {
            *pods.entry(place.clone()).or_default() += 1;
        }
    }
    pods
}

fn of_pod(place: On, places: &[Option<Place>]) -> Option<&Place> {
    match place {
        On::On(node) => places.get(node)?.as_ref(),
        On::Pending | On::Elsewhere => None,
    }
}

struct Zoned<'a> {
    inputs: &'a Inputs<'a>,
    services: &'a Services<'a>,
    rules: &'a DestinationRules<'a>,
    host: &'a str,
    of_host: &'a Backing,
    pods: &'a BTreeMap<Place, u64>,
    clients: &'a BTreeMap<Place, f64>,
}

/// The pods that get most each.
struct Busiest<'a> {
    place: &'a Place,
    pods: u64,
    /// Part of all requests that they get.
    part: f64,
    /// The part they would get if all pods shared evenly.
    even: f64,
    /// The least and the most they can get, wherever callers are.
    bounds: (f64, f64),
}

impl Busiest<'_> {
    fn each(&self) -> f64 {
        self.part / self.pods as f64
    }

    /// From the smaller to the larger of what they get and an even share, as far as the place of callers matters.
    fn ends(&self) -> (f64, f64) {
        (self.part.min(self.even).max(self.bounds.0), self.part.max(self.even).min(self.bounds.1))
    }
}

impl Zoned<'_> {
    fn cases(&self, cases: &mut Vec<ZoneCase>) {
        let namespace = self.services.namespace(self.host).unwrap_or_default();
        let held = self.rules.of(namespace, self.host, namespace);
        let first = held.iter().find(|rule| rule.policy.is_said());
        let settings = TrafficPolicy::merged(first.map(|rule| &rule.policy), None);
        let locality = settings.locality.as_ref().or(self.inputs.inventory.istio.mesh.locality.as_ref());
        let preference = Preference::of(locality, settings.outliers.is_some());
        if matches!(preference, Preference::Distribute(_)) {
            cases.push(self.case(preference, None));
        }
        // Of the zones it can lose, the one after which a pod gets most; of several, the first by name.
        let mut worst: Option<(&Place, f64)> = None;
        for lost in self.pods.keys() {
            let each = self.busiest(preference, Some(lost)).map_or(f64::INFINITY, |busiest| busiest.each());
            if worst.is_none_or(|(_, known)| each > known) {
                worst = Some((lost, each));
            }
        }
        cases.extend(worst.map(|(lost, _)| self.case(preference, Some(lost))));
    }

    fn case(&self, preference: Preference<'_>, lost: Option<&Place>) -> ZoneCase {
        let busiest = self.busiest(preference, lost);
        ZoneCase {
            host: self.host.to_owned(),
            preference: preference.as_str(),
            lost: lost.map(|place| place.zone.clone()),
            pods: self.pods.iter().map(|(place, count)| (place.zone.clone(), *count)).collect(),
            busiest: busiest.as_ref().map(|busiest| busiest.place.zone.clone()),
            carrying: self.carrying(busiest.as_ref(), lost),
        }
    }

    fn busiest(&self, preference: Preference<'_>, lost: Option<&Place>) -> Option<Busiest<'_>> {
        let is_left = |place: &&Place| Some(*place) != lost;
        let left: BTreeMap<Place, u64> = self
            .pods
            .iter()
            .filter(|(place, _)| is_left(place))
            .map(|(place, count)| (place.clone(), *count))
            .collect();
        let asking: BTreeMap<Place, f64> = self
            .clients
            .iter()
            .filter(|(place, _)| is_left(place))
            .map(|(place, part)| (place.clone(), *part))
            .collect();
        let all: f64 = left.values().map(|count| *count as f64).sum();
        let parts = spread(&left, &asking, preference);
        let alone = |from: &Place| spread(&left, &[(from.clone(), 1.0)].into(), preference);
        let each_alone: Vec<BTreeMap<Place, f64>> = asking.keys().map(alone).collect();
        let mut busiest: Option<Busiest<'_>> = None;
        for (place, &pods) in self.pods.iter().filter(|(place, _)| is_left(place)) {
            let part = parts.get(place).copied().unwrap_or(0.0);
            let bounds = each_alone
                .iter()
                .filter_map(|parts| parts.get(place))
                .fold((part, part), |(low, high), it| (low.min(*it), high.max(*it)));
            let candidate = Busiest { place, pods, part, even: pods as f64 / all, bounds };
            if busiest.as_ref().is_none_or(|known| candidate.each() > known.each() * (1.0 + 1e-12)) {
                busiest = Some(candidate);
            }
        }
        busiest
    }

    fn carrying(&self, busiest: Option<&Busiest<'_>>, lost: Option<&Place>) -> Carrying {
        let servers = self.services.servers(self.of_host, self.of_host);
        let requests = self.services.requests(self.of_host);
        let (pods, part, even) = busiest.map_or((0, 1.0, 1.0), |it| (it.pods, it.part, it.even));
        let (least, most_part) = busiest.map_or((1.0, 1.0), Busiest::ends);
        // What an autoscaler adds spreads like the pods that are left.
        let grows = servers.most > servers.replicas;
        let most = if grows { (servers.most as f64 * even) as u64 } else { pods };
        let place = busiest.map_or_else(|| "no zone".to_owned(), |it| it.place.zone.clone());
        let term =
            Term::new(format!("requests to {}, in {place}", self.host), requests.as_per_second(), part, "per second");
        let mut assumptions = vec![match lost {
            Some(lost) => {
                format!("{} gone with its callers, whose users ask elsewhere; no pod started anew", lost.zone)
            }
            None => "every zone there".to_owned(),
        }];
        if least < most_part {
            assumptions
                .push("callers spread over zones like the pods of the mesh; the other end is an even share".to_owned());
        }
        assumptions.push(self.services.basis(self.of_host));
        let basis = Basis { law: "requests of a zone".to_owned(), terms: vec![term], assumptions };
        let load = Estimate::new(requests * least, requests * part, requests * most_part, basis);
        let left = Servers { replicas: pods, most: most.max(pods), ..servers };
        left.carry(load, self.inputs.policy.resilience.target_utilization)
    }
}
