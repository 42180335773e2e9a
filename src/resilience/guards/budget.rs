//! Retry budgets: how many retries they let through, and where the installed Istio does not follow what is written.
//!
//! **Source.** istio/api pull request 3512 (`TrafficPolicy.RetryBudget`); istio.io, change notes: 1.27.0 has it, 1.27.1
//! takes policies that say nothing else, 1.28.6 and 1.29.2 take 20 % where `percent` is not written instead of 0.2 %
//! (istio/istio 59504), and with 1.29.2 subsets with a policy of their own keep it (59667). Envoy's `circuit_breaker.proto`:
//! where there is a retry budget, `max_retries` is not looked at.

use super::super::findings::Odd;
use crate::inventory::objects::{RetryBudget, Subset};
use crate::inventory::{DestinationRule, Inventory, IstioVersion};
use crate::units::Share;

/// The first with retry budgets.
const FIRST: IstioVersion = IstioVersion::new(1, 27, 0);
/// The first that takes a policy which says nothing else.
const ALONE: IstioVersion = IstioVersion::new(1, 27, 1);
/// The first whose subsets keep them.
const OF_SUBSETS: IstioVersion = IstioVersion::new(1, 29, 2);
/// What `percent` was taken for by mistake where it is not written.
const MISTAKEN: f64 = 0.2;

/// A retry budget that holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Part of the requests under way that may be retries.
    pub share: Share,
    /// Retries that each client may always have under way.
    pub least: u64,
}

/// What holds for a host of what is written; `None` where nothing is, or Istio does not know it yet.
pub(super) fn of(written: Option<RetryBudget>, version: Option<IstioVersion>) -> Option<Budget> {
    let written = written.filter(|_| version.is_none_or(|version| version >= FIRST))?;
    let default = if mistakes_default(version) { MISTAKEN } else { RetryBudget::DEFAULT_PERCENT };
    let percent = written.percent.unwrap_or(default);
    Some(Budget { share: Share::new(percent / 100.0).unwrap_or(Share::ONE), least: written.least() })
}

/// Why no budget can be set for a host with some rules; `None` where one can.
pub(super) fn why_not(held: &[&DestinationRule], version: Option<IstioVersion>) -> Option<String> {
    let Some(version) = version else {
        return Some("which Istio is installed is not known, and a retryBudget needs 1.27.1".to_owned());
    };
    if version < ALONE {
        return Some(format!("Istio {version} is older than 1.27.1, the first that takes a retryBudget alone"));
    }
    let loses = |subset: &&Subset| subset.policy.is_said();
    let subset = held.iter().flat_map(|rule| &rule.subsets).find(loses).filter(|_| version < OF_SUBSETS)?;
    Some(format!(
        "subset {} has a traffic policy of its own, with which Istio {version} drops a retryBudget; 1.29.2 keeps it",
        subset.name
    ))
}

/// Notes budgets that do not hold as they are written.
pub(super) fn notice(inventory: &Inventory, odd: &mut Odd) {
    let Some(version) = inventory.istio_version() else { return };
    for rule in &inventory.istio.destination_rules {
        let own = rule.policy.settings.retry_budget;
        let of_subset = |subset: &Subset| subset.policy.settings.retry_budget;
        let any = own.or_else(|| rule.subsets.iter().find_map(of_subset));
        if any.is_none() {
            continue;
        }
        if version < FIRST {
            odd.budgets.add(format!("{}, of which Istio {version} knows nothing", rule.name));
            continue;
        }
        if own.is_some_and(|own| own.percent.is_none()) && mistakes_default(Some(version)) {
            odd.budgets.add(format!("{} without percent, taken for 0.2 %", rule.name));
        }
        let loses = |subset: &&Subset| subset.policy.is_said() && (own.is_some() || of_subset(subset).is_some());
        for subset in rule.subsets.iter().filter(loses).filter(|_| version < OF_SUBSETS) {
            odd.budgets.add(format!("{}, subset {}", rule.name, subset.name));
        }
    }
}

fn mistakes_default(version: Option<IstioVersion>) -> bool {
    let of_29 = IstioVersion::new(1, 29, 0)..OF_SUBSETS;
    version.is_some_and(|version| version < IstioVersion::new(1, 28, 6) || of_29.contains(&version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::objects::{TrafficPolicy, TrafficSettings};

    fn version(text: &str) -> Option<IstioVersion> {
        IstioVersion::parse(text)
    }

    #[test]
    fn what_holds_depends_on_the_version() {
        for (percent, installed, expected) in [
            (Some(40.0), "1.26.9", None),
            (Some(40.0), "1.27.0", Some(0.4)),
            (None, "1.27.3", Some(0.002)),
            (None, "1.28.5", Some(0.002)),
            (None, "1.28.6", Some(0.2)),
            (None, "1.29.1", Some(0.002)),
            (None, "1.29.2", Some(0.2)),
            (None, "unknown", Some(0.2)),
        ] {
            let held = of(Some(RetryBudget { percent, least: None }), version(installed));
            assert_eq!(held.map(|it| it.share.get()), expected, "{percent:?} with {installed}");
            assert!(held.is_none_or(|it| it.least == 3));
        }
        assert_eq!(of(None, version("1.30.0")), None);
    }

    #[test]
    fn subsets_with_a_policy_lose_it_before_it_was_mended() {
        let settings = TrafficSettings { outliers: Some(Default::default()), ..TrafficSettings::default() };
        let plain = Subset { name: "v1".to_owned(), ..Subset::default() };
        let policy = TrafficPolicy { settings, ..TrafficPolicy::default() };
        let own = Subset { name: "v2".to_owned(), policy, ..Subset::default() };
        let rule = |subsets: &[&Subset]| DestinationRule {
            subsets: subsets.iter().map(|&subset| subset.clone()).collect(),
            ..DestinationRule::default()
        };
        let (none, with_plain, with_own) = (rule(&[]), rule(&[&plain]), rule(&[&plain, &own]));
        for (held, installed, expected) in [
            (&none, "1.27.1", ""),
            (&none, "1.27.0", "1.27.1"),
            (&none, "unknown", "not known"),
            (&with_plain, "1.28.0", ""),
            (&with_own, "1.29.1", "subset v2"),
            (&with_own, "1.29.2", ""),
            (&with_own, "1.30.0", ""),
        ] {
            let why = why_not(&[held], version(installed)).unwrap_or_default();
            assert_eq!(why.is_empty(), expected.is_empty(), "{installed}: {why}");
            assert!(why.contains(expected), "{installed}: {why}");
        }
    }
}
