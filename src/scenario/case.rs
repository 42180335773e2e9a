//! What is and what is wanted, as a scenario changes it.

use super::demand::Strained;
use super::known::Trouble;
use super::matrix::Situation;
use super::{add_nodes, ambient, autoscalers, enrol, scale, traffic};
use crate::inventory::Inventory;
use crate::policy::{Policy, Step};

/// An inventory and a policy of their own.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) inventory: Inventory,
    pub(super) policy: Policy,
    /// Autoscalers that would want more than their maximum.
    pub(super) strained: Vec<Strained>,
    /// Whether traffic changed: then what proxies and applications need is looked at as well.
    pub(super) traffic_changed: bool,
}

impl Case {
    pub(super) fn of(situation: &Situation<'_>) -> Self {
        let (mut inventory, policy) = (situation.inventory.clone(), situation.policy.clone());
        inventory.keep_as_measured();
        Self { inventory, policy, strained: Vec::new(), traffic_changed: false }
    }

    /// The case after a change; losses and questions change nothing of what is planned.
    pub(super) fn changed(self, step: &Step, situation: &Situation<'_>) -> Result<Self, Trouble> {
        match step {
            Step::Enrol { namespaces } => enrol::enrol(self, namespaces),
            Step::Ambient { namespaces } => ambient::ambient(self, namespaces, situation),
            Step::Traffic { factor } => Ok(traffic::traffic(self, *factor)),
            Step::AutoscalersAtMaximum => Ok(autoscalers::at_maximum(self)),
            Step::AddPods { workload, count } => scale::add_pods(self, workload, *count),
            Step::AddNodes { count, shape } => add_nodes::add_nodes(self, *count, shape.as_deref(), situation),
            Step::LoseNode { .. }
            | Step::LoseZone { .. }
            | Step::FitMorePods { .. }
            | Step::CheapestNodes { .. }
            | Step::LoseEveryNode
            | Step::LoseEveryZone
            | Step::TrafficUntilBreak
            | Step::EnrolInTurn { .. }
            | Step::Consolidate
            | Step::Drain { .. }
            | Step::Rollout { .. }
            | Step::RestartDataPlane { .. }
            | Step::Upgrade { .. } => Ok(self),
        }
    }
}
