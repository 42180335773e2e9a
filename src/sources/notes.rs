//! What reading can notice, and a ledger that keeps a million odd objects from becoming a million lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::{Finding, FindingKind, Severity};

/// Every kind of finding that reading can raise.
pub const FINDINGS: &[&FindingKind] = &[
    &KIND_NOT_READ,
    &MESH_CONFIG_NOT_READ,
    &FILES_SKIPPED,
    &FILE_BROKEN,
    &TEXT_PASSED_OVER,
    &OBJECT_SKIPPED,
    &ITEM_UNRECOGNISED,
    &QUANTITY_IGNORED,
    &QUANTITY_ABSURD,
    &FIELD_IGNORED,
    &FIELD_UNKNOWN,
    &API_VERSION_UNKNOWN,
    &COLUMNS_NOT_READ,
    &CELL_IGNORED,
    &SERIES_NOT_READ,
    &KUSTOMIZATION_NOT_READ,
    &PATCH_NOT_READ,
    &PATCH_FIELD_NOT_READ,
];

pub(super) const KIND_NOT_READ: FindingKind = FindingKind {
    id: "kind-not-read",
    severity: Severity::Info,
    meaning: "the input holds objects of a kind that capacity planning does not use",
    why: "they change no figure; the count shows that nothing was lost by mistake",
    remedy: "none needed",
};

pub(super) const MESH_CONFIG_NOT_READ: FindingKind = FindingKind {
    id: "mesh-config-not-read",
    severity: Severity::Warning,
    meaning: "the input holds Istio configuration of a kind that is not modelled yet",
    why: "it can add to what each proxy is sent and does: the figures are without it",
    remedy: "read the figures of proxies as those of a mesh without this configuration",
};

pub(super) const FILES_SKIPPED: FindingKind = FindingKind {
    id: "files-skipped",
    severity: Severity::Info,
    meaning: "a folder or archive holds files that are no inventory",
    why: "logs, events and settings in a support bundle are normal; a missing list of pods is not",
    remedy: "check that no wanted file is among them; name a file on its own to learn why it is refused",
};

pub(super) const FILE_BROKEN: FindingKind = FindingKind {
    id: "file-broken",
    severity: Severity::Error,
    meaning: "a file of a folder or archive looks like an inventory but cannot be read",
    why: "its objects are missing from every figure",
    remedy: "fetch the file again or repair it at the place named",
};

pub(super) const TEXT_PASSED_OVER: FindingKind = FindingKind {
    id: "text-passed-over",
    severity: Severity::Warning,
    meaning: "a tool printed something for people before or after the objects",
    why: "a warning changes no figure; an error such as Forbidden means that objects are missing",
    remedy: "read the lines named; keep them apart with `2>errors.txt`",
};

pub(super) const OBJECT_SKIPPED: FindingKind = FindingKind {
    id: "object-skipped",
    severity: Severity::Error,
    meaning: "an object does not have the form its kind requires",
    why: "it is missing from every figure",
    remedy: "repair the field named; the API server would refuse this object too",
};

pub(super) const ITEM_UNRECOGNISED: FindingKind = FindingKind {
    id: "item-unrecognised",
    severity: Severity::Warning,
    meaning: "an entry of an inventory has no kind, and neither its list, its fields nor the file name tell it",
    why: "it is missing from every figure",
    remedy: "write the list with `kubectl get -o json`, which names the kind of every item",
};

pub(super) const QUANTITY_IGNORED: FindingKind = FindingKind {
    id: "quantity-ignored",
    severity: Severity::Warning,
    meaning: "a resource amount is not a Kubernetes quantity or is negative",
    why: "the object is planned as if it had not declared that resource",
    remedy: "write the amount as 250m, 1.5, 128Mi or 2G",
};

pub(super) const QUANTITY_ABSURD: FindingKind = FindingKind {
    id: "quantity-absurd",
    severity: Severity::Warning,
    meaning: "a resource amount is larger than any machine: a million cores or an exbibyte",
    why: "it is planned for as written, and such a pod fits nowhere",
    remedy: "check the unit: CPU is in cores or m, memory in bytes, Mi or Gi",
};

