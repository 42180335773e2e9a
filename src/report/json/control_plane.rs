//! istiod, as it is written.

use serde::Serialize;

use super::certificates::Certificates;
use super::clusters::Clusters;
use super::derivations::Derivations;
use super::measured::MeasuredMemory;
use super::operation::Operation;
use super::wire::{Declared, Estimate, Number};

/// istiod.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ControlPlane<'a> {
    /// Proxies it serves, those of other clusters that connect among them.
    proxies: u64,
    /// What comes of which cluster; `null` where there is no other.
    clusters: Option<Clusters<'a>>,
    /// Replicas needed.
    replicas: u64,
    /// CPU of all replicas, in cores.
    cpu_cores: Estimate,
    /// Memory of each replica, in bytes.
    memory_bytes: Estimate,
    /// What was measured of the memory of its replicas; `null` where nothing was.
    memory_measured: Option<MeasuredMemory>,
    /// Certificate signing requests per second.
    csr_per_second: Number,
    /// Life of certificates.
    certificates: Certificates<'a>,
    /// Why no number of replicas within the policy's largest replica carries the mesh; null if one does.
    infeasible: Option<String>,
    /// CPU request of each replica.
    cpu_request_millicores: u64,
    /// Memory request of each replica.
    memory_request_bytes: u64,
    /// What runs today; `null` where istiod is not in the input.
    deployed: Option<Deployed>,
    /// The arithmetic.
    derivations: ControlPlaneDerivations,
    /// How it behaves; `null` where it serves nothing.
    operation: Option<Operation<'a>>,
}

/// Where the arithmetic of istiod stands: places in the report's `derivations`, from 0; `null` where
/// there is none.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ControlPlaneDerivations {
    /// Of the memory of a replica.
    memory: Option<usize>,
    /// Of the CPU of all replicas.
    cpu: Option<usize>,
}

/// istiod as it runs today.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Deployed {
    /// Replicas.
    replicas: u64,
    /// Requests of each.
    requests: Declared,
}

impl<'a> ControlPlane<'a> {
    /// As written, its arithmetic among that of the report.
    pub fn new(istiod: &'a crate::overhead::ControlPlane, derivations: &mut Derivations<'a>) -> Self {
        Self {
            proxies: istiod.proxies,
            clusters: istiod.clusters.as_ref().map(Clusters::from),
            replicas: istiod.replicas,
            cpu_cores: (&istiod.cpu).into(),
            memory_bytes: Estimate::of_bytes(&istiod.memory),
            memory_measured: istiod.measured.as_ref().map(MeasuredMemory::from),
            derivations: ControlPlaneDerivations {
                memory: derivations.place(&istiod.memory),
                cpu: derivations.place(&istiod.cpu),
            },
            operation: istiod.operation.as_ref().map(|operation| Operation::new(operation, derivations)),
            csr_per_second: Number::new(istiod.csr_per_second),
            certificates: (&istiod.certificates).into(),
            infeasible: istiod.infeasible.clone(),
            cpu_request_millicores: istiod.cpu_request.get(),
            memory_request_bytes: istiod.memory_request.get(),
            deployed: istiod
                .deployed
                .as_ref()
                .map(|(replicas, requests)| Deployed { replicas: *replicas, requests: requests.into() }),
        }
    }
}
