//! Memory that was measured, moved by what a law says of what has changed since.
//!
//! **Law.** A measurement knows what no law does: this application, this version, these requests. A law knows what was
//! not measured: the peak at start, another configuration. With `A` measured and the law's figures `then`, for what was
//! held while it was measured, and `now`:
//!
//! `M = A + s·(now − then)`, `s = max(1, A/then)` where it grows, `s = min(1, A/then)` where it shrinks
//!
//! So a law that says too little of what is there is taken to say too little of what is added, and one that says too
//! much of it to say too much of what goes: `M` is never below `A·now/then` where something is taken away, and thus never
//! negative. The interval is that of `A`, moved by the smallest and the largest difference of the ends: `now` and `then`
//! share their coefficients, so their errors go together.
//!
//! **Source.** Difference estimation with an auxiliary variable (Cochran, *Sampling Techniques*, 1977, section 7.9: the
//! regression estimator with a slope of 1), with the ratio estimator (chapter 6) as its bound.

use super::sum::{IN_MIB, total};
use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Memory, Quantity};

/// Memory `now` by what was measured when the law said `then`; the terms of the measurement come first.
#[must_use]
pub fn rebased(measured: &Estimate<Memory>, then: &Estimate<Memory>, now: &Estimate<Memory>) -> Estimate<Memory> {
    let ratio = if then.value.base() > 0.0 { measured.value / then.value } else { 1.0 };
    let grows = now.value > then.value;
    let scale = if grows { ratio.max(1.0) } else { ratio.min(1.0) };
    let mut basis = Basis {
        law: now.basis.law.clone(),
        terms: measured.basis.terms.clone(),
        assumptions: measured.basis.assumptions.clone(),
    };
    basis.terms.extend(differences(&then.basis.terms, &now.basis.terms, scale));
    basis.assumptions.extend(now.basis.assumptions.iter().cloned());
    let value = (total(&basis.terms) * IN_MIB.scale).max(0.0);
    let moved = |from: Memory, to: Memory| (to.base() - from.base()) * scale;
    let moves = [moved(then.lower, now.lower), moved(then.value, now.value), moved(then.upper, now.upper)];
    let least = moves.into_iter().fold(f64::INFINITY, f64::min);
    let most = moves.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let lower = (measured.lower.base() + least).max(0.0);
    let upper = measured.upper.base() + most;
    Estimate::new(Memory::from_base(lower), Memory::from_base(value), Memory::from_base(upper), basis)
}

/// What each term has more or less than before, times a scale; nothing where it is alike.
fn differences(then: &[Term], now: &[Term], scale: f64) -> Vec<Term> {
    let same = |a: &Term, b: &Term| a.what == b.what && a.unit == b.unit;
    let gone = then.iter().filter(|was| !now.iter().any(|is| same(is, was))).map(|was| (Some(was), None));
    let there = now.iter().map(|is| (then.iter().find(|was| same(was, is)), Some(is)));
    there.chain(gone).filter_map(|(was, is)| difference(was, is, scale)).collect()
}

fn difference(was: Option<&Term>, is: Option<&Term>, scale: f64) -> Option<Term> {
    let one = is.or(was)?;
    let amount = |term: Option<&Term>| term.map_or(0.0, |term| term.amount);
    if amount(is) == amount(was) {
        return None;
    }
    // What was not there at all, as a peak on top of what is steady, has come whole.
    let what = if was.is_some() { format!("{} since measured", one.what) } else { one.what.clone() };
    let is_same_price = was.is_none_or(|was| is.is_none_or(|is| is.coefficient == was.coefficient));
    let count = |term: Option<&Term>| term.map_or(0.0, |term| term.count);
    Some(if is_same_price {
        Term::new(what, count(is) - count(was), one.coefficient * scale, &one.unit)
    } else {
        Term::new(what, 1.0, (amount(is) - amount(was)) * scale, &one.unit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::ProxyConfig;

    fn measured(low: f64, median: f64, high: f64) -> Estimate<Memory> {
        let terms = vec![Term::new("measured", 1.0, median, "MiB")];
        let mib = Memory::from_mib;
        Estimate::new(mib(low), mib(median), mib(high), Basis { terms, ..Basis::default() })
    }

    fn held(clusters: u64) -> ProxyConfig {
        ProxyConfig { workers: 2, clusters, endpoints: clusters, listeners: 20, routes: clusters, ..Default::default() }
    }

    fn steady(clusters: u64) -> Estimate<Memory> {
        TEST_CARD.proxy_memory.steady(&held(clusters))
    }

    #[test]
    fn what_has_not_changed_is_as_measured() {
        let it = measured(50.0, 60.0, 80.0);
        let same = rebased(&it, &steady(100), &steady(100));
        assert_eq!((same.lower, same.upper, &same.basis.terms), (it.lower, it.upper, &it.basis.terms));
        assert!((same.value.as_mib() - 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_law_that_is_off_is_trusted_on_the_safe_side() {
        let (few, many) = (steady(100), steady(600));
        let step = many.value.as_mib() - few.value.as_mib();
        for (median, then, now, expected) in [
            // Twice as much as it says: what comes costs twice as much, what goes frees what it says.
            (2.0 * few.value.as_mib(), &few, &many, 2.0 * many.value.as_mib()),
            (2.0 * many.value.as_mib(), &many, &few, 2.0 * many.value.as_mib() - step),
            // Half as much: what comes costs what it says, what goes frees half.
            (0.5 * few.value.as_mib(), &few, &many, 0.5 * few.value.as_mib() + step),
            (0.5 * many.value.as_mib(), &many, &few, 0.5 * few.value.as_mib()),
        ] {
            let found = rebased(&measured(median, median, median), then, now).value.as_mib();
            assert!((found - expected).abs() < 1e-6, "{found} of {median}, {expected} expected");
        }
    }

    proptest! {
        #[test]
        fn more_is_never_cheaper_and_terms_add_up(
            median in 10.0..500.0_f64, spread in 1.0..2.0_f64, then in 0u64..3000, now in 0u64..3000, more in 1u64..500,
        ) {
            let it = measured(median / spread, median, median * spread);
            let (less, greater) = (rebased(&it, &steady(then), &steady(now)), rebased(&it, &steady(then), &steady(now + more)));
            prop_assert!(less.value <= greater.value && less.upper <= greater.upper);
            for figure in [less, greater] {
                prop_assert!((figure.value.as_mib() - total(&figure.basis.terms)).abs() < 1e-6);
                prop_assert!(0.0 <= figure.lower.base() && figure.lower <= figure.value && figure.value <= figure.upper);
                prop_assert!(figure.value > Memory::ZERO);
            }
        }
    }
}
