//! Where requests from a place go, by Istio's rules of localities.
//!
//! Source: istio/istio, `pilot/pkg/networking/core/loadbalancer`: of several distributions the first that holds for
//! the client's place decides, and places it does not name get nothing; without one, with outlier detection, the
//! client's own zone comes first, then its region, then the regions to fail over to, or any.

use std::collections::BTreeMap;

use crate::inventory::Node;
use crate::inventory::objects::{Distribution, LocalityBalancing};

/// Region and zone of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Place {
    pub region: String,
    pub zone: String,
}

impl Place {
    /// Where a node stands; `None` without a zone.
    pub fn of(node: &Node) -> Option<Self> {
        let label = |keys: [&str; 2]| keys.iter().find_map(|key| node.labels.get(*key)).cloned();
        let zone = label(["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"])?;
        let region = label(["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"]);
        Some(Self { region: region.unwrap_or_default(), zone })
    }

    /// Whether it is meant by `region/zone/subzone`, where `*` and what is left out mean any.
    fn is_meant_by(&self, written: &str) -> bool {
        let mut parts = written.split('/');
        let mut meets = |own: &str| parts.next().is_none_or(|part| part.is_empty() || part == "*" || part == own);
        meets(&self.region) && meets(&self.zone)
    }
}

/// How a client chooses among places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Preference<'a> {
    /// It does not.
    None,
    /// By weights.
    Distribute(&'a [Distribution]),
    /// The nearest that has a healthy host; then by the regions to fail over to.
    Nearest(&'a [(String, String)]),
}

impl<'a> Preference<'a> {
    /// What settings ask for; failing over needs outlier detection, without which no host counts as unhealthy.
    pub fn of(settings: Option<&'a LocalityBalancing>, detects_outliers: bool) -> Self {
        if settings.is_some_and(|it| it.enabled == Some(false)) {
            return Self::None;
        }
        match settings {
            Some(settings) if !settings.distribute.is_empty() => Self::Distribute(&settings.distribute),
            _ if detects_outliers => Self::Nearest(settings.map_or(&[], |it| &it.failover)),
            _ => Self::None,
        }
    }

    /// Name in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Distribute(_) => "distribute",
            Self::Nearest(_) => "failover",
        }
    }
}

/// Part of all requests that each place gets: `replicas` answer there, `clients` of any total weight ask.
pub(super) fn spread(
    replicas: &BTreeMap<Place, u64>,
    clients: &BTreeMap<Place, f64>,
    preference: Preference<'_>,
) -> BTreeMap<Place, f64> {
    let asking: f64 = clients.values().sum();
    if asking <= 0.0 {
        return evenly(replicas.iter(), 1.0);
    }
    let mut parts: BTreeMap<Place, f64> = replicas.keys().map(|place| (place.clone(), 0.0)).collect();
    for (from, weight) in clients {
        for (place, part) in from_place(from, replicas, preference, weight / asking) {
            *parts.entry(place).or_default() += part;
        }
    }
    parts
}

fn from_place(
    from: &Place,
    replicas: &BTreeMap<Place, u64>,
    preference: Preference<'_>,
    part: f64,
) -> BTreeMap<Place, f64> {
    match preference {
        Preference::None => evenly(replicas.iter(), part),
        Preference::Distribute(all) => match all.iter().find(|it| from.is_meant_by(&it.from)) {
            Some(distribution) => distributed(distribution, replicas, part),
            None => evenly(replicas.iter(), part),
        },
        Preference::Nearest(failover) => {
            let next = failover.iter().find(|(region, _)| *region == from.region).map(|(_, to)| to.as_str());
            let rank = |place: &Place| match place {
                _ if place == from => 0,
                _ if place.region == from.region => 1,
                _ if next.is_none_or(|next| place.region == next) => 2,
                _ => 3,
            };
            let nearest = replicas.keys().map(rank).min().unwrap_or(0);
            evenly(replicas.iter().filter(|(place, _)| rank(place) == nearest), part)
        }
    }
}

/// Weights of places that have no host are spread over the others.
fn distributed(distribution: &Distribution, replicas: &BTreeMap<Place, u64>, part: f64) -> BTreeMap<Place, f64> {
    let present: Vec<(&String, u64)> = distribution
        .to
        .iter()
        .filter(|(to, _)| replicas.iter().any(|(place, count)| *count > 0 && place.is_meant_by(to)))
        .map(|(to, weight)| (to, *weight))
        .collect();
    let sum = present.iter().map(|(_, weight)| *weight as f64).sum::<f64>();
    let mut parts: BTreeMap<Place, f64> = BTreeMap::new();
    for (to, weight) in present.iter().filter(|(_, weight)| *weight > 0) {
        let meant = replicas.iter().filter(|(place, _)| place.is_meant_by(to));
        for (place, share) in evenly(meant, part * *weight as f64 / sum) {
            *parts.entry(place).or_default() += share;
        }
    }
    parts
}

