//! What of a machine pods may use: the reservation rules of the managed Kubernetes services.
//!
//! `machine − kernel = capacity` and `capacity − reserved − eviction = allocatable`. The figures, each
//! with its source, are in `models/node-reservations.toml`; this file only knows how to apply them.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::finding::{Finding, FindingKind, Severity};
use crate::inventory::Node;
use crate::inventory::objects::NodeResources;
use crate::policy::Provider;
use crate::resources::Resources;
use crate::units::{Bytes, Millicores};

/// Pods a kubelet allows when nothing is said (`maxPods`).
pub const DEFAULT_PODS: u64 = 110;

/// Every kind of finding of this module.
pub const FINDINGS: &[&FindingKind] = &[&ALLOCATABLE_ASSUMED, &ALLOCATABLE_MISSING];

/// Allocatable was computed, not read.
pub const ALLOCATABLE_ASSUMED: FindingKind = FindingKind {
    id: "allocatable-assumed",
    severity: Severity::Warning,
    meaning: "a node states its capacity but not what of it pods may use",
    why: "the reservation rule of its provider was applied instead, and a node with settings of its own differs from it",
    remedy: "give the node's status.allocatable, as `kubectl get nodes -o json` does",
};

/// A node offers nothing that is known.
pub const ALLOCATABLE_MISSING: FindingKind = FindingKind {
    id: "allocatable-missing",
    severity: Severity::Error,
    meaning: "a node has no CPU or no memory that pods may use, or does not say",
    why: "the node counts as empty ground: nothing is placed on it and it adds nothing to the cluster's capacity",
    remedy: "give the node's status.allocatable or status.capacity, or leave the node out of the inventory",
};

/// What a new machine of that size offers to pods.
///
/// `memory` is the whole machine as sold; what the kernel takes of it is subtracted first, where a
/// source tells how much. Nothing is known of its disk: ephemeral storage is 0.
#[must_use]
pub fn allocatable(provider: Provider, cpu: Millicores, memory: Bytes, pods: u64) -> NodeResources {
    let rule = rule(provider);
    let kernel = rule.and_then(|rule| rule.kernel.as_ref()).map_or(0, |kernel| kernel.taken_from(memory.get()));
    let capacity = Resources::new(cpu, Bytes::new(memory.get().saturating_sub(kernel)));
    NodeResources { resources: after_reservation(provider, &capacity, pods, ""), pods: Some(pods) }
}

/// What the provider reserves of a node's capacity for the kubelet and the system, without the
/// eviction threshold (see [`eviction`]). `instance_type` may be empty where unknown.
#[must_use]
pub fn reserved(provider: Provider, capacity: &Resources, pods: u64, instance_type: &str) -> Resources {
    let Some(rule) = rule(provider) else { return Resources::default() };
    let shared = rule.shared_core.as_ref().filter(|shared| shared.instance_types.iter().any(|t| t == instance_type));
    let cpu = match shared {
        Some(shared) => shared.reserved_millicores,
        None => {
            let tranches = rule.cpu.iter().map(|tranche| (tranche.up_to_millicores, tranche.percent));
            reserved_by_tranches(capacity.cpu.get(), tranches)
        }
    };
    Resources {
        cpu: Millicores::new(cpu),
        memory: Bytes::new(rule.memory.as_ref().map_or(0, |memory| memory.reserved_of(capacity.memory.get(), pods))),
        ephemeral_storage: Bytes::new(
            rule.ephemeral.as_ref().map_or(0, |disk| disk.reserved_of(capacity.ephemeral_storage.get())),
        ),
        ..Resources::default()
    }
}

/// Free memory below which the provider's kubelet evicts pods: not offered to them.
#[must_use]
pub fn eviction(provider: Provider) -> Bytes {
    Bytes::from_mib(rule(provider).map_or(0, |rule| rule.eviction_mib))
}

/// Whose node it is, by its labels and provider id; [`Provider::None`] where neither tells.
///
/// Labels come first: a provider id names the cloud, also for clusters run there by their owners.
#[must_use]
pub fn detect(node: &Node) -> Provider {
    let labelled = node.labels.keys().find_map(|key| match key.split('/').next().unwrap_or_default() {
        "cloud.google.com" if key.starts_with("cloud.google.com/gke-") => Some(Provider::Gke),
        "eks.amazonaws.com" | "alpha.eksctl.io" => Some(Provider::Eks),
        "kubernetes.azure.com" => Some(Provider::Aks),
        _ => None,
    });
    let id = node.provider_id.as_deref().unwrap_or_default();
    let known = [("gce://", Provider::Gke), ("aws://", Provider::Eks), ("azure://", Provider::Aks)];
    let by_id = || known.iter().find(|(scheme, _)| id.starts_with(scheme)).map(|(_, provider)| *provider);
    labelled.or_else(by_id).unwrap_or_default()
}

