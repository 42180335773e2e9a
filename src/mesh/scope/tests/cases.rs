//! Counts by hand: one situation each.

use super::mesh::*;
use crate::inventory::objects::{
    Endpoints, Gateway, HttpRoute, IstioGateway, Resolution, RouteMatch, RouteParent, Server, ServicePort,
};
use crate::inventory::{GatewayRoute, Inventory, ObjectName, Service, ServiceEntry, WorkloadEntry};
use crate::mesh::{ProxyMode, VisibleConfig, scope};

#[test]
fn http_shares_a_listener_per_port_and_tcp_has_one_per_service() {
    let web = |name| service("shop", name, &[("http", 80)]);
    let db = |name| service("shop", name, &[("tcp", 5432)]);
    // Two virtual hosts and the catch-all.
    check(&seen_by_client(vec![web("a"), web("b")]), [2, 0, 1, 3, 3]);
    check(&seen_by_client(vec![db("a"), db("b")]), [2, 0, 2, 0, 0]);
    check(&seen_by_client(vec![service("shop", "a", &[("metrics", 9000)])]), [1, 0, 1, 1, 1]);
    // What is detected on a port that carries HTTP elsewhere is routed there as well.
    check(&seen_by_client(vec![web("a"), service("shop", "b", &[("x", 80)])]), [2, 0, 2, 4, 4]);
    let mut dns = service("shop", "dns", &[("dns", 53)]);
    dns.ports[0].transport = "UDP".to_owned();
    check(&seen_by_client(vec![dns]), [0, 0, 0, 0, 0]);
    let external = Service { external_name: true, ..web("a") };
    check(&seen_by_client(vec![external]), [0, 0, 0, 0, 0]);
}

#[test]
fn headless_tcp_services_listen_per_endpoint_but_not_for_the_own_pod() {
    let mut db = service("shop", "db", &[("tcp", 5432)]);
    db.headless = true;
    let mut mesh = inventory(vec![workload("shop", "client", 1), workload("shop", "db", 3)], vec![db.clone()]);
    check(&mesh, [1, 3, 3, 0, 0]);
    let database = visible(&mesh, ProxyMode::Sidecar)[1];
    assert_eq!(less(database, [8, 0, 4, 4, 4]), [2, 4, 2, 0, 0], "its own port is inbound");
    // HTTP needs no address.
    mesh.services[0].ports[0].name = "http".to_owned();
    check(&mesh, [1, 3, 1, 2, 2]);
    // Pods that are not in the input are counted by their addresses.
    let mut listed = seen_by_client(vec![db.clone()]);
    let endpoints = Endpoints { service: db.name.clone(), ready: 4, not_ready: 1, ..Endpoints::default() };
    listed.endpoints.insert(db.name.clone(), endpoints);
    check(&listed, [1, 5, 5, 0, 0]);
}

#[test]
fn a_port_of_several_services_leads_to_a_workload_once() {
    let leads_to = |name: &str, port, target: &str, selector: &[(&str, &str)]| {
        let mut service = service("shop", name, &[("http", port)]);
        service.selector = labels(selector);
        service.ports[0].target = target.to_owned();
        service
    };
    let mut cart = workload("shop", "cart", 2);
    cart.labels = labels(&[("app", "cart"), ("tier", "web")]).into();
    let mut web = workload("shop", "web", 2);
    web.labels = labels(&[("app", "web"), ("tier", "web")]).into();
    let services = vec![
        leads_to("cart", 80, "8080", &[("app", "cart")]),
        leads_to("cart-again", 8080, "", &[("app", "cart")]),
        leads_to("tier", 80, "http", &[("tier", "web")]),
        leads_to("both", 9090, "", &[("app", "web"), ("tier", "web")]),
        leads_to("neither", 9090, "", &[("app", "db"), ("tier", "web")]),
        leads_to("by-hand", 9090, "", &[]),
    ];
    let mesh = inventory(vec![cart, workload("shop", "db", 2), web], services);
    let inbound: Vec<u64> = visible(&mesh, ProxyMode::Sidecar).iter().map(|sent| sent.clusters - 8 - 6).collect();
    assert_eq!(inbound, [2, 0, 2]);
    let endpoints: Vec<u64> = visible(&mesh, ProxyMode::Sidecar).iter().map(|sent| sent.endpoints).collect();
    assert_eq!(endpoints, [10 + 2, 10, 10 + 2]);
}

