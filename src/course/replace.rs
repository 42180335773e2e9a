//! A workload replaces its pods, in the way of its kind.

use std::collections::BTreeMap;

use super::Untouched;
use super::daemon::Daemon;
use super::limits::{of_daemon_set, of_deployment, of_stateful_set};
use super::rolling::{Recreate, Rolling};
use super::stage::{Change, Stage};
use super::stateful::Stateful;
use crate::inventory::objects::UpdateKind;

/// A workload on its way.
#[derive(Debug)]
pub(super) enum Replacing {
    Rolling(Rolling),
    Recreate(Recreate),
    Stateful(Stateful),
    Daemon(Daemon),
}

impl Replacing {
    /// Begins with a workload; nothing where none of its pods will be replaced, for the reason that is counted.
    pub(super) fn of(stage: &Stage<'_>, workload: usize, untouched: &mut BTreeMap<Untouched, u64>) -> Option<Self> {
        let pods = stage.present(workload);
        let inventory = stage.setting.inventory;
        let id = &inventory.workloads.get(workload).filter(|_| !pods.is_empty())?.id;
        let strategy = inventory.updates.get(id).copied().unwrap_or_default();
        let wanted = pods.len() as u64;
        let mut leave = |reason: Untouched, pods: u64| *untouched.entry(reason).or_default() += pods;
        let replacing = match (&*id.kind, strategy.kind) {
            ("Deployment" | "DeploymentConfig", UpdateKind::Recreate) => Self::Recreate(Recreate::new(stage, &pods)),
            ("Deployment" | "DeploymentConfig", _) => {
                Self::Rolling(Rolling::new(stage, &pods, of_deployment(&strategy, wanted)))
            }
            ("StatefulSet" | "DaemonSet", UpdateKind::OnDelete) => {
                leave(Untouched::OnDelete, wanted);
                return None;
            }
            ("StatefulSet", _) => {
                let unavailable = of_stateful_set(&strategy, wanted).unavailable;
                let stateful = Stateful::new(stage, &pods, unavailable, strategy.partition, strategy.parallel);
                leave(Untouched::Partition, stateful.kept_by_partition());
                Self::Stateful(stateful)
            }
            ("DaemonSet", _) => Self::Daemon(Daemon::new(stage, &pods, of_daemon_set(&strategy, wanted))),
            _ => {
                leave(Untouched::NoRollout, wanted);
                return None;
            }
        };
        Some(replacing)
    }

    /// Pods that it would begin before any ends, and like which.
    pub(super) fn first_surge(&self) -> Option<(usize, u64)> {
        match self {
            Self::Rolling(rolling) => Some(rolling.first_surge()),
            Self::Recreate(_) | Self::Stateful(_) | Self::Daemon(_) => None,
        }
    }

    /// Pods that may be too many and too few, where some are replaced after others.
    pub(super) fn limits(&self) -> Option<(u64, u64)> {
        if let Self::Rolling(rolling) = self { Some(rolling.limits()) } else { None }
    }

    pub(super) fn hear(&mut self, stage: &mut Stage<'_>, change: Change) {
        match self {
            Self::Rolling(rolling) => rolling.hear(stage, change),
            Self::Recreate(recreate) => recreate.hear(change),
            Self::Stateful(stateful) => stateful.hear(change),
            Self::Daemon(daemon) => daemon.hear(stage, change),
        }
    }

    /// Does all that can be done now.
    pub(super) fn act(&mut self, stage: &mut Stage<'_>) {
        let step = |replacing: &mut Self, stage: &mut Stage<'_>| match replacing {
            Self::Rolling(rolling) => rolling.act(stage),
            Self::Recreate(recreate) => recreate.act(stage),
            Self::Stateful(stateful) => stateful.act(stage),
            Self::Daemon(daemon) => daemon.act(stage),
        };
        while step(self, stage) {}
    }

    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Rolling(rolling) => rolling.is_done(),
            Self::Recreate(recreate) => recreate.is_done(),
            Self::Stateful(stateful) => stateful.is_done(),
            Self::Daemon(daemon) => daemon.is_done(),
        }
    }

    /// The pod that is not ready and that the others wait for.
    pub(super) fn idle(&self) -> Option<usize> {
        if let Self::Stateful(stateful) = self { stateful.idle() } else { None }
    }
}