/// What a node offers to pods, how that is known, and what is odd about it.
///
/// Taken from the status; else computed from its capacity by the provider's rule; else nothing.
/// Pods are [`DEFAULT_PODS`] where the status does not say.
#[must_use]
pub fn for_node(node: &Node) -> (NodeResources, &'static str, Option<Finding>) {
    let subject = || format!("Node {}", node.name);
    if let Some(stated) = &node.allocatable {
        let offered = NodeResources { resources: stated.resources.clone(), pods: stated.pods.or(Some(DEFAULT_PODS)) };
        let empty = lacking(&offered.resources).map(|what| {
            let message = format!("allocatable {what} is 0: nothing can be placed on it");
            Finding::new(&ALLOCATABLE_MISSING, subject(), message)
        });
        return (offered, "allocatable of the node's status", empty);
    }
    let Some(capacity) = &node.capacity else {
        let message = "neither allocatable nor capacity is known: nothing can be placed on it";
        let nothing = NodeResources { resources: Resources::default(), pods: Some(0) };
        return (nothing, "unknown", Some(Finding::new(&ALLOCATABLE_MISSING, subject(), message)));
    };
    let provider = detect(node);
    let pods = capacity.pods.unwrap_or(DEFAULT_PODS);
    let resources = after_reservation(provider, &capacity.resources, pods, instance_type(node));
    let finding = match lacking(&resources) {
        Some(what) => {
            let message = format!("no {what} is left of its capacity after reservations: nothing can be placed on it");
            Finding::new(&ALLOCATABLE_MISSING, subject(), message)
        }
        None => Finding::new(
            &ALLOCATABLE_ASSUMED,
            subject(),
            format!("allocatable is not stated; taken as {}", basis(provider)),
        ),
    };
    (NodeResources { resources, pods: Some(pods) }, basis(provider), Some(finding))
}

fn basis(provider: Provider) -> &'static str {
    match provider {
        Provider::Gke => "capacity less what GKE reserves",
        Provider::Eks => "capacity less what EKS reserves",
        Provider::Aks => "capacity less what AKS reserves",
        Provider::None => "capacity less the kubelet's default eviction threshold",
    }
}

fn lacking(offered: &Resources) -> Option<&'static str> {
    match (offered.cpu.is_zero(), offered.memory.is_zero()) {
        (true, true) => Some("CPU and memory"),
        (true, false) => Some("CPU"),
        (false, true) => Some("memory"),
        (false, false) => None,
    }
}

/// The type of machine a node is, by its label; empty without one.
#[must_use]
pub fn instance_type(node: &Node) -> &str {
    ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"]
        .iter()
        .find_map(|key| node.labels.get(*key))
        .map_or("", String::as_str)
}

fn after_reservation(provider: Provider, capacity: &Resources, pods: u64, instance_type: &str) -> Resources {
    let mut kept = reserved(provider, capacity, pods, instance_type);
    kept.memory += eviction(provider);
    if let Some(disk) = rule(provider).and_then(|rule| rule.ephemeral.as_ref()) {
        kept.ephemeral_storage += Bytes::new(percent_of(capacity.ephemeral_storage.get(), disk.eviction_percent));
    }
    capacity.clone().saturating_sub(&kept)
}

/// One provider's rule, as written in the file.
#[derive(Debug, Deserialize)]
struct Rule {
    name: String,
    eviction_mib: u64,
    #[serde(default)]
    cpu: Vec<CpuTranche>,
    shared_core: Option<SharedCore>,
    memory: Option<MemoryRule>,
    kernel: Option<Kernel>,
    ephemeral: Option<Ephemeral>,
}

#[derive(Debug, Deserialize)]
struct CpuTranche {
    up_to_millicores: Option<u64>,
    percent: f64,
}

