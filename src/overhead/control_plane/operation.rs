//! How a control plane behaves: what it does all day, how long proxies wait, what its autoscaler makes of it.

use super::super::{CertificatePlan, Inputs};
use super::Runtime;
use super::autoscaling::{Autoscaling, autoscaling};
use super::changes::{Changes, changes};
use super::deployed::Deployed;
use super::load::Served;
use super::messages::{self, LargestMessage};
use super::times::{Serving, WaitingTime, times};
use crate::estimate::Estimate;
use crate::units::Cores;

/// How a control plane behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Replicas that the times below are for: those deployed, else those planned.
    pub replicas: u64,
    /// Whether they are those deployed.
    pub deployed: bool,
    /// Cores of a replica and its throttles.
    pub runtime: Runtime,
    /// What changes, and what becomes of it.
    pub changes: Changes,
    /// Mean CPU of all replicas together at that churn, by cause.
    pub cpu: Estimate<Cores>,
    /// How long proxies wait for what.
    pub times: Vec<WaitingTime>,
    /// What proxies are sent, to ask how long others would wait.
    pub serving: Serving,
    /// What its autoscaler does; `None` where the input shows that there is none.
    pub autoscaling: Option<Autoscaling>,
    /// The largest message of each kind.
    pub messages: Vec<LargestMessage>,
}

/// The behaviour of the istiod deployed, else of the one planned with so many replicas.
pub(super) fn operation(
    inputs: &Inputs<'_>,
    served: &Served,
    certificates: &CertificatePlan,
    planned: u64,
    deployed: Option<&Deployed>,
    runtime: Runtime,
) -> Operation {
    let running = deployed.map(|istiod| istiod.replicas).filter(|replicas| *replicas > 0);
    let replicas = running.unwrap_or(planned).max(1);
    let changes = changes(inputs, served, certificates);
    let serving = Serving::new(served, replicas, &runtime);
    Operation {
        replicas,
        deployed: running.is_some(),
        cpu: inputs.card.istiod_work.usage(replicas, &served.load, &changes.pushed.work),
        times: times(inputs, served, &changes, &serving, &runtime),
        serving,
        autoscaling: autoscaling(inputs, &served.load, changes.pushed.full, deployed),
        messages: messages::largest(inputs),
        runtime,
        changes,
    }
}
