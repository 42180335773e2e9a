//! Pods per domain, kept while pods come and go.

use super::topology::{NOWHERE, Topology};

/// Counts pods of a kind per domain of a key.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    pub(super) key: usize,
    /// Nodes whose pods count, as an index of node sets; `None` for all.
    pub(super) eligible: Option<usize>,
    counts: Counts,
    /// Pods in all domains.
    pub(super) total: u64,
    least: Option<Least>,
}

/// Counts by domain; most kinds of pods are few.
#[derive(Debug, Clone)]
enum Counts {
    Few(Vec<(u32, u32)>),
    Many(Vec<u32>),
}

/// The smallest count among the domains that exist.
#[derive(Debug, Clone)]
struct Least {
    /// How many domains have a count, by count.
    domains: Vec<u32>,
    least: usize,
    /// How many nodes each domain has; one without nodes does not exist.
    nodes: Vec<u32>,
    number: usize,
}

impl Counter {
    pub(super) fn new(key: usize, eligible: Option<usize>) -> Self {
        Self { key, eligible, counts: Counts::Few(Vec::new()), total: 0, least: None }
    }

    /// Lets it know its smallest count; before any pod is counted.
    pub(super) fn watch_least(&mut self, topology: &Topology, nodes: &[Vec<bool>]) {
        let key = &topology.keys[self.key];
        let mut in_domain = vec![0; key.values.len()];
        for (node, &domain) in key.domain_of.iter().enumerate() {
            let counts = self.eligible.is_none_or(|set| nodes[set][node]);
            if counts && domain != NOWHERE {
                in_domain[domain as usize] += 1;
            }
        }
        let number = in_domain.iter().filter(|nodes| **nodes > 0).count();
        self.least = Some(Least { domains: vec![number as u32], least: 0, nodes: in_domain, number });
    }

    /// Whether it knows its smallest count.
    pub(super) fn watches_least(&self) -> bool {
        self.least.is_some()
    }

    /// A node that counts joins a domain or leaves it, with no pod of the kind on it.
    pub(super) fn change_nodes(&mut self, domain: u32, joins: bool) {
        let count = self.at(domain) as usize;
        let Some(least) = &mut self.least else { return };
        let Some(nodes) = least.nodes.get_mut(domain as usize) else { return };
        let before = *nodes;
        *nodes = if joins { before + 1 } else { before.saturating_sub(1) };
        match (before, *nodes) {
            (0, 1) => least.appear(count),
            (1, 0) => least.vanish(count),
            _ => {}
        }
    }

    /// Pods in a domain.
    pub(super) fn at(&self, domain: u32) -> i64 {
        match &self.counts {
            Counts::Many(counts) => counts.get(domain as usize).copied().unwrap_or(0).into(),
            Counts::Few(counts) => {
                let found = counts.binary_search_by_key(&domain, |(domain, _)| *domain);
                found.ok().and_then(|index| counts.get(index)).map_or(0, |(_, count)| i64::from(*count))
            }
        }
    }

    /// Pods in the emptiest domain; 0 with fewer domains than asked for, and no bound where there is none.
    pub(super) fn least(&self, min_domains: i64) -> i64 {
        let Some(least) = &self.least else { return 0 };
        match least.number {
            number if (number as i64) < min_domains => 0,
            0 => i32::MAX.into(),
            _ => least.least as i64,
        }
    }

    /// A pod comes to a domain (`change` 1) or leaves it (−1).
    pub(super) fn change(&mut self, domain: u32, change: i32, domains: usize) {
        if domain == NOWHERE {
            return;
        }
        self.total = self.total.saturating_add_signed(change.into());
        let before = self.counts.change(domain, change, domains);
        if let Some(least) = &mut self.least
            && least.nodes.get(domain as usize).is_some_and(|nodes| *nodes > 0)
        {
            least.move_one(before as usize, before.saturating_add_signed(change) as usize);
        }
    }
}