#[test]
fn subsets_are_clusters_with_the_pods_they_choose() {
    let mut v1 = workload("shop", "cart", 3);
    v1.labels = labels(&[("app", "cart"), ("version", "v1")]).into();
    let mut v2 = workload("shop", "cart-v2", 2);
    v2.labels = labels(&[("app", "cart"), ("version", "v2")]).into();
    let services = vec![service("shop", "cart", &[("http", 80), ("tcp", 81)])];
    let mut mesh = inventory(vec![workload("ops", "client", 1), v1, v2], services);
    check(&mesh, [2, 10, 2, 2, 2]);
    mesh.istio.destination_rules = vec![rule("shop", "cart", &["v1", "v2", "v3"], &[])];
    check(&mesh, [8, 20, 2, 2, 2]);
    assert_eq!(
        findings(&mesh),
        ["subset-not-routed: no route leads to them: v1 of shop/cart, v2 of shop/cart, v3 of shop/cart"]
    );
    // Kept to its own namespace, it is a rule for calls from there.
    mesh.istio.destination_rules = vec![rule("shop", "cart", &["v1"], &["."])];
    check(&mesh, [2, 10, 2, 2, 2]);
    // A rule of the client's namespace comes first, whatever the service's namespace says.
    mesh.istio.destination_rules =
        vec![rule("shop", "cart", &["v1", "v2"], &[]), rule("ops", "*.shop.svc.cluster.local", &["v1"], &["."])];
    check(&mesh, [4, 16, 2, 2, 2]);
    mesh.istio.destination_rules = vec![rule("istio-system", "*.svc.cluster.local", &["v2"], &[])];
    check(&mesh, [4, 14, 2, 2, 2]);
    // Rules of the root namespace are meant for all, so its own proxies look at the service's first.
    mesh.workloads[0] = workload("istio-system", "client", 1);
    mesh.istio.destination_rules.push(rule("shop", "cart", &["v1"], &[]));
    check(&mesh, [4, 16, 2, 2, 2]);
    mesh.istio.destination_rules.pop();
    // Rules for chosen workloads are left out; the plan says so.
    mesh.istio.destination_rules[0].has_selector = true;
    check(&mesh, [2, 10, 2, 2, 2]);
}

#[test]
fn virtual_services_bring_routes_and_hosts() {
    let services = vec![service("shop", "a", &[("http", 80)]), service("shop", "b", &[("http", 8080)])];
    let mut mesh = inventory(vec![workload("shop", "client", 1)], services);
    check(&mesh, [2, 0, 2, 4, 4]);
    let routed = |hosts: &[&str], matches| vec![virtual_service("shop", "v", hosts, matches, "a")];
    mesh.istio.virtual_services = routed(&["a"], 3);
    check(&mesh, [2, 0, 2, 4, 6]);
    // A host of a service with another port is brought to port 80 as well, where it has no service.
    mesh.istio.virtual_services = routed(&["b"], 2);
    check(&mesh, [2, 0, 2, 5, 7]);
    // A host without a service is reached on port 80.
    mesh.istio.virtual_services = routed(&["www.example.com"], 2);
    check(&mesh, [2, 0, 2, 5, 6]);
    // Together with one of a service, it is reached on that service's port.
    mesh.istio.virtual_services = routed(&["a", "www.example.com"], 2);
    check(&mesh, [2, 0, 2, 5, 7]);
    // The first of several for one host holds.
    mesh.istio.virtual_services = [routed(&["a"], 3), routed(&["a"], 5)].concat();
    check(&mesh, [2, 0, 2, 4, 6]);
    // Those of gateways are nothing to a sidecar, nor are those kept elsewhere.
    mesh.istio.virtual_services = routed(&["a"], 3);
    mesh.istio.virtual_services[0].gateways = texts(&["public"]);
    check(&mesh, [2, 0, 2, 4, 4]);
    mesh.istio.virtual_services[0].gateways = texts(&["public", "mesh"]);
    mesh.istio.virtual_services[0].http[0].matches[0].gateways = texts(&["public"]);
    mesh.istio.virtual_services[0].http[0].matches[1].port = Some(8080);
    check(&mesh, [2, 0, 2, 4, 4]);
    mesh.istio.virtual_services[0].export_to.0 = texts(&["ops"]);
    check(&mesh, [2, 0, 2, 4, 4]);
}

#[test]
fn delegates_are_put_in() {
    let services = vec![service("shop", "a", &[("http", 80)])];
    let mut mesh = inventory(vec![workload("shop", "client", 1)], services);
    let mut root = virtual_service("shop", "root", &["a"], 2, "a");
    root.http[0].delegate = Some(ObjectName::new("team", "inner"));
    root.http[0].destinations.clear();
    let inner = virtual_service("team", "inner", &[], 3, "a");
    mesh.istio.virtual_services = vec![inner, root];
    check(&mesh, [1, 0, 1, 2, 1 + 6]);
    mesh.istio.virtual_services.remove(0);
    check(&mesh, [1, 0, 1, 2, 2]);
}

