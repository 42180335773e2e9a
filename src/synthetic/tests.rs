//! Laws of the listing, whatever the size of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::quantity;

/// The sizes every law is checked with: nothing, no nodes, no pods, sparse, usual, dense, overfull.
const SIZES: [(u64, u64); 9] =
    [(0, 0), (0, 40), (4, 0), (1, 1), (20, 60), (12, 400), (40, 1_200), (20, 1_500), (3, 1_000)];

fn listing(spec: &Spec) -> String {
    let mut out = Vec::new();
    write(spec, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A cluster of each size, made once for all laws.
static CLUSTERS: LazyLock<Vec<(Spec, Value)>> = LazyLock::new(|| {
    let specs = (1..).zip(SIZES).map(|(seed, (nodes, pods))| Spec::new(nodes, pods, seed));
    specs.map(|spec| (spec, serde_json::from_str(&listing(&spec)).unwrap())).collect()
});

fn check(law: fn(&Spec, &Value)) {
    CLUSTERS.iter().for_each(|(spec, list)| law(spec, list));
}

fn items<'a>(list: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    list["items"].as_array().unwrap().iter().filter(move |item| item["kind"] == kind)
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn elements<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// CPU in millicores, memory in bytes, of all containers that run side by side.
fn request(pod: &Value) -> (u64, u64) {
    let native =
        elements(pod, "/spec/initContainers").iter().filter(|container| container["restartPolicy"] == "Always");
    elements(pod, "/spec/containers").iter().chain(native).fold((0, 0), |(cpu, memory), container| {
        let cpu_text = text(container, "/resources/requests/cpu");
        let memory_text = text(container, "/resources/requests/memory");
        let millis = if cpu_text.is_empty() { 0 } else { quantity::parse_cpu(cpu_text).unwrap().get() };
        let bytes = if memory_text.is_empty() { 0 } else { quantity::parse_bytes(memory_text).unwrap().get() };
        (cpu + millis, memory + bytes)
    })
}

fn is_finished(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

#[derive(Default)]
struct Used {
    cpu: u64,
    memory: u64,
    pods: u64,
}

fn used_by_node(list: &Value) -> BTreeMap<&str, Used> {
    let mut used: BTreeMap<&str, Used> = BTreeMap::new();
    for pod in items(list, "Pod").filter(|pod| !is_finished(pod) && !text(pod, "/spec/nodeName").is_empty()) {
        let node = used.entry(text(pod, "/spec/nodeName")).or_default();
        let (cpu, memory) = request(pod);
        node.cpu += cpu;
        node.memory += memory;
        node.pods += 1;
    }
    used
}

/// CPU in millicores and memory in bytes that pods may use.
fn allocatable(node: &Value) -> (u64, u64) {
    let cpu = quantity::parse_cpu(text(node, "/status/allocatable/cpu")).unwrap().get();
    (cpu, quantity::parse_bytes(text(node, "/status/allocatable/memory")).unwrap().get())
}

#[test]
fn counts_are_exact() {
    check(|spec, list| {
        assert_eq!(items(list, "Pod").count() as u64, spec.pods, "{spec:?}");
        assert_eq!(items(list, "Node").count() as u64, spec.nodes, "{spec:?}");
    });
}

#[test]
fn the_layout_is_that_of_kubectl_with_keys_in_order() {
    fn in_order(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let sorted: BTreeMap<&String, Value> =
                    fields.iter().map(|(key, value)| (key, in_order(value))).collect();
                Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), value)).collect())
            }
            Value::Array(elements) => Value::Array(elements.iter().map(in_order).collect()),
            plain => plain.clone(),
        }
    }
    for (nodes, pods) in SIZES {
        let written = listing(&Spec::new(nodes, pods, 3));
        let value: Value = serde_json::from_str(&written).unwrap();
        let mut printed = Vec::new();
        let four_spaces = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        in_order(&value).serialize(&mut serde_json::Serializer::with_formatter(&mut printed, four_spaces)).unwrap();
        printed.push(b'\n');
        assert!(written.as_bytes() == printed, "{nodes} nodes, {pods} pods");
    }
}

#[test]
fn the_seed_decides() {
    let spec = Spec::new(15, 400, 1);
    assert!(listing(&spec) == listing(&spec));
    assert!(listing(&spec) != listing(&Spec { seed: 2, ..spec }));
}

#[test]
fn bytes_are_the_same_on_every_platform() {
    // FNV-1a of the listing; a change of the generator changes it, a platform must not.
    let digest = listing(&Spec::new(15, 400, 1))
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    assert_eq!(digest, 0xd903_3217_6723_eaa5, "{digest:#x}");
}

