//! CPU of a node that several want at once.
//!
//! **Law.** The kernel gives each its part in proportion to its weight until it has what it wants, and shares out again
//! what that leaves: with weights `w` and demands `d` each gets `min(d, w·κ)`, with `κ` such that either the node is used
//! up or nobody wants more. Kubernetes sets the weight of a container from its CPU request.
//!
//! **Source.** Linux `Documentation/scheduler/sched-design-CFS.rst` (weighted fair shares, work conserving); Kubernetes
//! `pkg/kubelet/cm/helpers_linux.go` (`MilliCPUToShares`: 1024 for a core, at least 2).
//!
//! **Assumptions.** Weights are taken as if all pods stood side by side. In truth pods with requests below their limits
//! share a group of their own, which has the sum of their weights: what one of them leaves goes to the others of the group
//! first. Threads of one container can run on as many cores as it gets.

use crate::units::{Cores, Millicores};

/// Who wants CPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contender {
    /// CPU it requests.
    pub request: Millicores,
    /// CPU it would use if it were alone; at least 0, may be infinite.
    pub wants: Cores,
}

impl Contender {
    fn weight(self) -> f64 {
        const LEAST: f64 = 2.0;
        (self.request.get() as f64 * 1.024).max(LEAST)
    }

    fn wants(self) -> f64 {
        let wants = self.wants.as_cores();
        if wants.is_nan() { 0.0 } else { wants.max(0.0) }
    }
}

/// What one of those on a node gets while all want their part: at most what it wants, at least what its weight gives.
#[must_use]
pub fn part_of(node: Cores, one: Contender, others: &[Contender]) -> Cores {
    let mut waiting: Vec<Contender> = others.to_vec();
    // Those that want least for their weight are served first.
    waiting.sort_by(|a, b| (a.wants() / a.weight()).total_cmp(&(b.wants() / b.weight())));
    let mut left = node.as_cores().max(0.0);
    let mut weights: f64 = one.weight() + waiting.iter().map(|it| it.weight()).sum::<f64>();
    for other in waiting {
        let level = left / weights;
        if other.wants() >= other.weight() * level || one.wants() <= one.weight() * level {
            break;
        }
        left -= other.wants();
        weights -= other.weight();
    }
    Cores::new(one.wants().min(one.weight() * left / weights))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contender(request: u64, wants: f64) -> Contender {
        Contender { request: Millicores::new(request), wants: Cores::new(wants) }
    }

    #[test]
    fn what_others_leave_is_shared_by_weight() {
        let endless = f64::INFINITY;
        for (node, one, others, expected) in [
            (8.0, (500, 8.0), vec![], 8.0),
            (8.0, (500, 2.0), vec![(4000, 1.0)], 2.0),
            // The other is served, the rest is istiod's.
            (8.0, (500, 8.0), vec![(4000, 3.0)], 5.0),
            // Both want all: 1 part of 8.
            (8.0, (500, 8.0), vec![(3500, endless)], 1.0),
            // One is content with little, the other is not.
            (8.0, (1000, endless), vec![(1000, 2.0), (2000, endless)], 2.0),
            (8.0, (1000, endless), vec![(1000, 1.0), (1000, endless)], 3.5),
            (8.0, (1000, endless), vec![(0, 0.5)], 8.0 - 8.0 * 2.0 / 1026.0),
        ] {
            let others: Vec<Contender> = others.into_iter().map(|(request, wants)| contender(request, wants)).collect();
            let part = part_of(Cores::new(node), contender(one.0, one.1), &others).as_cores();
            assert!((part - expected).abs() < 1e-9, "{node} {one:?} {others:?}: {part}");
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_less_than_his_weight_nor_more_than_he_wants(
            node in 0.5..128.0,
            all in prop::collection::vec((0u64..20_000, 0.0..64.0), 1..12),
        ) {
            let all: Vec<Contender> = all.into_iter().map(|(request, wants)| contender(request, wants)).collect();
            let weights: f64 = all.iter().map(|it| it.weight()).sum();
            let mut given = 0.0;
            for (index, one) in all.iter().enumerate() {
                let mut others = all.clone();
                others.remove(index);
                let part = part_of(Cores::new(node), *one, &others).as_cores();
                prop_assert!(part <= one.wants() + 1e-9);
                prop_assert!(part >= one.wants().min(node * one.weight() / weights) - 1e-9);
                given += part;
            }
            // Nothing is left while anybody wants it.
            let wanted: f64 = all.iter().map(|it| it.wants()).sum();
            prop_assert!((given - wanted.min(node)).abs() < 1e-6, "{} of {}", given, node);
        }
    }
}
