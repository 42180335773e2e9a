//! What can be seen of a cluster while a course is played.

use super::super::Cause;
use super::{Phase, Stage};
use crate::inventory::ObjectName;

impl Stage<'_> {
    /// Why the eviction of a pod is refused.
    pub(in super::super) fn refusal(&self, pod: usize) -> Option<Cause> {
        self.budgets.cause(self.actors[pod].budgets)
    }

    /// The set of budgets of a pod: pods of one set are refused together.
    pub(in super::super) fn budgets_of(&self, pod: usize) -> usize {
        self.actors[pod].budgets
    }

    /// Pods there are, those that are gone included: the next to begin has this number.
    pub(in super::super) fn next(&self) -> usize {
        self.actors.len()
    }

    pub(in super::super) fn phase(&self, pod: usize) -> Phase {
        self.actors[pod].phase
    }

    pub(in super::super) fn workload_of(&self, pod: usize) -> usize {
        self.actors[pod].workload
    }

    pub(in super::super) fn node_of(&self, pod: usize) -> Option<usize> {
        self.live.node_of(pod)
    }

    /// The only node a pod may run on, or the one where it is.
    pub(in super::super) fn home_of(&self, pod: usize) -> Option<usize> {
        self.actors[pod].only.or_else(|| self.live.node_of(pod))
    }

    pub(in super::super) fn pods_on(&self, node: usize) -> Vec<usize> {
        let mut pods = self.live.pods_on(node);
        pods.sort_unstable();
        pods
    }

    pub(in super::super) fn is_cordoned(&self, node: usize) -> bool {
        self.live.is_cordoned(node)
    }

    /// Pods of a workload that neither end nor are gone.
    pub(in super::super) fn present(&self, workload: usize) -> Vec<usize> {
        let members = self.members.get(workload).into_iter().flatten().copied();
        members.filter(|pod| !matches!(self.actors[*pod].phase, Phase::Ending | Phase::Gone)).collect()
    }

    /// How old a pod is, to be compared: those that were begun in the course are youngest.
    pub(in super::super) fn age(&self, pod: usize) -> (i64, usize) {
        let listed = self.setting.inventory.pods.get(pod);
        let created = listed.map_or(i64::MAX, |pod| pod.life.created.map_or(i64::MIN, |moment| moment.0));
        (created, pod)
    }

    /// Name of a pod, or of the one it is like.
    pub(in super::super) fn name_of(&self, pod: usize) -> Option<ObjectName> {
        self.setting.inventory.pods.get(self.actors[pod].like).map(|pod| pod.name.clone())
    }

    /// The first pod without a node that a test takes, and why it has none.
    pub(in super::super) fn first_waiting(&self, wanted: impl Fn(usize) -> bool) -> Option<(usize, Cause)> {
        let (pod, ..) = self.waiting.kinds().find(|(pod, ..)| wanted(*pod))?;
        Some((pod, Cause::NoNode(self.reasons(pod))))
    }

    pub(super) fn reasons(&self, pod: usize) -> Vec<(String, u64)> {
        match self.actors[pod].only {
            Some(node) => self.live.refusal(pod, node).map(|reason| (reason, 1)).into_iter().collect(),
            None => self.live.reasons(pod),
        }
    }
}
