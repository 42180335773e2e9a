//! istiod: its memory, its CPU, and what limits it.
//!
//! One law each: [`IstiodMemory`] by what a replica holds; [`IstiodCpu`] as scale tests saw it while much of a
//! mesh changes at once; [`IstiodWork`] by cause, from the rates at which things happen, which [`ChangeRates`] gives from those
//! of changes; [`IstiodLimits`], the throttles istiod is built with.

mod cpu;
mod debounce;
mod limits;
mod memory;
mod rates;
mod work;

pub use cpu::IstiodCpu;
pub use debounce::{Debounce, Merged};
pub use limits::{IstiodLimits, IstiodSettings};
pub use memory::IstiodMemory;
pub use rates::{ChangeRates, Pushed};
pub use work::{IstiodWork, WorkRates};

use super::bounded;

/// What a control plane serves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ControlPlaneLoad {
    /// Services discovered.
    pub services: u64,
    /// Endpoints of all of them.
    pub endpoints: u64,
    /// Objects of Istio's and the Gateway API's configuration.
    pub config_objects: u64,
    /// Proxies connected; a fraction is an average over replicas.
    pub proxies: f64,
    /// Services a proxy sees, on average; at least 0.
    pub visible_services: f64,
    /// Pushes one replica works on at the same moment; at least 0.
    pub pushes_at_once: f64,
}

impl ControlPlaneLoad {
    /// Proxies times the services each sees, in thousands.
    fn proxy_kilo_services(&self) -> f64 {
        bounded(bounded(self.proxies) * bounded(self.visible_services) / 1000.0)
    }

    /// Pushes at once times the services in each, in thousands.
    fn push_kilo_services(&self) -> f64 {
        bounded(bounded(self.pushes_at_once) * bounded(self.visible_services) / 1000.0)
    }
}

const PROXIES_TIMES_SERVICES: &str = "proxies × visible services ÷ 1000";
const PUSHES_TIMES_SERVICES: &str = "pushes at once × visible services ÷ 1000";

/// The mesh of Istio's performance page up to 1.21.
#[cfg(test)]
const SCOPED: ControlPlaneLoad = ControlPlaneLoad {
    services: 1000,
    endpoints: 2000,
    config_objects: 100,
    proxies: 2000.0,
    visible_services: 10.0,
    pushes_at_once: 100.0,
};
