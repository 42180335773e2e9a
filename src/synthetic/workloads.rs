//! Workloads as values: what there is to write, before a byte is written.

use super::draw::{Suffix, mix};
use super::nodes::Amount;

/// A workload and everything its pods have in common.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    /// Identity, from which uids, hashes and the like are derived.
    pub key: u64,
    /// Index of its namespace.
    pub namespace: usize,
    pub name: String,
    pub kind: Kind,
    /// Pods wanted: replicas, nodes of a DaemonSet, jobs of a CronJob.
    pub replicas: u64,
    /// Failed and evicted pods of a Deployment that nobody has removed yet.
    pub leftovers: u64,
    /// Position of its first pod among all pods.
    pub first_pod: u64,
    /// Request of its main container; 0 for none.
    pub request: Amount,
    pub limits: Limits,
    pub role: Role,
    pub rule: Rule,
    /// The proxy its pods carry.
    pub proxy: Option<Form>,
    /// What its template says about injection.
    pub wish: Wish,
    /// Whether a metrics exporter runs beside the main container.
    pub exporter: bool,
    pub serves: Option<Protocol>,
    /// Whether an autoscaler drives it.
    pub autoscaled: bool,
    /// Whether a disruption budget protects it.
    pub protected: bool,
    /// Environment variables of the main container.
    pub variables: u64,
}

/// Kind of controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    CronJob,
    /// A static pod on every node, owned by the node.
    Static,
}

/// Limits of the main container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limits {
    None,
    /// Memory, as much as requested.
    Memory,
    /// CPU four times and memory twice the request.
    Both,
}

/// What the workload is to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Application,
    /// A part of the platform; `true` on the host's network.
    System(bool),
    Istiod,
    IngressGateway,
}

/// Where its pods may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Anywhere,
    /// Tolerates and selects the dedicated pool.
    Dedicated,
    /// Selects the general pool by label.
    GeneralPool,
    /// Requires all zones but the one of this index.
    NotInZone(usize),
    /// Would rather not share a node with its like.
    PreferApart,
    /// Never shares a node with its like.
    Apart,
    /// Spread over zones; `true` where a skew above 1 forbids scheduling.
    SpreadZones(bool),
    /// Selects a label that no node has.
    Nowhere,
    /// One on every node, whatever its taints.
    EveryNode,
}

/// Where the proxy stands in the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Classic,
    Native,
}

/// What a template says about injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    AsNamespace,
    /// `sidecar.istio.io/inject: "false"`.
    OptOut,
    /// A larger proxy by annotation.
    LargerProxy,
}

/// What the workload's service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Grpc,
    Tcp,
    Dns,
}

impl Protocol {
    /// Name of the port, from which Istio reads the protocol.
    pub fn port_name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
            Self::Tcp => "tcp-wire",
            Self::Dns => "dns-tcp",
        }
    }

    /// Port of the service.
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Grpc => 9090,
            Self::Tcp => 5432,
            Self::Dns => 53,
        }
    }

    /// Port of the container.
    pub fn target_port(self) -> u16 {
        if self == Self::Http { 8080 } else { self.port() }
    }
}

/// Request of the exporter beside some main containers.
pub(super) const EXPORTER: Amount = Amount { cpu: 10, memory: 32 };

impl Workload {
    /// Pods it has in the listing, leftovers included.
    pub fn pods(&self) -> u64 {
        self.replicas + self.leftovers
    }

    /// What Istio's default profile or its annotations make the proxy ask for.
    pub fn proxy_request(&self) -> Amount {
        match (self.proxy, self.wish) {
            (None, _) => Amount::default(),
            (Some(_), Wish::LargerProxy) => Amount { cpu: 200, memory: 256 },
            (Some(_), _) => Amount { cpu: 100, memory: 128 },
        }
    }

    /// What the scheduler counts for one of its pods.
    ///
    /// The init container of the classic form asks for no more than the proxy does, so the sum over
    /// the containers is the larger of the two.
    pub fn pod_request(&self) -> Amount {
        let exporter = if self.exporter { EXPORTER } else { Amount::default() };
        let proxy = self.proxy_request();
        Amount {
            cpu: self.request.cpu + exporter.cpu + proxy.cpu,
            memory: self.request.memory + exporter.memory + proxy.memory,
        }
    }

    /// Name of its current ReplicaSet.
    pub fn replica_set(&self) -> String {
        format!("{}-{}", self.name, self.template_hash(0))
    }

    /// Template hash of its current revision (0) or an older one.
    pub fn template_hash(&self, revision: u64) -> Suffix {
        Suffix { number: mix(self.key, 100 + revision), letters: 9 }
    }

    /// Key of its current ReplicaSet.
    pub fn replica_set_key(&self) -> u64 {
        mix(self.key, 20)
    }

    /// Name of the job of a CronJob's n-th run before now; the number is the minute it was due.
    pub fn job(&self, run: u64) -> String {
        format!("{}-{}", self.name, super::draw::NOW / 60 - 1440 * (run + 1))
    }

    /// Key of that job.
    pub fn job_key(&self, run: u64) -> u64 {
        mix(self.key, 1_000 + run)
    }

    /// Seconds since it was created.
    pub fn age(&self) -> u64 {
        86_400 + mix(self.key, 30) % (300 * 86_400)
    }

    /// Seconds since its current revision was rolled out.
    pub fn revision_age(&self) -> u64 {
        3_600 + mix(self.key, 31) % self.age().saturating_sub(3_600).clamp(1, 60 * 86_400)
    }

    /// Whether it has a headless service: what gives a StatefulSet's pods their names.
    pub fn headless(&self) -> bool {
        self.kind == Kind::StatefulSet
    }

    /// Name of its service account.
    pub fn service_account(&self) -> &str {
        if self.role == Role::Application && self.key.is_multiple_of(2) { "default" } else { &self.name }
    }
}
