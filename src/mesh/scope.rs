//! What configuration each proxy is sent: counts of clusters, endpoints, listeners and routes.
//!
//! This is Istio's unscoped default: every proxy sees every Service of the mesh. Counting follows what
//! istiod generates (checked against real `config_dump`s): a cluster per service port; a listener per
//! HTTP port number shared by all services, but one per service (per endpoint, if headless) for TCP and
//! undetected protocols; a virtual host per HTTP service port plus a catch-all per port number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::findings::NO_SERVICES;
use super::{Mesh, ProxyMode, Visibility, VisibleConfig};
use crate::finding::Finding;
use crate::inventory::objects::ServicePort;
use crate::inventory::{Inventory, Labels, Service};

/// Clusters of every sidecar: black hole, two pass-through, and five of its bootstrap.
const FIXED_CLUSTERS: u64 = 8;
/// Listeners of every sidecar: virtual inbound and outbound, health, metrics.
const FIXED_LISTENERS: u64 = 4;
/// Virtual hosts of every sidecar: two for inbound traffic nobody declared, health, metrics.
const FIXED_ROUTES: u64 = 4;
/// Virtual hosts of an inbound port: with mutual TLS and without.
const ROUTES_PER_INBOUND_PORT: u64 = 2;

/// The configuration every workload's proxy would be sent, and what had to be assumed.
#[must_use]
pub fn scope(inventory: &Inventory, mesh: &Mesh) -> (Visibility, Vec<Finding>) {
    if inventory.services.is_empty() {
        return without_services(inventory);
    }
    let selected = Selected::new(inventory);
    let reach: Vec<(&Service, u64)> =
        inventory.services.iter().map(|service| (service, selected.endpoints_of(service))).collect();
    let outbound = Outbound::new(reach.iter().copied());
    let by_namespace = outbound_by_namespace(&reach);
    let workloads = inventory
        .workloads
        .iter()
        .zip(selected.own_ports())
        .enumerate()
        .map(|(index, (workload, own_ports))| match mesh.members.get(index).map(|member| member.mode) {
            Some(ProxyMode::Gateway) => outbound.at_gateway(own_ports),
            Some(ProxyMode::Waypoint) => {
                by_namespace.get(&workload.id.namespace).unwrap_or(&Outbound::default()).at_sidecar(0)
            }
            _ => outbound.at_sidecar(own_ports),
        })
        .collect();
    let visibility = Visibility {
        workloads,
        services: inventory.services.len() as u64,
        endpoints: outbound.endpoints,
        assumptions: Vec::new(),
    };
    (visibility, Vec::new())
}

/// Configuration for outbound traffic, common to all proxies that see the same services.
#[derive(Default)]
struct Outbound {
    clusters: u64,
    endpoints: u64,
    listeners: u64,
    virtual_hosts: u64,
}

impl Outbound {
    fn new<'a>(services: impl Iterator<Item = (&'a Service, u64)>) -> Self {
        let mut outbound = Self::default();
        let mut http_ports = BTreeSet::new();
        for (service, endpoints) in services {
            for port in service.ports.iter().filter(|port| port.transport != "UDP") {
                outbound.clusters += 1;
                outbound.endpoints += endpoints;
                match protocol(port) {
                    Protocol::Http => {
                        outbound.virtual_hosts += 1;
                        http_ports.insert(port.port);
                    }
                    Protocol::Detected | Protocol::Opaque if service.headless => outbound.listeners += endpoints,
                    Protocol::Detected => {
                        outbound.listeners += 1;
                        outbound.virtual_hosts += 1;
                    }
                    Protocol::Opaque => outbound.listeners += 1,
                }
            }
        }
        // One listener and one catch-all virtual host for each HTTP port number.
        outbound.listeners += http_ports.len() as u64;
        outbound.virtual_hosts += http_ports.len() as u64;
        outbound
    }

    fn at_sidecar(&self, inbound_ports: u64) -> VisibleConfig {
        VisibleConfig {
            clusters: self.clusters + inbound_ports + FIXED_CLUSTERS,
            endpoints: self.endpoints + inbound_ports,
            listeners: self.listeners + FIXED_LISTENERS,
            routes: self.virtual_hosts + ROUTES_PER_INBOUND_PORT * inbound_ports + FIXED_ROUTES,
        }
    }

    /// A gateway holds every cluster, but listens only on its own ports.
    fn at_gateway(&self, own_ports: u64) -> VisibleConfig {
        VisibleConfig {
            clusters: self.clusters + FIXED_CLUSTERS,
            endpoints: self.endpoints,
            listeners: own_ports + FIXED_LISTENERS / 2,
            routes: own_ports,
        }
    }
}

