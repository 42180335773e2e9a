//! How controllers replace their pods.

use serde::Deserialize;

use super::super::notes::FIELD_IGNORED;
use super::Oddity;
use super::text::{Int, Nullable, Text};
use crate::inventory::objects::{PodCount, UpdateKind, UpdateStrategy, WholeSeconds};

/// `spec.strategy` of Deployments, `spec.updateStrategy` of StatefulSets and DaemonSets.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StrategyWire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    rolling_update: Nullable<RollingWire<'a>>,
    /// As OpenShift's DeploymentConfigs call it.
    #[serde(borrow)]
    rolling_params: Nullable<RollingWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RollingWire<'a> {
    #[serde(borrow)]
    max_surge: Text<'a>,
    #[serde(borrow)]
    max_unavailable: Text<'a>,
    partition: Int,
}

/// What a controller says about its pods beside the strategy.
pub(super) struct Beside<'a> {
    /// `spec.minReadySeconds`.
    pub(super) min_ready: Int,
    /// `spec.podManagementPolicy`.
    pub(super) management: &'a Text<'a>,
}

/// The strategy at `field`.
pub(super) fn update(
    wire: &StrategyWire<'_>,
    beside: &Beside<'_>,
    field: &str,
    odd: &mut Vec<Oddity>,
) -> UpdateStrategy {
    let kind = match wire.kind.as_str() {
        "" | "RollingUpdate" | "Rolling" => UpdateKind::Rolling,
        "Recreate" => UpdateKind::Recreate,
        "OnDelete" => UpdateKind::OnDelete,
        other => {
            odd.push(Oddity {
                kind: &FIELD_IGNORED,
                field: format!("{field}.type"),
                message: format!("{other:?} is not RollingUpdate, Recreate or OnDelete; planned as RollingUpdate"),
            });
            UpdateKind::Rolling
        }
    };
    let rolling = [(&wire.rolling_update, "rollingUpdate"), (&wire.rolling_params, "rollingParams")];
    let mut pods = |amount: for<'w> fn(&'w RollingWire<'w>) -> &'w Text<'w>, name: &str| {
        rolling.iter().find_map(|(wire, place)| pod_count(amount(wire), &format!("{field}.{place}.{name}"), odd))
    };
    UpdateStrategy {
        kind,
        max_surge: pods(|wire| &wire.max_surge, "maxSurge"),
        max_unavailable: pods(|wire| &wire.max_unavailable, "maxUnavailable"),
        partition: wire.rolling_update.partition.count().unwrap_or(0),
        parallel: beside.management.as_str() == "Parallel",
        min_ready: whole_seconds(beside.min_ready).unwrap_or_default(),
    }
}

fn pod_count(text: &Text<'_>, field: &str, odd: &mut Vec<Oddity>) -> Option<PodCount> {
    if text.is_empty() {
        return None;
    }
    let count = PodCount::parse(text.as_str());
    if count.is_none() {
        let text = text.as_str();
        odd.push(Oddity {
            kind: &FIELD_IGNORED,
            field: field.to_owned(),
            message: format!("{text:?} is neither a number of pods nor a percentage; planned as not declared"),
        });
    }
    count
}

/// Seconds of 0 and more, cut at what fits.
pub(super) fn whole_seconds(number: Int) -> Option<WholeSeconds> {
    number.count().map(|seconds| WholeSeconds(u32::try_from(seconds).unwrap_or(u32::MAX)))
}
