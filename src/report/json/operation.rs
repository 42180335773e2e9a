//! How a control plane behaves, as it is written.

use serde::Serialize;

use super::derivations::Derivations;
use super::wire::{Estimate, Number};
use crate::overhead;

/// How a control plane behaves at the policy's churn.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Operation<'a> {
    /// Replicas that the waiting times are for.
    replicas: u64,
    /// Whether these are those deployed; otherwise those planned.
    deployed: bool,
    /// Cores of each.
    cores: u64,
    /// What decided the cores.
    cores_basis: &'a str,
    /// Pushes a replica works on at once.
    pushes_at_once: Number,
    /// New connections a replica accepts a second.
    connections_per_second: Number,
    /// What changes.
    changes: Changes,
    /// Mean CPU of all replicas, in cores; its derivation says what it goes to.
    cpu_cores: Estimate,
    /// Place of that derivation in the report's `derivations`, from 0; `null` where there is none.
    cpu_derivation: Option<usize>,
    /// How long proxies wait for what.
    waiting_times: Vec<WaitingTime<'a>>,
    /// What the autoscaler does; `null` where the input shows that there is none.
    autoscaling: Option<Autoscaling>,
    /// The largest message of each kind of configuration.
    messages: Vec<Message<'a>>,
}

/// How often what changes.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Changes {
    /// Pods of the mesh that come or go in an hour.
    pods_per_hour: Number,
    /// Objects of configuration that change in an hour.
    config_objects_per_hour: Number,
    /// Pushes in an hour, once changes are merged.
    pushes_per_hour: Number,
    /// Pushes in an hour that generate everything again, among these.
    full_pushes_per_hour: Number,
    /// Changes in a push, on average.
    changes_per_push: Number,
    /// How long the first change of a push waits, on average, in seconds.
    wait_seconds: Number,
    /// Share of pushes that start only because the longest wait is over, in [0, 1].
    forced_share: Number,
    /// Share of the proxies that a push goes to, on average, in [0, 1].
    reach: Number,
}

/// A time until the last proxy is served.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct WaitingTime<'a> {
    /// What happened: `endpoint-change`, `config-change`, `config-change-in-churn`, `namespace-restart`,
    /// `replica-loss` or `restart`.
    event: &'static str,
    /// The namespace that restarted; `null` for other events.
    namespace: Option<&'a str>,
    /// Proxies that wait.
    proxies: u64,
    /// Until the last of them has it, in seconds.
    seconds: Estimate,
    /// What decides it: `cores`, `pushes-at-once`, `network` or `connection-rate`.
    bound: &'static str,
    /// Place of its arithmetic in the report's `derivations`, from 0; `null` where there is none.
    derivation: Option<usize>,
}

/// What the autoscaler does.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Autoscaling {
    /// Fewest replicas.
    minimum: u64,
    /// Most replicas.
    maximum: u64,
    /// Share of the CPU request it aims at.
    target: Number,
    /// CPU request of a replica, in cores.
    request_cores: Number,
    /// Whether it was taken as Istio installs it, for the input does not say.
    assumed: bool,
    /// Replicas with nothing changing.
    replicas_at_rest: u64,
    /// Replicas while much of the mesh changes at once.
    replicas_under_push: u64,
    /// Replicas that run for a while during a rollout.
    replicas_during_rollout: u64,
    /// Mean time between two full pushes; `null` where nothing changes.
    seconds_between_full_pushes: Option<Number>,
    /// How long it remembers that it wanted more.
    remembers_seconds: Number,
    /// Whether replicas come and go with every push.
    flaps: bool,
    /// Until all connections have moved after replicas were added.
    rebalanced_after_seconds: Number,
}

