//! Who sees what: exportTo, Sidecars, discovery selectors; one situation each.

use super::mesh::*;
use crate::inventory::objects::{ListenerPort, MeshConfig, Operator, Requirement};
use crate::inventory::{Inventory, ObjectName, Sidecar};
use crate::mesh::{ProxyMode, narrowed};

#[test]
fn export_to_decides_who_sees_a_service() {
    let port: &[(&str, u16)] = &[("tcp", 1)];
    for (to, own, other, named) in [
        ("*", 1, 1, 1),
        (".", 1, 0, 0),
        ("~", 0, 0, 0),
        ("named", 0, 0, 1),
        (".,named", 1, 0, 1),
        ("~,named", 0, 0, 0),
        ("*,~", 1, 1, 1),
        ("shop", 1, 0, 0),
    ] {
        let workloads = vec![workload("shop", "x", 1), workload("other", "x", 1), workload("named", "x", 1)];
        let mesh = inventory(workloads, vec![exported(service("shop", "db", port), to)]);
        let seen: Vec<u64> = visible(&mesh, ProxyMode::Sidecar).iter().map(|sent| sent.clusters - 8).collect();
        assert_eq!(seen, [own, other, named], "{to}");
    }
    let mut mesh = seen_by_client(vec![service("ops", "db", port)]);
    mesh.istio.mesh.service_export_to.0 = texts(&["."]);
    check(&mesh, [0, 0, 0, 0, 0]);
    mesh.services[0] = exported(mesh.services[0].clone(), "*");
    check(&mesh, [1, 0, 1, 0, 0]);
}

#[test]
fn a_sidecar_imports_what_it_names() {
    let services = || {
        vec![
            service("shop", "web", &[("http", 80)]),
            service("shop", "db", &[("tcp", 5432)]),
            service("ops", "log", &[("http", 80), ("tcp", 514)]),
        ]
    };
    for (hosts, expected) in [
        (&["*/*"][..], [4, 0, 3, 3, 3]),
        (&["./*"], [2, 0, 2, 2, 2]),
        (&["~/*"], [0, 0, 0, 0, 0]),
        (&["ops/*"], [2, 0, 2, 2, 2]),
        (&["./web.shop.svc.cluster.local"], [1, 0, 1, 2, 2]),
        (&["*/*.ops.svc.cluster.local"], [2, 0, 2, 2, 2]),
        (&["./db.shop.svc.cluster.local", "ops/*"], [3, 0, 3, 2, 2]),
        // A namespace that is named but has no such host does not hide it from the wildcard.
        (&["shop/nothing.example.com", "*/*"], [4, 0, 3, 3, 3]),
    ] {
        let mut mesh = seen_by_client(services());
        mesh.istio.sidecars = vec![sidecar("shop", "default", hosts)];
        check(&mesh, expected);
        let narrow = narrowed(&mesh, 0, &texts(hosts)).unwrap();
        assert_eq!(narrow, visible(&mesh, ProxyMode::Sidecar)[0], "{hosts:?}");
    }
}

#[test]
fn a_sidecar_reaches_where_its_routes_lead() {
    let services = vec![service("shop", "web", &[("http", 80)]), service("ops", "log", &[("http", 80), ("tcp", 514)])];
    let mut mesh = seen_by_client(services);
    mesh.istio.sidecars = vec![sidecar("shop", "default", &["./*"])];
    mesh.istio.virtual_services = vec![virtual_service("shop", "v", &["web"], 1, "log.ops.svc.cluster.local")];
    check(&mesh, [1 + 2, 0, 1, 2, 2]);
    mesh.istio.virtual_services[0].http[0].destinations[0].port = Some(80);
    check(&mesh, [1 + 1, 0, 1, 2, 2]);
    mesh.services[1] = exported(mesh.services[1].clone(), ".");
    check(&mesh, [1, 0, 1, 2, 2]);
}

#[test]
fn listeners_of_a_sidecar_may_have_ports() {
    let services = vec![
        service("shop", "web", &[("http", 80), ("http", 81)]),
        service("shop", "db", &[("tcp", 5432)]),
        service("ops", "log", &[("http", 80)]),
    ];
    let mut mesh = seen_by_client(services);
    let port = |number, protocol: &str| Some(ListenerPort { number, protocol: protocol.to_owned() });
    let mut scoped = sidecar("shop", "default", &["shop/*"]);
    scoped.egress[0].port = port(80, "HTTP");
    mesh.istio.sidecars = vec![scoped.clone()];
    check(&mesh, [1, 0, 1, 2, 2]);
    scoped.egress[0].port = port(5432, "TCP");
    mesh.istio.sidecars = vec![scoped.clone()];
    check(&mesh, [1, 0, 1, 0, 0]);
    // A last listener for the rest leaves alone the port that is taken.
    scoped.egress[0].port = port(80, "HTTP");
    scoped.egress.extend(sidecar("", "", &["*/*"]).egress);
    mesh.istio.sidecars = vec![scoped.clone()];
    check(&mesh, [4, 0, 3, 4, 4]);
    // Bound to one address, TCP services share a listener per number.
    scoped.egress = sidecar("", "", &["*/*"]).egress;
    scoped.egress[0].bound = true;
    mesh.istio.sidecars = vec![scoped];
    mesh.services.push(service("ops", "db", &[("tcp", 5432)]));
    check(&mesh, [5, 0, 3, 5, 5]);
}

