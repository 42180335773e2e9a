//! NodeResourcesBalancedAllocation: resources should be used evenly.
//!
//! `S = int((1 − σ) 100)` with `σ` the spread of the used shares `min(1, requested ÷ allocatable)`: half
//! their difference for two, their standard deviation for more. Until 1.35 the score is S with the pod; from
//! 1.36 on `50 + (50 + S(with) − S(without)) ÷ 2`. Skipped for pods that ask for none of the resources.
//! Source: `plugins/noderesources/balanced_allocation.go`, kubernetes#135573, #130260.

use super::super::class::Class;
use super::super::state::State;
use super::MOST;

/// Whether the pod asks for anything that is balanced.
pub(in super::super) fn applies(state: &State<'_>, class: &Class<'_>) -> bool {
    state.balanced.iter().any(|&column| class.asks(column) > 0)
}

/// Score of a node.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, node: usize) -> i64 {
    let shares = |with: bool| {
        let share = move |&column: &usize| {
            let allocatable = state.nodes.allocatable[column][node];
            let own = class.asks(column);
            if allocatable == 0 || (own == 0 && State::is_scalar(column)) {
                return None;
            }
            let requested = state.nodes.requested[column][node].saturating_add(if with { own } else { 0 });
            Some((requested as f64 / allocatable as f64).min(1.0))
        };
        state.balanced.iter().filter_map(share)
    };
    let with = evenness(shares(true));
    if !state.profile.version.scores_change_of_balance() {
        return with;
    }
    MOST / 2 + (MOST / 2 + with - evenness(shares(false))) / 2
}

/// `int((1 − σ) 100)`.
fn evenness(mut shares: impl Iterator<Item = f64> + Clone) -> i64 {
    let all = shares.clone();
    let spread = match (shares.next(), shares.next(), shares.next()) {
        (Some(one), Some(other), None) => ((one - other) / 2.0).abs(),
        (Some(_), Some(_), Some(_)) => {
            let count = all.clone().count() as f64;
            let mean = all.clone().sum::<f64>() / count;
            (all.map(|share| (share - mean) * (share - mean)).sum::<f64>() / count).sqrt()
        }
        _ => 0.0,
    };
    ((1.0 - spread) * MOST as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_use_scores_best() {
        for (shares, expected) in [
            (vec![], 100),
            (vec![0.3], 100),
            (vec![0.375, 0.3125], 96),
            (vec![0.75, 0.25], 75),
            (vec![1.0, 0.0], 50),
            (vec![0.0, 0.5, 1.0], 59),
        ] {
            assert_eq!(evenness(shares.iter().copied()), expected, "{shares:?}");
        }
    }
}
