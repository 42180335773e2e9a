//! Claims and volumes while pods are placed: what is bound, what is taken, what would be made where.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reason;
use crate::inventory::objects::{NodeSelectorTerm, PersistentVolume, PersistentVolumeClaim, Storage, StorageClass};
use crate::inventory::{Node, ObjectName};

/// Provisioner of classes whose volumes are made by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";
/// Access mode of claims for one pod only.
const ONE_POD: &str = "ReadWriteOncePod";

/// Most volumes of each driver, where it says.
type Limits<'a> = &'a [(String, Option<u64>)];

/// The storage of a cluster and what became of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims<'a> {
    claims: Vec<Claim<'a>>,
    by_name: Arc<BTreeMap<&'a ObjectName, usize>>,
    volumes: Arc<[&'a PersistentVolume]>,
    taken: Vec<bool>,
    classes: Arc<BTreeMap<&'a str, &'a StorageClass>>,
    default_class: Option<&'a StorageClass>,
    /// Most volumes of each driver, by name of the node.
    limits: Arc<BTreeMap<&'a str, Limits<'a>>>,
}

/// A claim that was bound, and what its volume was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Binding {
    claim: usize,
    volume: Option<(usize, bool)>,
}

#[derive(Debug, Clone)]
struct Claim<'a> {
    claim: &'a PersistentVolumeClaim,
    bound: Bound,
    /// Pods that use it.
    users: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Bound {
    To(usize),
    /// To a volume that is not in the input.
    Missing,
    /// To a volume that was made for a node of this zone and name.
    MadeFor {
        zone: Option<String>,
        node: String,
    },
    Not,
}

impl<'a> Claims<'a> {
    pub(super) fn new(storage: &'a Storage) -> Self {
        let volume_by_name: BTreeMap<&str, usize> =
            storage.volumes.iter().enumerate().map(|(index, volume)| (&*volume.name, index)).collect();
        let bound = |claim: &PersistentVolumeClaim| match claim.volume.as_deref() {
            None => Bound::Not,
            Some(name) => volume_by_name.get(name).map_or(Bound::Missing, |&index| Bound::To(index)),
        };
        let claims: Vec<Claim<'_>> =
            storage.claims.iter().map(|claim| Claim { claim, bound: bound(claim), users: 0 }).collect();
        let mut taken: Vec<bool> = storage.volumes.iter().map(|volume| volume.claim.is_some()).collect();
        for claim in &claims {
            if let Bound::To(volume) = claim.bound {
                taken[volume] = true;
            }
        }
        Self {
            by_name: Arc::new(storage.claims.iter().enumerate().map(|(index, claim)| (&claim.name, index)).collect()),
            claims,
            volumes: storage.volumes.iter().collect(),
            taken,
            classes: Arc::new(storage.classes.iter().map(|class| (&*class.name, class)).collect()),
            default_class: storage.classes.iter().find(|class| class.is_default),
            limits: Arc::new(storage.csi_nodes.iter().map(|node| (&*node.name, node.drivers.as_slice())).collect()),
        }
    }

    /// Whether the input tells of claims at all.
    pub(super) fn are_known(&self) -> bool {
        !self.claims.is_empty()
    }

