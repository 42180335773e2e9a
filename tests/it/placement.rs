//! Placement on real nodes and real pods.

use std::collections::BTreeMap;
use std::fs;

use meshcap::inventory::objects::NodeResources;
use meshcap::inventory::{Node, ObjectName, PodSpec};
use meshcap::placement::reservation::for_node;
use meshcap::placement::{Headroom, Mobility, PodDemand, assess};
use meshcap::policy::{Policy, Provider};
use meshcap::quantity::{parse_bytes, parse_count, parse_cpu};
use meshcap::resources::Resources;
use meshcap::units::{Bytes, Millicores};

use crate::shared;

/// Nodes of plain kubelets state what the rule computes from their capacity alone.
#[test]
fn plain_kubelets_offer_capacity_less_the_eviction_threshold() {
    let Some(data) = shared::data("plain_kubelets_offer_capacity_less_the_eviction_threshold") else { return };
    for file in ["cluster-info-go-names-2017/nodes.json", "sonobuoy-0.10/Nodes.json"] {
        let text = fs::read_to_string(data.join("inventories").join(file)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let nodes = json.as_array().or_else(|| ["items", "Items"].iter().find_map(|key| json[key].as_array())).unwrap();
        assert!(!nodes.is_empty(), "{file}");
        for node in nodes {
            let status = ["status", "Status"].iter().map(|key| &node[key]).find(|status| status.is_object()).unwrap();
            let part = |names: [&str; 2]| names.iter().map(|name| &status[name]).find(|part| part.is_object()).unwrap();
            let capacity = resources(part(["capacity", "Capacity"]));
            let stated = resources(part(["allocatable", "Allocatable"]));
            let (computed, _, finding) = for_node(&Node { capacity: Some(capacity), ..Node::default() });
            assert_eq!(computed.resources.memory, stated.resources.memory, "{file}");
            assert_eq!(computed.resources.cpu, stated.resources.cpu, "{file}");
            assert_eq!(finding.map(|finding| finding.kind.id), Some("allocatable-assumed"));
        }
    }
}

fn resources(amounts: &serde_json::Value) -> NodeResources {
    let text = |key: &str| amounts[key].as_str().unwrap();
    let resources = Resources::new(parse_cpu(text("cpu")).unwrap(), parse_bytes(text("memory")).unwrap());
    NodeResources { resources, pods: Some(parse_count(text("pods")).unwrap()) }
}

/// A production trace of 1,523 nodes and 8,152 pods, most of which ask for GPUs: all of them wanted at
/// once. What finds no place lacks a GPU first of all, and no node is filled beyond what it has.
#[test]
fn a_gpu_trace_is_packed_until_the_gpus_run_out() {
    let Some(data) = shared::data("a_gpu_trace_is_packed_until_the_gpus_run_out") else { return };
    let folder = data.join("inventories/alibaba-openb-2023");
    let rows = |file: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let amounts = |row: &[String]| {
        let number = |index: usize| row[index].parse::<u64>().unwrap();
        let gpus = number(3);
        let extended = if gpus > 0 { BTreeMap::from([("gpu".to_owned(), gpus)]) } else { BTreeMap::new() };
        let plain = Resources::new(Millicores::new(number(1)), Bytes::from_mib(number(2)));
        Resources { extended, ..plain }
    };
    let (node_rows, pod_rows) = (rows("openb_node_list_all_node.csv"), rows("openb_pod_list_default.csv"));
    let nodes: Vec<Node> =
        node_rows.iter().map(|row| Node { name: row[0].as_str().into(), ..Node::default() }).collect();
    let offered: Vec<NodeResources> =
        node_rows.iter().map(|row| NodeResources { resources: amounts(row), pods: None }).collect();
    let names: Vec<ObjectName> = pod_rows.iter().map(|row| ObjectName::new("openb", &row[0])).collect();
    let requests: Vec<Resources> = pod_rows.iter().map(|row| amounts(row)).collect();
    let (spec, no_proxy) = (PodSpec::default(), Resources::default());
    let demands: Vec<PodDemand<'_>> = names
        .iter()
        .zip(&requests)
        .map(|(name, request)| PodDemand {
            name,
            spec: &spec,
            request,
            mesh: &no_proxy,
            node: None,
            mobility: Mobility::Free,
        })
        .collect();
    let headroom = assess(&nodes, &offered, &demands, None, &Policy::default());
    assert_complete(&headroom, demands.len());
    assert!(!headroom.unplaced.is_empty());
    for unplaced in &headroom.unplaced {
        assert!(unplaced.reason.starts_with("gpu on "), "{}: {}", unplaced.pod, unplaced.reason);
    }
    assert_eq!(headroom.binding, "gpu");
    assert!(headroom.nodes_to_add.infeasible.is_some_and(|why| why.contains("a new node has none")));
}

fn assert_complete(headroom: &Headroom, pods: usize) {
    let placed: u64 = headroom.nodes.iter().map(|node| node.fill.pods).sum();
    assert_eq!(placed + headroom.unplaced.len() as u64, pods as u64);
    for node in &headroom.nodes {
        assert!(node.fill.requested.fits_in(&node.fill.allocatable), "{}", node.name);
    }
}

/// A mesh on a full cluster: every pod grows by a proxy, and the plan says how many nodes that costs.
#[test]
fn proxies_on_a_full_cluster_cost_nodes() {
    let name = |number: usize| format!("node-{number}");
    let nodes: Vec<Node> = (0..4).map(|number| Node { name: name(number).into(), ..Node::default() }).collect();
    let eight_pods = Resources::new(Millicores::new(4000), Bytes::from_gib(8));
    let offered = vec![NodeResources { resources: eight_pods, pods: Some(110) }; 4];
    let app = Resources::new(Millicores::new(500), Bytes::from_gib(1));
    let proxy = Resources::new(Millicores::new(100), Bytes::from_mib(128));
    let with_proxy = app.clone() + &proxy;
    let (spec, no_proxy) = (PodSpec::default(), Resources::default());
    let names: Vec<ObjectName> = (0..32).map(|number| ObjectName::new("shop", &format!("pod-{number:02}"))).collect();
    let demands = |request, mesh| -> Vec<PodDemand<'_>> {
        let demand = |(index, name)| PodDemand {
            name,
            spec: &spec,
            request,
            mesh,
            node: Some(index / 8),
            mobility: Mobility::Free,
        };
        names.iter().enumerate().map(demand).collect()
    };
    let mut policy = Policy::default();
    policy.headroom.survive_node_losses = 0;
    policy.headroom.target = meshcap::units::Share::ZERO;
    policy.node_pool.provider = Provider::None;

    let today = assess(&nodes, &offered, &demands(&app, &no_proxy), None, &policy);
    assert_eq!((today.unplaced.len(), today.nodes_to_add.count), (0, 0));
    let planned = assess(&nodes, &offered, &demands(&with_proxy, &proxy), Some(&today), &policy);
    assert_complete(&planned, names.len());
    // 600m of 4 cores leaves 6 of 8 pods on each node; the 8 others need one node of 8 cores.
    assert_eq!((planned.unplaced.len(), planned.nodes_to_add.count), (8, 1));
    assert_eq!(planned.nodes_to_add.reason, "unplaced pods");
    assert_eq!(planned.unplaced[0].reason, "CPU on 4 nodes");
    let mesh_cpu: u64 = planned.nodes.iter().map(|node| node.mesh.cpu.get()).sum();
    assert_eq!(mesh_cpu, 24 * 100);
}