impl Counts {
    /// Changes a count and says what it was.
    fn change(&mut self, domain: u32, change: i32, domains: usize) -> u32 {
        const FEW: usize = 24;
        if let Self::Few(few) = self
            && few.len() >= FEW
        {
            let mut many = vec![0; domains];
            for &(domain, count) in few.iter() {
                if let Some(slot) = many.get_mut(domain as usize) {
                    *slot = count;
                }
            }
            *self = Self::Many(many);
        }
        let count = match self {
            Self::Many(many) => many.get_mut(domain as usize),
            Self::Few(few) => {
                let index = few.binary_search_by_key(&domain, |(domain, _)| *domain).unwrap_or_else(|index| {
                    few.insert(index, (domain, 0));
                    index
                });
                few.get_mut(index).map(|(_, count)| count)
            }
        };
        let Some(count) = count else { return 0 };
        let before = *count;
        *count = before.saturating_add_signed(change);
        before
    }
}

impl Least {
    fn move_one(&mut self, from: usize, to: usize) {
        self.put(to, 1);
        self.put(from, -1);
        self.settle(to);
    }

    fn appear(&mut self, count: usize) {
        self.number += 1;
        self.put(count, 1);
        self.settle(count);
    }

    fn vanish(&mut self, count: usize) {
        self.number = self.number.saturating_sub(1);
        self.put(count, -1);
        self.settle(self.least);
    }

    fn put(&mut self, count: usize, change: i32) {
        if self.domains.len() <= count {
            self.domains.resize(count + 1, 0);
        }
        self.domains[count] = self.domains[count].saturating_add_signed(change);
    }

    /// Finds the smallest count again, which is not above `bound` or comes after it.
    fn settle(&mut self, bound: usize) {
        self.least = self.least.min(bound);
        while self.domains.get(self.least) == Some(&0) {
            self.least += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> Counter {
        let mut topology = Topology::new(&[]);
        let values = (0..40).map(|value| value.to_string()).collect();
        topology.keys.push(super::super::topology::Key { name: String::new(), domain_of: (0..40).collect(), values });
        let mut counter = Counter::new(1, None);
        counter.watch_least(&topology, &[]);
        counter
    }

    #[test]
    fn the_least_follows_pods_that_come_and_go() {
        let mut counter = counter();
        assert_eq!((counter.least(1), counter.least(41)), (0, 0));
        for domain in 0..40 {
            assert_eq!(counter.least(1), 0);
            counter.change(domain, 1, 40);
        }
        assert_eq!((counter.least(1), counter.least(41), counter.total), (1, 0, 40));
        counter.change(7, 1, 40);
        assert_eq!((counter.least(1), counter.at(7)), (1, 2));
        counter.change(3, -1, 40);
        assert_eq!((counter.least(1), counter.at(3)), (0, 0));
        counter.change(3, 1, 40);
        assert_eq!(counter.least(1), 1);
        counter.change(NOWHERE, 1, 40);
        assert_eq!(counter.total, 41);
    }

    #[test]
    fn domains_without_nodes_do_not_count() {
        let mut counter = counter();
        for domain in 1..40 {
            counter.change(domain, 2, 40);
        }
        assert_eq!(counter.least(1), 0);
        counter.change_nodes(0, false);
        assert_eq!((counter.least(1), counter.least(40)), (2, 0));
        counter.change_nodes(0, true);
        assert_eq!((counter.least(1), counter.least(40)), (0, 0));
        counter.change_nodes(0, true);
        counter.change_nodes(0, false);
        assert_eq!(counter.least(1), 0);
        for domain in 1..40 {
            counter.change(domain, -2, 40);
            counter.change_nodes(domain, false);
        }
        counter.change_nodes(0, false);
        assert_eq!((counter.least(0), counter.least(1)), (i64::from(i32::MAX), 0));
    }
}