    pub(super) fn find(&self, name: &ObjectName) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, claim: usize) -> &'a str {
        &self.claims[claim].claim.name.name
    }

    pub(super) fn is_for_one_pod(&self, claim: usize) -> bool {
        self.claims[claim].claim.access_modes.iter().any(|mode| mode == ONE_POD)
    }

    pub(super) fn users(&self, claim: usize) -> u64 {
        self.claims[claim].users
    }

    /// A pod comes (`change` 1) or goes (−1).
    pub(super) fn use_by(&mut self, claim: usize, change: i64) {
        let users = &mut self.claims[claim].users;
        *users = users.saturating_add_signed(change);
    }

    /// What no node can change about a claim: its volume is missing, or nothing will bind it.
    pub(super) fn trouble(&self, claim: usize) -> Option<Reason> {
        let one = &self.claims[claim];
        let name = || self.name(claim).to_owned();
        match one.bound {
            Bound::Missing => Some(Reason::NoVolume(name())),
            Bound::Not => {
                let waits = self.class_of(one.claim).is_some_and(|class| class.waits_for_pod);
                (!waits).then(|| Reason::ClaimUnbound(name()))
            }
            _ => None,
        }
    }

    /// Whether a claim has its volume or can get one on a node.
    pub(super) fn volume_binding(&self, claim: usize, node: &Node) -> Option<Reason> {
        let one = &self.claims[claim];
        let name = || self.name(claim).to_owned();
        match &one.bound {
            Bound::To(volume) => {
                let reached = reachable(self.volumes[*volume], node);
                (!reached).then(|| Reason::VolumeElsewhere(name()))
            }
            Bound::MadeFor { zone, node: made_for } => {
                let here = match (zone, zone_of(node)) {
                    (Some(zone), Some(here)) => zone == here,
                    _ => **made_for == *node.name,
                };
                (!here).then(|| Reason::VolumeElsewhere(name()))
            }
            Bound::Missing => Some(Reason::NoVolume(name())),
            Bound::Not => {
                if let Some(selected) = &one.claim.selected_node {
                    return (**selected != *node.name).then(|| Reason::NoVolumeFor(name()));
                }
                let found = self.smallest_volume(claim, node).is_some() || self.can_be_made(one.claim, node);
                (!found).then(|| Reason::NoVolumeFor(name()))
            }
        }
    }

    /// Zones and regions a bound volume is labelled with must be those of the node. A node without any such
    /// label passes. Several zones of one volume are parted by `__`.
    pub(super) fn volume_zone(&self, claim: usize, node: &Node) -> Option<Reason> {
        const LABELS: [(&str, &str); 4] = [
            ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
            ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
            ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
            ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
        ];
        let Bound::To(volume) = self.claims[claim].bound else { return None };
        if !LABELS.iter().any(|(label, _)| node.labels.contains_key(*label)) {
            return None;
        }
        let differs = LABELS.iter().any(|(label, today)| {
            let Some(zones) = self.volumes[volume].labels.get(*label) else { return false };
            let here = node.labels.get(*label).or_else(|| node.labels.get(*today));
            here.is_none_or(|here| !zones.split("__").any(|zone| zone == here))
        });
        differs.then(|| Reason::VolumeZone(self.name(claim).to_owned()))
    }

    /// Driver and identity of what a claim attaches to a node; nothing for drivers that are not CSI's.
    pub(super) fn attachment(&self, claim: usize) -> Option<(String, String)> {
        let one = &self.claims[claim];
        match one.bound {
            Bound::To(volume) => self.volumes[volume].csi.clone(),
            Bound::Missing => None,
            Bound::MadeFor { .. } | Bound::Not => {
                let class = self.class_of(one.claim).filter(|class| class.provisioner != BY_HAND)?;
                Some((class.provisioner.clone(), one.claim.name.to_string()))
            }
        }
    }

    /// Driver of the storage class of that name, or of the default class.
    pub(super) fn driver_of_class(&self, name: Option<&str>) -> Option<&'a str> {
        let class = name.map_or(self.default_class, |name| self.classes.get(name).copied());
        class.map(|class| class.provisioner.as_str())
    }

    /// Most volumes a driver attaches to a node.
    pub(super) fn limit(&self, node: &Node, driver: &str) -> Option<u64> {
        let drivers = self.limits.get(&*node.name)?;
        drivers.iter().find(|(name, _)| name == driver).and_then(|(_, limit)| *limit)
    }

    pub(super) fn has_limits(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Gives a claim without a volume the smallest that fits, or one made for the node. Says what changed.
    pub(super) fn bind(&mut self, claim: usize, node: &Node) -> Option<Binding> {
        if self.claims[claim].bound != Bound::Not {
            return None;
        }
        let found = self.smallest_volume(claim, node);
        self.claims[claim].bound = match found {
            Some(volume) => Bound::To(volume),
            None => Bound::MadeFor { zone: zone_of(node).map(str::to_owned), node: node.name.to_string() },
        };
        let volume = found.map(|volume| (volume, std::mem::replace(&mut self.taken[volume], true)));
        Some(Binding { claim, volume })
    }

    /// Takes a binding back.
    pub(super) fn unbind(&mut self, binding: Binding) {
        self.claims[binding.claim].bound = Bound::Not;
        if let Some((volume, was_taken)) = binding.volume {
            self.taken[volume] = was_taken;
        }
    }

    fn smallest_volume(&self, claim: usize, node: &Node) -> Option<usize> {
        let wanted = self.claims[claim].claim;
        let fits = |&index: &usize| {
            let volume = self.volumes[index];
            let kept_for_it = volume.claim.as_ref() == Some(&wanted.name);
            (kept_for_it || !self.taken[index])
                && volume.storage_class == wanted.storage_class
                && volume.capacity >= wanted.request
                && wanted.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
                && reachable(volume, node)
        };
        let all = (0..self.volumes.len()).filter(fits);
        all.min_by_key(|&index| (self.volumes[index].capacity, index))
    }

    fn can_be_made(&self, claim: &PersistentVolumeClaim, node: &Node) -> bool {
        self.class_of(claim)
            .is_some_and(|class| class.provisioner != BY_HAND && !class.provisioner.is_empty() && allows(class, node))
    }

    /// Whether a storage class lets volumes be made for a node; one that is not in the input does.
    pub(super) fn class_allows(&self, name: Option<&str>, node: &Node) -> bool {
        let class = name.map_or(self.default_class, |name| self.classes.get(name).copied());
        class.is_none_or(|class| allows(class, node))
    }

    fn class_of(&self, claim: &PersistentVolumeClaim) -> Option<&'a StorageClass> {
        match claim.storage_class.as_str() {
            "" => self.default_class,
            name => self.classes.get(name).copied(),
        }
    }
}

fn allows(class: &StorageClass, node: &Node) -> bool {
    class.allowed_topologies.is_empty() || any_matches(&class.allowed_topologies, node)
}

fn reachable(volume: &PersistentVolume, node: &Node) -> bool {
    volume.node_affinity.as_ref().is_none_or(|terms| any_matches(terms, node))
}

fn any_matches(terms: &[NodeSelectorTerm], node: &Node) -> bool {
    terms.iter().any(|term| term.matches(node))
}

fn zone_of(node: &Node) -> Option<&str> {
    let labels = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
    labels.iter().find_map(|label| node.labels.get(*label)).map(String::as_str)
}
