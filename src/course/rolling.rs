//! A Deployment replaces its pods: as many new ones as surge allows, as many old ones fewer as may be unavailable.
//!
//! Source: `reconcileNewReplicaSet` and `reconcileOldReplicaSets` in `pkg/controller/deployment/rolling.go`,
//! `rolloutRecreate` in `recreate.go`.

use std::collections::BTreeSet;

use super::leaving::Leaving;
use super::limits::Limits;
use super::stage::{Change, Phase, Stage};

/// A Deployment on its way.
#[derive(Debug)]
pub(super) struct Rolling {
    wanted: u64,
    limits: Limits,
    like: usize,
    /// Old pods that are available, and the others.
    old: Leaving,
    unavailable: BTreeSet<usize>,
    /// Pods from this number on are new.
    first_new: usize,
    new: u64,
    new_available: u64,
}

impl Rolling {
    /// Begins to replace pods, of which there is at least one.
    pub(super) fn new(stage: &Stage<'_>, pods: &[usize], limits: Limits) -> Self {
        let mut rolling = Self {
            wanted: pods.len() as u64,
            limits,
            like: pods.first().copied().unwrap_or(0),
            old: Leaving::default(),
            unavailable: BTreeSet::new(),
            first_new: stage.next(),
            new: 0,
            new_available: 0,
        };
        for &pod in pods {
            match stage.node_of(pod).filter(|_| stage.phase(pod) == Phase::Available) {
                Some(node) => rolling.old.add(node, stage.age(pod)),
                None => _ = rolling.unavailable.insert(pod),
            }
        }
        rolling
    }

    /// Pods that it would begin first, and like which.
    pub(super) fn first_surge(&self) -> (usize, u64) {
        (self.like, self.limits.surge.min(self.wanted))
    }

    /// Pods above and below the wanted number.
    pub(super) fn limits(&self) -> (u64, u64) {
        (self.limits.surge, self.limits.unavailable)
    }

    pub(super) fn hear(&mut self, stage: &Stage<'_>, change: Change) {
        match change {
            Change::Placed(pod) if pod >= self.first_new => {
                if let Some(node) = stage.node_of(pod) {
                    self.old.arrive(node);
                }
            }
            Change::Available(pod) if pod >= self.first_new => self.new_available += 1,
            Change::Available(pod) if self.unavailable.remove(&pod) => {
                if let Some(node) = stage.node_of(pod) {
                    self.old.add(node, stage.age(pod));
                }
            }
            _ => {}
        }
    }

    /// One step up or down; says whether there was one.
    pub(super) fn act(&mut self, stage: &mut Stage<'_>) -> bool {
        self.begin_new(stage) || self.end_old(stage)
    }

    fn begin_new(&mut self, stage: &mut Stage<'_>) -> bool {
        let room = (self.wanted + self.limits.surge).saturating_sub(self.all());
        let begun = room.min(self.wanted - self.new);
        for _ in 0..begun {
            stage.begin(self.like, None);
        }
        self.new += begun;
        begun > 0
    }

    fn end_old(&mut self, stage: &mut Stage<'_>) -> bool {
        let must_stay = self.wanted.saturating_sub(self.limits.unavailable);
        let new_unavailable = self.new - self.new_available;
        let most = self.all().saturating_sub(must_stay + new_unavailable);
        // Those that serve nobody go first.
        let idle: Vec<usize> =
            self.unavailable.iter().copied().take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
        for &pod in &idle {
            self.unavailable.remove(&pod);
            stage.end(pod);
        }
        let available = self.old.len() + self.new_available;
        let spare = if most > 0 { available.saturating_sub(must_stay) } else { 0 };
        let gone = self.old.take(spare);
        for &pod in &gone {
            stage.end(pod);
        }
        !(idle.is_empty() && gone.is_empty())
    }

    fn all(&self) -> u64 {
        self.new + self.old.len() + self.unavailable.len() as u64
    }

    pub(super) fn is_done(&self) -> bool {
        self.new_available == self.wanted && self.all() == self.wanted
    }
}

/// A Deployment whose strategy is `Recreate`: new pods begin when the last old one is gone.
#[derive(Debug)]
pub(super) struct Recreate {
    like: usize,
    wanted: u64,
    old: BTreeSet<usize>,
    begun: Begun,
    first_new: usize,
    available: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Begun {
    Nothing,
    Ending,
    All,
}

impl Recreate {
    pub(super) fn new(stage: &Stage<'_>, pods: &[usize]) -> Self {
        Self {
            like: pods.first().copied().unwrap_or(0),
            wanted: pods.len() as u64,
            old: pods.iter().copied().collect(),
            begun: Begun::Nothing,
            first_new: stage.next(),
            available: 0,
        }
    }

    pub(super) fn hear(&mut self, change: Change) {
        match change {
            Change::Gone(pod) => _ = self.old.remove(&pod),
            Change::Available(pod) if pod >= self.first_new => self.available += 1,
            _ => {}
        }
    }

    pub(super) fn act(&mut self, stage: &mut Stage<'_>) -> bool {
        match self.begun {
            Begun::Nothing => {
                self.old.iter().for_each(|pod| stage.end(*pod));
                self.begun = Begun::Ending;
            }
            Begun::Ending if self.old.is_empty() => {
                for _ in 0..self.wanted {
                    stage.begin(self.like, None);
                }
                self.begun = Begun::All;
            }
            Begun::Ending | Begun::All => return false,
        }
        true
    }

    pub(super) fn is_done(&self) -> bool {
        self.begun == Begun::All && self.available == self.wanted
    }
}
