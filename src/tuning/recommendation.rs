//! A recommendation: what to set, why, what it saves, and what it does to the cluster.

use std::fmt;

use crate::estimate::Term;
use crate::inventory::Change;
use crate::quantity::{print_bytes, print_cpu};
use crate::units::{Bytes, Cores, DataRate, Memory, Millicores, MoneyPerHour, Rate, Seconds, Series};

/// What to set, why, what it saves, and what it does to the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// Its name, the same in every run: the kind, then what it is about, e.g. `proxy-resources/shop/cart`.
    pub id: String,
    /// What it is about, as people say it: `Deployment shop/cart`, `namespace shop`, `istiod`.
    pub subject: String,
    /// Of which kind it is.
    pub kind: Kind,
    /// The one workload it changes, as `NAMESPACE/NAME`; `None` for what concerns many.
    pub workload: Option<String>,
    /// What to set, the setting that matters most first; never empty.
    pub settings: Vec<Setting>,
    /// What decided, sentence by sentence.
    pub basis: Vec<String>,
    /// The arithmetic of the setting that matters most, where it is an estimate.
    pub terms: Vec<Term>,
    /// What it saves according to the plan before and after it alone; nothing until it has been simulated.
    pub saves: Saves,
    /// Requests that it frees by its own arithmetic, below 0 where it takes more: what the simulated effect of many
    /// alike is shared out by.
    pub own: (Cores, Memory),
    /// What it makes safe and what it risks.
    pub risk: Risk,
    /// Recommendations, by name, without which it must not be applied.
    pub needs: Vec<String>,
    /// What it does to the cluster; empty where only a person can do it.
    pub changes: Vec<Change>,
    /// Why it is not to be applied; `None` for one that is.
    pub withheld: Option<Withheld>,
}

impl Recommendation {
    /// One of a kind about something, with its settings; the rest is added by whoever makes it.
    #[must_use]
    pub fn new(kind: Kind, about: &str, subject: impl Into<String>, settings: Vec<Setting>) -> Self {
        Self {
            id: format!("{kind}/{about}"),
            subject: subject.into(),
            kind,
            workload: None,
            settings,
            basis: Vec::new(),
            terms: Vec::new(),
            saves: Saves::default(),
            own: (Cores::ZERO, Memory::ZERO),
            risk: Risk::default(),
            needs: Vec::new(),
            changes: Vec::new(),
            withheld: None,
        }
    }

    /// The same for one workload, `NAMESPACE/NAME`.
    #[must_use]
    pub fn of_workload(mut self, name: &str) -> Self {
        self.workload = Some(name.to_owned());
        self
    }

    /// The same, not to be applied.
    #[must_use]
    pub fn withhold(mut self, why: Withheld) -> Self {
        self.withheld = Some(why);
        self
    }

    /// The same with what it does to the cluster, or withheld where nothing can.
    #[must_use]
    pub fn doing(mut self, changes: Result<Vec<Change>, String>) -> Self {
        match changes {
            Ok(changes) => self.changes = changes,
            Err(why) => self.withheld = Some(Withheld::NotPatchable(why)),
        }
        self
    }

    /// Whether it is tried out: it is to be applied, or left to choose by what it saves.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        let is_open = matches!(self.withheld, None | Some(Withheld::Choice(_)));
        is_open && !self.changes.is_empty()
    }

    /// Whether a person has to do it: nothing in the cluster is changed by applying it.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        self.withheld.is_none() && self.changes.is_empty()
    }

    /// Whether it is to be applied and changes the cluster.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.withheld.is_none() && !self.changes.is_empty()
    }
}

