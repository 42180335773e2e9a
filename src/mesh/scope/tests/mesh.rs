//! Small meshes in a line or two.

use std::sync::Arc;

use crate::inventory::objects::{
    Destination, DestinationRule, EgressListener, ExportTo, HttpRoute, RouteMatch, ServicePort, Subset, VirtualService,
};
use crate::inventory::{
    Inventory, Labels, Measured, Namespace, ObjectName, ReplicasBasis, Service, Sidecar, Workload, WorkloadId,
};
use crate::mesh::{Membership, Mesh, ProxyMode, VisibleConfig, scope};

pub fn labels(text: &[(&str, &str)]) -> Labels {
    text.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

pub fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

/// A service that selects pods labelled `app: NAME`.
pub fn service(namespace: &str, name: &str, ports: &[(&str, u16)]) -> Service {
    let ports = ports
        .iter()
        .map(|(name, port)| ServicePort { name: (*name).to_owned(), port: *port, ..ServicePort::default() })
        .collect();
    Service { name: ObjectName::new(namespace, name), ports, selector: labels(&[("app", name)]), ..Service::default() }
}

/// The same, shown to some namespaces.
pub fn exported(mut service: Service, to: &str) -> Service {
    service.annotations = labels(&[("networking.istio.io/exportTo", to)]);
    service
}

/// A workload labelled `app: NAME`.
pub fn workload(namespace: &str, name: &str, replicas: u64) -> Workload {
    Workload {
        id: WorkloadId::new(namespace, "Deployment", name),
        labels: labels(&[("app", name)]).into(),
        replicas,
        replicas_basis: ReplicasBasis::Declared,
        autoscaler: None,
        annotations: Arc::default(),
        spec: Arc::default(),
        measured: Measured::default(),
        pods: 0..0,
    }
}

/// A Sidecar with one listener on every port.
pub fn sidecar(namespace: &str, name: &str, hosts: &[&str]) -> Sidecar {
    let egress = vec![EgressListener { hosts: texts(hosts), ..EgressListener::default() }];
    Sidecar { name: ObjectName::new(namespace, name), egress, ..Sidecar::default() }
}

/// A virtual service with so many alternatives that lead to one host.
pub fn virtual_service(namespace: &str, name: &str, hosts: &[&str], matches: usize, to: &str) -> VirtualService {
    let route = HttpRoute {
        matches: vec![RouteMatch::default(); matches],
        destinations: vec![Destination { host: to.to_owned(), ..Destination::default() }],
        ..HttpRoute::default()
    };
    VirtualService {
        name: ObjectName::new(namespace, name),
        hosts: texts(hosts),
        http: vec![route],
        ..VirtualService::default()
    }
}

/// A destination rule with subsets by the label `version`.
pub fn rule(namespace: &str, host: &str, subsets: &[&str], export_to: &[&str]) -> DestinationRule {
    let subset =
        |name: &&str| Subset { name: (*name).to_owned(), labels: labels(&[("version", name)]), ..Subset::default() };
    DestinationRule {
        name: ObjectName::new(namespace, host),
        host: host.to_owned(),
        export_to: ExportTo(texts(export_to)),
        subsets: subsets.iter().map(subset).collect(),
        ..DestinationRule::default()
    }
}

/// An inventory that knows the namespaces of its workloads, as an assembled one does.
pub fn inventory(workloads: Vec<Workload>, services: Vec<Service>) -> Inventory {
    let mentioned = workloads.iter().map(|it| &it.id.namespace).chain(services.iter().map(|it| &it.name.namespace));
    let namespaces =
        mentioned.map(|name| (name.clone(), Namespace { name: name.clone(), ..Namespace::default() })).collect();
    Inventory { workloads, services, namespaces, ..Inventory::default() }
}

/// What each workload is sent when all of them play one part.
pub fn visible(inventory: &Inventory, mode: ProxyMode) -> Vec<VisibleConfig> {
    scope(inventory, &all(inventory, mode)).0.workloads
}

/// Everybody plays the same part.
pub fn all(inventory: &Inventory, mode: ProxyMode) -> Mesh {
    let member = Membership { mode, today: mode, reason: String::new(), proxy: None };
    Mesh { members: vec![member; inventory.workloads.len()], ..Mesh::default() }
}

/// Clusters, endpoints, listeners, virtual hosts and routes of the first workload's sidecar, less what every
/// sidecar has: 8 clusters, 4 listeners, 4 virtual hosts.
#[track_caller]
pub fn check(inventory: &Inventory, expected: [u64; 5]) {
    let sent = visible(inventory, ProxyMode::Sidecar)[0];
    assert_eq!(less(sent, [8, 0, 4, 4, 4]), expected);
}

pub fn less(sent: VisibleConfig, fixed: [u64; 5]) -> [u64; 5] {
    let counts = [sent.clusters, sent.endpoints, sent.listeners, sent.virtual_hosts, sent.routes];
    std::array::from_fn(|index| counts[index] - fixed[index])
}

/// Ids of the findings of a scoping, with their messages.
pub fn findings(inventory: &Inventory) -> Vec<String> {
    let (_, findings) = scope(inventory, &all(inventory, ProxyMode::Sidecar));
    findings.iter().map(|finding| format!("{}: {}", finding.kind.id, finding.message)).collect()
}

/// A client without a service of its own beside some services.
pub fn seen_by_client(services: Vec<Service>) -> Inventory {
    inventory(vec![workload("shop", "client", 1)], services)
}
