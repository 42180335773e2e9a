//! What proxies are sent: against a real dump, by hand, and what Sidecars save.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::inventory;
use meshcap::mesh::ProxyMode;
use meshcap::plan::{Inputs, Plan, WorkloadPlan};
use meshcap::policy::Policy;
use meshcap::sources::{self, Input, Limits, read_bytes};
use serde_json::{Value, json};

use crate::shared;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

fn plan_of(reading: sources::Reading) -> Plan {
    let assembled = inventory::assemble(reading.objects);
    let mut policy = Policy::default();
    policy.injection.enroll.insert("all".to_owned());
    let mut inputs = Inputs::new(assembled.inventory, policy, ModelCard::named("istio-1.24").unwrap());
    inputs.findings = reading.findings.into_iter().chain(assembled.findings).collect();
    Plan::new(inputs)
}

fn plan(paths: &[PathBuf]) -> Plan {
    let inputs: Vec<Input> = paths.iter().cloned().map(Input::Path).collect();
    plan_of(sources::read(&inputs, &Limits::default(), &|_| ()).unwrap())
}

fn workload<'a>(plan: &'a Plan, name: &str) -> &'a WorkloadPlan {
    plan.workloads.iter().find(|workload| workload.name == name).unwrap()
}

fn counts(workload: &WorkloadPlan) -> [u64; 5] {
    let visible = &workload.visible;
    [visible.clusters, visible.endpoints, visible.listeners, visible.virtual_hosts, visible.routes]
}

/// Counted by hand: see the comments in `data/clusters/scoped`.
#[test]
fn a_scoped_cluster_agrees_with_a_count_by_hand() {
    let plan = plan(&[data("clusters/scoped")]);
    for (name, expected) in [
        // 21 = 8 + its port + frontend, search, 3 of order-api, 4 of istiod, 3 of the gateway.
        ("frontend", [21, 23, 12, 17, 18]),
        // 21 = 8 + its port + 3 of order-api, ledger, 4 of istiod, 3 of the gateway, payments.
        ("order-api", [21, 8 + 2 + 4 + 6 + 1 + 1, 12 + 2, 14, 15]),
        // Its own pod has no listener, and its port is TCP.
        ("ledger", [21, 8 + 2 + 4 + 6 + 1 + 1, 12 + 1, 12, 13]),
        ("log-collector", [17, 1 + 4 + 6 + 1, 12, 4 + 2 + 2 + 2 + 1, 4 + 2 + 2 + 2 + 1]),
        // 19 = 6 + 2 of web, 4 of orders, 7 of Istio; payments and the log are not shown to it.
        ("istio-ingressgateway", [19, 2 + 2 + 8 + 2 + 4 + 6, 2 + 2, 2 + 2, 2 + 3 + 3]),
    ] {
        assert_eq!(counts(workload(&plan, name)), expected, "{name}");
    }
    let decided = |name| workload(&plan, name).scope.decided_by.as_str();
    assert_eq!(decided("frontend"), "Sidecar web/default holds for its whole namespace");
    assert_eq!(decided("ledger"), "Sidecar istio-system/default holds for every namespace without one");
    assert!(decided("istio-ingressgateway").starts_with("a gateway is sent"));
    let known: Vec<&str> = plan.findings.iter().map(|finding| finding.kind.id).collect();
    assert!(!known.contains(&"mesh-config-not-read"), "{known:?}");
}

