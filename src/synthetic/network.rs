//! Services and the endpoint slices behind them.

use std::io;

use super::draw::{Ago, Suffix, Uid, mix};
use super::json::Json;
use super::planning::Cluster;
use super::pods::{self, State};
use super::schedule::Schedule;
use super::template::selector;
use super::workloads::{Protocol, Role, Workload};

/// Most endpoints of a slice: the default of Kubernetes' controller.
const ENDPOINTS_PER_SLICE: usize = 100;

/// Writes a service for every workload that serves.
pub(super) fn write_services(cluster: &Cluster, json: &mut Json<'_>) -> io::Result<()> {
    for workload in cluster.workloads.iter().filter(|workload| workload.serves.is_some()) {
        json.item(|json| write_service(json, workload, cluster.namespace_of(workload)))?;
    }
    Ok(())
}

/// Writes the endpoints of every service. The pods are placed once more, the same way, rather than
/// remembered.
pub(super) fn write_endpoint_slices(cluster: &Cluster, json: &mut Json<'_>) -> io::Result<()> {
    let mut schedule = Schedule::new(cluster);
    for workload in &cluster.workloads {
        let mut endpoints = Vec::new();
        let mut slices = 0;
        pods::each(cluster, &mut schedule, workload, |pod| {
            if workload.serves.is_none() || !matches!(pod.state, State::Running) {
                return Ok(());
            }
            let (Some(address), Some(node)) = (pod.address(), pod.node) else { return Ok(()) };
            let (name, zone) = (pod.name.clone(), node.zone_name());
            endpoints.push(Endpoint { address, node: node.name.clone(), zone, name, key: pod.key });
            if endpoints.len() == ENDPOINTS_PER_SLICE {
                json.item(|json| write_slice(json, cluster, workload, slices, &endpoints))?;
                endpoints.clear();
                slices += 1;
            }
            Ok(())
        })?;
        if workload.serves.is_some() && (slices == 0 || !endpoints.is_empty()) {
            json.item(|json| write_slice(json, cluster, workload, slices, &endpoints))?;
        }
    }
    Ok(())
}

struct Endpoint {
    address: String,
    node: String,
    zone: &'static str,
    name: String,
    key: u64,
}

struct Port {
    name: &'static str,
    port: u16,
    target: u16,
    /// `UDP` rather than `TCP`.
    udp: bool,
}

/// Ports of a workload's service; those of istiod and the gateway as Istio's charts have them.
fn ports(workload: &Workload) -> Vec<Port> {
    let tcp = |name, port, target| Port { name, port, target, udp: false };
    match (workload.role, workload.serves) {
        (Role::Istiod, _) => vec![
            tcp("grpc-xds", 15010, 15010),
            tcp("https-dns", 15012, 15012),
            tcp("https-webhook", 443, 15017),
            tcp("http-monitoring", 15014, 15014),
        ],
        (Role::IngressGateway, _) => {
            vec![tcp("status-port", 15021, 15021), tcp("http2", 80, 80), tcp("https", 443, 443)]
        }
        (_, Some(Protocol::Dns)) => {
            vec![Port { name: "dns", port: 53, target: 53, udp: true }, tcp("dns-tcp", 53, 53)]
        }
        (_, Some(protocol)) => {
            let mut ports = vec![tcp(protocol.port_name(), protocol.port(), protocol.target_port())];
            if workload.exporter {
                ports.push(tcp("http-metrics", 9102, 9102));
            }
            ports
        }
        (_, None) => Vec::new(),
    }
}

