//! Why a node does not take a pod.

use std::fmt;

use crate::inventory::objects::{Taint, TaintEffect, Transport};
use crate::quantity::{print_bytes, print_cpu};
use crate::units::{Bytes, Millicores};

/// The first thing that keeps a pod off a node, with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The node is cordoned.
    Cordoned,
    /// The pod names another node.
    OtherNode,
    /// A taint that is not tolerated.
    Taint(Taint),
    /// A node selector of the pod that does not hold.
    Selector(String, String),
    /// No term of the required node affinity holds.
    NodeAffinity,
    /// A port of the node that is taken.
    Port(u16, Transport),
    /// As many pods as the node may run.
    TooManyPods(i64),
    /// Resources that are short.
    Resources(Vec<Shortage>),
    /// A disk that another pod of the node mounts.
    Disk(String),
    /// A claim for one pod only that another pod uses.
    ClaimInUse(String),
    /// A driver attaches no more volumes.
    VolumeLimit {
        /// Its name.
        driver: String,
        /// Most volumes it attaches to the node.
        limit: u64,
        /// Volumes attached.
        attached: u64,
    },
    /// A claim that does not exist.
    NoClaim(String),
    /// A claim that is bound to no volume and waits for none.
    ClaimUnbound(String),
    /// A claim whose volume does not exist.
    NoVolume(String),
    /// A volume that cannot be reached from the node.
    VolumeElsewhere(String),
    /// No volume for a claim can be found or made on the node.
    NoVolumeFor(String),
    /// A volume of another zone.
    VolumeZone(String),
    /// The node lacks the label that spreads pods.
    SpreadLabel(String),
    /// Too many pods of the kind in the node's domain.
    Spread {
        /// Label that makes domains.
        key: String,
        /// Domain of the node.
        domain: String,
        /// Pods in it, the new one included.
        pods: i64,
        /// Pods in the emptiest domain.
        least: i64,
        /// Difference allowed.
        max_skew: i64,
    },
    /// No pod that the pod must be near is in the node's domain.
    PodAffinity(String),
    /// A pod that the pod must be away from is in the node's domain.
    PodAntiAffinity(String),
    /// A pod in the node's domain must be away from this one.
    OthersAntiAffinity(String),
}

/// A resource of which a node has too little left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shortage {
    /// Name: `cpu`, `memory`, `nvidia.com/gpu` …
    pub resource: String,
    /// What the pod asks for: millicores, bytes, pieces.
    pub asked: i64,
    /// What is left; below zero on an overcommitted node.
    pub free: i64,
    /// What the node offers.
    pub allocatable: i64,
}

impl Reason {
    /// Whether no other pod's leaving could change it: preemption does not look at such nodes.
    #[must_use]
    pub fn is_unresolvable(&self) -> bool {
        match self {
            Self::Cordoned
            | Self::OtherNode
            | Self::Taint(_)
            | Self::Selector(..)
            | Self::NodeAffinity
            | Self::NoClaim(_)
            | Self::ClaimUnbound(_)
            | Self::NoVolume(_)
            | Self::VolumeElsewhere(_)
            | Self::NoVolumeFor(_)
            | Self::VolumeZone(_)
            | Self::SpreadLabel(_)
            | Self::PodAffinity(_) => true,
            Self::Resources(short) => short.iter().any(|short| short.asked > short.allocatable),
            Self::Port(..)
            | Self::TooManyPods(_)
            | Self::Disk(_)
            | Self::ClaimInUse(_)
            | Self::VolumeLimit { .. }
            | Self::Spread { .. }
            | Self::PodAntiAffinity(_)
            | Self::OthersAntiAffinity(_) => false,
        }
    }

    /// The reason without the numbers of one node, for counting nodes.
    #[must_use]
    pub fn in_short(&self) -> String {
        match self {
            Self::Resources(short) => {
                let names: Vec<&str> = short.iter().map(|short| short.resource.as_str()).collect();
                format!("insufficient {}", names.join(" and "))
            }
            Self::TooManyPods(_) => "too many pods".to_owned(),
            Self::VolumeLimit { driver, .. } => format!("volume limit of {driver}"),
            Self::Spread { key, .. } => format!("topology spread over {key}"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cordoned => f.write_str("cordoned"),
            Self::OtherNode => f.write_str("another node is named"),
            Self::Taint(taint) => {
                let effect = match taint.effect {
                    TaintEffect::NoSchedule => "NoSchedule",
                    TaintEffect::PreferNoSchedule => "PreferNoSchedule",
                    TaintEffect::NoExecute => "NoExecute",
                };
                let sign = if taint.value.is_empty() { "" } else { "=" };
                write!(f, "taint {}{sign}{}:{effect}", taint.key, taint.value)
            }
            Self::Selector(key, value) => write!(f, "node selector {key}={value}"),
            Self::NodeAffinity => f.write_str("node affinity"),
            Self::Port(port, transport) => write!(f, "port {port}/{transport:?} taken"),
            Self::TooManyPods(most) => write!(f, "{most} pods are allowed and there"),
            Self::Resources(short) => {
                for (index, short) in short.iter().enumerate() {
                    write!(f, "{}{short}", if index == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Disk(disk) => write!(f, "disk {disk} in use on the node"),
            Self::ClaimInUse(claim) => write!(f, "claim {claim} in use by another pod"),
            Self::VolumeLimit { driver, limit, attached } => {
                write!(f, "{driver} attaches {limit} volumes, {attached} are attached")
            }
            Self::NoClaim(claim) => write!(f, "claim {claim} does not exist"),
            Self::ClaimUnbound(claim) => write!(f, "claim {claim} is bound to no volume"),
            Self::NoVolume(claim) => write!(f, "the volume of claim {claim} does not exist"),
            Self::VolumeElsewhere(claim) => write!(f, "the volume of claim {claim} is elsewhere"),
            Self::NoVolumeFor(claim) => write!(f, "no volume for claim {claim}"),
            Self::VolumeZone(claim) => write!(f, "the volume of claim {claim} is in another zone"),
            Self::SpreadLabel(key) => write!(f, "no label {key} to spread over"),
            Self::Spread { key, domain, pods, least, max_skew } => {
                write!(
                    f,
                    "{key}={domain} would have {pods} pods of the kind, the emptiest has {least}, skew {max_skew} is allowed"
                )
            }
            Self::PodAffinity(key) => write!(f, "pod affinity over {key}"),
            Self::PodAntiAffinity(key) => write!(f, "pod anti-affinity over {key}"),
            Self::OthersAntiAffinity(key) => write!(f, "anti-affinity of other pods over {key}"),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |amount: i64| {
            let sign = if amount < 0 { "-" } else { "" };
            let size = amount.unsigned_abs();
            let text = match self.resource.as_str() {
                "cpu" => print_cpu(Millicores::new(size)),
                "memory" | "ephemeral-storage" => print_bytes(Bytes::new(size)),
                name if name.starts_with("hugepages-") => print_bytes(Bytes::new(size)),
                _ => size.to_string(),
            };
            format!("{sign}{text}")
        };
        let (asked, free, all) = (amount(self.asked), amount(self.free), amount(self.allocatable));
        write!(f, "insufficient {}: {asked} asked, {free} of {all} free", self.resource)
    }
}
