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
    /// Where requests go, and where copies go.
    pub shares: Vec<(Target, f64)>,
    /// Hosts that requests go to, in order.
    pub hosts: Vec<String>,
    /// Weights added up, where there are several and they are not 100.
    pub odd_sum: Option<u64>,
    /// Destinations that get copies.
    pub copied: Vec<Target>,
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
    /// The part of its requests that a destination gets, copies included, at least 0.
    pub fn share(&self, target: &Target) -> f64 {
        self.shares.iter().filter(|(known, _)| known == target).fold(0.0, |sum, (_, share)| sum + share)
    }

    /// Whether it does more than send every request to all pods of one host.
    pub fn divides(&self) -> bool {
        !self.copied.is_empty()
            || self.shares.len() > 1
            || self.shares.iter().any(|(target, _)| target.subset.is_some())
    }
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
    let mut shares: Vec<(Target, f64)> = weighted.iter().map(|it| (target(it), part(it))).collect();
    let copied: Vec<(Target, f64)> =
        route.destinations.iter().filter_map(|it| Some((target(it), it.mirror?.share.get()))).collect();
    shares.extend(copied.iter().cloned());
    let mut hosts: Vec<String> = weighted.iter().map(|it| target(it).host).collect();
    hosts.sort();
    hosts.dedup();
    let mut all = outer;
    all.extend(conditions(&route.matches).into_iter().filter(|it| !all.contains(it)).collect::<Vec<_>>());
    let must_be_100 = weights == Weights::OfIstio && weighted.len() > 1;
    let odd_sum = ((must_be_100 && sum != 100) || (sum == 0 && !weighted.is_empty())).then_some(sum);
    Rule { conditions: all, shares, hosts, odd_sum, copied: copied.into_iter().map(|(target, _)| target).collect() }
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
