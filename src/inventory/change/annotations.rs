//! Annotations by which a pod sets the resources of its injected proxy.
//!
//! Source: Istio's injection template, unchanged since 1.5; any one of them takes the place of all defaults.

use crate::inventory::Labels;
use crate::quantity::{parse_bytes, parse_cpu};
use crate::resources::{Declared, Requirements};

/// CPU request of the proxy.
pub const PROXY_CPU: &str = "sidecar.istio.io/proxyCPU";
/// CPU limit of the proxy.
pub const PROXY_CPU_LIMIT: &str = "sidecar.istio.io/proxyCPULimit";
/// Memory request of the proxy.
pub const PROXY_MEMORY: &str = "sidecar.istio.io/proxyMemory";
/// Memory limit of the proxy.
pub const PROXY_MEMORY_LIMIT: &str = "sidecar.istio.io/proxyMemoryLimit";

/// Whether annotations speak of the proxy's resources.
pub(super) fn size_proxy(annotations: &Labels) -> bool {
    [PROXY_CPU, PROXY_CPU_LIMIT, PROXY_MEMORY, PROXY_MEMORY_LIMIT].iter().any(|key| annotations.contains_key(*key))
}

/// What injection gives a proxy with these annotations; what is no amount is as if it were not there.
pub(super) fn proxy_resources(annotations: &Labels) -> Requirements {
    let cpu = |key| annotations.get(key).and_then(|text: &String| parse_cpu(text).ok());
    let memory = |key| annotations.get(key).and_then(|text: &String| parse_bytes(text).ok());
    Requirements {
        requests: Declared::new(cpu(PROXY_CPU), memory(PROXY_MEMORY)),
        limits: Declared::new(cpu(PROXY_CPU_LIMIT), memory(PROXY_MEMORY_LIMIT)),
    }
}
