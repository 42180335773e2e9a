//! What the loss of each node would do.
//!
//! For every node in turn its free pods are placed first-fit-decreasing on the rest, and taken back.
//! The search starts where it would end with nobody displaced: before that a pod does not fit anyway.
//! Pods that find no place open new nodes at the end, which never changes where the others went; so
//! one pass tells how many nodes would make up for each loss.

use super::Mobility;
use super::capacity::{Capacity, Eligible, Need};
use super::demand::Demands;
use super::pack::NOWHERE;
use super::settle::Positions;
use crate::parallel;

/// Fewer losses or kinds of pods than this are not worth another thread.
const FEW: usize = 64;

/// What the loss of one node would do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loss {
    /// Pods that have to move.
    pub(super) displaced: u64,
    /// Pods among them that fit on no other node.
    pub(super) unplaced: u64,
    /// New nodes that would take those of them that a new node can take.
    pub(super) makeup: u64,
    /// How many fit on no new node either.
    pub(super) stuck: u64,
    /// The largest of these pods.
    pub(super) stuck_pod: Option<usize>,
}

/// The loss of the node at each position of `capacity`, given where every pod is.
pub(super) fn of_each_node(
    demands: &Demands<'_>,
    eligible: &[Eligible],
    capacity: &Capacity,
    node_of: &Positions,
    new_node: &Need,
) -> Vec<Loss> {
    let displaced = free_pods_by_position(demands, node_of, capacity.len());
    let first_fit = |_: &mut (), class: usize| {
        let admits = &eligible[demands.classes[class].constraints];
        capacity.first_fit(demands.need_of_class(class), admits, 0, NOWHERE).unwrap_or(capacity.len())
    };
    let starts = parallel::map(demands.classes.len(), FEW, || (), first_fit);
    let scratch = || Scratch { capacity: capacity.clone(), cursor: starts.clone(), taken: Vec::new() };
    parallel::map(capacity.len(), FEW, scratch, |scratch, position| {
        lose(position, &displaced[position], demands, eligible, new_node, &starts, scratch)
    })
}

/// Working space of a thread; every loss leaves it as it found it.
struct Scratch {
    capacity: Capacity,
    /// Per class, the first position that may still fit.
    cursor: Vec<usize>,
    /// Positions taken, and by which class.
    taken: Vec<(usize, usize)>,
}

fn lose(
    lost: usize,
    pods: &[usize],
    demands: &Demands<'_>,
    eligible: &[Eligible],
    new_node: &Need,
    starts: &[usize],
    scratch: &mut Scratch,
) -> Loss {
    let present = scratch.capacity.len();
    let mut loss = Loss { displaced: pods.len() as u64, ..Loss::default() };
    for &pod in pods {
        let class = demands.class_of[pod];
        let admits = &eligible[demands.classes[class].constraints];
        let need = demands.need_of_class(class);
        let found = scratch.capacity.first_fit(need, admits, scratch.cursor[class], lost);
        scratch.cursor[class] = found.unwrap_or(scratch.capacity.len());
        loss.unplaced += u64::from(found.is_none_or(|position| position >= present));
        let position = match found {
            Some(position) => position,
            None if admits.new_node && need.fits(new_node) => {
                scratch.capacity.push(new_node);
                loss.makeup += 1;
                scratch.capacity.len() - 1
            }
            None => {
                loss.stuck += 1;
                loss.stuck_pod = loss.stuck_pod.or(Some(pod));
                continue;
            }
        };
        scratch.capacity.take(position, need);
        scratch.taken.push((position, class));
    }
    scratch.capacity.truncate(present);
    for &pod in pods {
        let class = demands.class_of[pod];
        scratch.cursor[class] = starts[class];
    }
    for (position, class) in scratch.taken.drain(..) {
        if position < present {
            scratch.capacity.give_back(position, demands.need_of_class(class));
        }
    }
    loss
}

/// Free pods on each node, largest first.
fn free_pods_by_position(demands: &Demands<'_>, node_of: &Positions, positions: usize) -> Vec<Vec<usize>> {
    let mut pods = vec![Vec::new(); positions];
    for &pod in &demands.largest_first {
        if demands.pods[pod].mobility != Mobility::Free {
            continue;
        }
        if let Some(list) = node_of[pod].and_then(|position| pods.get_mut(position)) {
            list.push(pod);
        }
    }
    pods
}
