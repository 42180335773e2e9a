//! Kinds of findings that placement raises.

use super::reservation::{ALLOCATABLE_ASSUMED, ALLOCATABLE_MISSING};
use crate::finding::{FindingKind, Severity};

/// Every kind of finding of placement.
pub const FINDINGS: &[&FindingKind] = &[
    &ALLOCATABLE_ASSUMED,
    &ALLOCATABLE_MISSING,
    &NODES_CLOSED,
    &NODE_OVERCOMMITTED,
    &NODE_OVERCOMMITTED_BY_GROWTH,
    &PODS_DISPLACED_BY_GROWTH,
    &POD_CONSTRAINTS_IGNORED,
    &VOLUME_CLAIMS_IGNORED,
    &HOST_PORTS_IGNORED,
    &POD_ON_UNKNOWN_NODE,
    &NEW_NODE_DISK_UNKNOWN,
];

/// Nodes that take no new pods.
pub const NODES_CLOSED: FindingKind = FindingKind {
    id: "nodes-closed",
    severity: Severity::Info,
    meaning: "some nodes take no new pods: not ready, cordoned, or without anything allocatable",
    why: "their free capacity counts in the cluster's headroom, yet nothing can be placed there",
    remedy: "uncordon or repair the nodes, or leave them out of the inventory",
};

/// More is requested on a node than it offers, today already.
pub const NODE_OVERCOMMITTED: FindingKind = FindingKind {
    id: "node-overcommitted",
    severity: Severity::Warning,
    meaning: "the pods on a node request more than it offers, before any change",
    why: "the scheduler would not have placed them; the pods are kept there as a fact, and the node counts as full",
    remedy: "check that allocatable and the pods were read at the same time, and that finished pods are not counted",
};

/// Growth overcommits a node and nothing on it can move.
pub const NODE_OVERCOMMITTED_BY_GROWTH: FindingKind = FindingKind {
    id: "node-overcommitted-by-growth",
    severity: Severity::Error,
    meaning: "planned requests exceed what a node offers, and moving every free pod away does not help",
    why: "the rest belongs to DaemonSets and static pods, which run on this node or nowhere",
    remedy: "lower their requests, use larger nodes, or keep these DaemonSets off the node",
};

/// Pods moved to make room for growth.
pub const PODS_DISPLACED_BY_GROWTH: FindingKind = FindingKind {
    id: "pods-displaced-by-growth",
    severity: Severity::Info,
    meaning: "pods no longer fit on the node they run on once planned requests are added, and were placed elsewhere",
    why: "restarting them during the roll-out will move them; the fewest and largest contributors were chosen",
    remedy: "nothing, if the move is acceptable; otherwise add nodes first",
};

/// Constraints between pods are not honoured.
pub const POD_CONSTRAINTS_IGNORED: FindingKind = FindingKind {
    id: "pod-constraints-ignored",
    severity: Severity::Warning,
    meaning: "pods with affinity or anti-affinity to other pods, or topology spread, were placed by size and node alone",
    why: "they may need more nodes than this plan says, above all in small clusters and after the loss of a node",
    remedy: "keep a node in reserve for every replica that must stand alone",
};

/// Volumes are not honoured.
pub const VOLUME_CLAIMS_IGNORED: FindingKind = FindingKind {
    id: "volume-claims-ignored",
    severity: Severity::Warning,
    meaning: "pods with persistent volume claims were placed without regard to where their volumes are",
    why: "a zonal volume can be attached only in its own zone, and a node attaches a limited number",
    remedy: "check the free capacity of each zone against the stateful pods in it",
};

/// Host ports are not honoured.
pub const HOST_PORTS_IGNORED: FindingKind = FindingKind {
    id: "host-ports-ignored",
    severity: Severity::Warning,
    meaning: "pods that claim a port of their node were placed without regard to others that claim the same one",
    why: "two such pods cannot share a node, so more nodes may be needed",
    remedy: "count one node for every pod that claims the same port",
};

/// A pod names a node that is not there.
pub const POD_ON_UNKNOWN_NODE: FindingKind = FindingKind {
    id: "pod-on-unknown-node",
    severity: Severity::Warning,
    meaning: "a pod runs on a node that is not in the inventory",
    why: "it was placed as if it were pending, and takes capacity elsewhere",
    remedy: "include every node in the input, or leave out the pods of the others",
};

/// The disk of new nodes is not known.
pub const NEW_NODE_DISK_UNKNOWN: FindingKind = FindingKind {
    id: "new-node-disk-unknown",
    severity: Severity::Info,
    meaning: "pods ask for ephemeral storage, and the policy's node pool does not say how much a new node has",
    why: "new nodes were counted as having enough of it",
    remedy: "check the requests for ephemeral storage against the disk of the node pool",
};