fn outbound_by_namespace(reach: &[(&Service, u64)]) -> BTreeMap<Arc<str>, Outbound> {
    let mut grouped: BTreeMap<Arc<str>, Vec<(&Service, u64)>> = BTreeMap::new();
    for &(service, endpoints) in reach {
        grouped.entry(service.name.namespace.clone()).or_default().push((service, endpoints));
    }
    grouped.into_iter().map(|(namespace, services)| (namespace, Outbound::new(services.into_iter()))).collect()
}

/// How Istio treats a port.
#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    /// HTTP, HTTP/2, gRPC: routed by host.
    Http,
    /// Not declared: detected per connection.
    Detected,
    /// TCP, TLS, databases: routed by address.
    Opaque,
}

/// From `appProtocol`, else the port name up to its first dash (istio.io, "Protocol Selection").
fn protocol(port: &ServicePort) -> Protocol {
    let declared = port.app_protocol.as_deref().unwrap_or_else(|| port.name.split('-').next().unwrap_or_default());
    let declared = declared.to_ascii_lowercase();
    match declared.as_str() {
        "http" | "http2" | "grpc" | "kubernetes.io/h2c" => Protocol::Http,
        "https" | "tls" | "tcp" | "mongo" | "mysql" | "redis" => Protocol::Opaque,
        // `grpc-web` holds a dash of its own.
        _ if port.name.to_ascii_lowercase().starts_with("grpc-web") => Protocol::Http,
        _ => Protocol::Detected,
    }
}

/// Which workloads stand behind which services, worked out once for each selector of a namespace.
struct Selected<'a> {
    inventory: &'a Inventory,
    behind: BTreeMap<(&'a str, &'a Labels), Behind>,
}

/// What stands behind a selector.
#[derive(Default)]
struct Behind {
    /// Indices of workloads.
    workloads: Vec<usize>,
    pods: u64,
    /// Ports of all services with this selector.
    ports: BTreeSet<u16>,
}

/// Indices of workloads by namespace and label, as far as a selector asks for the label.
type Labelled<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<usize>>;

impl<'a> Selected<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let labelled = labelled(inventory);
        let mut behind: BTreeMap<(&str, &Labels), Behind> = BTreeMap::new();
        for service in &inventory.services {
            let key = (&*service.name.namespace, &service.selector);
            let behind = behind.entry(key).or_insert_with(|| Behind::new(key, &labelled, inventory));
            behind.ports.extend(service.ports.iter().filter(|port| port.transport != "UDP").map(|port| port.port));
        }
        Self { inventory, behind }
    }

    /// Pods behind a service; without any in the input, the addresses its endpoints list.
    fn endpoints_of(&self, service: &Service) -> u64 {
        let key = (&*service.name.namespace, &service.selector);
        let pods = self.behind.get(&key).map_or(0, |behind| behind.pods);
        if pods > 0 || service.external_name {
            return pods.max(u64::from(service.external_name));
        }
        self.inventory.endpoints.get(&service.name).map_or(0, |endpoints| endpoints.ready + endpoints.not_ready)
    }

    /// How many service ports lead to each workload.
    fn own_ports(&self) -> Vec<u64> {
        let mut selected_by: Vec<Vec<&BTreeSet<u16>>> = vec![Vec::new(); self.inventory.workloads.len()];
        for behind in self.behind.values() {
            for &index in &behind.workloads {
                if let Some(sets) = selected_by.get_mut(index) {
                    sets.push(&behind.ports);
                }
            }
        }
        let count = |sets: &Vec<&BTreeSet<u16>>| match sets.as_slice() {
            [ports] => ports.len(),
            sets => sets.iter().copied().flatten().collect::<BTreeSet<_>>().len(),
        };
        selected_by.iter().map(|sets| count(sets) as u64).collect()
    }
}

