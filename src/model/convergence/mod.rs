//! How long it takes until the last proxy has a change.

mod push;
mod storm;

pub use push::Push;

use super::{IstiodLimits, IstiodWork, bounded};
use crate::estimate::Estimate;
use crate::units::{Cores, Seconds};

/// The laws with what they cost and what limits them.
#[derive(Debug, Clone, Copy)]
pub struct Convergence<'a> {
    /// What events cost.
    pub work: &'a IstiodWork,
    /// What limits a replica.
    pub limits: &'a IstiodLimits,
}

/// Proxies and the replicas that serve them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fleet {
    /// Proxies concerned; at least 0.
    pub proxies: f64,
    /// Replicas they are spread over; 0 counts as 1.
    pub replicas: u64,
    /// Cores each replica may use; 0 counts as 1.
    pub cores: u64,
    /// CPU that others on its node leave a replica, where they take theirs at the same time: it works with that, while
    /// what it does at once follows its cores. `None` leaves it all of them.
    pub left: Option<Cores>,
}

/// A time, and what decides it.
#[derive(Debug, Clone, PartialEq)]
pub struct Convergent {
    /// Until the last proxy has been sent the change.
    pub time: Estimate<Seconds>,
    /// What takes longest.
    pub bound: Bound,
}

/// What decides how fast proxies are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The cores of the replicas.
    Cores,
    /// The pushes a replica works on at once.
    PushesAtOnce,
    /// The network of the replicas.
    Network,
    /// The new connections a replica accepts a second.
    ConnectionRate,
}

impl Bound {
    /// Name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cores => "cores",
            Self::PushesAtOnce => "pushes-at-once",
            Self::Network => "network",
            Self::ConnectionRate => "connection-rate",
        }
    }
}

impl Fleet {
    fn per_replica(self) -> f64 {
        bounded(self.proxies) / self.replicas.max(1) as f64
    }

    fn cores(self) -> f64 {
        /// Nobody is left nothing: the least weight there is still is one.
        const LEAST: f64 = 0.001;
        let cores = self.cores.max(1) as f64;
        self.left.map_or(cores, |left| bounded(left.as_cores()).clamp(LEAST, cores))
    }
}
