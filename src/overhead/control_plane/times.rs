//! How long proxies wait for changes, and for their control plane to come back.

use super::super::Inputs;
use super::Runtime;
use super::changes::Changes;
use super::load::Served;
use crate::card::ModelCard;
use crate::estimate::Estimate;
use crate::model::{Bound, ChangeRates, Convergence, Convergent, Fleet, Merged, Push};
use crate::units::{Cores, Rate, Seconds};

/// How long something takes until the last proxy has it.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingTime {
    /// What happened.
    pub event: Event,
    /// Proxies that wait.
    pub proxies: u64,
    /// Until the last of them has it.
    pub time: Estimate<Seconds>,
    /// What decides it.
    pub bound: Bound,
}

/// What proxies wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// One endpoint comes or goes, and nothing else happens.
    EndpointChange,
    /// One object of configuration changes, and nothing else happens.
    ConfigChange,
    /// One object of configuration changes while the policy's churn goes on.
    ConfigChangeInChurn,
    /// All pods of the largest namespace of the mesh restart.
    NamespaceRestart(String),
    /// One replica of several is lost: its proxies connect to the others.
    ReplicaLoss,
    /// All replicas restart: every proxy connects again.
    Restart,
}

impl Event {
    /// Name in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::EndpointChange => "endpoint-change",
            Self::ConfigChange => "config-change",
            Self::ConfigChangeInChurn => "config-change-in-churn",
            Self::NamespaceRestart(_) => "namespace-restart",
            Self::ReplicaLoss => "replica-loss",
            Self::Restart => "restart",
        }
    }
}

/// What istiod sends proxies, of whose pods some may restart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Serving {
    /// All proxies, and the replicas they connect to.
    all: Fleet,
    /// Proxies that are told of a pod that comes or goes, and the replicas that tell them.
    told: Fleet,
    /// All that is sent to a proxy that connects, on average.
    full: Push,
    /// What is sent to a proxy when one endpoint changes, on average.
    endpoints: Push,
}

impl Serving {
    /// What each proxy is sent, by so many replicas.
    pub(super) fn new(served: &Served, replicas: u64, runtime: &Runtime) -> Self {
        let all = Fleet { proxies: served.load.proxies, replicas, cores: runtime.cores, left: None };
        // Only those that see what changed are told.
        let told = Fleet { proxies: served.load.proxies * served.reach, ..all };
        Self { all, told, full: served.full, endpoints: served.endpoints }
    }

    /// The same while others on the nodes of the replicas leave each of them so much CPU.
    #[must_use]
    pub fn left_with(self, cpu: Cores) -> Self {
        let with = |fleet: Fleet| Fleet { left: Some(cpu), ..fleet };
        Self { all: with(self.all), told: with(self.told), ..self }
    }

    /// Until all proxies are connected and configured again after every replica restarted.
    #[must_use]
    pub fn reconnect(&self, law: &Convergence<'_>) -> Convergent {
        law.reconnect(self.all, &self.full)
    }

    /// Until all proxies that see it have a change of configuration which comes alone.
    #[must_use]
    pub fn config_change(&self, law: &Convergence<'_>) -> Convergent {
        law.config_change(self.told, &self.full, &Merged::alone(law.limits.debounce_quiet()))
    }

