//! How controllers replace pods, and how long pods take to come and go.

use std::fmt;

use crate::units::Seconds;

/// How a controller replaces its pods, as declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpdateStrategy {
    /// Its type.
    pub kind: UpdateKind,
    /// Pods above the wanted number while pods are replaced.
    pub max_surge: Option<PodCount>,
    /// Pods below the wanted number while pods are replaced.
    pub max_unavailable: Option<PodCount>,
    /// Of StatefulSets: pods with a smaller ordinal stay as they are.
    pub partition: u64,
    /// Of StatefulSets: `podManagementPolicy: Parallel`.
    pub parallel: bool,
    /// How long a pod must be ready before it counts as available.
    pub min_ready: WholeSeconds,
}

/// Type of an [`UpdateStrategy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdateKind {
    /// Some after others; also where nothing is said.
    #[default]
    Rolling,
    /// All go before any comes.
    Recreate,
    /// Only when somebody deletes them.
    OnDelete,
}

/// A number of pods, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PodCount {
    /// So many.
    Pods(u64),
    /// So many percent, 0 … 10⁹.
    Percent(u64),
}

/// Which way a share of pods is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the larger number.
    Up,
    /// To the smaller number.
    Down,
}

impl PodCount {
    /// Reads `3` or `30%`; nothing where it is neither, negative, or beyond 10⁹.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const MOST: u64 = 1_000_000_000;
        let number = |text: &str| text.trim().parse().ok().filter(|number| *number <= MOST);
        match text.trim().strip_suffix('%') {
            Some(percent) => number(percent).map(Self::Percent),
            None => number(text).map(Self::Pods),
        }
    }

    /// How many of `all` pods that is. Source: `GetScaledValueFromIntOrPercent` in
    /// `apimachinery/pkg/util/intstr/intstr.go`.
    #[must_use]
    pub fn of(self, all: u64, rounding: Rounding) -> u64 {
        match (self, rounding) {
            (Self::Pods(number), _) => number,
            (Self::Percent(percent), Rounding::Up) => all.saturating_mul(percent).div_ceil(100),
            (Self::Percent(percent), Rounding::Down) => all.saturating_mul(percent) / 100,
        }
    }
}

impl fmt::Display for PodCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// Whole seconds, as Kubernetes declares delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct WholeSeconds(pub u32);

impl WholeSeconds {
    /// As a duration.
    #[must_use]
    pub fn to_seconds(self) -> Seconds {
        Seconds::new(f64::from(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_are_read_and_rounded() {
        for (text, all, up, down) in [
            ("0", 7, 0, 0),
            ("3", 7, 3, 3),
            ("25%", 4, 1, 1),
            ("25%", 10, 3, 2),
            ("25%", 1, 1, 0),
            ("1%", 1000, 10, 10),
            ("1%", 2, 1, 0),
            ("100%", 7, 7, 7),
            ("150%", 2, 3, 3),
            ("0%", 9, 0, 0),
            ("34%", 3, 2, 1),
        ] {
            let count = PodCount::parse(text).unwrap();
            assert_eq!((count.of(all, Rounding::Up), count.of(all, Rounding::Down)), (up, down), "{text} of {all}");
            assert_eq!(count.to_string(), text);
        }
        for text in ["", "%", "-1", "-5%", "a", "1.5", "99999999999"] {
            assert_eq!(PodCount::parse(text), None, "{text}");
        }
    }
}