#[test]
fn service_entries_are_hosts() {
    let entry = |ports: &[(&str, u16)], resolution| ServiceEntry {
        name: ObjectName::new("shop", "out"),
        hosts: texts(&["api.example.com", "www.example.com"]),
        ports: ports
            .iter()
            .map(|(protocol, port)| ServicePort {
                port: *port,
                app_protocol: Some((*protocol).to_owned()),
                ..ServicePort::default()
            })
            .collect(),
        resolution,
        ..ServiceEntry::default()
    };
    let with = |entry: ServiceEntry| {
        let mut mesh = seen_by_client(vec![service("shop", "a", &[("http", 80)])]);
        mesh.istio.service_entries = vec![entry];
        mesh
    };
    const A: [u64; 5] = [1, 0, 1, 2, 2];
    let beside = |more: [u64; 5]| std::array::from_fn(|index| A[index] + more[index]);
    check(&with(entry(&[("HTTP", 80)], Resolution::Dns)), beside([2, 2, 0, 2, 2]));
    // Without addresses, TLS hosts share a listener on every address.
    check(&with(entry(&[("TLS", 443)], Resolution::None)), beside([2, 0, 1, 0, 0]));
    check(&with(ServiceEntry { addresses: 3, ..entry(&[("TLS", 443)], Resolution::None) }), beside([2, 0, 6, 0, 0]));
    let endpoints = vec![labels(&[("version", "v1")]), labels(&[])];
    let fixed = ServiceEntry { endpoints, addresses: 1, ..entry(&[("TCP", 1)], Resolution::Static) };
    check(&with(fixed.clone()), beside([2, 4, 2, 0, 0]));
    let mut mesh = with(fixed);
    mesh.istio.destination_rules = vec![rule("shop", "*.example.com", &["v1"], &[])];
    check(&mesh, beside([4, 6, 2, 0, 0]));
    let mut mesh =
        with(ServiceEntry { selector: Some(labels(&[("app", "vm")])), ..entry(&[("TCP", 1)], Resolution::Static) });
    assert_eq!(findings(&mesh), ["selector-matches-nothing: no workload of the input: ServiceEntry shop/out"]);
    let vm = WorkloadEntry { name: ObjectName::new("shop", "vm-1"), labels: labels(&[("app", "vm")]) };
    mesh.istio.workload_entries = vec![vm];
    check(&mesh, beside([2, 2, 1, 0, 0]));
    assert_eq!(findings(&mesh), [""; 0]);
    // A service of Kubernetes is not replaced by an entry for its host.
    let squatter =
        ServiceEntry { hosts: texts(&["a.shop.svc.cluster.local"]), ..entry(&[("TCP", 9)], Resolution::None) };
    check(&with(squatter), A);
}

