//! What is dangerous about the guards of a plan's services, counted.

use crate::plan::Plan;
use crate::resilience::WeaknessKind;

/// Services, routes and proxies that are in danger, and services that nothing guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dangers {
    /// Proxies that may be killed while they start.
    pub killed: u64,
    /// Outlier detections that, with the loss of one more host, leave fewer than carry the load.
    pub ejections: u64,
    /// Services whose pools of connections refuse requests of busy seconds.
    pub pools: u64,
    /// Routes whose timeouts cut requests that would have been answered.
    pub timeouts: u64,
    /// Services whose retries make more of a request than the policy lets a chain of callers make.
    pub retries: u64,
    /// Guards that are missing where it is known what they should be: limits of what is under way, timeouts, outlier
    /// detections.
    pub unguarded: u64,
}

impl Dangers {
    /// Those of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let guards = &plan.resilience.guards;
        let too_few = plan.resilience.ejections.iter().filter(|case| case.leaves_too_few());
        let missing = WeaknessKind::ALL.into_iter().filter(|kind| !kind.is_acute());
        Self {
            killed: plan.totals.proxies_at_risk,
            ejections: too_few.count() as u64,
            pools: guards.count(WeaknessKind::Refuses),
            timeouts: guards.count(WeaknessKind::Cuts),
            retries: guards.count(WeaknessKind::Multiplies),
            unguarded: missing.map(|kind| guards.count(kind)).sum(),
        }
    }

    /// All but what is only not guarded.
    #[must_use]
    pub fn acute(&self) -> u64 {
        self.by_name().iter().map(|(_, count)| count).sum()
    }

    /// Each with its name, but for what is only not guarded.
    #[must_use]
    pub fn by_name(&self) -> [(&'static str, u64); 5] {
        [
            ("proxies that may be killed while they start", self.killed),
            ("outlier detections that leave too few pods", self.ejections),
            ("services whose pools refuse requests of busy seconds", self.pools),
            ("routes whose timeouts cut good requests", self.timeouts),
            ("services whose retries multiply beyond the bound", self.retries),
        ]
    }
}
