//! Hosts that outlier detection may leave alone at once: can the others carry the load?

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::carrying::{Carrying, Servers};
use super::findings::Odd;
use super::services::{Backing, Services};
use crate::estimate::{Basis, Estimate, Term};
use crate::inventory::objects::{OutlierDetection, Subset, TrafficPolicy};
use crate::inventory::{DestinationRule, ObjectName};
use crate::mesh::{DestinationRules, hosts};
use crate::model::Ejection;
use crate::units::Rate;

/// Outlier detection of a host, a subset or a port, and what is left once it has ejected what it may.
#[derive(Debug, Clone, PartialEq)]
pub struct EjectionCase {
    /// The destination rule, as namespace and name; `/` where there is none.
    pub rule: String,
    /// Full name of the host.
    pub host: String,
    /// Subset of it.
    pub subset: Option<String>,
    /// Port it holds for alone.
    pub port: Option<u16>,
    /// Pods behind it.
    pub hosts: u64,
    /// `maxEjectionPercent`, Istio's default where it is not written, in [0, 100].
    pub most_percent: u64,
    /// `minHealthPercent`, in [0, 100].
    pub min_health_percent: u64,
    /// Hosts that may be ejected at once.
    pub at_once: u64,
    /// Hosts taken as gone in [`Self::carrying`]: those that are really left alone, and at least one, as Envoy before
    /// 1.28 ejected one whatever the percentage.
    pub gone: u64,
    /// How the others stand with the load of all.
    pub carrying: Carrying,
}

impl EjectionCase {
    /// Hosts that are really left alone at once.
    #[must_use]
    pub fn left_alone(&self) -> u64 {
        Ejection::new(self.hosts, self.most_percent, self.min_health_percent).left_alone()
    }

    /// Hosts beyond those that carry the load within the policy's target; `None` where nobody knows, since the CPU of
    /// a request was not measured.
    #[must_use]
    pub fn spare(&self) -> Option<u64> {
        let is_known = self.carrying.utilization.is_some() || self.hosts == self.gone;
        let needed = self.carrying.needed.filter(|_| is_known)?;
        Some(self.hosts.saturating_sub(needed))
    }

    /// The most that may be left alone at once so that one more can be lost: one less than can be spared.
    #[must_use]
    pub fn most_safe(&self) -> Option<u64> {
        self.spare().map(|spare| spare.saturating_sub(1))
    }

    /// Whether there are pods enough for an outlier detection that ejects, so that a service without one lacks it.
    #[must_use]
    pub fn could_eject(&self) -> bool {
        self.most_safe().is_some_and(|most| most > 0)
    }

    /// Whether ejection and the loss of one more host leave fewer than carry the load.
    #[must_use]
    pub fn leaves_too_few(&self) -> bool {
        self.most_safe().is_some_and(|most| self.left_alone() > most)
    }
}

/// A host without outlier detection, as if it had that of Istio's defaults; `None` where it has one.
pub(super) fn missing(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    rules: &DestinationRules<'_>,
    (host, of_host): (&str, &Backing),
) -> Option<EjectionCase> {
    let namespace = services.namespace(host)?;
    let held = rules.of(namespace, host, namespace);
    if held.iter().any(|rule| ejects(rule)) {
        return None;
    }
    let rule = held.iter().find(|rule| rule.policy.is_said()).or(held.first());
    let unruled = DestinationRule::default();
    let plain = Ejecting { inputs, services, host, of_host, rule: rule.copied().unwrap_or(&unruled) };
    plain.case(None, None, &OutlierDetection::default(), &mut Odd::default())
}

/// Every outlier detection that holds for a service of the input, by host.
pub(super) fn ejections(
    inputs: &Inputs<'_>,
    services: &Services<'_>,
    rules: &DestinationRules<'_>,
    odd: &mut Odd,
) -> Vec<EjectionCase> {
    let mut cases = Vec::new();
    let ejecting = Owners::new(&inputs.inventory.istio.destination_rules);
    for (host, _) in services.hosts() {
        let (Some(namespace), Some(of_host)) = (services.namespace(host), services.behind(host)) else { continue };
        let mut seen: BTreeSet<&ObjectName> = BTreeSet::new();
        for client in ejecting.clients(host, namespace) {
            let held = rules.of(client, host, namespace);
            // Subsets of all rules hold, and the traffic policy of the oldest that has one.
            let Some(first) = held.iter().find(|rule| ejects(rule)) else { continue };
            if seen.insert(&first.name) {
                let of_rule = Ejecting { inputs, services, host, of_host: &of_host, rule: first };
                of_rule.cases(odd, &mut cases);
            }
        }
    }
    cases
}

/// Namespaces with rules that eject, by the host they are for.
struct Owners<'a> {
    exact: BTreeMap<String, Vec<&'a str>>,
    wildcards: Vec<(String, &'a str)>,
}