impl Behind {
    fn new((namespace, selector): (&str, &Labels), labelled: &Labelled<'_>, inventory: &Inventory) -> Self {
        // The rarest label leaves the fewest workloads to look at.
        let candidates = selector
            .iter()
            .map(|(key, value)| labelled.get(&(namespace, key, value)).map_or(&[] as &[usize], Vec::as_slice))
            .min_by_key(|workloads| workloads.len())
            .unwrap_or_default();
        let chosen = candidates
            .iter()
            .filter_map(|&index| inventory.workloads.get(index).map(|workload| (index, workload)))
            .filter(|(_, workload)| selects(selector, &workload.labels));
        let mut behind = Self::default();
        for (index, workload) in chosen {
            behind.workloads.push(index);
            behind.pods += workload.replicas;
        }
        behind
    }
}

fn labelled(inventory: &Inventory) -> Labelled<'_> {
    let mut labelled: Labelled<'_> = BTreeMap::new();
    for service in &inventory.services {
        for (key, value) in &service.selector {
            labelled.entry((&service.name.namespace, key, value)).or_default();
        }
    }
    for (index, workload) in inventory.workloads.iter().enumerate() {
        for (key, value) in &*workload.labels {
            if let Some(workloads) = labelled.get_mut(&(&*workload.id.namespace, key.as_str(), value.as_str())) {
                workloads.push(index);
            }
        }
    }
    labelled
}

