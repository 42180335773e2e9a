//! How few nodes could do: a bound from below that no packing beats.

use super::state::State;
use super::topology::HOSTNAME;

/// No packing of the pods that have a node uses fewer nodes than this.
///
/// The largest of, for every resource and for pods per node: the fewest nodes, largest first, whose sum holds
/// the demand (the linear relaxation); and, as if every node were the largest, the bound of Martello and Toth
/// (L2, 1990), which dual feasible functions give: items above half a node cannot share it, and those that
/// fit beside them fill them first. And the most pods that may not share a host.
pub(super) fn lower_bound(state: &State<'_>) -> u64 {
    let mut per_class = vec![0_u64; state.classes.len()];
    for pod in state.pods.iter().filter(|pod| pod.node().is_some()) {
        per_class[pod.class as usize] += 1;
    }
    let total: u64 = per_class.iter().sum();
    let there = |column: &[i64]| state.nodes.there().filter_map(|node| column.get(node).copied()).collect::<Vec<i64>>();
    let mut bound = relaxation(there(&state.nodes.slots), i128::from(total));
    for (column, capacities) in state.nodes.allocatable.iter().enumerate() {
        let capacities = there(capacities);
        let largest = capacities.iter().copied().max().unwrap_or(0);
        let mut sizes: Vec<(i64, u64)> = Vec::new();
        for (class, &count) in state.classes.iter().zip(&per_class).filter(|(_, count)| **count > 0) {
            if class.asks(column) > 0 {
                sizes.push((class.asks(column), count));
            }
        }
        let demand = sizes.iter().map(|&(size, count)| i128::from(size) * i128::from(count)).sum();
        bound = bound.max(relaxation(capacities, demand));
        bound = bound.max(of_equal_nodes(sizes, largest));
    }
    bound.max(apart(state, &per_class))
}

fn relaxation(mut capacities: Vec<i64>, demand: i128) -> u64 {
    capacities.sort_unstable_by(|a, b| b.cmp(a));
    let mut left = demand;
    let enough = capacities.iter().position(|&capacity| {
        let done = left <= 0;
        left -= i128::from(capacity);
        done
    });
    enough.unwrap_or(capacities.len()) as u64
}

/// The bound L2 for items of those sizes and counts.
fn of_equal_nodes(mut sizes: Vec<(i64, u64)>, capacity: i64) -> u64 {
    sizes.retain(|(size, _)| *size <= capacity);
    sizes.sort_unstable();
    let capacity = i128::from(capacity);
    let large = |size: i64| i128::from(size) * 2 > capacity;
    let halves: Vec<i64> = sizes.iter().map(|(size, _)| *size).filter(|size| !large(*size)).collect();
    // Many distinct sizes need not all be tried: every one gives a bound.
    const MOST_TRIED: usize = 200;
    let step = halves.len().div_ceil(MOST_TRIED).max(1);
    let tried = halves.into_iter().step_by(step).chain([0]);
    let bound = |least: i64| {
        let least = i128::from(least);
        let (mut alone, mut beside, mut small) = (0_i128, 0_i128, 0_i128);
        for &(size, count) in &sizes {
            let (wide, count) = (i128::from(size), i128::from(count));
            if large(size) {
                alone += count;
                // What fits beside it must be at most what is left; items of `least` and more count.
                let room = capacity - wide;
                beside += if room >= least { room * count } else { 0 };
            } else if wide >= least {
                small += wide * count;
            }
        }
        let more = if capacity > 0 { (small - beside).max(0).div_ceil_by(capacity) } else { 0 };
        alone + more
    };
    u64::try_from(tried.map(bound).max().unwrap_or(0)).unwrap_or(u64::MAX)
}

trait DivCeil {
    fn div_ceil_by(self, by: Self) -> Self;
}

impl DivCeil for i128 {
    fn div_ceil_by(self, by: i128) -> i128 {
        self / by + i128::from(self % by > 0)
    }
}

/// Pods of the largest class whose pods must be on hosts of their own.
fn apart(state: &State<'_>, per_class: &[u64]) -> u64 {
    let alone = |class: &super::class::Class<'_>| {
        class.away.iter().any(|counter| {
            let by_host = state.topology.keys[state.counters[*counter].key].name == HOSTNAME;
            by_host && class.counted.contains(counter)
        })
    };
    let counts = state.classes.iter().zip(per_class).filter(|(class, _)| alone(class)).map(|(_, count)| *count);
    counts.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_known_cases() {
        for (sizes, capacity, expected) in [
            (vec![(6, 3)], 10, 3),
            (vec![(5, 3)], 10, 2),
            (vec![(7, 2), (4, 2)], 10, 3),
            (vec![(7, 1), (3, 1)], 10, 1),
            (vec![(3, 10)], 10, 3),
            (vec![], 10, 0),
            (vec![(11, 4)], 10, 0),
        ] {
            assert_eq!(of_equal_nodes(sizes.clone(), capacity), expected, "{sizes:?}");
        }
        assert_eq!(relaxation(vec![4, 8, 2], 9), 2);
        assert_eq!(relaxation(vec![4, 8, 2], 0), 0);
        assert_eq!(relaxation(vec![4, 8, 2], 100), 3);
    }
}