/// A dump of Bookinfo's productpage (Istio 1.12, an operator, two gateways). Services and the subsets are
/// put together from its clusters, protocols from the addresses its listeners bind to; its lazy loading is
/// a Sidecar that imports what it was seen to call. Every count must then be that of the dump.
#[test]
fn counts_agree_with_a_real_config_dump() {
    let Some(shared) = shared::data("counts_agree_with_a_real_config_dump") else { return };
    let path = shared.join("telemetry/envoy-admin/slime-productpage-config_dump.json");
    let dump: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let section = |name: &str| {
        let configs = dump["configs"].as_array().unwrap();
        configs
            .iter()
            .find(|section| section["@type"].as_str().unwrap().ends_with(&format!(".{name}")))
            .unwrap()
            .clone()
    };
    let list = |section: &Value, key: &str| section[key].as_array().cloned().unwrap_or_default();
    let clusters = section("ClustersConfigDump");
    let listeners = section("ListenersConfigDump");
    let routes = section("RoutesConfigDump");
    let virtual_hosts = |key: &str| -> Vec<Value> {
        list(&routes, key)
            .iter()
            .flat_map(|it| it["route_config"]["virtual_hosts"].as_array().unwrap().clone())
            .collect()
    };
    let all_virtual_hosts = [virtual_hosts("static_route_configs"), virtual_hosts("dynamic_route_configs")].concat();
    let all_routes: usize = all_virtual_hosts.iter().map(|it| it["routes"].as_array().unwrap().len()).sum();
    let found = [
        list(&clusters, "static_clusters").len() + list(&clusters, "dynamic_active_clusters").len(),
        list(&listeners, "static_listeners").len() + list(&listeners, "dynamic_listeners").len(),
        all_virtual_hosts.len(),
        all_routes,
    ];

    let names = |key: &str, place: &str| -> BTreeSet<String> {
        let section = if key.ends_with("clusters") { &clusters } else { &listeners };
        list(section, key).iter().map(|it| it.pointer(place).unwrap().as_str().unwrap().to_owned()).collect()
    };
    let listening = names("dynamic_listeners", "/name");
    let tables: BTreeSet<String> = list(&routes, "dynamic_route_configs")
        .iter()
        .map(|it| it["route_config"]["name"].as_str().unwrap().to_owned())
        .collect();
    let mut ports: BTreeMap<String, BTreeMap<u16, &str>> = BTreeMap::new();
    let mut subsets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in names("dynamic_active_clusters", "/cluster/name") {
        let [direction, port, subset, host] = name.split('|').collect::<Vec<_>>()[..] else { continue };
        if direction != "outbound" {
            continue;
        }
        let is_detected = tables.contains(&format!("{host}:{port}"));
        let is_http = !is_detected && listening.contains(&format!("0.0.0.0_{port}")) && {
            let table = list(&routes, "dynamic_route_configs");
            table.iter().any(|it| it["route_config"].to_string().contains(&format!("{host}:{port}\"")))
        };
        let protocol = if is_detected {
            "any"
        } else if is_http {
            "http"
        } else {
            "tcp"
        };
        ports.entry(host.to_owned()).or_default().insert(port.parse().unwrap(), protocol);
        if !subset.is_empty() {
            subsets.entry(host.to_owned()).or_default().insert(subset.to_owned());
        }
    }
    let own = "productpage.default.svc.cluster.local".to_owned();
    ports.insert(own.clone(), [(9080, "http")].into());
    let imported: Vec<String> = ports.keys().filter(|host| **host != own).map(|host| format!("*/{host}")).collect();
    let mut objects: Vec<Value> = ports.iter().map(|(host, ports)| service(host, ports)).collect();
    objects.extend(subsets.iter().map(|(host, names)| {
        let subsets: Vec<Value> = names.iter().map(|name| json!({"name": name, "labels": {"version": name}})).collect();
        json!({"apiVersion": "networking.istio.io/v1alpha3", "kind": "DestinationRule",
            "metadata": {"name": "rule", "namespace": "default"}, "spec": {"host": host, "subsets": subsets}})
    }));
    objects.push(json!({"apiVersion": "networking.istio.io/v1alpha3", "kind": "Sidecar",
        "metadata": {"name": "productpage", "namespace": "default"},
        "spec": {"workloadSelector": {"labels": {"app": "productpage"}}, "egress": [{"hosts": imported}]}}));
    objects.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "productpage", "namespace": "default"},
        "spec": {"template": {"metadata": {"labels": {"app": "productpage"}},
            "spec": {"containers": [{"name": "productpage"}]}}}}));
    let json = json!({"kind": "List", "items": objects}).to_string();
    let plan = plan_of(read_bytes("reconstructed.json", json.as_bytes(), &Limits::default()).unwrap());

    let [clusters, _, listeners, virtual_hosts, routes] = counts(workload(&plan, "productpage"));
    let computed = [clusters, listeners, virtual_hosts, routes].map(|count| usize::try_from(count).unwrap());
    println!("{:<14}{:>6}{:>10}{:>12}", "", "dump", "computed", "difference");
    for (index, what) in ["clusters", "listeners", "virtual hosts", "routes"].iter().enumerate() {
        let difference = computed[index] as i64 - found[index] as i64;
        println!("{what:<14}{:>6}{:>10}{difference:>12}", found[index], computed[index]);
    }
    assert_eq!(found, [37, 22, 31, 31], "the dump is another one");
    assert_eq!(computed, found);
}

/// A Kubernetes service that selects pods by its own name.
fn service(host: &str, ports: &BTreeMap<u16, &str>) -> Value {
    let [name, namespace, ..] = host.split('.').collect::<Vec<_>>()[..] else { panic!("{host}") };
    let ports: Vec<Value> =
        ports.iter().map(|(port, name)| json!({"name": format!("{name}-{port}"), "port": port})).collect();
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": ports}})
}

/// Published manifests of two applications, without Sidecars and with those written for this project.
#[test]
fn sidecars_lower_what_proxies_need() {
    let Some(shared) = shared::data("sidecars_lower_what_proxies_need") else { return };
    let inventories = shared.join("inventories");
    for (name, scoping, spared) in [("bookinfo", "bookinfo", 2), ("online-boutique", "online-boutique", 4)] {
        let before = plan(&[inventories.join(name)]);
        let after = plan(&[inventories.join(name), data(&format!("scoping/{scoping}.yaml"))]);
        println!("{name}: clusters and memory of each proxy, without Sidecars and with them");
        let sidecars = before.workloads.iter().zip(&after.workloads).filter(|(it, _)| it.mode == ProxyMode::Sidecar);
        for (before, after) in sidecars {
            let (wide, narrow) = (before.proxy.as_ref().unwrap(), after.proxy.as_ref().unwrap());
            println!(
                "{:<24}{:>4} -> {:>3} {:>6.2} -> {:.2} MiB",
                before.name,
                before.visible.clusters,
                after.visible.clusters,
                wide.memory.value.as_mib(),
                narrow.memory.value.as_mib()
            );
            assert!(after.visible.clusters + spared <= before.visible.clusters, "{}", before.name);
            assert!(narrow.memory.value < wide.memory.value, "{}", before.name);
            assert!(after.visible.xds.total() < before.visible.xds.total(), "{}", before.name);
        }
        assert!(after.totals.proxy_memory.value < before.totals.proxy_memory.value);
        let wrong = after
            .findings
            .iter()
            .filter(|it| it.kind.id.starts_with("sidecar-") || it.kind.id.starts_with("selector-"));
        assert_eq!(wrong.count(), 0, "{name}");
    }
}
