//! What a mesh is made of, and what each part costs.

use crate::estimate::Estimate;
use crate::mesh::{CniAgents, ProxyMode};
use crate::overhead::ControlPlane;
use crate::plan::{Plan, WorkloadPlan};
use crate::resources::Declared;
use crate::units::{Bytes, Cores, Memory, Millicores};

/// A kind of thing that a mesh runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// Sidecars.
    Sidecars,
    /// Ztunnels.
    Ztunnels,
    /// Waypoints.
    Waypoints,
    /// Ingress and egress gateways.
    Gateways,
    /// istiod, and of the istio-cni agents what they request.
    ControlPlane,
}

impl PartKind {
    /// Every kind, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Sidecars, Self::Ztunnels, Self::Waypoints, Self::Gateways, Self::ControlPlane];

    /// Its name in reports and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sidecars => "sidecars",
            Self::Ztunnels => "ztunnels",
            Self::Waypoints => "waypoints",
            Self::Gateways => "gateways",
            Self::ControlPlane => "istiod",
        }
    }
}

/// All of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The kind.
    pub kind: PartKind,
    /// How many.
    pub count: u64,
    /// Memory of all of them; of istiod while it pushes.
    pub memory: Estimate<Memory>,
    /// CPU of all of them; of istiod while it pushes.
    pub cpu: Estimate<Cores>,
    /// CPU they request, as deployed or as they will be.
    pub cpu_requested: Millicores,
    /// Memory they request.
    pub memory_requested: Bytes,
}

/// The parts of a plan, in the order of [`PartKind::ALL`].
pub(super) fn parts(plan: &Plan) -> Vec<Part> {
    let of = |kind, mode| envoys(kind, plan.workloads.iter().filter(move |workload| workload.mode == mode));
    PartKind::ALL
        .into_iter()
        .map(|kind| match kind {
            PartKind::Sidecars => of(kind, ProxyMode::Sidecar),
            PartKind::Ztunnels => ztunnels(plan),
            PartKind::Waypoints => of(kind, ProxyMode::Waypoint),
            PartKind::Gateways => of(kind, ProxyMode::Gateway),
            PartKind::ControlPlane => control_plane(&plan.control_plane, &plan.cni),
        })
        .collect()
}

fn envoys<'a>(kind: PartKind, workloads: impl Iterator<Item = &'a WorkloadPlan>) -> Part {
    let mut part = nothing(kind);
    let (mut memory, mut cpu) = (Vec::new(), Vec::new());
    for workload in workloads {
        let Some(cost) = &workload.proxy else { continue };
        part.count = part.count.saturating_add(workload.replicas);
        memory.push(cost.memory.scaled(workload.replicas as f64));
        cpu.push(cost.cpu.scaled(workload.replicas as f64));
        part.add(&cost.requests, workload.replicas);
    }
    part.memory = Estimate::sum(&memory);
    part.cpu = Estimate::sum(&cpu);
    part
}

fn ztunnels(plan: &Plan) -> Part {
    let mut part = nothing(PartKind::Ztunnels);
    let Some(cost) = &plan.ztunnel else { return part };
    part.count = plan.totals.ztunnels;
    part.memory = cost.memory.scaled(part.count as f64);
    part.cpu = cost.cpu.scaled(part.count as f64);
    part.add(&cost.requests, part.count);
    part
}

/// istiod as deployed, and the replicas it lacks. It requests what the istio-cni agents do besides.
fn control_plane(istiod: &ControlPlane, cni: &CniAgents) -> Part {
    let mut part = nothing(PartKind::ControlPlane);
    part.add(&cni.requests, cni.count);
    if istiod.proxies == 0 {
        return part;
    }
    let (deployed, requests) = istiod.deployed.clone().unwrap_or_default();
    let missing = istiod.replicas.saturating_sub(deployed);
    part.count = deployed.saturating_add(missing);
    part.memory = istiod.memory.scaled(istiod.replicas as f64);
    part.cpu = istiod.cpu.clone();
    part.add(&requests, deployed);
    part.add(&Declared::new(Some(istiod.cpu_request), Some(istiod.memory_request)), missing);
    part
}

fn nothing(kind: PartKind) -> Part {
    Part {
        kind,
        count: 0,
        memory: Estimate::exact(Memory::ZERO),
        cpu: Estimate::exact(Cores::ZERO),
        cpu_requested: Millicores::ZERO,
        memory_requested: Bytes::ZERO,
    }
}

impl Part {
    fn add(&mut self, each: &Declared, count: u64) {
        let cpu = each.cpu.unwrap_or_default().get().saturating_mul(count);
        let memory = each.memory.unwrap_or_default().get().saturating_mul(count);
        self.cpu_requested = Millicores::new(self.cpu_requested.get().saturating_add(cpu));
        self.memory_requested = Bytes::new(self.memory_requested.get().saturating_add(memory));
    }
}
