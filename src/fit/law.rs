//! The laws that measurements can decide, and which measurements are whose.

use std::fmt;

use crate::card::{Conditions, ModelCard};
use crate::model::{Coefficient, OutOfRange};

/// A law of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// Memory of a proxy, steady and at start-up.
    ProxyMemory,
    /// CPU of a proxy.
    ProxyCpu,
    /// Memory of istiod, between pushes and while it pushes.
    IstiodMemory,
    /// CPU of istiod, idle and while it pushes.
    IstiodCpu,
    /// CPU of istiod by cause, and the times that follow from it.
    IstiodWork,
    /// Memory of a ztunnel.
    ZtunnelMemory,
    /// CPU of a ztunnel.
    ZtunnelCpu,
}

/// Key of the coefficient that holds what a law leaves open; it is set by residuals and not by the regression.
const SPREAD: &str = "spread";

impl Law {
    /// All of them, in the order of a card.
    pub const ALL: [Self; 7] = [
        Self::ProxyMemory,
        Self::ProxyCpu,
        Self::IstiodMemory,
        Self::IstiodCpu,
        Self::IstiodWork,
        Self::ZtunnelMemory,
        Self::ZtunnelCpu,
    ];

    /// Name in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ProxyMemory => "proxy memory",
            Self::ProxyCpu => "proxy CPU",
            Self::IstiodMemory => "istiod memory",
            Self::IstiodCpu => "istiod CPU",
            Self::IstiodWork => "istiod CPU by cause",
            Self::ZtunnelMemory => "ztunnel memory",
            Self::ZtunnelCpu => "ztunnel CPU",
        }
    }

    /// Section of a card that holds its coefficients.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::ProxyMemory => "proxy_memory",
            Self::ProxyCpu => "proxy_cpu",
            Self::IstiodMemory => "istiod_memory",
            Self::IstiodCpu => "istiod_cpu",
            Self::IstiodWork => "istiod_work",
            Self::ZtunnelMemory => "ztunnel_memory",
            Self::ZtunnelCpu => "ztunnel_cpu",
        }
    }

    /// Whether it measures CPU, which depends on how fast the cores are.
    #[must_use]
    pub fn is_cpu(self) -> bool {
        matches!(self, Self::ProxyCpu | Self::IstiodCpu | Self::IstiodWork | Self::ZtunnelCpu)
    }

    /// The law that a measurement is about.
    pub(super) fn of(conditions: &Conditions) -> Self {
        match conditions {
            Conditions::ProxyMemory(_) | Conditions::ProxyStartupMemory(_) => Self::ProxyMemory,
            Conditions::ProxyCpu(_) => Self::ProxyCpu,
            Conditions::IstiodMemory(_) | Conditions::IstiodPeakMemory(_) => Self::IstiodMemory,
            Conditions::IstiodIdleCpu | Conditions::IstiodCpu(_) => Self::IstiodCpu,
            Conditions::IstiodWork(..)
            | Conditions::EndpointChange(..)
            | Conditions::ConfigChange(..)
            | Conditions::Reconnection(..) => Self::IstiodWork,
            Conditions::ZtunnelMemory(_) => Self::ZtunnelMemory,
            Conditions::ZtunnelCpu(_) => Self::ZtunnelCpu,
        }
    }

    /// Its coefficients in a card, the spread left out.
    pub(super) fn coefficients(self, card: &ModelCard) -> Vec<Coefficient> {
        self.section_of(card).filter(|one| !is_spread(one)).cloned().collect()
    }

    /// What it leaves open, as a card has it.
    pub(super) fn spread(self, card: &ModelCard) -> Option<Coefficient> {
        self.section_of(card).find(|one| is_spread(one)).cloned()
    }

    fn section_of(self, card: &ModelCard) -> impl Iterator<Item = &Coefficient> {
        card.coefficients().into_iter().filter(move |one| one.name.split('.').next() == Some(self.section()))
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Coefficients of a card that conditions use beyond the counts they were observed at.
pub(super) fn outside_range(card: &ModelCard, conditions: &Conditions) -> Vec<OutOfRange> {
    match conditions {
        Conditions::ProxyMemory(config) | Conditions::ProxyStartupMemory(config) => {
            card.proxy_memory.outside_range(config)
        }
        Conditions::ProxyCpu(traffic) => card.proxy_cpu.outside_range(traffic),
        Conditions::IstiodMemory(load) | Conditions::IstiodPeakMemory(load) => card.istiod_memory.outside_range(load),
        Conditions::IstiodIdleCpu
        | Conditions::IstiodWork(..)
        | Conditions::EndpointChange(..)
        | Conditions::ConfigChange(..)
        | Conditions::Reconnection(..) => Vec::new(),
        Conditions::IstiodCpu(load) => card.istiod_cpu.outside_range(load),
        Conditions::ZtunnelMemory(load) | Conditions::ZtunnelCpu(load) => card.ztunnel.outside_range(load),
    }
}

fn is_spread(coefficient: &Coefficient) -> bool {
    coefficient.name.rsplit('.').next() == Some(SPREAD)
}