    /// Pushes under way on average while so much changes: above 1 they are asked for faster than they are done.
    ///
    /// `λ_F·(t_F − τ) + λ_E·(t_E − τ)`, with `t` how long a push takes from its first change to its last proxy and `τ`
    /// the wait for further changes.
    #[must_use]
    pub fn pushes_under_way(&self, law: &Convergence<'_>, changes: &Changes) -> f64 {
        let reach = if self.all.proxies > 0.0 { self.told.proxies / self.all.proxies } else { 0.0 };
        let rates = ChangeRates { pods: changes.pods, config: changes.config, renewals: Rate::ZERO, reach };
        let pushed = rates.pushed(self.all.proxies, law.limits);
        let concerned = Fleet { proxies: self.all.proxies * pushed.reach, ..self.all };
        let merged = &pushed.merged;
        let worked = |convergent: Convergent, wait: Seconds| (convergent.time.value - wait).as_seconds().max(0.0);
        let (concerned_by_endpoints, waited) = match law.limits.endpoints_wait() {
            true => (concerned, merged.wait),
            false => (self.told, Seconds::ZERO),
        };
        pushed.full.as_per_second() * worked(law.config_change(concerned, &self.full, merged), merged.wait)
            + pushed.endpoints.as_per_second()
                * worked(law.endpoint_change(concerned_by_endpoints, &self.endpoints, merged), waited)
    }

    /// Until so many pods that restarted at once are connected and configured, and the others know their addresses.
    #[must_use]
    pub fn restart(&self, card: &ModelCard, pods: u64) -> Convergent {
        let law = Convergence { work: &card.istiod_work, limits: &card.istiod_limits };
        law.restart(pods as f64, self.told, &self.full, &self.endpoints)
    }
}

/// The waiting times of a mesh that so many replicas serve.
pub(super) fn times(
    inputs: &Inputs<'_>,
    served: &Served,
    changes: &Changes,
    serving: &Serving,
    runtime: &Runtime,
) -> Vec<WaitingTime> {
    let law = Convergence { work: &inputs.card.istiod_work, limits: &inputs.card.istiod_limits };
    let told = serving.told;
    let replicas = told.replicas;
    let all = Fleet { proxies: served.load.proxies, replicas, cores: runtime.cores, left: None };
    let alone = Merged::alone(inputs.card.istiod_limits.debounce_quiet());
    let mut times = vec![
        waiting(Event::EndpointChange, told.proxies, law.endpoint_change(told, &served.endpoints, &alone)),
        waiting(Event::ConfigChange, told.proxies, law.config_change(told, &served.full, &alone)),
    ];
    if changes.pushed.merged.changes_per_push > NOTICEABLE {
        let busy = Fleet { proxies: served.load.proxies * changes.pushed.reach, ..all };
        let time = law.config_change(busy, &served.full, &changes.pushed.merged);
        times.push(waiting(Event::ConfigChangeInChurn, busy.proxies, time));
    }
    if let Some((namespace, pods)) = largest_namespace(inputs) {
        let time = serving.restart(inputs.card, pods);
        times.push(waiting(Event::NamespaceRestart(namespace), pods as f64, time));
    }
    if replicas > 1 {
        let left = Fleet { proxies: served.load.proxies / replicas as f64, replicas: replicas - 1, ..all };
        times.push(waiting(Event::ReplicaLoss, left.proxies, law.reconnect(left, &served.full)));
    }
    times.push(waiting(Event::Restart, all.proxies, law.reconnect(all, &served.full)));
    times
}

/// Changes in a push from which the others are noticed.
const NOTICEABLE: f64 = 1.05;

fn waiting(event: Event, proxies: f64, Convergent { time, bound }: Convergent) -> WaitingTime {
    WaitingTime { event, proxies: proxies.ceil() as u64, time, bound }
}

/// The namespace with most sidecars, the first by name of several, and how many.
fn largest_namespace(inputs: &Inputs<'_>) -> Option<(String, u64)> {
    let mut pods: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for (workload, member) in inputs.inventory.workloads.iter().zip(&inputs.mesh.members) {
        if member.mode.runs_envoy() {
            let sum = pods.entry(&workload.id.namespace).or_default();
            *sum = sum.saturating_add(workload.replicas);
        }
    }
    let (namespace, pods) = pods.into_iter().max_by(|(a, a_pods), (b, b_pods)| a_pods.cmp(b_pods).then(b.cmp(a)))?;
    (pods > 0).then(|| (namespace.to_owned(), pods))
}