fn write_service(json: &mut Json<'_>, workload: &Workload, namespace: &str) {
    let key = mix(workload.key, 200);
    let gateway = workload.role == Role::IngressGateway;
    let address = format!("34.{}.{}.{}", 64 + key % 32, (key >> 8) % 256, (key >> 16) % 256);
    let cluster_ip = if workload.headless() {
        "None".to_owned()
    } else {
        format!("34.{}.{}.{}", 118 + key % 8, (key >> 8) % 256, (key >> 16) % 256)
    };
    json.string("apiVersion", "v1");
    json.string("kind", "Service");
    json.object("metadata", |json| {
        json.string("creationTimestamp", Ago(workload.age()));
        json.object("labels", |json| json.string(selector(workload), &workload.name));
        json.string("name", &workload.name);
        json.string("namespace", namespace);
        json.string("resourceVersion", 1_000_000 + mix(key, 1) % 90_000_000);
        json.string("uid", Uid(key));
    });
    json.object("spec", |json| {
        if gateway {
            json.plain("allocateLoadBalancerNodePorts", true);
        }
        json.string("clusterIP", &cluster_ip);
        json.array("clusterIPs", |json| json.element_string(&cluster_ip));
        if gateway {
            json.string("externalTrafficPolicy", "Cluster");
        }
        json.string("internalTrafficPolicy", "Cluster");
        json.strings("ipFamilies", &["IPv4"]);
        json.string("ipFamilyPolicy", "SingleStack");
        json.array("ports", |json| {
            for (number, port) in (0..).zip(ports(workload)) {
                json.element(|json| {
                    json.string("name", port.name);
                    if gateway {
                        json.plain("nodePort", 30_000 + (key % 900) * 3 + number);
                    }
                    json.plain("port", port.port);
                    json.string("protocol", if port.udp { "UDP" } else { "TCP" });
                    json.plain("targetPort", port.target);
                });
            }
        });
        json.object("selector", |json| json.string(selector(workload), &workload.name));
        json.string("sessionAffinity", "None");
        json.string("type", if gateway { "LoadBalancer" } else { "ClusterIP" });
    });
    json.object("status", |json| {
        json.object("loadBalancer", |json| {
            if gateway {
                json.array("ingress", |json| json.element(|json| json.string("ip", address)));
            }
        });
    });
}

fn write_slice(json: &mut Json<'_>, cluster: &Cluster, workload: &Workload, slice: u64, endpoints: &[Endpoint]) {
    let namespace = cluster.namespace_of(workload);
    let key = mix(workload.key, 300 + slice);
    json.string("addressType", "IPv4");
    json.string("apiVersion", "discovery.k8s.io/v1");
    if endpoints.is_empty() {
        json.null("endpoints");
    } else {
        json.array("endpoints", |json| {
            for endpoint in endpoints {
                json.element(|json| write_endpoint(json, endpoint, namespace));
            }
        });
    }
    json.string("kind", "EndpointSlice");
    json.object("metadata", |json| {
        json.string("creationTimestamp", Ago(workload.age()));
        json.string("generateName", format_args!("{}-", workload.name));
        json.plain("generation", 1 + key % 400);
        json.object("labels", |json| {
            json.string("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
            json.string("kubernetes.io/service-name", &workload.name);
        });
        // The number of the slice in front keeps the names of a service's slices apart.
        let suffix = Suffix { number: key - key % 27 + slice % 27, letters: 5 };
        json.string("name", format_args!("{}-{suffix}", workload.name));
        json.string("namespace", namespace);
        json.array("ownerReferences", |json| {
            json.element(|json| {
                json.string("apiVersion", "v1");
                json.plain("blockOwnerDeletion", true);
                json.plain("controller", true);
                json.string("kind", "Service");
                json.string("name", &workload.name);
                json.string("uid", Uid(mix(workload.key, 200)));
            });
        });
        json.string("resourceVersion", 1_000_000 + mix(key, 1) % 90_000_000);
        json.string("uid", Uid(key));
    });
    json.array("ports", |json| {
        for port in ports(workload) {
            json.element(|json| {
                json.string("name", port.name);
                json.plain("port", port.target);
                json.string("protocol", if port.udp { "UDP" } else { "TCP" });
            });
        }
    });
}

fn write_endpoint(json: &mut Json<'_>, endpoint: &Endpoint, namespace: &str) {
    json.array("addresses", |json| json.element_string(&endpoint.address));
    json.object("conditions", |json| {
        json.plain("ready", true);
        json.plain("serving", true);
        json.plain("terminating", false);
    });
    json.string("nodeName", &endpoint.node);
    json.object("targetRef", |json| {
        json.string("kind", "Pod");
        json.string("name", &endpoint.name);
        json.string("namespace", namespace);
        json.string("uid", Uid(endpoint.key));
    });
    json.string("zone", endpoint.zone);
}
