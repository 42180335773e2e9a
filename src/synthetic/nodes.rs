//! Nodes: pools, zones, shapes, and what a kubelet on Google Kubernetes Engine leaves to pods.

use super::draw::{Ago, Digest, Draw, Uid, mix};
use super::json::Json;

/// Most pods on a node: the default of Kubernetes and of GKE.
pub(super) const PODS_PER_NODE: u64 = 110;
/// Zones of the cluster; every third node stands in each.
pub(super) const ZONES: [&str; 3] = ["europe-west1-b", "europe-west1-c", "europe-west1-d"];
/// Region of the cluster.
pub(super) const REGION: &str = "europe-west1";
/// Value of the `dedicated` taint and of the pool label of tainted nodes.
pub(super) const DEDICATED: &str = "analytics";

/// A machine type.
#[derive(Debug)]
pub(super) struct Shape {
    name: &'static str,
    cores: u64,
    memory_gib: u64,
}

const SMALL: Shape = Shape { name: "n2-standard-4", cores: 4, memory_gib: 16 };
const MEDIUM: Shape = Shape { name: "n2-standard-8", cores: 8, memory_gib: 32 };
const LARGE: Shape = Shape { name: "n2-standard-16", cores: 16, memory_gib: 64 };

/// A node of the cluster.
#[derive(Debug)]
pub(super) struct Node {
    pub name: String,
    pub key: u64,
    /// Index into [`ZONES`].
    pub zone: usize,
    /// Whether it carries the `dedicated` taint.
    pub dedicated: bool,
    shape: &'static Shape,
    cordoned: bool,
    /// Address, as its position on the node network.
    number: u64,
}

/// CPU in thousandths of a core and memory in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount {
    pub cpu: u64,
    pub memory: u64,
}

/// Plans `count` nodes in the order of their names.
pub(super) fn plan(count: u64, seed: u64) -> Vec<Node> {
    let mut draw = Draw::new(seed, 1);
    let dedicated = count / 20;
    let mut nodes: Vec<Node> = (0..count)
        .map(|number| {
            let dedicated = number < dedicated;
            let shape = draw.weighted(&[(26, &SMALL), (53, &MEDIUM), (21, &LARGE)], &MEDIUM);
            let shape = if dedicated { &LARGE } else { shape };
            let zone = (number % ZONES.len() as u64) as usize;
            let cordoned = draw.chance(3) && count >= 100;
            let pool = if dedicated { DEDICATED } else { "general" };
            let letter = ["b", "c", "d"].get(zone).copied().unwrap_or_default();
            let name = format!("gke-{pool}-{}-{letter}-{number:05}", shape.name.trim_start_matches("n2-standard-"));
            Node { name, key: mix(seed, number ^ 0x6e6f_6465), zone, dedicated, shape, cordoned, number }
        })
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}

impl Node {
    /// What pods may request.
    pub fn allocatable(&self) -> Amount {
        Amount { cpu: self.allocatable_cpu(), memory: self.allocatable_kib() / 1024 }
    }

    /// Its address on the node network 172.16.0.0/12.
    pub fn address(&self) -> String {
        let number = self.number % (1 << 20) + 16;
        format!("172.{}.{}.{}", 16 + (number >> 16) % 16, (number >> 8) % 256, number % 256)
    }

