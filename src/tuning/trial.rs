//! Recommendations tried out: the plan with one of them, or with a group of like ones, against the plan without.

use std::collections::BTreeMap;

use super::effect::Figures;
use super::{Kind, Recommendation, Saves, Withheld, objectives};
use crate::parallel;
use crate::plan::{Inputs, Plan};

/// Most plans that a stage is tried out with. More recommendations than that are tried in groups: those of a kind and
/// namespace, or where even these are too many, those of a kind.
const MOST_TRIALS: usize = 32;

/// Tries what a stage would apply or leaves to choose, writes what each saves, and withholds what only saves and does harm.
pub(super) fn all(inputs: &Inputs, before: &Plan, recommendations: &mut [Recommendation]) {
    let figures = Figures::of(before, &inputs.inventory);
    let open: Vec<usize> =
        recommendations.iter().enumerate().filter(|(_, it)| it.is_tried()).map(|(index, _)| index).collect();
    let groups = groups(recommendations, &open);
    let read = &*recommendations;
    let tried = |number: usize| {
        let group: &[usize] = groups.get(number).map_or(&[], Vec::as_slice);
        let changes = group.iter().filter_map(|index| read.get(*index)).flat_map(|it| &it.changes);
        let inventory = inputs.inventory.clone().changed(changes);
        let after = Plan::to_compare(inputs.with_inventory(inventory.clone()));
        (Figures::of(&after, &inventory), objectives::missed_by(before, &after))
    };
    let outcomes = parallel::map(groups.len(), 1, || (), |(), number| tried(number));
    for (group, (after, missed)) in groups.iter().zip(outcomes) {
        let members: Vec<&Recommendation> = group.iter().filter_map(|index| recommendations.get(*index)).collect();
        let saves = figures.saved_by(&after, before);
        let harm = missed.or_else(|| figures.harm_of(&after));
        let shares = shares(&members);
        let against_danger = members.iter().filter(|it| it.risk.removes.is_some()).count();
        for (index, share) in group.iter().zip(shares) {
            let Some(recommendation) = recommendations.get_mut(*index) else { continue };
            let dangers = match against_danger {
                0 => saves.dangers / group.len() as f64,
                claims if recommendation.risk.removes.is_some() => saves.dangers / claims as f64,
                _ => 0.0,
            };
            recommendation.saves = Saves { dangers, guards: saves.guards / group.len() as f64, ..part(&saves, share) };
            match (&harm, &recommendation.risk.removes) {
                // What removes a danger is shown with its price.
                (Some(harm), Some(_)) => recommendation.risk.brings.push(harm.clone()),
                (Some(harm), None) => recommendation.withheld = Some(Withheld::Harm(harm.clone())),
                (None, _) => {}
            }
        }
    }
}

fn groups(recommendations: &[Recommendation], applied: &[usize]) -> Vec<Vec<usize>> {
    // What namespaces share in ambient mode is paid for once.
    let is_shared = |index: &usize| recommendations.get(*index).is_some_and(|it| it.kind == Kind::AmbientMode);
    if applied.iter().any(is_shared) {
        return grouped(recommendations, applied, &|_| String::new());
    }
    if applied.len() <= MOST_TRIALS {
        return applied.iter().map(|index| vec![*index]).collect();
    }
    let namespace = |it: &Recommendation| {
        let workload = it.workload.as_deref().and_then(|name| name.split_once('/'));
        workload.map_or_else(|| it.id.clone(), |(namespace, _)| namespace.to_owned())
    };
    let by_namespace = grouped(recommendations, applied, &namespace);
    if by_namespace.len() <= MOST_TRIALS {
        return by_namespace;
    }
    grouped(recommendations, applied, &|_| String::new())
}

fn grouped(
    recommendations: &[Recommendation],
    applied: &[usize],
    by: &dyn Fn(&Recommendation) -> String,
) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<(Kind, String), Vec<usize>> = BTreeMap::new();
    for index in applied {
        let Some(it) = recommendations.get(*index) else { continue };
        groups.entry((it.kind, by(it))).or_default().push(*index);
    }
    groups.into_values().collect()
}

/// The part of each in the effect of all: by the requests it frees or takes itself, else the same for each.
pub(super) fn shares(members: &[&Recommendation]) -> Vec<f64> {
    const BYTES_A_CORE: f64 = 4.0 * crate::units::GIB;
    let weight = |it: &&Recommendation| it.own.0.as_cores().abs() + it.own.1.as_bytes().abs() / BYTES_A_CORE;
    let all: f64 = members.iter().map(weight).sum();
    let even = 1.0 / members.len().max(1) as f64;
    members.iter().map(|it| if all > 0.0 { weight(it) / all } else { even }).collect()
}

/// The part of what is requested and used.
pub(super) fn part(saves: &Saves, share: f64) -> Saves {
    Saves {
        cpu: saves.cpu * share,
        memory: saves.memory * share,
        cpu_used: saves.cpu_used * share,
        memory_used: saves.memory_used * share,
        nodes: saves.nodes * share,
        series: saves.series * share,
        spans: saves.spans * share,
        log: saves.log * share,
        config_change: saves.config_change * share,
        reconnect: saves.reconnect * share,
        money: saves.money * share,
        ..*saves
    }
}
