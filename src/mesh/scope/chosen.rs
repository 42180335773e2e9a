//! Which Sidecar holds for a workload.

use std::collections::BTreeMap;

use super::registry::Discovery;
use super::selected::has;
use crate::inventory::{Inventory, Sidecar, Workload};

/// The Sidecars of a mesh, ready to be asked.
pub(super) struct Sidecars<'a> {
    all: &'a [Sidecar],
    root_namespace: &'a str,
    /// Indices by namespace, oldest first: those with a selector, then those without.
    by_namespace: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Sidecars<'a> {
    /// The Sidecars of the namespaces istiod looks at.
    pub fn new(inventory: &'a Inventory) -> Self {
        let discovered = Discovery::new(inventory);
        let all = inventory.istio.sidecars.as_slice();
        let mut by_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for selects in [true, false] {
            let of_kind = all.iter().enumerate().filter(|(_, sidecar)| sidecar.selector.is_some() == selects);
            for (index, sidecar) in of_kind.filter(|(_, sidecar)| discovered.holds(&sidecar.name.namespace)) {
                by_namespace.entry(&sidecar.name.namespace).or_default().push(index);
            }
        }
        Self { all, root_namespace: inventory.istio.mesh.root_namespace(), by_namespace }
    }

    /// The Sidecar that holds for a workload: of its namespace the oldest that selects it, else the oldest
    /// that selects all; else the oldest of the root namespace that selects all. They are never merged.
    pub fn of(&self, workload: &Workload) -> Option<usize> {
        let holds = |index: &usize| {
            self.all
                .get(*index)
                .is_some_and(|sidecar| sidecar.selector.as_ref().is_none_or(|it| has(&workload.labels, it)))
        };
        let own = self.in_namespace(&workload.id.namespace).iter().copied().find(holds);
        own.or_else(|| self.defaults_of(self.root_namespace).next())
    }

    /// The Sidecars of a namespace that select all of its workloads, the one that holds first.
    pub fn defaults_of(&self, namespace: &str) -> impl Iterator<Item = usize> {
        let selects_all = |index: &usize| self.all.get(*index).is_some_and(|sidecar| sidecar.selector.is_none());
        self.in_namespace(namespace).iter().copied().filter(selects_all)
    }

    /// Namespaces with Sidecars.
    pub fn namespaces(&self) -> impl Iterator<Item = &'a str> {
        self.by_namespace.keys().copied()
    }

    fn in_namespace(&self, namespace: &str) -> &[usize] {
        self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)
    }
}