/// Kinds of recommendations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Namespaces that leave their sidecars for ambient mode.
    AmbientMode,
    /// Autoscalers that count a sidecar in, or are missing.
    ApplicationAutoscalers,
    /// Share of requests that are traced.
    TraceSampling,
    /// Requests that are logged.
    AccessLogs,
    /// Metrics and labels that are reported.
    MetricSeries,
    /// Worker threads of a proxy.
    ProxyConcurrency,
    /// What the proxies of a namespace are sent.
    SidecarScopes,
    /// Namespaces istiod looks at.
    DiscoverySelectors,
    /// Services that other namespaces need not know.
    ExportTo,
    /// Requests and limits of a proxy beside its application.
    ProxyResources,
    /// Replicas and resources of gateways.
    Gateways,
    /// Requests of the node proxies of ambient mode.
    Ztunnel,
    /// Requests and replicas of istiod.
    Istiod,
    /// Throttles, waits and connections of istiod.
    IstiodEnvironment,
    /// Life of certificates, and how many may be asked for at once.
    Certificates,
    /// Disruption budgets that block drains, or are missing.
    DisruptionBudgets,
    /// Anti-affinity that leaves pods without a node.
    AntiAffinity,
    /// Pods too many and too few while a Deployment replaces its own.
    RolloutSurge,
    /// Replicas that one node or zone takes with it.
    TopologySpread,
    /// Nodes on which nobody but istiod takes CPU.
    IstiodNodes,
    /// Nodes that the cluster can do without.
    SpareNodes,
    /// The shape of nodes that costs least.
    NodeShape,
    /// Waves in which the mesh moves to another revision.
    UpgradePlan,
    /// Limits of connections, requests and retries towards a service.
    ConnectionPools,
    /// How often failed requests to a service are sent again.
    Retries,
    /// Hosts that clients may leave alone at once.
    OutlierDetection,
    /// How long a request of a route may take.
    Timeouts,
}

impl Kind {
    /// Name in identifiers, reports and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AmbientMode => "ambient-mode",
            Self::TraceSampling => "trace-sampling",
            Self::AccessLogs => "access-logs",
            Self::MetricSeries => "metric-series",
            Self::ProxyConcurrency => "proxy-concurrency",
            Self::SidecarScopes => "sidecar-scopes",
            Self::DiscoverySelectors => "discovery-selectors",
            Self::ExportTo => "export-to",
            Self::ProxyResources => "proxy-resources",
            Self::Gateways => "gateways",
            Self::Ztunnel => "ztunnel",
            Self::Istiod => "istiod",
            Self::IstiodEnvironment => "istiod-environment",
            Self::Certificates => "certificates",
            Self::DisruptionBudgets => "disruption-budgets",
            Self::ApplicationAutoscalers => "application-autoscalers",
            Self::AntiAffinity => "anti-affinity",
            Self::RolloutSurge => "rollout-surge",
            Self::TopologySpread => "topology-spread",
            Self::IstiodNodes => "istiod-nodes",
            Self::SpareNodes => "spare-nodes",
            Self::NodeShape => "node-shape",
            Self::UpgradePlan => "upgrade-plan",
            Self::ConnectionPools => "connection-pools",
            Self::Retries => "retries",
            Self::OutlierDetection => "outlier-detection",
            Self::Timeouts => "timeouts",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing to set.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// What it is called, e.g. `memory request`.
    pub name: &'static str,
    /// What it is today; `None` where nothing is set.
    pub current: Option<Amount>,
    /// Lower end of what the evidence allows.
    pub lower: Amount,
    /// What to set.
    pub target: Amount,
    /// Upper end of what the evidence asks for.
    pub upper: Amount,
}

impl Setting {
    /// A setting without an interval: the evidence is a rule or a count.
    #[must_use]
    pub fn exact(name: &'static str, current: Option<Amount>, target: Amount) -> Self {
        Self { name, current, lower: target.clone(), target: target.clone(), upper: target }
    }

    /// Whether it is something else than today.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.current.as_ref() != Some(&self.target)
    }
}

