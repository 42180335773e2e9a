//! Which workload a measurement means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::objects::{MeasuredSeries, ObjectName};
use crate::inventory::{Inventory, WorkloadId};

/// Workloads by their names and by those of their pods.
pub(super) struct Names {
    ids: Vec<WorkloadId>,
    by_name: BTreeMap<Arc<str>, Vec<usize>>,
    by_pod: BTreeMap<Arc<str>, Vec<(Arc<str>, usize)>>,
}

impl Names {
    /// The names of an inventory; those of its pods only where they are asked for.
    pub(super) fn new(inventory: &Inventory, with_pods: bool) -> Self {
        let ids: Vec<WorkloadId> = inventory.workloads.iter().map(|workload| workload.id.clone()).collect();
        let mut by_name: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (index, id) in ids.iter().enumerate() {
            by_name.entry(id.name.clone()).or_default().push(index);
        }
        let mut by_pod: BTreeMap<Arc<str>, Vec<(Arc<str>, usize)>> = BTreeMap::new();
        for pod in inventory.pods.iter().filter(|pod| with_pods && pod.listed) {
            by_pod.entry(pod.name.name.clone()).or_default().push((pod.name.namespace.clone(), pod.workload));
        }
        Self { ids, by_name, by_pod }
    }

    /// The workload of that name, and of that kind where it is said.
    pub(super) fn workload(&self, name: &ObjectName, kind: Option<&str>) -> Option<usize> {
        self.named(&name.name, Some(&name.namespace), |id| kind.is_none_or(|kind| kind == &*id.kind)).next()
    }

    /// The workload of a series.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) fn of_series(&self, series: &MeasuredSeries) -> Result<usize, &'static str> {
        let namespace = series.namespace.as_deref();
        let found: BTreeSet<usize> = match (&series.workload, &series.pod) {
            (Some(name), _) => {
                let is_meant = |id: &WorkloadId| series.kind.as_deref().is_none_or(|kind| kind == &*id.kind);
                self.named(name, namespace, is_meant).collect()
            }
            (None, Some(pod)) => self.of_pod(pod, namespace),
            (None, None) => return Err("it names neither a workload nor a pod"),
        };
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (None, _) => Err("no workload of that name is in the input"),
            // Of one name and namespace the first kind is meant, as in a table without times.
            (Some(index), Some(_)) if namespace.is_some() => Ok(index),
            (Some(_), Some(_)) => Err("several workloads may be meant: say its namespace"),
        }
    }

    fn named(
        &self,
        name: &str,
        namespace: Option<&str>,
        is_meant: impl Fn(&WorkloadId) -> bool,
    ) -> impl Iterator<Item = usize> {
        let of_name = self.by_name.get(name).into_iter().flatten().copied();
        of_name.filter(move |&index| {
            let id = self.ids.get(index);
            id.is_some_and(|id| namespace.is_none_or(|namespace| namespace == &*id.namespace) && is_meant(id))
        })
    }

    /// The workload that has the pod, or that makes pods of such names.
    fn of_pod(&self, pod: &str, namespace: Option<&str>) -> BTreeSet<usize> {
        let listed = self.by_pod.get(pod).into_iter().flatten();
        let listed: BTreeSet<usize> = listed
            .filter(|(own, _)| namespace.is_none_or(|namespace| namespace == &**own))
            .map(|(_, index)| *index)
            .collect();
        if !listed.is_empty() {
            return listed;
        }
        let made_by =
            |name: &str, kinds: &[&str]| self.named(name, namespace, |id| kinds.contains(&&*id.kind)).collect();
        let Some((owner, own)) = pod.rsplit_once('-') else { return BTreeSet::new() };
        let deployed = owner.rsplit_once('-').filter(|(_, hash)| is_random(own, 5..=5) && is_random(hash, 5..=10));
        let of_deployment: BTreeSet<usize> =
            deployed.map(|(name, _)| made_by(name, &["Deployment", "CronJob"])).unwrap_or_default();
        if !of_deployment.is_empty() {
            return of_deployment;
        }
        if own.bytes().all(|byte| byte.is_ascii_digit()) {
            return made_by(owner, &["StatefulSet"]);
        }
        if is_random(own, 5..=5) {
            return made_by(owner, &["DaemonSet", "ReplicaSet", "Job", "ReplicationController"]);
        }
        BTreeSet::new()
    }
}

/// Whether it looks like what Kubernetes adds to a name.
fn is_random(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
