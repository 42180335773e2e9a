//! Free capacity of many nodes, kept so that the first one that fits is found fast.
//!
//! One column per resource, and the largest value of every block of 64 nodes: a block whose largest
//! free amount is too small is skipped without a look at its nodes, and the nodes of a block that a
//! pod may use are one machine word.

use std::collections::BTreeMap;

/// Resources every pod may ask for.
pub(super) const DIMENSIONS: usize = 4;
/// Number of the pod slots among the [`Amounts`].
pub(super) const PODS: usize = 3;
/// CPU in millicores, memory in bytes, ephemeral storage in bytes, pods.
pub(super) type Amounts = [u64; DIMENSIONS];
/// Nodes of a block: the bits of a word.
const BLOCK: usize = 64;

/// Amounts asked for or offered, extended resources by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Need {
    pub(super) amounts: Amounts,
    pub(super) extended: Vec<(u32, u64)>,
}

impl Need {
    /// Whether it fits into an offer.
    pub(super) fn fits(&self, offer: &Self) -> bool {
        let offered = |resource: u32| {
            let found = offer.extended.iter().find(|(number, _)| *number == resource);
            found.map_or(0, |(_, amount)| *amount)
        };
        self.amounts.iter().zip(offer.amounts).all(|(amount, offered)| *amount <= offered)
            && self.extended.iter().all(|&(resource, amount)| amount <= offered(resource))
    }
}

/// Which nodes a set of constraints admits.
#[derive(Debug, Clone, Default)]
pub(super) struct Eligible {
    /// One bit per present node.
    pub(super) words: Vec<u64>,
    /// Whether it admits a new node.
    pub(super) new_node: bool,
}

impl Eligible {
    fn word(&self, block: usize) -> u64 {
        let new = if self.new_node { u64::MAX } else { 0 };
        self.words.get(block).copied().unwrap_or(new)
    }
}

/// Free capacity by position.
#[derive(Debug, Clone, Default)]
pub(super) struct Capacity {
    free: [Vec<u64>; DIMENSIONS],
    highest: [Vec<u64>; DIMENSIONS],
    extended: Vec<BTreeMap<u32, u64>>,
}

impl Capacity {
    /// Free capacity of the present nodes. New nodes pushed later start at a block of their own.
    pub(super) fn new(free: impl Iterator<Item = Need>) -> Self {
        let mut capacity = Self::default();
        for offer in free {
            capacity.push(&offer);
        }
        while !capacity.len().is_multiple_of(BLOCK) {
            capacity.push(&Need::default());
        }
        capacity
    }

    /// Positions, those that only fill a block included.
    pub(super) fn len(&self) -> usize {
        self.extended.len()
    }

    /// Free amounts at a position.
    pub(super) fn free(&self, position: usize) -> Amounts {
        std::array::from_fn(|dimension| self.free[dimension][position])
    }

    /// Free amount of an extended resource at a position.
    pub(super) fn free_extended(&self, position: usize, resource: u32) -> u64 {
        self.extended[position].get(&resource).copied().unwrap_or(0)
    }

    /// Adds a node at the end.
    pub(super) fn push(&mut self, offer: &Need) {
        let opens_block = self.len().is_multiple_of(BLOCK);
        for ((free, highest), amount) in self.free.iter_mut().zip(&mut self.highest).zip(offer.amounts) {
            free.push(amount);
            match highest.last_mut() {
                Some(last) if !opens_block => *last = amount.max(*last),
                _ => highest.push(amount),
            }
        }
        self.extended.push(offer.extended.iter().copied().collect());
    }

    /// Drops the nodes from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        for (free, highest) in self.free.iter_mut().zip(&mut self.highest) {
            free.truncate(len);
            highest.truncate(len.div_ceil(BLOCK));
        }
        self.extended.truncate(len);
        if let Some(last) = len.checked_sub(1) {
            for dimension in 0..DIMENSIONS {
                self.refresh(dimension, last / BLOCK);
            }
        }
    }

    /// First position from `from` on, other than `without`, that admits and holds a pod.
    pub(super) fn first_fit(&self, need: &Need, eligible: &Eligible, from: usize, without: usize) -> Option<usize> {
        let len = self.len();
        let mut block = from / BLOCK;
        let mut mask = u64::MAX << (from % BLOCK);
        while block * BLOCK < len {
            let mut candidates = eligible.word(block) & mask;
            if candidates != 0 && self.block_may_hold(block, need) {
                while candidates != 0 {
                    let position = block * BLOCK + candidates.trailing_zeros() as usize;
                    candidates &= candidates - 1;
                    if position >= len {
                        return None;
                    }
                    if position != without && self.holds(position, need) {
                        return Some(position);
                    }
                }
            }
            mask = u64::MAX;
            block += 1;
        }
        None
    }

    /// Whether a position has room for a need.
    pub(super) fn holds(&self, position: usize, need: &Need) -> bool {
        need.amounts.iter().zip(&self.free).all(|(amount, free)| *amount <= free[position])
            && need.extended.iter().all(|&(resource, amount)| amount <= self.free_extended(position, resource))
    }

    fn block_may_hold(&self, block: usize, need: &Need) -> bool {
        need.amounts.iter().zip(&self.highest).all(|(amount, highest)| *amount <= highest[block])
    }

    /// Takes a need that the position [holds](Self::holds).
    pub(super) fn take(&mut self, position: usize, need: &Need) {
        for dimension in 0..DIMENSIONS {
            let before = self.free[dimension][position];
            if need.amounts[dimension] == 0 {
                continue;
            }
            self.free[dimension][position] = before.saturating_sub(need.amounts[dimension]);
            if before == self.highest[dimension][position / BLOCK] {
                self.refresh(dimension, position / BLOCK);
            }
        }
        for &(resource, amount) in &need.extended {
            if let Some(free) = self.extended[position].get_mut(&resource) {
                *free = free.saturating_sub(amount);
            }
        }
    }

    /// Gives back what was [taken](Self::take).
    pub(super) fn give_back(&mut self, position: usize, need: &Need) {
        for dimension in 0..DIMENSIONS {
            let free = &mut self.free[dimension][position];
            *free = free.saturating_add(need.amounts[dimension]);
            let highest = &mut self.highest[dimension][position / BLOCK];
            *highest = (*free).max(*highest);
        }
        for &(resource, amount) in &need.extended {
            if let Some(free) = self.extended[position].get_mut(&resource) {
                *free = free.saturating_add(amount);
            }
        }
    }

    fn refresh(&mut self, dimension: usize, block: usize) {
        let column = &self.free[dimension];
        let end = column.len().min((block + 1) * BLOCK);
        self.highest[dimension][block] = column[block * BLOCK..end].iter().copied().max().unwrap_or(0);
    }
}
