//! A DaemonSet replaces its pods node by node: the old one gone before the new one begins, or, where surge is
//! allowed, the new one available beside it before it ends.
//!
//! Source: `rollingUpdate` in `pkg/controller/daemon/update.go`. Kubernetes walks nodes in no fixed order; here they
//! come in that of the inventory.

use std::collections::{BTreeMap, VecDeque};

use super::limits::Limits;
use super::stage::{Change, Phase, Stage};

/// A DaemonSet on its way.
#[derive(Debug)]
pub(super) struct Daemon {
    limits: Limits,
    /// Old pods that are not yet told to end, those that are not available first.
    old: VecDeque<usize>,
    /// How many of them are not available.
    idle: usize,
    /// The node of every pod that ends, and what its successor is like.
    ending: BTreeMap<usize, usize>,
    /// The old pod that each new one takes the place of.
    beside: BTreeMap<usize, usize>,
    first_new: usize,
    wanted: u64,
    available: u64,
}

impl Daemon {
    pub(super) fn new(stage: &Stage<'_>, pods: &[usize], limits: Limits) -> Self {
        let (idle, available): (Vec<usize>, Vec<usize>) =
            pods.iter().partition(|pod| stage.phase(**pod) != Phase::Available);
        Self {
            limits,
            idle: idle.len(),
            old: idle.into_iter().chain(available).collect(),
            ending: BTreeMap::new(),
            beside: BTreeMap::new(),
            first_new: stage.next(),
            wanted: pods.len() as u64,
            available: 0,
        }
    }

    pub(super) fn hear(&mut self, stage: &mut Stage<'_>, change: Change) {
        match change {
            Change::Gone(pod) => {
                if let Some(node) = self.ending.remove(&pod) {
                    stage.begin(pod, Some(node));
                }
            }
            Change::Available(pod) if pod >= self.first_new => {
                self.available += 1;
                if let Some(old) = self.beside.remove(&pod) {
                    stage.end(old);
                }
            }
            _ => {}
        }
    }

    pub(super) fn act(&mut self, stage: &mut Stage<'_>) -> bool {
        let under_way = self.wanted - self.available - self.old.len() as u64;
        let Some(pod) = self.old.front().copied() else { return false };
        let Some(node) = stage.home_of(pod) else {
            // It has no node to come back to.
            self.old.pop_front();
            self.wanted -= 1;
            return true;
        };
        if self.limits.surge > 0 && self.idle == 0 {
            if under_way >= self.limits.surge {
                return false;
            }
            let new = stage.begin(pod, Some(node));
            self.beside.insert(new, pod);
        } else {
            if self.idle == 0 && under_way >= self.limits.unavailable {
                return false;
            }
            self.idle = self.idle.saturating_sub(1);
            self.ending.insert(pod, node);
            stage.end(pod);
        }
        self.old.pop_front();
        true
    }

    pub(super) fn is_done(&self) -> bool {
        self.available == self.wanted
    }
}