pub(super) const FIELD_IGNORED: FindingKind = FindingKind {
    id: "field-ignored",
    severity: Severity::Warning,
    meaning: "a field holds a value Kubernetes does not know",
    why: "the object is planned as if the field were not there",
    remedy: "repair the value; the API server would refuse it",
};

pub(super) const FIELD_UNKNOWN: FindingKind = FindingKind {
    id: "field-unknown",
    severity: Severity::Warning,
    meaning: "an Istio object has a member that its kind does not have",
    why: "a slip turns a policy into another one: what was meant is in no figure, and Istio itself refuses or drops it",
    remedy: "correct the name or the place of the member named; a member of a later Istio version changes no figure",
};

pub(super) const API_VERSION_UNKNOWN: FindingKind = FindingKind {
    id: "api-version-unknown",
    severity: Severity::Warning,
    meaning: "an Istio object has an apiVersion that its kind never had",
    why: "the API server would refuse it: the cluster has no such object, or another tool wrote it",
    remedy: "write the group and version of Istio's reference, e.g. security.istio.io/v1 for an AuthorizationPolicy",
};

pub(super) const COLUMNS_NOT_READ: FindingKind = FindingKind {
    id: "columns-not-read",
    severity: Severity::Info,
    meaning: "a table has columns with names that are not known",
    why: "their values change no figure",
    remedy: "rename a column that should count; the documentation lists the names",
};

pub(super) const CELL_IGNORED: FindingKind = FindingKind {
    id: "cell-ignored",
    severity: Severity::Warning,
    meaning: "a value in a table is not what its column holds",
    why: "the row is read without it",
    remedy: "repair the value in the row named",
};

pub(super) const SERIES_NOT_READ: FindingKind = FindingKind {
    id: "series-not-read",
    severity: Severity::Info,
    meaning: "an answer of Prometheus holds series that say nothing known of a workload",
    why: "sums over containers, other metrics and names that are unknown change no figure",
    remedy: "none needed, unless a wanted series is among them: keep its name and its labels of workload or pod",
};

pub(super) const KUSTOMIZATION_NOT_READ: FindingKind = FindingKind {
    id: "kustomization-not-read",
    severity: Severity::Warning,
    meaning: "a kustomization changes objects in a way that is not read",
    why: "the objects are planned as if these patches were not there",
    remedy: "render it first (`kubectl kustomize`), or write patches as files that name their object",
};

pub(super) const PATCH_NOT_READ: FindingKind = FindingKind {
    id: "patch-not-read",
    severity: Severity::Warning,
    meaning: "a patch changes an object of a kind whose patches are not read",
    why: "the object is planned as if the patch were not there",
    remedy: "render the kustomization first (`kubectl kustomize`)",
};

pub(super) const PATCH_FIELD_NOT_READ: FindingKind = FindingKind {
    id: "patch-field-not-read",
    severity: Severity::Warning,
    meaning: "a patch changes a field that is not read from patches",
    why: "the object is planned as if the patch left that field as it is",
    remedy: "render the kustomization first (`kubectl kustomize`) where the field matters",
};

/// Findings under way: the first few of a kind and source in full, the others counted.
#[derive(Default)]
pub(super) struct Notes {
    findings: Vec<Finding>,
    seen: BTreeMap<(&'static str, Arc<str>), Seen>,
}

struct Seen {
    kind: &'static FindingKind,
    shown: u64,
    hidden: u64,
}

impl Notes {
    /// Findings of one kind and source shown in full.
    const SHOWN: u64 = 10;

    /// Notes a finding about a subject in a source.
    pub(super) fn add(
        &mut self,
        kind: &'static FindingKind,
        source: &Arc<str>,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) {
        let seen = self.seen.entry((kind.id, Arc::clone(source))).or_insert(Seen { kind, shown: 0, hidden: 0 });
        if seen.shown < Self::SHOWN {
            seen.shown += 1;
            self.findings.push(Finding::new(kind, subject, message));
        } else {
            seen.hidden += 1;
        }
    }

    /// Notes a finding that already is a sum.
    pub(super) fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// All findings, with one line for those not shown.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        for ((_, source), seen) in self.seen {
            if seen.hidden > 0 {
                let message = format!("{} more cases like those shown", seen.hidden);
                self.findings.push(Finding::new(seen.kind, &*source, message).counted(seen.hidden));
            }
        }
        self.findings
    }
}