#[test]
fn nothing_exceeds_allocatable() {
    check(|spec, list| {
        let used = used_by_node(list);
        for node in items(list, "Node") {
            let Some(used) = used.get(text(node, "/metadata/name")) else { continue };
            let (cpu, memory) = allocatable(node);
            assert!(used.cpu <= cpu && used.memory <= memory && used.pods <= 110, "{spec:?}: {}", used.cpu);
        }
        let known: BTreeSet<&str> = items(list, "Node").map(|node| text(node, "/metadata/name")).collect();
        assert!(used.keys().all(|name| known.contains(name)), "{spec:?}");
    });
}

#[test]
fn every_owner_exists() {
    check(|spec, list| {
        let all = list["items"].as_array().unwrap();
        let known: BTreeSet<(&str, &str, &str)> = all
            .iter()
            .map(|item| (text(item, "/kind"), text(item, "/metadata/name"), text(item, "/metadata/uid")))
            .collect();
        for item in all {
            for owner in elements(item, "/metadata/ownerReferences") {
                let owner = (text(owner, "/kind"), text(owner, "/name"), text(owner, "/uid"));
                assert!(known.contains(&owner), "{spec:?}: {owner:?}");
            }
        }
        assert!(items(list, "Pod").all(|pod| elements(pod, "/metadata/ownerReferences").len() == 1));
    });
}

#[test]
fn names_and_uids_are_unique() {
    check(|spec, list| {
        let all = list["items"].as_array().unwrap();
        let names: BTreeSet<_> = all
            .iter()
            .map(|item| (text(item, "/kind"), text(item, "/metadata/namespace"), text(item, "/metadata/name")))
            .collect();
        let uids: BTreeSet<_> = all.iter().map(|item| text(item, "/metadata/uid")).collect();
        let addresses: Vec<&str> = items(list, "Pod")
            .filter(|pod| pod["spec"]["hostNetwork"] != true)
            .map(|pod| text(pod, "/status/podIP"))
            .filter(|address| !address.is_empty())
            .collect();
        assert_eq!(names.len(), all.len(), "{spec:?}");
        assert_eq!(uids.len(), all.len(), "{spec:?}");
        assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len(), "{spec:?}");
        let namespaces: BTreeSet<_> = items(list, "Namespace").map(|space| text(space, "/metadata/name")).collect();
        assert!(names.iter().all(|(_, namespace, _)| namespace.is_empty() || namespaces.contains(namespace)));
    });
}

#[test]
fn nodes_are_filled_to_about_seventy_percent() {
    for (nodes, pods) in [(100, 1_000), (100, 3_000), (50, 3_000)] {
        let list: Value = serde_json::from_str(&listing(&Spec::new(nodes, pods, 5))).unwrap();
        let used = used_by_node(&list);
        let (cpu, memory) = used.values().fold((0, 0), |sum, node| (sum.0 + node.cpu, sum.1 + node.memory));
        let (all_cpu, all_memory) =
            items(&list, "Node").map(allocatable).fold((0, 0), |sum, node| (sum.0 + node.0, sum.1 + node.1));
        let fullest = (cpu * 100 / all_cpu).max(memory * 100 / all_memory);
        assert!((55..=80).contains(&fullest), "{nodes} nodes, {pods} pods: {fullest} %");
        let pending = items(&list, "Pod").filter(|pod| pod["status"]["phase"] == "Pending").count();
        assert!(pending * 25 < pods as usize, "{nodes} nodes, {pods} pods: {pending} pending");
    }
}

#[test]
fn what_does_not_fit_is_pending() {
    let list: Value = serde_json::from_str(&listing(&Spec::new(3, 1_000, 1))).unwrap();
    let used = used_by_node(&list);
    for node in items(&list, "Node") {
        let ((cpu, memory), used) = (allocatable(node), &used[text(node, "/metadata/name")]);
        let fullest = (used.cpu * 100 / cpu).max(used.memory * 100 / memory).max(used.pods * 100 / 110);
        assert!(fullest > 90, "{fullest} %");
    }
    assert!(items(&list, "Pod").filter(|pod| pod["status"]["phase"] == "Pending").count() > 600);
}