/// What a setting can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// CPU.
    Cpu(Millicores),
    /// Memory, or the size of a message.
    Memory(Bytes),
    /// A number of things.
    Count(u64),
    /// A duration.
    Time(Seconds),
    /// A share, in [0, 1].
    Share(f64),
    /// Anything else, as it is written.
    Text(String),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu(cpu) => f.write_str(&print_cpu(*cpu)),
            Self::Memory(bytes) => f.write_str(&print_bytes(*bytes)),
            Self::Count(count) => write!(f, "{count}"),
            Self::Time(seconds) => write!(f, "{} s", seconds.as_seconds()),
            // Of less than a per cent two digits are said.
            Self::Share(share) if *share < 0.01 => write!(f, "{} %", (share * 10_000.0).round() / 100.0),
            Self::Share(share) => write!(f, "{} %", (share * 1000.0).round() / 10.0),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What a change saves: before less after, below 0 where it takes more.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Saves {
    /// CPU that proxies and istiod request.
    pub cpu: Cores,
    /// Memory that proxies and istiod request.
    pub memory: Memory,
    /// CPU that proxies and istiod use.
    pub cpu_used: Cores,
    /// Memory that proxies and istiod use.
    pub memory_used: Memory,
    /// Nodes of the policy's pool that all requests of the cluster fill, by whichever of CPU and memory fills more.
    pub nodes: f64,
    /// Time series of the mesh.
    pub series: Series,
    /// Spans.
    pub spans: Rate,
    /// Access log.
    pub log: DataRate,
    /// How long a change of configuration takes until the last proxy has it.
    pub config_change: Seconds,
    /// How long all proxies take to connect again after istiod restarts.
    pub reconnect: Seconds,
    /// Price of those nodes.
    pub money: MoneyPerHour,
    /// Dangers that go ([`crate::tuning::Dangers::acute`]).
    pub dangers: f64,
    /// Missing guards that come ([`crate::tuning::Dangers::unguarded`]).
    pub guards: f64,
}

impl std::ops::Add for Saves {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            memory: self.memory + other.memory,
            cpu_used: self.cpu_used + other.cpu_used,
            memory_used: self.memory_used + other.memory_used,
            nodes: self.nodes + other.nodes,
            series: self.series + other.series,
            spans: self.spans + other.spans,
            log: self.log + other.log,
            config_change: self.config_change + other.config_change,
            reconnect: self.reconnect + other.reconnect,
            money: self.money + other.money,
            dangers: self.dangers + other.dangers,
            guards: self.guards + other.guards,
        }
    }
}

/// What a change makes safe and what it risks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Risk {
    /// The danger of today that goes, e.g. `the proxy may be killed while it starts`; `None` without one.
    pub removes: Option<String>,
    /// What may go wrong with it, and how that would be seen.
    pub brings: Vec<String>,
}

/// Why a recommendation is not to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withheld {
    /// There is too little data; what is missing and how to get it.
    Data(String),
    /// Nobody can patch it from outside; what to do instead.
    NotPatchable(String),
    /// The policy leaves the workload alone.
    Excluded,
    /// It is waived.
    Waived {
        /// Why.
        reason: String,
        /// The last day on which that holds.
        until: Option<String>,
    },
    /// Another recommendation changes the same.
    Conflict(String),
    /// It needs one that is withheld.
    Needs(String),
    /// Simulated, it does harm; which.
    Harm(String),
    /// Only people can weigh it; what to say where.
    Choice(String),
    /// Nothing within the policy would do; what binds.
    Infeasible(String),
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(missing) => write!(f, "too little data: {missing}"),
            Self::NotPatchable(instead) => write!(f, "cannot be patched: {instead}"),
            Self::Excluded => f.write_str("the policy leaves it alone (tuning.exclude)"),
            Self::Waived { reason, until: None } => write!(f, "waived: {reason}"),
            Self::Waived { reason, until: Some(until) } => write!(f, "waived until {until}: {reason}"),
            Self::Conflict(other) => write!(f, "{other} changes the same"),
            Self::Needs(other) => write!(f, "it needs {other}, which is withheld"),
            Self::Harm(harm) => write!(f, "simulated, it does harm: {harm}"),
            Self::Choice(say) => write!(f, "a choice: {say}"),
            Self::Infeasible(binds) => write!(f, "infeasible: {binds}"),
        }
    }
}