#[test]
fn ingress_listeners_replace_the_ports_of_services() {
    let services = vec![service("shop", "client", &[("http", 80), ("http", 81)])];
    let mut mesh = seen_by_client(services);
    let sent = |mesh: &Inventory| visible(mesh, ProxyMode::Sidecar)[0].clusters - 8 - 2;
    assert_eq!(sent(&mesh), 2);
    let ingress = vec![ListenerPort { number: 8080, protocol: "HTTP".to_owned() }];
    mesh.istio.sidecars = vec![Sidecar { name: ObjectName::new("shop", "default"), ingress, ..Sidecar::default() }];
    assert_eq!(sent(&mesh), 1);
}

#[test]
fn the_most_specific_and_then_the_oldest_sidecar_holds() {
    let client = |namespace| workload(namespace, "client", 1);
    let services = vec![service("shop", "a", &[("tcp", 1)]), service("ops", "b", &[("tcp", 1), ("tcp", 2)])];
    let mut mesh = inventory(vec![client("shop"), client("ops"), client("istio-system")], services);
    let seen = |mesh: &Inventory| -> Vec<u64> {
        visible(mesh, ProxyMode::Sidecar).iter().map(|sent| sent.clusters - 8).collect()
    };
    let of = |namespace, name, hosts: &[&str]| sidecar(namespace, name, hosts);
    assert_eq!(seen(&mesh), [3, 3, 3]);
    mesh.istio.sidecars = vec![of("istio-system", "default", &["./*", "istio-system/*"])];
    assert_eq!(seen(&mesh), [1, 2, 0], "the root namespace speaks for all");
    mesh.istio.sidecars.push(of("shop", "default", &["ops/*"]));
    assert_eq!(seen(&mesh), [2, 2, 0], "the own namespace before the root namespace");
    mesh.istio.sidecars.push(of("shop", "later", &["~/*"]));
    assert_eq!(seen(&mesh), [2, 2, 0], "the first of two, never both");
    assert!(findings(&mesh).contains(&"several-default-sidecars: only the oldest holds: shop/default of 2".to_owned()));
    mesh.istio.sidecars.push(Sidecar { selector: Some(labels(&[("app", "client")])), ..of("shop", "z", &["./*"]) });
    assert_eq!(seen(&mesh), [1, 2, 0], "one that selects before one that does not");
    mesh.istio.sidecars.push(Sidecar { selector: Some(labels(&[("app", "x")])), ..of("shop", "none", &["~/*"]) });
    assert_eq!(seen(&mesh), [1, 2, 0]);
    assert!(
        findings(&mesh).contains(&"selector-matches-nothing: no workload of the input: Sidecar shop/none".to_owned())
    );
    mesh.istio.mesh.root_namespace = Some("ops".into());
    assert_eq!(seen(&mesh), [1, 3, 0]);
}

#[test]
fn hosts_that_import_nothing_are_noticed() {
    let mut mesh = seen_by_client(vec![service("shop", "a", &[("tcp", 1)])]);
    mesh.istio.sidecars = vec![sidecar(
        "shop",
        "default",
        &["./*", "~/*", "*/*.shop.svc.cluster.local", "shop/b.shop.svc.cluster.local", "ops/*", "nonsense"],
    )];
    assert_eq!(
        findings(&mesh),
        [
            "sidecar-host-matches-nothing: import nothing: shop/b.shop.svc.cluster.local of shop/default, ops/* of shop/default, nonsense of shop/default"
        ]
    );
}

#[test]
fn discovery_selectors_hide_namespaces() {
    let mut mesh = seen_by_client(vec![service("shop", "a", &[("tcp", 1)]), service("ops", "b", &[("tcp", 1)])]);
    let named = |name: &str| Requirement {
        key: "kubernetes.io/metadata.name".to_owned(),
        operator: Operator::In,
        values: vec![name.to_owned()],
    };
    mesh.istio.mesh = MeshConfig { discovery_selectors: vec![vec![named("ops")]], ..MeshConfig::default() };
    check(&mesh, [1, 0, 1, 0, 0]);
    mesh.istio.mesh.discovery_selectors.push(vec![named("shop")]);
    check(&mesh, [2, 0, 2, 0, 0]);
    mesh.istio.mesh.discovery_selectors = vec![vec![named("ops"), named("shop")]];
    check(&mesh, [0, 0, 0, 0, 0]);
}
