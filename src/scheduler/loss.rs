//! What the loss of a node does.

use super::Unplaced;

/// What the loss of a node does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The node, by index.
    pub node: usize,
    /// Pods that have to move.
    pub displaced: u64,
    /// Pods that had a node before and find none, by index; those that had none anyway are left out.
    pub unplaced: Vec<Unplaced>,
    /// Pods that had to go for others of higher priority, whether or not they found another node.
    pub preempted: u64,
}

/// The loss that leaves most pods without a node; of equal ones that of most pods, then the first.
#[must_use]
pub fn worst(losses: &[Loss]) -> Option<&Loss> {
    losses.iter().reduce(|worst, loss| {
        let weight = |loss: &Loss| (loss.unplaced.len(), loss.displaced);
        if weight(loss) > weight(worst) { loss } else { worst }
    })
}
