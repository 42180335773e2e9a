//! NodeAffinity: node selectors, required and preferred affinity to nodes.
//!
//! Filter: all selectors and one of the required terms. Score: weights of the preferred terms that hold,
//! `100 s ÷ max`; skipped without such terms. Source: `plugins/nodeaffinity`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;
use super::MOST;

/// Refuses nodes that are not selected.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    if state.answer(class, node).selected {
        return None;
    }
    let unmet = class.demand.unmet_selector(state.nodes.all[node]);
    Some(unmet.map_or(Reason::NodeAffinity, |(key, value)| Reason::Selector(key.clone(), value.clone())))
}

/// Weights of the preferred terms that hold.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, nodes: &[u32]) -> Option<Vec<i64>> {
    if class.demand.preferred.is_empty() {
        return None;
    }
    let known = class.ground.and_then(|ground| state.grounds.get(ground)).and_then(|ground| ground.liked.as_ref());
    let of_node = |&node: &u32| match known {
        Some(liked) => liked[node as usize],
        None => class.demand.liking(state.nodes.all[node as usize]),
    };
    Some(nodes.iter().map(of_node).collect())
}

/// The best 100; nothing stays nothing.
pub(in super::super) fn normalise(scores: &mut [i64]) {
    let most = scores.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return;
    }
    for score in scores {
        *score = MOST * *score / most;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden vector.
    #[test]
    fn the_best_node_gets_all() {
        for (raw, expected) in [(vec![0, 2, 7], vec![0, 28, 100]), (vec![0, 0], vec![0, 0])] {
            let mut scores = raw.clone();
            normalise(&mut scores);
            assert_eq!(scores, expected, "{raw:?}");
        }
    }
}
