//! What the autoscaler of istiod does, at rest and while much changes.
//!
//! **Law.** A horizontal pod autoscaler settles at the fewest replicas `n` whose CPU `U(n)` is no more than
//! `n · target · request`, within its bounds. It goes up within a minute and comes down once it has wanted less for
//! its memory of five minutes. A replica that is added gets new connections only: those there are come to it as
//! istiod closes them at their age, so that after `t` the share `min(1, t/30 min)` has moved.
//!
//! **Source.** Kubernetes documentation, horizontal pod autoscaling; the istio-discovery chart; istio/istio issues
//! 34203 (replicas going up and down between one and five) and 11181 (the old replica keeps its load).

use super::super::Inputs;
use super::deployed::Deployed;
use crate::estimate::Estimate;
use crate::inventory::Autoscaler;
use crate::model::ControlPlaneLoad;
use crate::units::{Cores, Rate, Seconds};

/// What the autoscaler of istiod does.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoscaling {
    /// Fewest and most replicas.
    pub bounds: (u64, u64),
    /// Share of the CPU request it aims at.
    pub target: f64,
    /// CPU request of a replica.
    pub request: Cores,
    /// Whether it is in the input, or taken as Istio installs it.
    pub assumed: bool,
    /// Replicas with nothing changing.
    pub at_rest: u64,
    /// Replicas while much of the mesh changes at once.
    pub under_push: u64,
    /// Mean time between two full pushes; `None` where nothing changes.
    pub between_pushes: Option<Seconds>,
    /// How long it remembers that it wanted more.
    pub memory: Seconds,
    /// Whether replicas come and go with every push.
    pub flaps: bool,
    /// How long until all connections have moved to where they are after replicas were added.
    pub rebalanced_after: Seconds,
    /// Replicas that run for a while during a rollout of those at rest.
    pub during_rollout: u64,
}

/// The autoscaler's behaviour; `None` where the input shows that istiod has none.
pub(super) fn autoscaling(
    inputs: &Inputs<'_>,
    load: &ControlPlaneLoad,
    full_pushes: Rate,
    deployed: Option<&Deployed>,
) -> Option<Autoscaling> {
    let limits = &inputs.card.istiod_limits;
    let own = deployed.and_then(|istiod| istiod.autoscaler.as_ref());
    let others = inputs.inventory.workloads.iter().any(|workload| workload.autoscaler.is_some());
    if deployed.is_some() && own.is_none() && others {
        return None;
    }
    let bounds = own.map_or(limits.autoscaler_bounds(), |own| (own.min_replicas.max(1), own.max_replicas.max(1)));
    let target =
        own.and_then(Autoscaler::target_cpu_percent).map_or(limits.autoscaler_target(), |it| it as f64 / 100.0);
    let requested = deployed.and_then(|istiod| istiod.requests.cpu).filter(|request| !request.is_zero());
    let request = requested.map_or(limits.replica_request(), |request| request.to_cores());
    let settled = |usage: &dyn Fn(u64) -> Estimate<Cores>| {
        let (least, most) = bounds;
        let fits = |n: &u64| usage(*n).value.as_cores() <= *n as f64 * target * request.as_cores();
        (least..=most).take(MOST_CONSIDERED).find(fits).unwrap_or(most)
    };
    let at_rest = settled(&|n| inputs.card.istiod_cpu.idle(n));
    let under_push = settled(&|n| inputs.card.istiod_cpu.pushing(n, load));
    let between_pushes = (full_pushes.as_per_second() > 0.0).then(|| Seconds::new(1.0 / full_pushes.as_per_second()));
    let memory = limits.autoscaler_memory();
    Some(Autoscaling {
        bounds,
        target,
        request,
        assumed: own.is_none(),
        at_rest,
        under_push,
        flaps: under_push > at_rest && between_pushes.is_some_and(|between| between > memory),
        between_pushes,
        memory,
        rebalanced_after: limits.connection_age(),
        during_rollout: (at_rest as f64 * (1.0 + limits.surge())).ceil() as u64,
    })
}

/// Most numbers of replicas looked at between the bounds: an autoscaler may be allowed any.
const MOST_CONSIDERED: usize = 1_000;
