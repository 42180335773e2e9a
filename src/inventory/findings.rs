//! What assembling an inventory can notice.

use crate::finding::{FindingKind, Severity};

/// Every kind of finding raised while an inventory is assembled.
pub const FINDINGS: &[&FindingKind] = &[
    &DUPLICATE_OBJECT,
    &FINISHED_PODS,
    &POD_ON_UNKNOWN_NODE,
    &CONTROLLER_WITHOUT_PODS,
    &REPLICAS_CAPPED,
    &DAEMONSET_WITHOUT_NODES,
    &AUTOSCALER_WITHOUT_TARGET,
    &MEASUREMENT_WITHOUT_WORKLOAD,
    &MEASURED_TWICE,
    &SERIES_THIN,
    &PODS_WITHOUT_REQUESTS,
    &SEVERAL_MESH_CONFIGS,
    &PATCH_WITHOUT_TARGET,
    &GATEWAY_PARAMETERS,
    &GATEWAY_PARAMETERS_NOT_READ,
];

pub(super) const DUPLICATE_OBJECT: FindingKind = FindingKind {
    id: "duplicate-object",
    severity: Severity::Warning,
    meaning: "the input holds the same object more than once, with different content",
    why: "only one version can be planned for; the one read last is kept, as `kubectl apply` would do",
    remedy: "give each object once, or name the files in the order in which they apply",
};

pub(super) const FINISHED_PODS: FindingKind = FindingKind {
    id: "finished-pods",
    severity: Severity::Info,
    meaning: "pods of phase Succeeded or Failed are in the dump",
    why: "they hold no node capacity and are left out of every figure",
    remedy: "nothing to do",
};

pub(super) const POD_ON_UNKNOWN_NODE: FindingKind = FindingKind {
    id: "pod-on-unknown-node",
    severity: Severity::Warning,
    meaning: "pods run on nodes that are not in the input",
    why: "their proxies are counted, but their place cannot be judged",
    remedy: "add `kubectl get nodes -o json` to the input",
};

pub(super) const CONTROLLER_WITHOUT_PODS: FindingKind = FindingKind {
    id: "controller-without-pods",
    severity: Severity::Warning,
    meaning: "a controller from a running cluster declares replicas, but no pod of it is in the dump",
    why: "pods of its namespace were listed, so it is planned with the pods it has: none",
    remedy: "find out why its pods are missing; delete its status and uid to plan it as a manifest",
};

pub(super) const REPLICAS_CAPPED: FindingKind = FindingKind {
    id: "replicas-capped",
    severity: Severity::Error,
    meaning: "manifests ask for more pods than a plan can hold",
    why: "replicas beyond the cap are left out, so every sum is too small",
    remedy: "correct spec.replicas; Kubernetes itself is tested up to 150,000 pods in a cluster",
};

pub(super) const DAEMONSET_WITHOUT_NODES: FindingKind = FindingKind {
    id: "daemonset-without-nodes",
    severity: Severity::Warning,
    meaning: "a DaemonSet is in the input but no node, so the number of its pods is unknown",
    why: "one pod is planned for it, unless its status says more",
    remedy: "add the nodes to the input",
};

pub(super) const AUTOSCALER_WITHOUT_TARGET: FindingKind = FindingKind {
    id: "autoscaler-without-target",
    severity: Severity::Warning,
    meaning: "a HorizontalPodAutoscaler names a target that is not in the input",
    why: "its minimum and maximum are used nowhere",
    remedy: "add the target to the input, or correct scaleTargetRef",
};

pub(super) const MEASUREMENT_WITHOUT_WORKLOAD: FindingKind = FindingKind {
    id: "measurement-without-workload",
    severity: Severity::Warning,
    meaning: "a table measures a workload that is not in the input",
    why: "the measurement is used nowhere",
    remedy: "correct namespace and name in the table, or give replicas and requests so that it describes the workload",
};

pub(super) const MEASURED_TWICE: FindingKind = FindingKind {
    id: "measured-twice",
    severity: Severity::Warning,
    meaning: "series say the same of the same pod at the same moment more than once, or of a workload as a whole and by pod",
    why: "added up it would count twice: the mean stands for a moment, the whole for its parts",
    remedy: "give each table once, and either the pods or the workload",
};

pub(super) const SERIES_THIN: FindingKind = FindingKind {
    id: "series-thin",
    severity: Severity::Warning,
    meaning: "a series has too few moments to tell of its busiest ones",
    why: "its mean is used, but nothing is sized by percentiles of demand",
    remedy: "measure at least 30 moments, better a week of them; more of the day's course tells more than finer steps",
};

pub(super) const PODS_WITHOUT_REQUESTS: FindingKind = FindingKind {
    id: "pods-without-requests",
    severity: Severity::Warning,
    meaning: "containers declare neither CPU nor memory requests",
    why: "they weigh nothing in headroom and placement, yet they use capacity: the cluster is fuller than it looks",
    remedy: "set requests, or measure usage and give it as a table (columns app_cpu_cores, app_memory_bytes)",
};

pub(super) const SEVERAL_MESH_CONFIGS: FindingKind = FindingKind {
    id: "several-mesh-configs",
    severity: Severity::Warning,
    meaning: "the input holds different settings of the whole mesh in several places",
    why: "an istiod reads one ConfigMap; with several revisions in a cluster each has its own",
    remedy: "plan each revision on its own, or leave out what the cluster no longer uses",
};

pub(super) const PATCH_WITHOUT_TARGET: FindingKind = FindingKind {
    id: "patch-without-target",
    severity: Severity::Warning,
    meaning: "a patch changes an object that is not in the input",
    why: "it changes no figure; kustomize itself would refuse it",
    remedy: "give the inventory together with the folder of patches, and check the names in the patch",
};

pub(super) const GATEWAY_PARAMETERS: FindingKind = FindingKind {
    id: "gateway-parameters",
    severity: Severity::Warning,
    meaning: "what a Gateway wants changed about its pods is not in the input, cannot be read, or is nothing istiod takes",
    why: "its pods are planned as if nothing were changed, and nothing is recommended about them",
    remedy: "add the ConfigMap that the Gateway names to the input, or correct its entries",
};

pub(super) const GATEWAY_PARAMETERS_NOT_READ: FindingKind = FindingKind {
    id: "gateway-parameters-not-read",
    severity: Severity::Info,
    meaning: "what a Gateway wants changed about its pods holds fields that are not read",
    why: "the pods are planned as if these fields were not there; they stay in what is recommended",
    remedy: "nothing, unless such a field decides where pods go: then give the cluster as it runs",
};
