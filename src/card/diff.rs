//! How two cards differ, coefficient by coefficient.

use std::collections::{BTreeMap, BTreeSet};

use super::ModelCard;
use crate::model::Coefficient;

/// How card B differs from card A.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Coefficients of which value or interval differ, in the order of card A.
    pub changed: Vec<Change>,
    /// Coefficients that only A has.
    pub only_a: Vec<String>,
    /// Coefficients that only B has.
    pub only_b: Vec<String>,
    /// Coefficients that are the same in both.
    pub same: usize,
    /// Groups of published rows that decided something else in B, as `quantity: group`.
    pub evidence: Vec<String>,
}

/// A coefficient that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// As card A has it.
    pub a: Coefficient,
    /// As card B has it.
    pub b: Coefficient,
}

impl Change {
    /// B's value over A's; `None` where A's is 0.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.a.value > 0.0).then(|| self.b.value / self.a.value)
    }

    /// Whether the 90 % intervals have anything in common.
    #[must_use]
    pub fn overlap(&self) -> bool {
        self.a.lower <= self.b.upper && self.b.lower <= self.a.upper
    }

    /// B's ends and value in the unit A is written in.
    #[must_use]
    pub fn b_as_a_writes(&self) -> [f64; 3] {
        [self.b.lower, self.b.value, self.b.upper].map(|number| number / self.a.scale)
    }
}

/// Sets card B against card A; a number written in another unit is the same number.
#[must_use]
pub fn diff(a: &ModelCard, b: &ModelCard) -> Difference {
    let listed = b.coefficients();
    let mut others: BTreeMap<&str, &Coefficient> = listed.iter().map(|one| (one.name.as_str(), *one)).collect();
    let (mut changed, mut only_a, mut same) = (Vec::new(), Vec::new(), 0);
    for one in a.coefficients() {
        match others.remove(one.name.as_str()) {
            None => only_a.push(one.name.clone()),
            Some(other) if is_same(one, other) => same += 1,
            Some(other) => changed.push(Change { a: one.clone(), b: other.clone() }),
        }
    }
    let only_b = listed.iter().filter(|one| others.contains_key(one.name.as_str())).map(|one| one.name.clone());
    let groups: BTreeSet<&str> = a.evidence().chain(b.evidence()).collect();
    let decided = |card: &ModelCard, name: &str| name.split_once(": ").map(|(what, group)| card.used_for(what, group));
    let evidence = groups.into_iter().filter(|name| decided(a, name) != decided(b, name)).map(str::to_owned).collect();
    Difference { changed, only_a, only_b: only_b.collect(), same, evidence }
}

/// Rounding between units is no difference.
fn is_same(a: &Coefficient, b: &Coefficient) -> bool {
    const ROUNDING: f64 = 1e-12;
    [(a.lower, b.lower), (a.value, b.value), (a.upper, b.upper)]
        .into_iter()
        .all(|(a, b)| (a - b).abs() <= ROUNDING * a.abs().max(b.abs()))
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT, TEST_CARD, embedded};
    use super::*;

    fn changed(from: &str, to: &str) -> Difference {
        let text = embedded().iter().find(|(name, _)| *name == DEFAULT).unwrap().1;
        assert!(text.contains(from), "the embedded card has no {from:?}");
        diff(&TEST_CARD, &ModelCard::from_toml(&text.replacen(from, to, 1)).unwrap())
    }

    #[test]
    fn a_card_does_not_differ_from_itself() {
        let none = diff(&TEST_CARD, &TEST_CARD);
        assert_eq!((none.changed.len(), none.same), (0, TEST_CARD.coefficients().len()));
        assert!(none.only_a.is_empty() && none.only_b.is_empty() && none.evidence.is_empty());
    }

    #[test]
    fn values_are_compared_across_units() {
        let base = "base = { value = 54, lower = 36, upper = 72, unit = \"MB\"";
        let other_unit = changed(base, "base = { value = 54000, lower = 36000, upper = 72000, unit = \"kB\"");
        assert!(other_unit.changed.is_empty(), "{other_unit:?}");
        for (to, ratio, overlap) in [
            ("base = { value = 81, lower = 60, upper = 100, unit = \"MB\"", 1.5, true),
            ("base = { value = 108000, lower = 90000, upper = 120000, unit = \"kB\"", 2.0, false),
            ("base = { value = 54, lower = 30, upper = 72, unit = \"MB\"", 1.0, true),
        ] {
            let difference = changed(base, to);
            let [change] = &*difference.changed else { panic!("{difference:?}") };
            assert!((change.ratio().unwrap() - ratio).abs() < 1e-12, "{to}");
            assert_eq!(change.overlap(), overlap, "{to}");
            assert_eq!(change.a.name, "proxy_memory.base");
        }
    }

    #[test]
    fn groups_that_decided_something_else_are_named() {
        let difference = changed("\nintervals = [", "\nintervals = [\"proxy CPU: nobody's\",");
        assert_eq!(difference.evidence, ["proxy CPU: nobody's"]);
    }
}
