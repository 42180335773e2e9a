//! The machine calibration runs on, by class and never by name.

use std::thread;

use super::CalibrateError;
use super::kernel;

/// What stands beside every figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its class: `2 cores, AMD EPYC`.
    pub machine: String,
    /// CPUs this process may use.
    pub cores: u32,
    /// How the CPU's frequency is chosen; `unknown` where that cannot be seen, as in most virtual machines.
    pub governor: String,
    /// Release of the kernel, `6.18`.
    pub kernel: String,
    /// Runnable processes over the last minute, when calibration began.
    pub load_average: f64,
}

impl Host {
    /// Looks at the machine.
    pub(super) fn read() -> Result<Self, CalibrateError> {
        let cores = thread::available_parallelism().map_err(CalibrateError::system("count the CPUs"))?;
        let processor = kernel::processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let noun = if cores.get() == 1 { "core" } else { "cores" };
        Ok(Self {
            machine: format!("{cores} {noun}, {processor}"),
            cores: u32::try_from(cores.get()).unwrap_or(u32::MAX),
            governor: kernel::governor().unwrap_or_else(|| "unknown".to_owned()),
            kernel: kernel::release().unwrap_or_else(|| "unknown".to_owned()),
            load_average: kernel::load_average()?,
        })
    }
}