/// The largest message of a kind.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Message<'a> {
    /// `CDS`, `EDS`, `LDS` or `RDS`.
    kind: &'static str,
    /// Its size, an order of magnitude.
    bytes: u64,
    /// Largest that is accepted.
    limit_bytes: u64,
    /// How it stands with the limit: `ample`, `near` (half of it or more) or `above`.
    room: &'static str,
    /// Namespace of the workload whose proxies are sent it.
    namespace: &'a str,
    /// Kind of that workload.
    workload_kind: &'a str,
    /// Its name.
    name: &'a str,
    /// Proxies that are sent one of half of the limit or more.
    proxies_near: u64,
}

impl<'a> Operation<'a> {
    /// As written, its arithmetic among that of the report.
    pub fn new(operation: &'a overhead::Operation, derivations: &mut Derivations<'a>) -> Self {
        let waiting = |waiting: &'a overhead::WaitingTime| WaitingTime {
            event: waiting.event.as_str(),
            namespace: match &waiting.event {
                overhead::Event::NamespaceRestart(namespace) => Some(namespace),
                _ => None,
            },
            proxies: waiting.proxies,
            seconds: (&waiting.time).into(),
            bound: waiting.bound.as_str(),
            derivation: derivations.place(&waiting.time),
        };
        let waiting_times = operation.times.iter().map(waiting).collect();
        Self {
            replicas: operation.replicas,
            deployed: operation.deployed,
            cores: operation.runtime.cores,
            cores_basis: &operation.runtime.basis,
            pushes_at_once: Number::new(operation.runtime.pushes_at_once),
            connections_per_second: Number::new(operation.runtime.connection_rate.as_per_second()),
            changes: Changes::from(&operation.changes),
            cpu_cores: (&operation.cpu).into(),
            cpu_derivation: derivations.place(&operation.cpu),
            waiting_times,
            autoscaling: operation.autoscaling.as_ref().map(Autoscaling::from),
            messages: operation.messages.iter().map(Message::from).collect(),
        }
    }
}

impl From<&overhead::Changes> for Changes {
    fn from(changes: &overhead::Changes) -> Self {
        let pushed = &changes.pushed;
        let per_hour = |rate: crate::units::Rate| Number::new(rate.as_per_second() * 3600.0);
        Self {
            pods_per_hour: per_hour(changes.pods),
            config_objects_per_hour: per_hour(changes.config),
            pushes_per_hour: per_hour(pushed.pushes()),
            full_pushes_per_hour: per_hour(pushed.full),
            changes_per_push: Number::new(pushed.merged.changes_per_push),
            wait_seconds: Number::new(pushed.merged.wait.as_seconds()),
            forced_share: Number::new(pushed.merged.forced),
            reach: Number::new(pushed.reach),
        }
    }
}

impl From<&overhead::Autoscaling> for Autoscaling {
    fn from(autoscaling: &overhead::Autoscaling) -> Self {
        let (minimum, maximum) = autoscaling.bounds;
        let seconds = |time: crate::units::Seconds| Number::new(time.as_seconds());
        Self {
            minimum,
            maximum,
            target: Number::new(autoscaling.target),
            request_cores: Number::new(autoscaling.request.as_cores()),
            assumed: autoscaling.assumed,
            replicas_at_rest: autoscaling.at_rest,
            replicas_under_push: autoscaling.under_push,
            replicas_during_rollout: autoscaling.during_rollout,
            seconds_between_full_pushes: autoscaling.between_pushes.map(seconds),
            remembers_seconds: seconds(autoscaling.memory),
            flaps: autoscaling.flaps,
            rebalanced_after_seconds: seconds(autoscaling.rebalanced_after),
        }
    }
}

impl<'a> From<&'a overhead::LargestMessage> for Message<'a> {
    fn from(message: &'a overhead::LargestMessage) -> Self {
        Self {
            kind: message.kind,
            bytes: message.bytes.get(),
            limit_bytes: message.limit.get(),
            room: message.room.as_str(),
            namespace: &message.workload.namespace,
            workload_kind: &message.workload.kind,
            name: &message.workload.name,
            proxies_near: message.proxies_near,
        }
    }
}
