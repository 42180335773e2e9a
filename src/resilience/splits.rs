//! Requests that routes divide: can each destination carry its share?

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::carrying::Carrying;
use super::findings::Odd;
use super::rules::{Route, Rule, Target, routes};
use super::services::{Backing, Services};
use crate::estimate::{Basis, Estimate, Term};
use crate::inventory::objects::Subset;
use crate::mesh::{DestinationRules, hosts};
use crate::units::{Quantity, Rate, Ratio};

/// What a route sends to a destination, and whether its pods carry it.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The object that routes, e.g. `VirtualService shop/reviews`.
    pub route: String,
    /// Full name of the host that gets the requests.
    pub host: String,
    /// Subset of it.
    pub subset: Option<String>,
    /// Workloads whose pods take them; empty where there are none.
    pub workloads: Vec<String>,
    /// Part of the requests that it gets, copies included; an interval where the share of requests that meet a
    /// condition is not known. At least 0; above 1 only with copies.
    pub share: Estimate<Ratio>,
    /// Whether some of what it gets are copies.
    pub mirrored: bool,
    /// What rules look at before they send requests here or elsewhere, e.g. `headers`.
    pub conditions: Vec<&'static str>,
    /// How its pods stand with it.
    pub carrying: Carrying,
}

/// What every dividing route sends to each of its destinations, by route.
pub(super) fn splits(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    rules: &DestinationRules<'_>,
    odd: &mut Odd,
) -> Vec<Split> {
    let mut splits = Vec::new();
    for route in routes(inputs.inventory) {
        for rule in route.rules.iter().filter(|rule| rule.odd_sum.is_some()) {
            odd.weights.add(format_args!("{} of {}", rule.odd_sum.unwrap_or_default(), route.name));
        }
        let of_route = Dividing { inputs, services, rules, route: &route };
        for group in groups(&route) {
            of_route.divide(&group, odd, &mut splits);
        }
    }
    splits
}

/// Rules that share the requests of the same hosts.
fn groups(route: &Route) -> Vec<Vec<&Rule>> {
    let mut groups: BTreeMap<&[String], Vec<&Rule>> = BTreeMap::new();
    for rule in route.rules.iter().filter(|rule| !rule.hosts.is_empty()) {
        groups.entry(&rule.hosts).or_default().push(rule);
    }
    groups.into_values().filter(|rules| rules.iter().any(|rule| rule.divides())).collect()
}

struct Dividing<'a> {
    inputs: &'a Inputs<'a>,
    services: &'a Services<'a>,
    rules: &'a DestinationRules<'a>,
    route: &'a Route,
}

