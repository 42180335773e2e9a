//! Routes as rules in order, each with the shares of its requests that its destinations get.

use std::collections::BTreeMap;

use crate::inventory::objects::{Destination, HttpRoute, RouteMatch, RouteParent};
use crate::inventory::{Inventory, ObjectName, VirtualService};
use crate::mesh::hosts;

/// An object that routes, with the rules that can be reached.
pub(super) struct Route {
    /// Its kind and name.
    pub name: String,
    /// Namespace whose destination rules hold for it first.
    pub namespace: String,
    /// Whether it holds for gateways only.
    pub is_of_gateways: bool,
    /// Rules in order, up to the first that takes every request.
    pub rules: Vec<Rule>,
}

/// A rule.
pub(super) struct Rule {
    /// What requests must meet; empty where it takes all that are left.
    pub conditions: Vec<&'static str>,
    /// Where requests go, and which part of them.
    pub requests: Vec<(Target, f64)>,
    /// Where copies go, and of which part.
    pub copies: Vec<(Target, f64)>,
    /// Hosts that requests go to, in order.
    pub hosts: Vec<String>,
    /// Weights added up, where there are several and they are not 100.
    pub odd_sum: Option<u64>,
}

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// Full name of the host.
    pub host: String,
    /// Its subset.
    pub subset: Option<String>,
}

impl Rule {
    /// Everyone who gets requests or copies.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.requests.iter().chain(&self.copies).map(|(target, _)| target)
    }

    /// The part of its requests that a destination gets, copies included, at least 0.
    pub fn share(&self, target: &Target) -> f64 {
        part(&self.requests, target) + part(&self.copies, target)
    }

    /// Whether a destination gets requests that someone waits for.
    pub fn serves(&self, target: &Target) -> bool {
        part(&self.requests, target) > 0.0
    }

    /// Whether it does more than send every request to all pods of one host.
    pub fn divides(&self) -> bool {
        !self.copies.is_empty() || self.requests.len() > 1 || self.requests.iter().any(|(it, _)| it.subset.is_some())
    }
}

fn part(shares: &[(Target, f64)], target: &Target) -> f64 {
    shares.iter().filter(|(known, _)| known == target).fold(0.0, |sum, (_, share)| sum + share)
}

/// All routes of an inventory, virtual services before routes of the Gateway API.
pub(super) fn routes(inventory: &Inventory) -> Vec<Route> {
    let istio = &inventory.istio;
    let delegates: BTreeMap<&ObjectName, &VirtualService> =
        istio.virtual_services.iter().filter(|it| it.hosts.is_empty()).map(|it| (&it.name, it)).collect();
    let of_istio = istio.virtual_services.iter().filter(|it| !it.hosts.is_empty()).map(|service| Route {
        name: format!("VirtualService {}", service.name),
        namespace: service.name.namespace.to_string(),
        is_of_gateways: !service.gateways.is_empty() && !service.gateways.iter().any(|gateway| gateway == "mesh"),
        rules: of_virtual_service(service, &delegates),
    });
    let of_api = istio.routes.iter().map(|route| Route {
        name: format!("{} {}", route.kind, route.name),
        namespace: route.name.namespace.to_string(),
        is_of_gateways: !route.parents.iter().any(|parent| matches!(parent, RouteParent::Service(_))),
        rules: reachable(
            route.rules.iter().map(|rule| read(rule, &route.name.namespace, Vec::new(), Weights::OfApi)).collect(),
        ),
    });
    of_istio.chain(of_api).collect()
}

fn of_virtual_service(service: &VirtualService, delegates: &BTreeMap<&ObjectName, &VirtualService>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for route in &service.http {
        match &route.delegate {
            None => rules.push(read(route, &service.name.namespace, Vec::new(), Weights::OfIstio)),
            Some(name) => {
                let outer = conditions(&route.matches);
                let inner = delegates.get(name).into_iter().flat_map(|delegate| &delegate.http);
                rules.extend(inner.map(|inner| read(inner, &name.namespace, outer.clone(), Weights::OfIstio)));
            }
        }
    }
    reachable(rules)
}

/// Rules behind one that takes every request get none.
fn reachable(mut rules: Vec<Rule>) -> Vec<Rule> {
    if let Some(last) = rules.iter().position(|rule| rule.conditions.is_empty()) {
        rules.truncate(last + 1);
    }
    rules
}

/// What a weight that is not written means where there are several.
#[derive(Clone, Copy, PartialEq)]
enum Weights {
    /// Nothing.
    OfIstio,
    /// One.
    OfApi,
}

fn read(route: &HttpRoute, namespace: &str, outer: Vec<&'static str>, weights: Weights) -> Rule {
    let target = |it: &Destination| Target {
        host: hosts::resolved(&it.host, namespace).into_owned(),
        subset: it.subset.clone(),
    };
    let weighted: Vec<&Destination> = route.destinations.iter().filter(|it| it.mirror.is_none()).collect();
    let unwritten = if weights == Weights::OfApi || weighted.len() == 1 { 1 } else { 0 };
    let weight = |it: &Destination| it.weight.unwrap_or(unwritten);
    let sum = weighted.iter().map(|it| weight(it)).fold(0, u64::saturating_add);
    let part = |it: &Destination| if sum == 0 { 0.0 } else { weight(it) as f64 / sum as f64 };
    let requests: Vec<(Target, f64)> = weighted.iter().map(|it| (target(it), part(it))).collect();
    let copies = route.destinations.iter().filter_map(|it| Some((target(it), it.mirror?.share.get()))).collect();
    let mut hosts: Vec<String> = weighted.iter().map(|it| target(it).host).collect();
    hosts.sort();
    hosts.dedup();
    let mut all = outer;
    all.extend(conditions(&route.matches).into_iter().filter(|it| !all.contains(it)).collect::<Vec<_>>());
    let must_be_100 = weights == Weights::OfIstio && weighted.len() > 1;
    let odd_sum = ((must_be_100 && sum != 100) || (sum == 0 && !weighted.is_empty())).then_some(sum);
    Rule { conditions: all, requests, copies, hosts, odd_sum }
}

/// What requests must meet to take a rule: nothing where one alternative asks for nothing.
fn conditions(matches: &[RouteMatch]) -> Vec<&'static str> {
    let mut all = Vec::new();
    for alternative in matches {
        let limits = [("port", alternative.port.is_some()), ("gateways", !alternative.gateways.is_empty())];
        let limits = limits.iter().filter(|(_, limited)| *limited).map(|(name, _)| *name);
        let own: Vec<&str> = alternative.conditions.iter().copied().chain(limits).collect();
        if own.is_empty() {
            return Vec::new();
        }
        all.extend(own.into_iter().filter(|it| !all.contains(it)).collect::<Vec<_>>());
    }
    all
}