impl<'a> Owners<'a> {
    fn new(rules: &'a [DestinationRule]) -> Self {
        let mut owners = Self { exact: BTreeMap::new(), wildcards: Vec::new() };
        for rule in rules.iter().filter(|rule| ejects(rule)) {
            let own: &str = &rule.name.namespace;
            let host = hosts::resolved(&rule.host, own).into_owned();
            if host.starts_with('*') {
                owners.wildcards.push((host, own));
            } else {
                owners.exact.entry(host).or_default().push(own);
            }
        }
        owners
    }

    /// Namespaces whose proxies may see another rule for a host, the host's own first; nothing where no rule ejects.
    fn clients(&self, host: &str, namespace: &'a str) -> Vec<&'a str> {
        let exact = self.exact.get(host).into_iter().flatten().copied();
        let covering = self.wildcards.iter().filter(|(pattern, _)| hosts::covers(pattern, host)).map(|(_, own)| *own);
        let mut clients = Vec::new();
        for owner in exact.chain(covering) {
            for client in [namespace, owner] {
                if !clients.contains(&client) {
                    clients.push(client);
                }
            }
        }
        clients
    }
}

fn ejects(rule: &DestinationRule) -> bool {
    let says = |policy: &TrafficPolicy| {
        policy.settings.outliers.is_some() || policy.ports.values().any(|of_port| of_port.outliers.is_some())
    };
    says(&rule.policy) || rule.subsets.iter().any(|subset| says(&subset.policy))
}

struct Ejecting<'a> {
    inputs: &'a Inputs<'a>,
    services: &'a Services<'a>,
    host: &'a str,
    of_host: &'a Backing,
    rule: &'a DestinationRule,
}

impl Ejecting<'_> {
    fn cases(&self, odd: &mut Odd, cases: &mut Vec<EjectionCase>) {
        let none: Option<&Subset> = None;
        for subset in std::iter::once(none).chain(self.rule.subsets.iter().map(Some)) {
            let policies: Vec<&TrafficPolicy> =
                std::iter::once(&self.rule.policy).chain(subset.map(|subset| &subset.policy)).collect();
            let ports: BTreeSet<u16> = policies.iter().flat_map(|policy| policy.ports.keys()).copied().collect();
            for port in std::iter::once(None).chain(ports.into_iter().map(Some)) {
                let merged = TrafficPolicy::merged(policies.iter().copied(), port);
                if let Some(outliers) = merged.outliers.filter(is_on) {
                    cases.extend(self.case(subset, port, &outliers, odd));
                }
            }
        }
    }

    fn case(
        &self,
        subset: Option<&Subset>,
        port: Option<u16>,
        outliers: &OutlierDetection,
        odd: &mut Odd,
    ) -> Option<EjectionCase> {
        let backing = subset.map_or_else(|| self.of_host.clone(), |it| self.services.of_subset(self.of_host, it));
        let servers = self.services.servers(&backing, self.of_host);
        let hosts = servers.replicas;
        if hosts == 0 {
            return None;
        }
        let (most_percent, min_health_percent) = (outliers.most_percent(), outliers.min_health_percent.unwrap_or(0));
        let ejection = Ejection::new(hosts, most_percent, min_health_percent);
        let at_once = ejection.at_once();
        let gone = ejection.left_alone().max(1);
        let subject = format_args!("{}, {hosts} pods at {most_percent} %", self.rule.name).to_string();
        match at_once {
            0 => odd.never_ejects.add(subject),
            all if all == hosts && min_health_percent == 0 => odd.ejects_all.add(subject),
            _ => {}
        }
        let left = Servers { replicas: hosts - gone, most: servers.most.saturating_sub(gone), ..servers };
        let load = self.load(&backing, hosts, gone);
        Some(EjectionCase {
            rule: self.rule.name.to_string(),
            host: self.host.to_owned(),
            subset: subset.map(|subset| subset.name.clone()),
            port,
            hosts,
            most_percent,
            min_health_percent,
            at_once,
            gone,
            carrying: left.carry(load, self.inputs.policy.resilience.target_utilization),
        })
    }

    fn load(&self, backing: &Backing, hosts: u64, gone: u64) -> Estimate<Rate> {
        let requests = self.services.requests(backing);
        let basis = Basis {
            law: "requests of hosts that are left".to_owned(),
            terms: vec![Term::new(format!("requests to {}", self.host), requests.as_per_second(), 1.0, "per second")],
            assumptions: vec![
                format!("{gone} of {hosts} pods gone; every client ejects the same"),
                self.services.basis(backing),
            ],
        };
        Estimate::new(requests, requests, requests, basis)
    }
}

/// Whether any failure ejects: 0 turns a count off, and failures count five in a row unless they say otherwise.
fn is_on(outliers: &OutlierDetection) -> bool {
    outliers.consecutive_5xx != Some(0) || outliers.consecutive_gateway_errors.is_some_and(|count| count > 0)
}