/// An empty selector selects nothing: the service has its endpoints made by hand.
fn selects(selector: &Labels, labels: &Labels) -> bool {
    !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Without Services, each workload is taken as one service with one HTTP port, all ports different.
fn without_services(inventory: &Inventory) -> (Visibility, Vec<Finding>) {
    let services = inventory.workloads.len() as u64;
    let endpoints = inventory.workloads.iter().map(|workload| workload.replicas).sum();
    let outbound = Outbound { clusters: services, endpoints, listeners: 1, virtual_hosts: services + 1 };
    let assumption = format!("no Services in the input: {services} services of one HTTP port each assumed");
    let findings = if services == 0 {
        Vec::new()
    } else {
        let message = format!("each of the {services} workloads is taken as one service with one HTTP port");
        vec![Finding::new(&NO_SERVICES, "input", message)]
    };
    let visibility = Visibility {
        workloads: inventory.workloads.iter().map(|_| outbound.at_sidecar(1)).collect(),
        services,
        endpoints,
        assumptions: vec![assumption],
    };
    (visibility, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Measured, ObjectName, ReplicasBasis, Workload, WorkloadId};

    fn service(namespace: &str, name: &str, ports: &[(&str, u16)]) -> Service {
        let ports = ports
            .iter()
            .map(|(name, port)| ServicePort { name: (*name).to_owned(), port: *port, ..ServicePort::default() })
            .collect();
        Service { name: ObjectName::new(namespace, name), ports, ..Service::default() }
    }

    /// The services behind a `config_dump` of a Bookinfo sidecar (Istio 1.12 with an operator and two
    /// gateways). Counted there with `jq`:
    ///
    /// | | dump | here | difference |
    /// |---|---|---|---|
    /// | clusters | 37: 26 outbound, 1 inbound, 3 fixed, 5 of the bootstrap, 2 subsets | 35 | subsets of a DestinationRule |
    /// | listeners | 22: 18 outbound, virtual in and out, 2 static | 22 | |
    /// | virtual hosts | 31: 25 in route configurations sent, 6 static | 31 | |
    #[test]
    fn counts_agree_with_a_config_dump() {
        let system = "istio-system";
        let operator = "mesh-operator";
        let services = [
            service(
                system,
                "istiod",
                &[("grpc-xds", 15010), ("https-dns", 15012), ("https-webhook", 443), ("http-monitoring", 15014)],
            ),
            service(
                operator,
                "istio-pilot",
                &[("grpc-xds", 15010), ("https-xds", 15011), ("http-legacy", 8080), ("http-monitoring", 15014)],
            ),
            service(
                system,
                "istio-ingressgateway",
                &[("status-port", 15021), ("http2", 80), ("https", 443), ("tcp", 31400), ("tls", 15443)],
            ),
            service(system, "istio-egressgateway", &[("http2", 80), ("https", 443), ("tls", 15443)]),
            service(operator, "lazyload", &[("http", 80)]),
            service(operator, "limiter", &[("http", 80)]),
            service(operator, "slime-metrics", &[("http-metrics", 8383), ("cr-metrics", 8686)]),
            service(operator, "slime-boot-metrics", &[("http-metrics", 8383), ("cr-metrics", 8686)]),
            service("default", "details", &[("http", 9080)]),
            service("default", "global-sidecar", &[("http", 9080)]),
            service("default", "reviews", &[("http", 9080)]),
            service(system, "prometheus", &[("http", 9090)]),
        ];
        let outbound = Outbound::new(services.iter().map(|service| (service, 1)));
        assert_eq!(outbound.clusters, 26);
        assert_eq!(outbound.listeners, 18);
        assert_eq!(outbound.virtual_hosts, 25);
        let productpage = outbound.at_sidecar(1);
        assert_eq!((productpage.clusters, productpage.listeners, productpage.routes), (37 - 2, 22, 31));
    }

    #[test]
    fn protocols_follow_app_protocol_then_the_name() {
        for (name, app_protocol, expected) in [
            ("http-web", None, Protocol::Http),
            ("grpc", None, Protocol::Http),
            ("grpc-web-ui", None, Protocol::Http),
            ("GRPC-api", None, Protocol::Http),
            ("tcp-db", None, Protocol::Opaque),
            ("https", None, Protocol::Opaque),
            ("", None, Protocol::Detected),
            ("metrics", None, Protocol::Detected),
            ("metrics", Some("http"), Protocol::Http),
            ("http", Some("tcp"), Protocol::Opaque),
        ] {
            let app_protocol = app_protocol.map(str::to_owned);
            let port = ServicePort { name: name.to_owned(), port: 1, app_protocol, transport: String::new() };
            assert!(protocol(&port) == expected, "{name}");
        }
    }

    #[test]
    fn headless_tcp_services_listen_per_endpoint() {
        let mut database = service("shop", "db", &[("tcp", 5432)]);
        database.headless = true;
        let outbound = Outbound::new([(&database, 3)].into_iter());
        assert_eq!((outbound.clusters, outbound.endpoints, outbound.listeners), (1, 3, 3));
    }

    #[test]
    fn a_port_of_several_services_leads_to_a_workload_once() {
        let labels =
            |text: &[(&str, &str)]| text.iter().map(|&(key, value)| (key.into(), value.into())).collect::<Labels>();
        let workload = |name: &str, text: &[(&str, &str)]| Workload {
            id: WorkloadId::new("shop", "Deployment", name),
            labels: labels(text).into(),
            replicas: 2,
            replicas_basis: ReplicasBasis::Declared,
            autoscaler: None,
            annotations: Arc::default(),
            spec: Arc::default(),
            measured: Measured::default(),
            pods: 0..0,
        };
        let selecting = |name: &str, port, selector: &[(&str, &str)]| {
            let selector = labels(selector);
            Service { selector, ..service("shop", name, &[("http", port)]) }
        };
        let inventory = Inventory {
            workloads: vec![
                workload("cart", &[("app", "cart"), ("tier", "web")]),
                workload("db", &[("app", "db")]),
                workload("web", &[("app", "web"), ("tier", "web")]),
            ],
            services: vec![
                selecting("cart", 80, &[("app", "cart")]),
                selecting("cart-again", 8080, &[("app", "cart")]),
                selecting("tier", 80, &[("tier", "web")]),
                selecting("both", 9090, &[("app", "web"), ("tier", "web")]),
                selecting("neither", 9090, &[("app", "db"), ("tier", "web")]),
                selecting("by-hand", 9090, &[]),
            ],
            ..Inventory::default()
        };
        let selected = Selected::new(&inventory);
        assert_eq!(selected.own_ports(), [2, 0, 2]);
        let endpoints: Vec<u64> = inventory.services.iter().map(|service| selected.endpoints_of(service)).collect();
        assert_eq!(endpoints, [2, 2, 4, 2, 0, 0]);
    }
}