impl Dividing<'_> {
    fn divide(&self, group: &[&Rule], odd: &mut Odd, splits: &mut Vec<Split>) {
        let mut senders = Backing::default();
        let asked: BTreeSet<&str> = group.iter().flat_map(|rule| &rule.hosts).map(String::as_str).collect();
        for host in &asked {
            senders.add(self.services.behind(host));
        }
        let requests = self.services.requests(&senders);
        let targets: BTreeSet<&Target> = group.iter().flat_map(|rule| rule.targets()).collect();
        for target in targets {
            let Some((of_host, backing)) = self.backing(target, odd) else { continue };
            let share = self.share(group, target);
            if backing.workloads.is_empty() && group.iter().any(|rule| rule.serves(target)) {
                odd.subset_without_pods.add(format_args!("{} of {}", name(target), self.route.name));
            }
            let load = load(requests, &share, &asked, self.services.basis(&senders));
            // What its own pods' figures do not say, those of all that share the requests do.
            let mut sharing = senders.clone();
            sharing.add(Some(of_host));
            let servers = self.services.servers(&backing, &sharing);
            let mirrored = group.iter().any(|rule| rule.copies.iter().any(|(it, _)| it == target));
            splits.push(Split {
                route: self.route.name.clone(),
                host: target.host.clone(),
                subset: target.subset.clone(),
                workloads: self.services.names(&backing),
                share,
                mirrored,
                conditions: conditions(group),
                carrying: servers.carry(load, self.inputs.policy.resilience.target_utilization),
            });
        }
    }

    /// Workloads behind a destination's host, and those of them that are of its subset; nothing where the input
    /// does not know them.
    fn backing(&self, target: &Target, odd: &mut Odd) -> Option<(Backing, Backing)> {
        let Some(namespace) = self.services.namespace(&target.host) else {
            let entries = &self.inputs.inventory.istio.service_entries;
            let covers = |host: &String| hosts::covers(&host.to_ascii_lowercase(), &target.host);
            if entries.iter().flat_map(|entry| &entry.hosts).any(covers) {
                odd.outside += 1;
            } else {
                odd.unknown_hosts.add(format_args!("{} of {}", target.host, self.route.name));
            }
            return None;
        };
        let Some(of_host) = self.services.behind(&target.host) else {
            odd.empty_services.add(format_args!("{} of {}", target.host, self.route.name));
            return None;
        };
        let Some(wanted) = &target.subset else { return Some((of_host.clone(), of_host)) };
        let rules = self.rules.of(&self.route.namespace, &target.host, namespace);
        let subset: Option<&Subset> = rules.iter().flat_map(|rule| &rule.subsets).find(|it| it.name == *wanted);
        let Some(subset) = subset else {
            odd.unknown_subsets.add(format_args!("{} of {}", name(target), self.route.name));
            return None;
        };
        let backing = self.services.of_subset(&of_host, subset);
        Some((of_host, backing))
    }

    /// The part of a group's requests that a destination gets. How many meet which rule is not known: the ends
    /// are the least and the most that any rule sends there, the figure is that of the rule for all the rest.
    fn share(&self, group: &[&Rule], target: &Target) -> Estimate<Ratio> {
        let shares = || group.iter().map(|rule| rule.share(target));
        let rest = group.iter().find(|rule| rule.conditions.is_empty()).or(group.last());
        let value = rest.map_or(0.0, |rule| rule.share(target));
        let mut assumptions = Vec::new();
        if group.len() > 1 {
            let looked_at = conditions(group).join(", ");
            assumptions.push(format!("how many requests meet {looked_at} is not known; none for the figure"));
        }
        if self.route.is_of_gateways {
            assumptions.push("requests that reach the host by another way count as if they took this route".to_owned());
        }
        let basis = Basis {
            law: "share of a destination".to_owned(),
            terms: vec![Term::new("weight over the sum of weights", 1.0, value, "")],
            assumptions,
        };
        let (lower, upper) = shares().fold((value, value), |(low, high), it| (low.min(it), high.max(it)));
        Estimate::new(Ratio::new(lower), Ratio::new(value), Ratio::new(upper), basis)
    }
}

fn load(requests: Rate, share: &Estimate<Ratio>, hosts: &BTreeSet<&str>, known: String) -> Estimate<Rate> {
    let times = |share: Ratio| Rate::from_base(requests.base() * share.as_number());
    let hosts: Vec<&str> = hosts.iter().copied().collect();
    let term = Term::new(
        format!("requests to {}", hosts.join(" and ")),
        requests.as_per_second(),
        share.value.as_number(),
        "per second",
    );
    let mut assumptions = share.basis.assumptions.clone();
    assumptions.push(known);
    let basis = Basis { law: "requests of a destination".to_owned(), terms: vec![term], assumptions };
    Estimate::new(times(share.lower), times(share.value), times(share.upper), basis)
}

fn conditions(group: &[&Rule]) -> Vec<&'static str> {
    let mut all: Vec<&'static str> = group.iter().flat_map(|rule| &rule.conditions).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn name(target: &Target) -> String {
    match &target.subset {
        Some(subset) => format!("{subset} of {}", target.host),
        None => target.host.clone(),
    }
}