#[derive(Debug, Deserialize)]
struct SharedCore {
    instance_types: Vec<String>,
    reserved_millicores: u64,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
enum MemoryRule {
    Tranches { small_up_to_mib: u64, small_reserved_mib: u64, tranches: Vec<MemoryTranche> },
    PerPod { per_pod_bytes: u64, constant_bytes: u64, at_most_percent: Option<f64> },
}

#[derive(Debug, Deserialize)]
struct MemoryTranche {
    up_to_mib: Option<u64>,
    percent: f64,
}

#[derive(Debug, Deserialize)]
struct Kernel {
    divisor: u64,
    constant_mib: u64,
    bounce_buffer_above_mib: u64,
    bounce_buffer_mib: u64,
    offset_up_to_mib: u64,
    offset_mib: u64,
    correction_percent: f64,
    correction_at_most_mib: u64,
}

#[derive(Debug, Deserialize)]
struct Ephemeral {
    eviction_percent: f64,
    reserved_percent: Option<f64>,
    sloped_percent: Option<f64>,
    sloped_mib: Option<u64>,
    reserved_at_most_mib: u64,
}

#[derive(Debug, Deserialize)]
struct Rules {
    provider: Vec<Rule>,
}

const MIB: u64 = 1 << 20;

/// The rule of a provider; `None` where nothing is reserved.
fn rule(provider: Provider) -> Option<&'static Rule> {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| parse_rules().unwrap_or_default());
    let name = match provider {
        Provider::None => "none",
        Provider::Gke => "gke",
        Provider::Eks => "eks",
        Provider::Aks => "aks",
    };
    RULES.iter().find(|rule| rule.name == name)
}

/// The file is part of the crate; a test holds it to its form.
fn parse_rules() -> Result<Vec<Rule>, toml::de::Error> {
    toml::from_str(include_str!("../../models/node-reservations.toml")).map(|rules: Rules| rules.provider)
}

impl MemoryRule {
    fn reserved_of(&self, memory: u64, pods: u64) -> u64 {
        match self {
            Self::Tranches { small_up_to_mib, small_reserved_mib, .. } if memory <= small_up_to_mib * MIB => {
                small_reserved_mib * MIB
            }
            Self::Tranches { tranches, .. } => {
                let tranches = tranches.iter().map(|tranche| (tranche.up_to_mib, tranche.percent));
                reserved_by_tranches(memory / MIB, tranches).saturating_mul(MIB)
            }
            Self::PerPod { per_pod_bytes, constant_bytes, at_most_percent } => {
                let by_pods = per_pod_bytes.saturating_mul(pods).saturating_add(*constant_bytes);
                at_most_percent.map_or(by_pods, |percent| by_pods.min(percent_of(memory, percent)))
            }
        }
    }
}

impl Kernel {
    fn taken_from(&self, memory: u64) -> u64 {
        let when = |holds: bool, mib: u64| if holds { mib * MIB } else { 0 };
        let correction = percent_of(memory, self.correction_percent).min(self.correction_at_most_mib * MIB);
        (memory / self.divisor.max(1))
            .saturating_add(self.constant_mib * MIB)
            .saturating_add(when(memory > self.bounce_buffer_above_mib * MIB, self.bounce_buffer_mib))
            .saturating_add(when(memory <= self.offset_up_to_mib * MIB, self.offset_mib))
            .saturating_add(correction)
    }
}

impl Ephemeral {
    fn reserved_of(&self, disk: u64) -> u64 {
        let share = self.reserved_percent.map_or(u64::MAX, |percent| percent_of(disk, percent));
        let sloped = self.sloped_percent.zip(self.sloped_mib);
        let sloped = sloped.map_or(u64::MAX, |(percent, mib)| percent_of(disk, percent).saturating_add(mib * MIB));
        share.min(sloped).min(self.reserved_at_most_mib * MIB)
    }
}

/// Sum of a share of each tranche, every summand rounded down.
fn reserved_by_tranches(total: u64, tranches: impl Iterator<Item = (Option<u64>, f64)>) -> u64 {
    let mut reserved = 0_u64;
    let mut from = 0;
    for (up_to, percent) in tranches {
        let to = up_to.unwrap_or(u64::MAX).min(total);
        reserved = reserved.saturating_add(percent_of(to.saturating_sub(from), percent));
        from = from.max(to);
    }
    reserved
}

/// Rounded down; the figures in the file have at most three decimals, so the arithmetic stays exact.
fn percent_of(amount: u64, percent: f64) -> u64 {
    let thousandths = (percent * 1000.0).round() as u128;
    u64::try_from(u128::from(amount) * thousandths / 100_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
