//! What is assumed about pods and nodes that are replaced.

use serde::{Deserialize, Serialize};

use crate::units::Seconds;

/// How long pods and nodes take to come and go, and how many are replaced at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RolloutPolicy {
    /// Until a new pod is ready, where no pod of its workload tells how long it took.
    #[serde(rename = "ready_seconds", with = "super::seconds")]
    pub ready: Seconds,
    /// How long a pod takes to end, at most its grace period; `None` for all of it.
    #[serde(rename = "end_seconds", with = "super::optional_seconds")]
    pub end: Option<Seconds>,
    /// Workloads whose pods are restarted at the same time, at the most; at least 1.
    pub workloads_at_once: u64,
    /// Nodes drained at the same time; at least 1.
    pub nodes_at_once: u64,
    /// Until a node that was drained takes pods again, or one that is added takes any.
    #[serde(rename = "node_seconds", with = "super::seconds")]
    pub node: Seconds,
    /// How long a revision is watched in each wave of an upgrade before the next begins.
    #[serde(rename = "watch_seconds", with = "super::seconds")]
    pub watch: Seconds,
}

impl Default for RolloutPolicy {
    fn default() -> Self {
        Self {
            ready: Seconds::new(30.0),
            end: None,
            workloads_at_once: 10,
            nodes_at_once: 1,
            node: Seconds::new(180.0),
            watch: Seconds::ZERO,
        }
    }
}

impl RolloutPolicy {
    /// What is wrong with it, if anything.
    pub(super) fn wrong(&self) -> Option<String> {
        /// Longer than any rollout: a year.
        const MOST: f64 = 31_536_000.0;
        let sound = |seconds: Seconds| (0.0..=MOST).contains(&seconds.as_seconds());
        let durations = [
            ("ready_seconds", Some(self.ready)),
            ("end_seconds", self.end),
            ("node_seconds", Some(self.node)),
            ("watch_seconds", Some(self.watch)),
        ];
        let odd = durations.into_iter().find(|(_, seconds)| !seconds.is_none_or(sound));
        if let Some((field, _)) = odd {
            return Some(format!("rollout.{field} must be a number of seconds from 0 to a year"));
        }
        let at_once = [("workloads_at_once", self.workloads_at_once), ("nodes_at_once", self.nodes_at_once)];
        let none = at_once.into_iter().find(|(_, number)| *number == 0);
        none.map(|(field, _)| format!("rollout.{field} is 0: nothing would ever be replaced; use 1 or more"))
    }
}
