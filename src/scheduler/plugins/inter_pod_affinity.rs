//! InterPodAffinity: pods want to be near others, or away from them.
//!
//! Filter: in the node's domain of every required term there is a pod that all terms mean (or there is none
//! anywhere and the pod means itself); no pod that an anti-affinity term means; and no pod whose own
//! anti-affinity means this one. Score: weights of preferred terms, of the pod and of others, per pod; of
//! others' required affinity too; `int(100 (s − min) ÷ (max − min))`. Source: `plugins/interpodaffinity`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;
use super::super::topology::NOWHERE;
use super::MOST;

/// Refuses nodes too far from some pods or too near to others.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    let key = |counter: usize| state.topology.keys[state.counters[counter].key].name.clone();
    if let Some(&counter) = far_from(state, class, node) {
        return Some(Reason::PodAffinity(key(counter)));
    }
    let near = |counters: &[usize]| counters.iter().copied().find(|&counter| has_pods(state, counter, node));
    if let Some(counter) = near(&class.away) {
        return Some(Reason::PodAntiAffinity(key(counter)));
    }
    near(&class.kept_away).map(|counter| Reason::OthersAntiAffinity(key(counter)))
}

/// The first term whose domain has no pod it means.
fn far_from<'c>(state: &State<'_>, class: &'c Class<'_>, node: usize) -> Option<&'c usize> {
    let unlabelled = |counter: &&usize| state.topology.domain(state.counters[**counter].key, node) == NOWHERE;
    if let Some(counter) = class.near.iter().find(unlabelled) {
        return Some(counter);
    }
    let empty = class.near.iter().find(|counter| !has_pods(state, **counter, node))?;
    let nowhere = class.near.iter().all(|&counter| state.counters[counter].total == 0);
    (!(nowhere && class.near_itself)).then_some(empty)
}

fn has_pods(state: &State<'_>, counter: usize, node: usize) -> bool {
    let counter = &state.counters[counter];
    counter.total > 0 && {
        let domain = state.topology.domain(counter.key, node);
        domain != NOWHERE && counter.at(domain) > 0
    }
}

/// Whether a node passes, without words.
pub(in super::super) fn passes(state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
    !class.away.iter().chain(&class.kept_away).any(|&counter| has_pods(state, counter, node))
        && (class.near.is_empty() || far_from(state, class, node).is_none())
}

/// Weights of terms per pod.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, nodes: &[u32]) -> Option<Vec<i64>> {
    let counting = || class.between.iter().filter(|(counter, _)| state.counters[*counter].total > 0);
    counting().next()?;
    let mut scores = vec![0_i64; nodes.len()];
    for &(counter, weight) in counting() {
        let counter = &state.counters[counter];
        let domain_of = &state.topology.keys[counter.key].domain_of;
        for (score, &node) in scores.iter_mut().zip(nodes) {
            let domain = domain_of[node as usize];
            if domain != NOWHERE {
                *score = score.saturating_add(counter.at(domain).saturating_mul(weight));
            }
        }
    }
    Some(scores)
}

/// The worst 0, the best 100; all 0 where they are equal.
pub(in super::super) fn normalise(scores: &mut [i64]) {
    let (least, most) = (scores.iter().copied().min().unwrap_or(0), scores.iter().copied().max().unwrap_or(0));
    let range = most.saturating_sub(least);
    for score in scores {
        *score = match range {
            0 => 0,
            _ => (MOST as f64 * (score.saturating_sub(least) as f64 / range as f64)) as i64,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden vector.
    #[test]
    fn scores_reach_from_worst_to_best() {
        for (raw, expected) in [(vec![-10, 5, 40], vec![0, 30, 100]), (vec![7, 7], vec![0, 0]), (vec![], vec![])] {
            let mut scores = raw.clone();
            normalise(&mut scores);
            assert_eq!(scores, expected, "{raw:?}");
        }
    }
}
