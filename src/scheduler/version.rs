//! Minor versions of Kubernetes whose scheduler is known, and in what they differ.

use std::fmt;
use std::str::FromStr;

/// A minor version of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum KubernetesVersion {
    /// 1.32
    V1_32,
    /// 1.33
    V1_33,
    /// 1.34
    #[default]
    V1_34,
    /// 1.35
    V1_35,
    /// 1.36
    V1_36,
}

/// No version that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Kubernetes version whose scheduler is known: expected 1.32, 1.33, 1.34, 1.35 or 1.36")]
pub struct UnknownVersion(String);

impl KubernetesVersion {
    /// Every version known, oldest first.
    pub const ALL: [Self; 5] = [Self::V1_32, Self::V1_33, Self::V1_34, Self::V1_35, Self::V1_36];

    /// Whether a pod's balance is scored by what it changes and not by what it leaves (kubernetes#135573).
    #[must_use]
    pub fn scores_change_of_balance(self) -> bool {
        self >= Self::V1_36
    }

    /// Whether what containers hold during an in-place resize counts (beta and on since 1.33).
    #[must_use]
    pub fn counts_resizes(self) -> bool {
        self >= Self::V1_33
    }

    /// Whether `spec.resources` of a pod counts (beta and on since 1.34).
    #[must_use]
    pub fn counts_pod_level_resources(self) -> bool {
        self >= Self::V1_34
    }

    fn name(self) -> &'static str {
        match self {
            Self::V1_32 => "1.32",
            Self::V1_33 => "1.33",
            Self::V1_34 => "1.34",
            Self::V1_35 => "1.35",
            Self::V1_36 => "1.36",
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KubernetesVersion {
    type Err = UnknownVersion;

    /// Takes `1.34`, `v1.34` and `v1.34.1`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let minor: Vec<&str> = text.trim_start_matches('v').split('.').take(2).collect();
        let minor = minor.join(".");
        Self::ALL.into_iter().find(|version| version.name() == minor).ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_and_without_patch() {
        for text in ["1.34", "v1.34", "v1.34.1"] {
            assert_eq!(text.parse(), Ok(KubernetesVersion::V1_34), "{text}");
        }
        for text in ["", "1", "1.31", "2.34", "v1.340"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }
}
