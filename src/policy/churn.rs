//! How often things change in a mesh: what makes a control plane work.

use serde::{Deserialize, Serialize};

use crate::units::Rate;

/// How often things change.
///
/// An inventory is one moment and cannot say how often it changes: the ages of pods are those of the last
/// rollout only. So it is assumed, from how often each workload is rolled out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChurnPolicy {
    /// How often each workload is rolled out a week: each time all its pods are replaced and one object of its
    /// configuration changes. 5 is once every working day.
    pub rollouts_per_week: f64,
    /// Pods of the mesh that come or go in an hour, instead of what rollouts make.
    pub pod_changes_per_hour: Option<f64>,
    /// Objects of Istio's configuration and Services that change in an hour, instead of what rollouts make.
    pub config_changes_per_hour: Option<f64>,
}

impl Default for ChurnPolicy {
    fn default() -> Self {
        Self { rollouts_per_week: 5.0, pod_changes_per_hour: None, config_changes_per_hour: None }
    }
}

impl ChurnPolicy {
    /// Pods that come or go, in a mesh of so many: each rollout takes one away and brings one.
    #[must_use]
    pub fn pod_changes(&self, pods: u64) -> Rate {
        let hourly = self.pod_changes_per_hour.unwrap_or(2.0 * pods as f64 * self.rollouts_per_hour());
        per_hour(hourly)
    }

    /// Objects of configuration that change, in a mesh of so many workloads: one for each rollout.
    #[must_use]
    pub fn config_changes(&self, workloads: u64) -> Rate {
        per_hour(self.config_changes_per_hour.unwrap_or(workloads as f64 * self.rollouts_per_hour()))
    }

    /// What is wrong with it, if anything.
    pub(super) fn wrong(&self) -> Option<&'static str> {
        let is_sound = |number: f64| number.is_finite() && (0.0..=1e9).contains(&number);
        if !is_sound(self.rollouts_per_week) {
            return Some("churn.rollouts_per_week must be a number from 0 to 10⁹");
        }
        if !self.pod_changes_per_hour.is_none_or(is_sound) {
            return Some("churn.pod_changes_per_hour must be a number from 0 to 10⁹");
        }
        if !self.config_changes_per_hour.is_none_or(is_sound) {
            return Some("churn.config_changes_per_hour must be a number from 0 to 10⁹");
        }
        None
    }

    fn rollouts_per_hour(&self) -> f64 {
        const HOURS_A_WEEK: f64 = 7.0 * 24.0;
        self.rollouts_per_week / HOURS_A_WEEK
    }
}

fn per_hour(number: f64) -> Rate {
    Rate::per_second(number / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollouts_make_changes_unless_they_are_given() {
        let daily = ChurnPolicy { rollouts_per_week: 7.0, ..ChurnPolicy::default() };
        let given = ChurnPolicy {
            pod_changes_per_hour: Some(360.0),
            config_changes_per_hour: Some(36.0),
            ..ChurnPolicy::default()
        };
        for (policy, pods, config) in [(&daily, 2.0 * 8640.0 / 86_400.0, 864.0 / 86_400.0), (&given, 0.1, 0.01)] {
            assert!((policy.pod_changes(8640).as_per_second() - pods).abs() < 1e-12);
            assert!((policy.config_changes(864).as_per_second() - config).abs() < 1e-12);
        }
    }
}
