//! How many pods a controller may have too many and too few while it replaces them.

use crate::inventory::objects::{PodCount, Rounding, UpdateStrategy};

/// Pods above and below the wanted number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) surge: u64,
    pub(super) unavailable: u64,
}

/// Limits of a Deployment: surge rounded up, unavailable rounded down, both 25 % where nothing is said; if both
/// come to 0, one may be unavailable. Source: `ResolveFenceposts` in
/// `pkg/controller/deployment/util/deployment_util.go`, defaults in `pkg/apis/apps/v1/defaults.go`.
pub(super) fn of_deployment(strategy: &UpdateStrategy, wanted: u64) -> Limits {
    const DEFAULT: PodCount = PodCount::Percent(25);
    let surge = strategy.max_surge.unwrap_or(DEFAULT).of(wanted, Rounding::Up);
    let unavailable = strategy.max_unavailable.unwrap_or(DEFAULT).of(wanted, Rounding::Down).min(wanted);
    Limits { surge, unavailable: if surge == 0 { unavailable.max(1) } else { unavailable } }
}

/// Limits of a StatefulSet: it never has too many; unavailable is rounded down, at least 1, and 1 where nothing
/// is said. Source: `getStatefulSetMaxUnavailable` in `pkg/controller/statefulset/stateful_set_utils.go`.
pub(super) fn of_stateful_set(strategy: &UpdateStrategy, wanted: u64) -> Limits {
    let unavailable = strategy.max_unavailable.unwrap_or(PodCount::Pods(1)).of(wanted, Rounding::Down);
    Limits { surge: 0, unavailable: unavailable.max(1) }
}

/// Limits of a DaemonSet: both rounded up, 1 unavailable and no surge where nothing is said, and where both come
/// to 0. Source: `updatedDesiredNodeCounts` in `pkg/controller/daemon/update.go`, `SurgeCount` and
/// `UnavailableCount` in `pkg/controller/daemon/util`.
pub(super) fn of_daemon_set(strategy: &UpdateStrategy, wanted: u64) -> Limits {
    let surge = strategy.max_surge.unwrap_or(PodCount::Pods(0)).of(wanted, Rounding::Up);
    let default = if surge > 0 { PodCount::Pods(0) } else { PodCount::Pods(1) };
    let unavailable = strategy.max_unavailable.unwrap_or(default).of(wanted, Rounding::Up);
    Limits { surge, unavailable: if surge == 0 { unavailable.max(1) } else { unavailable } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategy(surge: &str, unavailable: &str) -> UpdateStrategy {
        let (max_surge, max_unavailable) = (PodCount::parse(surge), PodCount::parse(unavailable));
        UpdateStrategy { max_surge, max_unavailable, ..UpdateStrategy::default() }
    }

    /// The examples in the comment of `ResolveFenceposts`, and the default at several sizes.
    #[test]
    fn deployments_round_surge_up_and_unavailable_down() {
        for (wanted, unavailable, surge, expected) in [
            (2, "1%", "0%", (0, 1)),
            (1, "1%", "0%", (0, 1)),
            (2, "25%", "1%", (1, 0)),
            (1, "25%", "1%", (1, 0)),
            (2, "0%", "1%", (1, 0)),
            (1, "0%", "1%", (1, 0)),
            (1, "", "", (1, 0)),
            (3, "", "", (1, 0)),
            (4, "", "", (1, 1)),
            (10, "", "", (3, 2)),
            (3, "5", "0", (0, 3)),
            (5, "0", "100%", (5, 0)),
            (0, "", "", (0, 1)),
        ] {
            let limits = of_deployment(&strategy(surge, unavailable), wanted);
            assert_eq!((limits.surge, limits.unavailable), expected, "{wanted} wanted, {unavailable}, {surge}");
        }
    }

    #[test]
    fn stateful_sets_go_one_by_one_unless_they_say() {
        for (wanted, unavailable, expected) in
            [(5, "", 1), (5, "3", 3), (5, "50%", 2), (3, "10%", 1), (5, "0", 1), (100, "33%", 33)]
        {
            assert_eq!(of_stateful_set(&strategy("", unavailable), wanted).unavailable, expected, "{unavailable}");
        }
    }

    #[test]
    fn daemon_sets_round_both_up() {
        for (wanted, unavailable, surge, expected) in [
            (10, "", "", (0, 1)),
            (10, "25%", "", (0, 3)),
            (10, "0", "25%", (3, 0)),
            (10, "", "1", (1, 0)),
            (10, "0", "0", (0, 1)),
            (1000, "10%", "", (0, 100)),
        ] {
            let limits = of_daemon_set(&strategy(surge, unavailable), wanted);
            assert_eq!((limits.surge, limits.unavailable), expected, "{unavailable}, {surge}");
        }
    }
}