#[test]
fn rules_of_placement_are_kept() {
    let list: Value = serde_json::from_str(&listing(&Spec::new(60, 2_000, 4))).unwrap();
    let nodes: BTreeMap<&str, &Value> = items(&list, "Node").map(|node| (text(node, "/metadata/name"), node)).collect();
    let mut apart: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut strict: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut dedicated = 0;
    for pod in items(&list, "Pod").filter(|pod| !is_finished(pod)) {
        let Some(node) = nodes.get(text(pod, "/spec/nodeName")) else { continue };
        let owner = text(&elements(pod, "/metadata/ownerReferences")[0], "/uid");
        let tolerates = elements(pod, "/spec/tolerations")
            .iter()
            .any(|toleration| toleration["key"] == "dedicated" || toleration.get("key").is_none());
        let tainted = elements(node, "/spec/taints").iter().any(|taint| taint["key"] == "dedicated");
        assert!(!tainted || tolerates, "{}", pod["metadata"]["name"]);
        dedicated += usize::from(tainted);
        for (key, value) in pod["spec"]["nodeSelector"].as_object().into_iter().flatten() {
            assert_eq!(&node["metadata"]["labels"][key], value);
        }
        let required = "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
        if !elements(pod, required).is_empty() {
            apart.entry(owner).or_default().push(text(node, "/metadata/name"));
        }
        if elements(pod, "/spec/topologySpreadConstraints")
            .iter()
            .any(|rule| rule["whenUnsatisfiable"] == "DoNotSchedule")
        {
            let zone = text(node, "/metadata/labels/topology.kubernetes.io~1zone");
            *strict.entry(owner).or_default().entry(zone).or_default() += 1;
        }
    }
    assert!(dedicated > 20 && !apart.is_empty() && !strict.is_empty(), "{dedicated} on dedicated nodes");
    for (owner, nodes) in apart {
        assert_eq!(nodes.iter().collect::<BTreeSet<_>>().len(), nodes.len(), "{owner}");
    }
    for (owner, zones) in strict {
        let fewest = if zones.len() < 3 { 0 } else { zones.values().copied().min().unwrap() };
        assert!(zones.values().all(|count| count - fewest <= 1), "{owner}: {zones:?}");
    }
}

#[test]
fn the_mesh_is_as_far_as_asked() {
    let proxied = |list: &Value, path: &str| {
        items(list, "Pod")
            .filter(|pod| elements(pod, path).iter().any(|container| container["name"] == "istio-proxy"))
            .filter(|pod| text(pod, "/metadata/labels/istio") != "ingressgateway")
            .count()
    };
    let list = |istio| {
        let spec = Spec { istio, ..Spec::new(100, 3_000, 6) };
        serde_json::from_str::<Value>(&listing(&spec)).unwrap()
    };
    let half = list(Istio { native: Share::literal(0.5), ..Istio::default() });
    assert!(proxied(&half, "/spec/containers") > 100);
    assert!(proxied(&half, "/spec/initContainers") > 100);
    assert!(items(&half, "Deployment").any(|item| text(item, "/metadata/name") == "istiod"));

    let before = list(Istio { running: Share::ZERO, ..Istio::default() });
    assert_eq!(proxied(&before, "/spec/containers") + proxied(&before, "/spec/initContainers"), 0);
    assert!(!items(&before, "Deployment").any(|item| text(item, "/metadata/name") == "istiod"));
    let labelled =
        items(&before, "Namespace").filter(|item| text(item, "/metadata/labels/istio-injection") == "enabled").count();
    assert!(labelled > 5, "{labelled}");
}

#[test]
fn endpoints_are_the_ready_pods() {
    let list: Value = serde_json::from_str(&listing(&Spec::new(40, 1_200, 2))).unwrap();
    let ready: BTreeMap<&str, &Value> = items(&list, "Pod")
        .filter(|pod| pod["status"]["phase"] == "Running")
        .map(|pod| (text(pod, "/metadata/uid"), pod))
        .collect();
    let mut endpoints = 0;
    for endpoint in items(&list, "EndpointSlice").flat_map(|slice| elements(slice, "/endpoints")) {
        let pod = ready[text(endpoint, "/targetRef/uid")];
        assert_eq!(pod["metadata"]["name"], endpoint["targetRef"]["name"]);
        assert_eq!(pod["spec"]["nodeName"], endpoint["nodeName"]);
        assert_eq!(pod["status"]["podIP"], endpoint["addresses"][0]);
        endpoints += 1;
    }
    assert!(endpoints > 500, "{endpoints}");
}

#[test]
fn absurd_sizes_are_refused() {
    for spec in [Spec::new(u64::MAX, 1, 1), Spec::new(1, u64::MAX, 1)] {
        let error = write(&spec, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("use at most"), "{error}");
    }
}