#[test]
fn gateways_get_all_clusters_and_their_own_listeners() {
    let services = vec![service("shop", "web", &[("http", 80)]), service("ops", "log", &[("tcp", 514)])];
    let mut pod = workload("edge", "ingress", 2);
    pod.labels = labels(&[("istio", "ingress"), ("gateway.networking.k8s.io/gateway-name", "api")]).into();
    let mut mesh = inventory(vec![pod], services);
    mesh.istio.sidecars = vec![sidecar("edge", "default", &["~/*"])];
    let server = |port, protocol: &str, hosts: &[&str]| Server {
        port,
        protocol: protocol.to_owned(),
        hosts: texts(hosts),
        passthrough: false,
    };
    let gateway = |servers| IstioGateway {
        name: ObjectName::new("edge", "public"),
        selector: labels(&[("istio", "ingress")]),
        servers,
    };
    let sent = |mesh: &Inventory| less(visible(mesh, ProxyMode::Gateway)[0], [6, 0, 2, 2, 2]);
    mesh.istio.gateways = vec![gateway(vec![server(80, "HTTP", &["*"]), server(9000, "TCP", &["*"])])];
    // Nothing is routed: one virtual host refuses.
    assert_eq!(sent(&mesh), [2, 0, 2, 1, 1]);
    let mut routed = virtual_service("shop", "v", &["shop.example.com", "www.example.com"], 3, "web");
    routed.gateways = texts(&["edge/public"]);
    mesh.istio.virtual_services = vec![routed];
    assert_eq!(sent(&mesh), [2, 0, 2, 2, 6]);
    mesh.istio.gateways[0].servers[0].hosts = texts(&["shop/*.example.com"]);
    assert_eq!(sent(&mesh), [2, 0, 2, 2, 6]);
    mesh.istio.gateways[0].servers[0].hosts = texts(&["ops/*"]);
    assert_eq!(sent(&mesh), [2, 0, 2, 1, 1]);
    mesh.istio.mesh.filter_gateway_clusters = Some(true);
    assert_eq!(sent(&mesh), [1, 0, 2, 1, 1]);
    mesh.istio.mesh.filter_gateway_clusters = None;
    // Where TLS ends, each server has its own table.
    let servers = vec![server(443, "HTTPS", &["a.example.com"]), server(443, "HTTPS", &["b.example.com"])];
    mesh.istio.gateways = vec![gateway(servers)];
    assert_eq!(sent(&mesh), [2, 0, 1, 2, 2]);
    // Gateway API: the object by name, the route by parent.
    mesh.istio.gateways.clear();
    mesh.gateways = vec![Gateway {
        name: ObjectName::new("edge", "api"),
        servers: vec![server(80, "HTTP", &[])],
        ..Gateway::default()
    }];
    let rule = HttpRoute { matches: vec![RouteMatch::default(); 2], ..HttpRoute::default() };
    mesh.istio.routes = vec![GatewayRoute {
        kind: "HTTPRoute",
        name: ObjectName::new("shop", "r"),
        parents: vec![
            RouteParent::Gateway(ObjectName::new("edge", "api")),
            RouteParent::Service(ObjectName::new("shop", "web")),
        ],
        rules: vec![rule],
        ..GatewayRoute::default()
    }];
    assert_eq!(sent(&mesh), [2, 0, 1, 1, 2]);
    mesh.istio.sidecars.clear();
    assert_eq!(less(visible(&mesh, ProxyMode::Sidecar)[0], [8, 0, 4, 4, 4]), [2, 0, 2, 2, 3], "a parent in the mesh");
}

#[test]
fn waypoints_get_the_services_that_name_them() {
    let services = vec![
        service("shop", "web", &[("http", 80), ("tcp", 81)]),
        service("shop", "any", &[("x", 90)]),
        service("ops", "log", &[("http", 80)]),
    ];
    let mut pod = workload("shop", "waypoint", 1);
    pod.labels = labels(&[("gateway.networking.k8s.io/gateway-name", "waypoint")]).into();
    let mut mesh = inventory(vec![pod, workload("shop", "web", 3)], services);
    let sent = |mesh: &Inventory| less(visible(mesh, ProxyMode::Waypoint)[0], [8, 0, 5, 2, 2]);
    assert_eq!(sent(&mesh), [0, 0, 0, 0, 0]);
    mesh.namespaces.get_mut("shop").unwrap().labels = labels(&[("istio.io/use-waypoint", "waypoint")]);
    // Both ports of web, and detection needs two clusters.
    assert_eq!(sent(&mesh), [4, 6, 0, 2, 2]);
    mesh.services[1].labels = labels(&[("istio.io/use-waypoint", "none")]);
    assert_eq!(sent(&mesh), [2, 6, 0, 1, 1]);
    mesh.services[2].labels =
        labels(&[("istio.io/use-waypoint", "waypoint"), ("istio.io/use-waypoint-namespace", "shop")]);
    assert_eq!(sent(&mesh), [3, 6, 0, 2, 2]);
    mesh.services[2].labels.clear();
    mesh.istio.virtual_services = vec![virtual_service("shop", "v", &["web"], 4, "log.ops.svc.cluster.local")];
    assert_eq!(sent(&mesh), [3, 6, 0, 1, 4]);
    let class = "istio-waypoint".to_owned();
    let for_workloads = labels(&[("istio.io/waypoint-for", "workload")]);
    let name = ObjectName::new("shop", "waypoint");
    mesh.gateways = vec![Gateway { name, class, labels: for_workloads, ..Gateway::default() }];
    assert_eq!(sent(&mesh), [0, 0, 0, 0, 0]);
    let (_, findings) = scope(&mesh, &all(&mesh, ProxyMode::Waypoint));
    assert!(findings.iter().any(|finding| finding.kind.id == "waypoint-without-services"));
}

#[test]
fn where_no_envoy_runs_nothing_is_sent() {
    let mesh = seen_by_client(vec![service("shop", "a", &[("tcp", 1)])]);
    for mode in [ProxyMode::None, ProxyMode::Ambient, ProxyMode::Ztunnel, ProxyMode::ControlPlane] {
        assert_eq!(visible(&mesh, mode)[0], VisibleConfig::default(), "{mode}");
    }
}
