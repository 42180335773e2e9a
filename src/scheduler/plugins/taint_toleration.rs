//! TaintToleration: taints keep pods away that do not tolerate them, or make nodes less liked.
//!
//! Filter: the first `NoSchedule` or `NoExecute` taint not tolerated. Score: how many `PreferNoSchedule`
//! taints are not tolerated, reversed: `100 − 100 s ÷ max`. Source: `plugins/tainttoleration`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;
use super::MOST;

/// Refuses nodes with a taint that is not tolerated.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    if state.answer(class, node).tolerated {
        return None;
    }
    class.demand.untolerated(&state.nodes.taints[node]).cloned().map(Reason::Taint)
}

/// Taints that speak against each node.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, nodes: &[u32]) -> Vec<i64> {
    match class.ground.and_then(|ground| state.grounds.get(ground)) {
        Some(ground) => ground.disliked.as_ref().map_or_else(
            || vec![0; nodes.len()],
            |disliked| nodes.iter().map(|&node| disliked[node as usize]).collect(),
        ),
        None => nodes.iter().map(|&node| class.demand.disliked_taints(&state.nodes.taints[node as usize])).collect(),
    }
}

/// Fewest taints 100, most 0.
pub(in super::super) fn normalise(scores: &mut [i64]) {
    let most = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        *score = if most == 0 { MOST } else { MOST - MOST * *score / most };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden vector.
    #[test]
    fn fewer_taints_are_better() {
        for (raw, expected) in [(vec![0, 1, 3], vec![100, 67, 0]), (vec![0, 0], vec![100, 100]), (vec![], vec![])] {
            let mut scores = raw.clone();
            normalise(&mut scores);
            assert_eq!(scores, expected, "{raw:?}");
        }
    }
}
