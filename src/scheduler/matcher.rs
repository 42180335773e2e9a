//! Which pods a rule means: selectors within namespaces, each kept once, found by the labels of a pod.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use crate::inventory::Labels;
use crate::inventory::objects::{Operator, Requirement};

/// With a fixed hasher: no randomness enters. Nothing is ever iterated.
pub(super) type Lookup<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Pods of some namespaces whose labels meet all requirements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Term {
    pub(super) namespaces: Namespaces,
    pub(super) selector: Vec<Requirement>,
}

/// Namespaces of a term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Namespaces {
    All,
    /// In order.
    Listed(Vec<Arc<str>>),
}

/// Who wants to know of a pod that all terms of a matcher mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A counter of such pods; one for spreading skips those that terminate.
    Counts { counter: usize, skips_terminating: bool },
    /// A counter of pods that must be away from such pods.
    MustBeAway(usize),
    /// A counter of pods that add so much to the score of a domain for such pods.
    Scores(usize, i64),
}

/// All matchers, each once.
#[derive(Debug, Default)]
pub(super) struct Matchers {
    all: Vec<(Vec<Term>, Vec<Role>)>,
    known: Lookup<Vec<Term>, usize>,
    by_label: Lookup<(String, String), Vec<usize>>,
    /// Those that no single label finds.
    others: Vec<usize>,
    /// Kinds of pods that carry each label.
    carriers: Lookup<(String, String), u32>,
}

impl Matchers {
    /// For pods of kinds with those labels.
    pub(super) fn new<'l>(kinds: impl Iterator<Item = &'l Labels>) -> Self {
        let mut carriers: Lookup<(String, String), u32> = Lookup::default();
        for (key, value) in kinds.flatten() {
            *carriers.entry((key.clone(), value.clone())).or_default() += 1;
        }
        Self { carriers, ..Self::default() }
    }

    /// The matcher of pods that all terms mean.
    pub(super) fn of(&mut self, terms: Vec<Term>) -> usize {
        if let Some(&known) = self.known.get(&terms) {
            return known;
        }
        let index = self.all.len();
        let requirements = terms.iter().flat_map(|term| &term.selector);
        let single = requirements.filter(|it| it.operator == Operator::In && it.values.len() == 1);
        let labels = single.filter_map(|it| Some((it.key.clone(), it.values.first()?.clone())));
        // Under the rarest of its labels: a label that all pods carry would find every matcher for each of them.
        match labels.min_by_key(|label| self.carriers.get(label).copied().unwrap_or(0)) {
            Some(label) => self.by_label.entry(label).or_default().push(index),
            None => self.others.push(index),
        }
        self.known.insert(terms.clone(), index);
        self.all.push((terms, Vec::new()));
        index
    }

    /// Tells a matcher of someone who wants to know.
    pub(super) fn tell(&mut self, matcher: usize, role: Role) {
        if let Some((_, roles)) = self.all.get_mut(matcher)
            && !roles.contains(&role)
        {
            roles.push(role);
        }
    }

    /// Everyone who wants to know of a pod.
    pub(super) fn roles_of(&self, namespace: &Arc<str>, labels: &Labels) -> Vec<Role> {
        let mut candidates = self.others.clone();
        for (key, value) in labels {
            if let Some(found) = self.by_label.get(&(key.clone(), value.clone())) {
                candidates.extend_from_slice(found);
            }
        }
        candidates.sort_unstable();
        let mut roles = Vec::new();
        for (terms, wanted) in candidates.iter().filter_map(|&index| self.all.get(index)) {
            if terms.iter().all(|term| term.means(namespace, labels)) {
                roles.extend_from_slice(wanted);
            }
        }
        roles
    }
}

impl Term {
    /// Whether it means a pod.
    pub(super) fn means(&self, namespace: &Arc<str>, labels: &Labels) -> bool {
        let here = match &self.namespaces {
            Namespaces::All => true,
            Namespaces::Listed(names) => names.binary_search(namespace).is_ok(),
        };
        here && self.selector.iter().all(|requirement| requirement.matches(labels))
    }
}
