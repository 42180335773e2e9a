//! Synthetic clusters, made and read back through the library.

use std::io::{self, Write};

use meshcap::synthetic::{self, Istio, Spec};
use meshcap::units::Share;
use proptest::prelude::*;
use serde_json::Value;

/// A sink that counts and takes note of the largest piece it was handed.
#[derive(Default)]
struct Counter {
    bytes: usize,
    largest: usize,
}

impl Write for Counter {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes += piece.len();
        self.largest = self.largest.max(piece.len());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(piece.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn count(list: &Value, kind: &str) -> u64 {
    list["items"].as_array().unwrap().iter().filter(|item| item["kind"] == kind).count() as u64
}

#[test]
fn the_listing_is_written_in_pieces() {
    let mut counter = Counter::default();
    synthetic::write(&Spec::new(100, 2_000, 1), &mut counter).unwrap();
    assert!(counter.bytes > 10_000_000, "{} bytes", counter.bytes);
    assert!(counter.largest < 200_000, "{} bytes at once", counter.largest);
}

#[test]
fn an_error_of_the_sink_is_the_callers() {
    for room in [0, 100_000, 1_000_000] {
        let error = synthetic::write(&Spec::new(20, 300, 1), &mut Full(room)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_spec_is_met_exactly(
        nodes in 0_u64..40,
        pods in 0_u64..400,
        seed: u64,
        enrolled in 0.0..=1.0,
        running in 0.0..=1.0,
        native in 0.0..=1.0,
    ) {
        let share = |number| Share::new(number).unwrap();
        let istio = Istio { enrolled: share(enrolled), running: share(running), native: share(native) };
        let spec = Spec { istio, ..Spec::new(nodes, pods, seed) };
        let mut out = Vec::new();
        synthetic::write(&spec, &mut out).unwrap();
        let list: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(count(&list, "Node"), nodes);
        prop_assert_eq!(count(&list, "Pod"), pods);
    }
}

/// A file of the small clusters written for this project.
fn example(path: &str) -> String {
    std::fs::read_to_string(format!("{}/data/clusters/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn names(list: &str) -> Vec<(String, String)> {
    let list: Value = serde_json::from_str(list).unwrap();
    let name = |item: &Value| (item["kind"].to_string(), item["metadata"]["name"].to_string());
    list["items"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn the_webshop_policy_is_valid() {
    let policy = meshcap::policy::Policy::from_toml(&example("webshop/policy.toml")).unwrap();
    assert!(policy.node_pool.price_per_hour.amount() > 0.0);
}

#[test]
fn the_live_dump_holds_together() {
    let owners: Vec<_> = ["deployments", "replicasets", "nodes"]
        .iter()
        .flat_map(|kind| names(&example(&format!("payments-live/{kind}.json"))))
        .collect();
    let pods: Value = serde_json::from_str(&example("payments-live/pods.json")).unwrap();
    let pods = pods["items"].as_array().unwrap();
    assert_eq!(pods.len(), 25);
    for pod in pods {
        let owner = &pod["metadata"]["ownerReferences"][0];
        if owner["kind"] == "ReplicaSet" {
            assert!(owners.contains(&(owner["kind"].to_string(), owner["name"].to_string())), "{owner}");
        }
        let node = &pod["spec"]["nodeName"];
        assert_eq!(node.is_null(), pod["status"]["phase"] == "Pending", "{}", pod["metadata"]["name"]);
        assert!(node.is_null() || owners.contains(&("\"Node\"".to_owned(), node.to_string())), "{node}");
    }
    for phase in ["Succeeded", "Pending"] {
        assert_eq!(pods.iter().filter(|pod| pod["status"]["phase"] == phase).count(), 1, "{phase}");
    }
    for place in ["containers", "initContainers"] {
        let runs_proxy = |pod: &&Value| {
            let containers = pod["spec"][place].as_array().map_or(&[][..], Vec::as_slice);
            containers.iter().any(|container| container["name"] == "istio-proxy")
        };
        assert!(pods.iter().filter(runs_proxy).count() >= 4, "no proxy among the {place}");
    }
}

#[test]
fn the_flat_table_is_rectangular() {
    let table = example("flat/inventory.csv");
    let columns = table.lines().next().unwrap().split(',').count();
    assert_eq!(columns, 12);
    assert!(table.lines().skip(1).count() >= 10);
    for line in table.lines() {
        assert_eq!(line.split(',').count(), columns, "{line}");
    }
}

#[test]
fn the_manifests_are_objects() {
    for (path, objects) in [
        ("webshop/nodes.yaml", 4),
        ("webshop/namespaces.yaml", 5),
        ("webshop/workloads.yaml", 15),
        ("webshop/services.yaml", 12),
        ("webshop/autoscaling.yaml", 3),
        ("ambient/nodes.yaml", 3),
        ("ambient/namespaces.yaml", 3),
        ("ambient/mesh.yaml", 5),
        ("ambient/workloads.yaml", 4),
        ("ambient/services.yaml", 3),
    ] {
        let documents: Vec<Value> = serde_saphyr::from_multiple(&example(path)).unwrap();
        assert_eq!(documents.len(), objects, "{path}");
        assert!(documents.iter().all(|object| object["kind"].is_string() && object["metadata"]["name"].is_string()));
    }
}