fn evenly<'a>(replicas: impl Iterator<Item = (&'a Place, &'a u64)>, part: f64) -> BTreeMap<Place, f64> {
    let replicas: Vec<_> = replicas.collect();
    let all: f64 = replicas.iter().map(|(_, count)| **count as f64).sum();
    let share = |count: u64| if all > 0.0 { part * count as f64 / all } else { 0.0 };
    replicas.into_iter().map(|(place, count)| (place.clone(), share(*count))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(name: &str) -> Place {
        let (region, zone) = name.split_once('/').unwrap();
        Place { region: region.to_owned(), zone: zone.to_owned() }
    }

    fn replicas(list: &[(&str, u64)]) -> BTreeMap<Place, u64> {
        list.iter().map(|(name, count)| (place(name), *count)).collect()
    }

    fn clients(list: &[(&str, f64)]) -> BTreeMap<Place, f64> {
        list.iter().map(|(name, weight)| (place(name), *weight)).collect()
    }

    fn distribution(from: &str, to: &[(&str, u64)]) -> Distribution {
        let to = to.iter().map(|(to, weight)| ((*to).to_owned(), *weight)).collect();
        Distribution { from: from.to_owned(), to }
    }

    #[track_caller]
    fn check(preference: Preference<'_>, expected: &[(&str, f64)]) {
        let pods = replicas(&[("eu/a", 1), ("eu/b", 3), ("us/c", 4)]);
        let parts = spread(&pods, &clients(&[("eu/a", 5.0), ("eu/d", 5.0)]), preference);
        for (name, part) in expected {
            assert!((parts[&place(name)] - part).abs() < 1e-9, "{name}: {parts:?}");
        }
    }

    #[test]
    fn without_a_preference_pods_share_evenly() {
        check(Preference::None, &[("eu/a", 0.125), ("eu/b", 0.375), ("us/c", 0.5)]);
    }

    #[test]
    fn the_own_zone_comes_first_and_then_the_region() {
        // Half asks in a and stays; half asks in d, without pods, and goes to the region's four.
        check(Preference::Nearest(&[]), &[("eu/a", 0.5 + 0.125), ("eu/b", 0.375), ("us/c", 0.0)]);
    }

    #[test]
    fn weights_hold_for_the_first_that_matches_and_others_share_evenly() {
        let to_us = [distribution("eu/a/*", &[("eu/*", 80), ("us/c", 20)])];
        check(Preference::Distribute(&to_us), &[("eu/a", 0.1 + 0.0625), ("eu/b", 0.3 + 0.1875), ("us/c", 0.1 + 0.25)]);
        let gone = [distribution("*", &[("eu/x", 50), ("us/c", 50)])];
        check(Preference::Distribute(&gone), &[("eu/a", 0.0), ("eu/b", 0.0), ("us/c", 1.0)]);
    }

    #[test]
    fn failing_over_needs_outlier_detection() {
        let off = LocalityBalancing { enabled: Some(false), ..LocalityBalancing::default() };
        let weighted = LocalityBalancing { distribute: vec![Distribution::default()], ..LocalityBalancing::default() };
        for (settings, detects, expected) in [
            (None, false, "none"),
            (None, true, "failover"),
            (Some(&off), true, "none"),
            (Some(&weighted), false, "distribute"),
        ] {
            assert_eq!(Preference::of(settings, detects).as_str(), expected);
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_to_all_requests(
            pods in proptest::collection::vec(1_u64..20, 1..5), asking in proptest::collection::vec(0.0_f64..9.0, 1..6),
            nearest in any::<bool>(),
        ) {
            let named = |index: usize| Place { region: format!("r{}", index % 2), zone: format!("z{index}") };
            let pods: BTreeMap<Place, u64> = pods.into_iter().enumerate().map(|(at, count)| (named(at), count)).collect();
            let asking = asking.into_iter().enumerate().map(|(at, weight)| (named(at), weight)).collect();
            let preference = if nearest { Preference::Nearest(&[]) } else { Preference::None };
            let total: f64 = spread(&pods, &asking, preference).values().sum();
            prop_assert!((total - 1.0).abs() < 1e-9, "{total}");
        }
    }
}
