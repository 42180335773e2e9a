//! PodTopologySpread: pods of a kind lie evenly over domains.
//!
//! Filter, for each `DoNotSchedule` constraint: `pods in the domain + itself − least of all domains ≤ maxSkew`.
//! Score, over `ScheduleAnyway` constraints: `round( Σ pods ln(domains + 2) + maxSkew − 1 )`, with the domains of
//! the nodes that fit; then `100 (max + min − s) ÷ max`. Nodes without a label of a constraint score 0, unless
//! the constraints are the system's defaults. Source: `plugins/podtopologyspread`.

use super::super::Reason;
use super::super::class::{Class, Spread};
use super::super::state::State;
use super::super::topology::NOWHERE;
use super::MOST;

/// Refuses nodes whose domain is too full.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    let constraint = class.hard_spread.iter().find(|constraint| !holds(state, constraint, node))?;
    let key = &state.topology.keys[constraint.key];
    if key.domain_of[node] == NOWHERE {
        return Some(Reason::SpreadLabel(key.name.clone()));
    }
    let (pods, least) = skew(state, constraint, node);
    let domain = state.topology.value(constraint.key, node).to_owned();
    Some(Reason::Spread { key: key.name.clone(), domain, pods, least, max_skew: constraint.max_skew })
}

/// Whether a constraint holds on a node.
pub(in super::super) fn holds(state: &State<'_>, constraint: &Spread, node: usize) -> bool {
    let (pods, least) = skew(state, constraint, node);
    state.topology.domain(constraint.key, node) != NOWHERE && pods - least <= constraint.max_skew
}

/// Pods of the kind in the node's domain, the new one included, and in the emptiest.
fn skew(state: &State<'_>, constraint: &Spread, node: usize) -> (i64, i64) {
    let domain = state.topology.domain(constraint.key, node);
    let counter = constraint.counter.map(|counter| &state.counters[counter]);
    let pods = counter.map_or(0, |counter| counter.at(domain)) + i64::from(constraint.means_itself);
    (pods, counter.map_or(0, |counter| counter.least(constraint.min_domains)))
}

/// Raw scores: the more pods of the kind, the higher.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, nodes: &[u32]) -> Option<Vec<i64>> {
    if class.soft_spread.is_empty() {
        return None;
    }
    let mut scores = vec![0.0; nodes.len()];
    let scored: Vec<bool> = nodes.iter().map(|&node| !is_ignored(state, class, node as usize)).collect();
    for constraint in &class.soft_spread {
        let key = &state.topology.keys[constraint.key];
        let weight = weight(&key.domain_of, key.values.len(), constraint.by_host, nodes, &scored);
        let counter = constraint.counter.map(|counter| &state.counters[counter]);
        for ((score, &node), _) in scores.iter_mut().zip(nodes).zip(&scored).filter(|(_, scored)| **scored) {
            let domain = key.domain_of[node as usize];
            if domain == NOWHERE {
                continue;
            }
            // Pods of a host are counted on the node itself, whatever its label says.
            let place = if constraint.by_host { node } else { domain };
            let pods = counter.map_or(0, |counter| counter.at(place));
            *score += pods as f64 * weight + (constraint.max_skew - 1) as f64;
        }
    }
    Some(scores.into_iter().map(|score: f64| score.round() as i64).collect())
}

/// `ln(domains + 2)`: counts of few large domains are not watered down by many small ones.
fn weight(domain_of: &[u32], values: usize, by_host: bool, nodes: &[u32], scored: &[bool]) -> f64 {
    let kept = || nodes.iter().zip(scored).filter(|(_, scored)| **scored).map(|(&node, _)| node as usize);
    let domains = if by_host {
        kept().count()
    } else {
        // Nodes without the label are a domain together.
        let mut seen = vec![false; values + 1];
        let slot = |node: usize| (domain_of[node] as usize).min(values);
        kept().filter(|&node| !std::mem::replace(&mut seen[slot(node)], true)).count()
    };
    ((domains + 2) as f64).ln()
}

fn is_ignored(state: &State<'_>, class: &Class<'_>, node: usize) -> bool {
    let lacks = |constraint: &Spread| state.topology.domain(constraint.key, node) == NOWHERE;
    !class.spread_by_system && class.soft_spread.iter().any(lacks)
}

/// Fewest pods 100 or nearly so; nodes without a label 0.
pub(in super::super) fn normalise(state: &State<'_>, class: &Class<'_>, nodes: &[u32], scores: &mut [i64]) {
    let ignored: Vec<bool> = nodes.iter().map(|&node| is_ignored(state, class, node as usize)).collect();
    reverse(scores, &ignored);
}

fn reverse(scores: &mut [i64], ignored: &[bool]) {
    let kept = || scores.iter().zip(ignored).filter(|(_, ignored)| !**ignored).map(|(score, _)| *score);
    let (least, most) = (kept().min().unwrap_or(0), kept().max().unwrap_or(0).max(0));
    for (score, ignored) in scores.iter_mut().zip(ignored) {
        *score = match most {
            _ if *ignored => 0,
            0 => MOST,
            _ => MOST * (most + least - *score) / most,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden vector: three zones with 2, 0 and 1 pods.
    #[test]
    fn fewer_pods_of_the_kind_are_better() {
        let all = [true; 3];
        let weight = weight(&[0, 1, 2], 3, false, &[0, 1, 2], &all);
        assert!((weight - 5.0_f64.ln()).abs() < 1e-12);
        let raw: Vec<i64> = [2.0, 0.0, 1.0].iter().map(|pods| (pods * weight).round() as i64).collect();
        assert_eq!(raw, [3, 0, 2]);
        for (raw, ignored, expected) in [
            (raw, vec![false; 3], vec![0, 100, 33]),
            (vec![0, 0], vec![false; 2], vec![100, 100]),
            (vec![2, 4, 0], vec![false, false, true], vec![100, 50, 0]),
        ] {
            let mut scores = raw;
            reverse(&mut scores, &ignored);
            assert_eq!(scores, expected);
        }
    }
}
