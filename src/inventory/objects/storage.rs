//! Volumes: what pods mount, and what storage the cluster has.

use std::sync::Arc;

use super::{Labels, NodeSelectorTerm, ObjectName};
use crate::units::Bytes;

/// A volume of a pod that can decide where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Volume {
    /// A claim by name.
    Claim(String),
    /// A claim of the pod's own, made with it (`ephemeral`), of the storage class named; `None` for the default class.
    Ephemeral(Option<String>),
    /// A disk named in the pod itself.
    Disk(Disk),
}

/// A disk named in a pod, as in-tree volumes do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Disk {
    /// `gcePersistentDisk`, `awsElasticBlockStore`, `rbd` or `iscsi`.
    pub kind: DiskKind,
    /// What tells disks of the kind apart.
    pub id: String,
    /// Whether it is mounted read-only.
    pub read_only: bool,
}

/// Kinds of disks that two pods of a node cannot both mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiskKind {
    /// Google persistent disk.
    GcePersistentDisk,
    /// Amazon EBS, also when read-only.
    AwsElasticBlockStore,
    /// Ceph RBD.
    Rbd,
    /// iSCSI.
    Iscsi,
}

/// A persistent volume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersistentVolume {
    /// Name.
    pub name: Arc<str>,
    /// Labels, of which zone and region bind it.
    pub labels: Labels,
    /// The claim it is bound to or kept for.
    pub claim: Option<ObjectName>,
    /// Name of its storage class, empty for none.
    pub storage_class: String,
    /// Its size.
    pub capacity: Bytes,
    /// Access modes, e.g. `ReadWriteOnce`.
    pub access_modes: Vec<String>,
    /// From which nodes it can be reached; `None` from all.
    pub node_affinity: Option<Vec<NodeSelectorTerm>>,
    /// CSI driver and the handle of the volume; disks of old kinds under the driver that replaced theirs.
    pub csi: Option<(String, String)>,
}

/// A claim for a persistent volume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersistentVolumeClaim {
    /// Namespace and name.
    pub name: ObjectName,
    /// The volume it is bound to.
    pub volume: Option<String>,
    /// Name of its storage class, empty for none.
    pub storage_class: String,
    /// What it asks for.
    pub request: Bytes,
    /// Access modes, e.g. `ReadWriteOncePod`.
    pub access_modes: Vec<String>,
    /// Node for which its volume is being made (annotation `volume.kubernetes.io/selected-node`).
    pub selected_node: Option<String>,
}

/// A storage class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StorageClass {
    /// Name.
    pub name: Arc<str>,
    /// What makes its volumes; `kubernetes.io/no-provisioner` for nothing.
    pub provisioner: String,
    /// Whether a claim waits for its first pod (`WaitForFirstConsumer`).
    pub waits_for_pod: bool,
    /// Where volumes can be made; empty for everywhere.
    pub allowed_topologies: Vec<NodeSelectorTerm>,
    /// Whether it is the default class of the cluster.
    pub is_default: bool,
}

/// Storage drivers of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsiNode {
    /// Name of the node.
    pub name: Arc<str>,
    /// Drivers and the most volumes they attach; `None` for no limit.
    pub drivers: Vec<(String, Option<u64>)>,
}

/// The storage of a cluster, each kind by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    /// Volumes.
    pub volumes: Vec<PersistentVolume>,
    /// Claims.
    pub claims: Vec<PersistentVolumeClaim>,
    /// Classes.
    pub classes: Vec<StorageClass>,
    /// Drivers of nodes.
    pub csi_nodes: Vec<CsiNode>,
}
