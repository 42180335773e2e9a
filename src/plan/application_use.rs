//! How much of what applications request they use, where it was measured.
//!
//! Headroom is what requests leave, not what is idle. Means add up; of the busiest moments the 95th percentile of each
//! workload is added up, which is an upper bound of that of their sum, for not all are busy at once.

use crate::inventory::request::application_request;
use crate::inventory::{Inventory, Workload};
use crate::mesh::ProxyMode;
use crate::units::{Cores, Memory, Quantity};

/// What applications use of what they request; parts of the mesh are left out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ApplicationUse {
    /// CPU; `None` where nothing was measured of a workload that requests any.
    pub cpu: Option<Used<Cores>>,
    /// Memory.
    pub memory: Option<Used<Memory>>,
}

/// What is used of what is requested, over the workloads that were measured and request any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used<Q> {
    /// Those workloads.
    pub workloads: u64,
    /// What they request.
    pub requested: Q,
    /// What they use on average.
    pub mean: Q,
    /// The sum of what each uses at most in 95 % of its moments, of its mean where there is no series; at least the mean.
    pub busy: Q,
}

impl<Q: Quantity> Used<Q> {
    /// Share of the requests that is used on average, 0 or more.
    #[must_use]
    pub fn mean_share(&self) -> f64 {
        self.mean.base() / self.requested.base()
    }

    /// Share of the requests that is used at most in busy moments, 0 or more.
    #[must_use]
    pub fn busy_share(&self) -> f64 {
        self.busy.base() / self.requested.base()
    }
}

/// What the applications of an inventory use; `modes` are those of its workloads.
pub(super) fn application_use(inventory: &Inventory, modes: impl Iterator<Item = ProxyMode>) -> ApplicationUse {
    let is_application = |mode: &ProxyMode| matches!(mode, ProxyMode::None | ProxyMode::Sidecar | ProxyMode::Ambient);
    let applications: Vec<&Workload> =
        inventory.workloads.iter().zip(modes).filter(|(_, mode)| is_application(mode)).map(|(it, _)| it).collect();
    let requested = |workload: &Workload| application_request(&workload.spec);
    ApplicationUse {
        cpu: used(&applications, |it| {
            let busy = it.measured.busy.app_cpu.map(|peaks| peaks.p95);
            (requested(it).cpu.to_cores(), it.measured.app_cpu, busy)
        }),
        memory: used(&applications, |it| {
            let busy = it.measured.busy.app_memory.map(|peaks| peaks.p95);
            (requested(it).memory.to_memory(), it.measured.app_memory, busy)
        }),
    }
}

fn used<Q: Quantity>(
    applications: &[&Workload],
    of: impl Fn(&Workload) -> (Q, Option<Q>, Option<Q>),
) -> Option<Used<Q>> {
    let (mut workloads, mut sums) = (0, [0.0; 3]);
    for workload in applications.iter().filter(|workload| workload.replicas > 0) {
        let (request, mean, busy) = of(workload);
        let Some(mean) = mean.filter(|_| request.base() > 0.0) else { continue };
        let busy = busy.map_or(mean.base(), |busy| busy.base().max(mean.base()));
        let all = [request.base() * workload.replicas as f64, mean.base(), busy];
        workloads += 1;
        sums.iter_mut().zip(all).for_each(|(sum, more)| *sum += more);
    }
    let [requested, mean, busy] = sums.map(Q::from_base);
    (workloads > 0).then_some(Used { workloads, requested, mean, busy })
}