    /// Its zone.
    pub fn zone_name(&self) -> &'static str {
        ZONES.get(self.zone).copied().unwrap_or_default()
    }

    /// GKE keeps 6 % of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of the rest.
    fn allocatable_cpu(&self) -> u64 {
        let rest = self.shape.cores.saturating_sub(4);
        self.shape.cores * 1000 - (60 + 10 + 2 * 5) - (rest * 5).div_ceil(2)
    }

    /// What the kernel leaves of the machine.
    fn capacity_kib(&self) -> u64 {
        let machine = self.shape.memory_gib * GIB;
        machine - machine / 64 - 80 * MIB - (machine * 175 / 100_000).min(248 * MIB)
    }

    /// GKE keeps 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8 and 6 % of the next
    /// 112, and 100 MiB before it evicts.
    fn allocatable_kib(&self) -> u64 {
        let tranches = [(4 * GIB, 25), (4 * GIB, 20), (8 * GIB, 10), (112 * GIB, 6)];
        let mut rest = self.capacity_kib();
        let mut kept = 100 * MIB;
        for (size, percent) in tranches {
            kept += rest.min(size) * percent / 100;
            rest = rest.saturating_sub(size);
        }
        self.capacity_kib() - kept
    }

    /// Writes it as the API server lists it.
    pub fn write(&self, json: &mut Json<'_>) {
        let age = 40 * 86_400 + mix(self.key, 1) % (200 * 86_400);
        json.string("apiVersion", "v1");
        json.string("kind", "Node");
        json.object("metadata", |json| {
            json.object("annotations", |json| {
                json.string("node.alpha.kubernetes.io/ttl", "0");
                json.string("volumes.kubernetes.io/controller-managed-attach-detach", "true");
            });
            json.string("creationTimestamp", Ago(age));
            json.object("labels", |json| self.write_labels(json));
            json.string("name", &self.name);
            json.string("resourceVersion", 1_000_000 + mix(self.key, 2) % 90_000_000);
            json.string("uid", Uid(self.key));
        });
        json.object("spec", |json| self.write_spec(json));
        json.object("status", |json| self.write_status(json, age));
    }

    fn write_labels(&self, json: &mut Json<'_>) {
        json.string("beta.kubernetes.io/arch", "amd64");
        json.string("beta.kubernetes.io/instance-type", self.shape.name);
        json.string("beta.kubernetes.io/os", "linux");
        json.string("failure-domain.beta.kubernetes.io/region", REGION);
        json.string("failure-domain.beta.kubernetes.io/zone", self.zone_name());
        json.string("kubernetes.io/arch", "amd64");
        json.string("kubernetes.io/hostname", &self.name);
        json.string("kubernetes.io/os", "linux");
        json.string("node-pool", if self.dedicated { DEDICATED } else { "general" });
        json.string("node.kubernetes.io/instance-type", self.shape.name);
        json.string("topology.kubernetes.io/region", REGION);
        json.string("topology.kubernetes.io/zone", self.zone_name());
    }

    fn write_spec(&self, json: &mut Json<'_>) {
        json.string("providerID", format_args!("gce://meshcap-synthetic/{}/{}", self.zone_name(), self.name));
        if !self.dedicated && !self.cordoned {
            return;
        }
        json.array("taints", |json| {
            if self.dedicated {
                json.element(|json| {
                    json.string("effect", "NoSchedule");
                    json.string("key", "dedicated");
                    json.string("value", DEDICATED);
                });
            }
            if self.cordoned {
                json.element(|json| {
                    json.string("effect", "NoSchedule");
                    json.string("key", "node.kubernetes.io/unschedulable");
                    json.string("timeAdded", Ago(3 * 3600));
                });
            }
        });
        if self.cordoned {
            json.plain("unschedulable", true);
        }
    }

    fn write_status(&self, json: &mut Json<'_>, age: u64) {
        json.array("addresses", |json| {
            for (kind, address) in [("InternalIP", self.address()), ("Hostname", self.name.clone())] {
                json.element(|json| {
                    json.string("address", address);
                    json.string("type", kind);
                });
            }
        });
        json.object("allocatable", |json| {
            json.string("cpu", format_args!("{}m", self.allocatable_cpu()));
            write_disk_and_memory(json, "47093746742", self.allocatable_kib());
        });
        json.object("capacity", |json| {
            json.string("cpu", self.shape.cores);
            write_disk_and_memory(json, "98831908Ki", self.capacity_kib());
        });
        json.array("conditions", |json| {
            for (kind, status, reason, message) in CONDITIONS {
                json.element(|json| {
                    json.string("lastHeartbeatTime", Ago(mix(self.key, 3) % 300));
                    json.string("lastTransitionTime", Ago(age - 30));
                    json.string("message", message);
                    json.string("reason", reason);
                    json.string("status", status);
                    json.string("type", kind);
                });
            }
        });
        json.object("daemonEndpoints", |json| {
            json.object("kubeletEndpoint", |json| json.plain("Port", 10250));
        });
        json.array("images", |json| {
            for (number, image) in IMAGES.iter().enumerate() {
                json.element(|json| {
                    json.array("names", |json| {
                        json.element_string(format_args!("{image}@sha256:{}", Digest(number as u64)));
                        json.element_string(format_args!("{image}:v1.4.2"));
                    });
                    json.plain("sizeBytes", 20_000_000 + mix(number as u64, 4) % 300_000_000);
                });
            }
        });
        json.object("nodeInfo", |json| {
            json.string("architecture", "amd64");
            json.string("bootID", Uid(mix(self.key, 5)));
            json.string("containerRuntimeVersion", "containerd://2.1.4");
            json.string("kernelVersion", "6.6.97+");
            json.string("kubeProxyVersion", "v1.34.1");
            json.string("kubeletVersion", "v1.34.1");
            json.string("machineID", format_args!("{:016x}{:016x}", mix(self.key, 6), mix(self.key, 7)));
            json.string("operatingSystem", "linux");
            json.string("osImage", "Container-Optimized OS from Google");
            json.string("systemUUID", Uid(mix(self.key, 8)));
        });
    }
}

const MIB: u64 = 1024;
const GIB: u64 = 1024 * MIB;

const CONDITIONS: [(&str, &str, &str, &str); 4] = [
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

const IMAGES: [&str; 4] = [
    "registry.example.com/platform/network-agent",
    "registry.example.com/platform/log-collector",
    "registry.example.com/platform/runtime-sensor",
    "registry.example.com/istio/proxyv2",
];

fn write_disk_and_memory(json: &mut Json<'_>, disk: &str, memory_kib: u64) {
    json.string("ephemeral-storage", disk);
    json.string("hugepages-1Gi", "0");
    json.string("hugepages-2Mi", "0");
    json.string("memory", format_args!("{memory_kib}Ki"));
    json.string("pods", PODS_PER_NODE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_follow_gke() {
        let allocatable = |shape| {
            let node =
                Node { name: String::new(), key: 0, zone: 0, dedicated: false, shape, cordoned: false, number: 0 };
            node.allocatable()
        };
        assert_eq!(allocatable(&SMALL).cpu, 3920);
        assert_eq!(allocatable(&MEDIUM).cpu, 7910);
        assert_eq!(allocatable(&LARGE).cpu, 15890);
        // Published by GKE's users: about 13 GiB of 16, 28 of 32, 58 of 64.
        for (shape, gib) in [(&SMALL, 12..14), (&MEDIUM, 27..29), (&LARGE, 56..60)] {
            assert!(gib.contains(&(allocatable(shape).memory / 1024)), "{shape:?}: {:?}", allocatable(shape));
        }
    }

    #[test]
    fn zones_and_pools_have_their_share() {
        let nodes = plan(300, 7);
        assert_eq!(nodes.iter().filter(|node| node.dedicated).count(), 15);
        for zone in 0..3 {
            assert_eq!(nodes.iter().filter(|node| node.zone == zone).count(), 100);
        }
        assert!(nodes.is_sorted_by(|a, b| a.name < b.name));
    }
}
