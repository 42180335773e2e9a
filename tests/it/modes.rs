//! One inventory in every mode: counts, published meshes, laws.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use meshcap::card::ModelCard;
use meshcap::inventory::{Inventory, ObjectName, Sidecar, assemble, objects::EgressListener};
use meshcap::modes::{Comparison, MeshMode, ModePlan, PartKind, Sureness, compare};
use meshcap::plan::{Inputs, Outcome};
use meshcap::policy::Policy;
use meshcap::report::{self, TerminalOptions};
use meshcap::sources::{self, Input, Limits};
use meshcap::synthetic::{self, Spec};
use meshcap::units::{Rate, Share};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{browser, shared};

fn data(cluster: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters").join(cluster)
}

fn read(path: PathBuf) -> Inventory {
    assemble(sources::read(&[Input::Path(path)], &Limits::default(), &|_| ()).unwrap().objects).inventory
}

fn enrolling_all() -> Policy {
    let mut policy = Policy::default();
    policy.injection.enroll.insert("all".to_owned());
    policy
}

fn side_by_side(inventory: Inventory, policy: Policy) -> Comparison {
    compare(&Inputs::new(inventory, policy, ModelCard::named("istio-1.24").unwrap()), &MeshMode::ALL)
}

fn mode(comparison: &Comparison, mode: MeshMode) -> &ModePlan {
    comparison.modes.iter().find(|planned| planned.mode == mode).unwrap()
}

fn counts(mode: &ModePlan) -> [u64; 5] {
    PartKind::ALL.map(|kind| mode.part(kind).map_or(0, |part| part.count))
}

/// Sidecars, ztunnels, waypoints, gateways and istiods of each mode.
#[test]
fn each_mode_runs_what_it_is_made_of() {
    use MeshMode::{Ambient, None, Sidecar, WaypointPerNamespace, WaypointPerService};
    for (cluster, expected) in [
        (
            "webshop",
            [
                (Sidecar, [26, 0, 0, 0, 2]),
                (Ambient, [0, 4, 0, 0, 2]),
                (WaypointPerNamespace, [0, 4, 6, 0, 2]),
                (WaypointPerService, [0, 4, 24, 0, 2]),
                (None, [0, 0, 0, 0, 0]),
            ],
        ),
        // Two waypoints are deployed for one of two namespaces; the other has one service.
        (
            "ambient",
            [
                (Sidecar, [7, 0, 0, 0, 2]),
                (Ambient, [0, 3, 0, 0, 2]),
                (WaypointPerNamespace, [0, 3, 4, 0, 2]),
                (WaypointPerService, [0, 3, 4, 0, 2]),
                (None, [0, 0, 0, 0, 0]),
            ],
        ),
    ] {
        let comparison = side_by_side(read(data(cluster)), enrolling_all());
        for (wanted, parts) in expected {
            assert_eq!(counts(mode(&comparison, wanted)), parts, "{cluster} {wanted}");
        }
    }
}

/// A node's pods, a service for each that has one, all in one captured namespace.
fn cluster(nodes: &[&str], pods: &[(&str, &str, bool)]) -> Inventory {
    let machine = json!({"cpu": "8", "memory": "32Gi", "pods": "110"});
    let mut items: Vec<Value> = nodes
        .iter()
        .map(|node| {
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node},
                "status": {"capacity": machine, "allocatable": machine, "conditions": [{"type": "Ready", "status": "True"}]}})
        })
        .collect();
    items.push(json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "app", "labels": {"istio.io/dataplane-mode": "ambient"}}}));
    for (name, node, has_service) in pods {
        items.push(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "app", "labels": {"app": name}},
            "spec": {"nodeName": node, "containers": [{"name": "app", "image": "app:1"}]},
            "status": {"phase": "Running"}}));
        if *has_service {
            items.push(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "app"},
                "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}}));
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    assemble(sources::read_bytes("cluster.json", list.as_bytes(), &Limits::default()).unwrap().objects).inventory
}

/// Requests per second that each workload receives and sends.
fn with_rates(mut inventory: Inventory, rates: &[(&str, f64, f64)]) -> Inventory {
    for (name, inbound, outbound) in rates {
        let workload = inventory.workloads.iter_mut().find(|workload| &*workload.id.name == *name).unwrap();
        workload.measured.inbound_rps = Some(Rate::per_second(*inbound));
        workload.measured.outbound_rps = Some(Rate::per_second(*outbound));
    }
    inventory
}

/// As many waypoints as services, one replica each, as the published meshes ran them.
fn one_replica_each() -> Policy {
    let mut policy = Policy::default();
    policy.gateways.min_replicas = 1;
    policy.gateways.survive_replica_losses = 0;
    policy.gateways.target_utilization = Share::literal(1.0);
    policy
}

/// BuoyantIO/great-sidecar-debate V1/Data @ 8d032dba87: Istio ambient 1.25.0, three waypoints, three nodes of eight
/// cores, medians: requests per second from outside, millicores of waypoints and ztunnels, MiB of each where the
/// source has it. A request from outside makes three hops.
#[test]
fn the_three_waypoints_of_a_published_mesh_are_within_the_interval() {
    for (rps, waypoints, ztunnels) in [
        (60.0, (142.5, Some(196.0)), (124.6, Some(37.0))),
        (120.0, (286.5, None), (256.2, None)),
        (240.0, (582.6, None), (534.8, None)),
        (599.9, (1373.7, None), (1207.5, None)),
        (1199.4, (2812.9, Some(203.5)), (2363.6, Some(68.3))),
    ] {
        let inventory = cluster(
            &["n1", "n2", "n3"],
            &[("load", "n1", false), ("face", "n1", true), ("smiley", "n2", true), ("color", "n3", true)],
        );
        let rates = [("load", 0.0, rps), ("face", rps, 2.0 * rps), ("smiley", rps, 0.0), ("color", rps, 0.0)];
        let comparison = side_by_side(with_rates(inventory, &rates), one_replica_each());
        let planned = mode(&comparison, MeshMode::WaypointPerService);
        for (kind, (millicores, mib)) in [(PartKind::Waypoints, waypoints), (PartKind::Ztunnels, ztunnels)] {
            let part = planned.part(kind).unwrap();
            assert_eq!(part.count, 3, "{}", kind.name());
            let [lower, value, upper] = [part.cpu.lower, part.cpu.value, part.cpu.upper].map(|it| it.as_millis());
            println!(
                "{} at {rps} rps: {lower:.0} to {upper:.0}m around {value:.0}m, measured {millicores}m",
                kind.name()
            );
            assert!(lower <= millicores && millicores <= upper, "{} CPU at {rps} rps", kind.name());
            if let Some(mib) = mib {
                let [lower, upper] = [part.memory.lower, part.memory.upper].map(|it| it.as_mib());
                println!("{} at {rps} rps: {lower:.0} to {upper:.0} MiB, measured {mib}", kind.name());
                assert!(lower <= mib && mib <= upper, "{} memory at {rps} rps", kind.name());
            }
        }
    }
}

/// livewyer-ops/poc-servicemesh2024 @ b3f60e778c, test report of Istio 1.22.0: Bookinfo on one node of four cores, the
/// load on another, one replica each. Of each request from outside 6.33 pass a proxy.
#[test]
fn the_bookinfo_of_a_published_test_is_within_the_interval() {
    let pods = [
        ("productpage", true),
        ("details", true),
        ("ratings", true),
        ("reviews-v1", false),
        ("reviews-v2", false),
        ("reviews-v3", false),
    ];
    let mut pods: Vec<(&str, &str, bool)> = pods.iter().map(|(name, has)| (*name, "app", *has)).collect();
    pods.push(("load", "load", false));
    let rates = |rps: f64| {
        [
            ("load", 0.0, rps),
            ("productpage", rps, 2.0 * rps),
            ("details", rps, 0.0),
            ("reviews-v1", rps / 3.0, 0.0),
            ("reviews-v2", rps / 3.0, rps / 3.0),
            ("reviews-v3", rps / 3.0, rps / 3.0),
            ("ratings", 2.0 * rps / 3.0, 0.0),
        ]
    };
    let planned = |rps| side_by_side(with_rates(cluster(&["app", "load"], &pods), &rates(rps)), Policy::default());

    // 162 requests per second: six sidecars of the application use 530 millicores, that of the load 70; 37.7 MiB each.
    let sidecars = planned(162.0);
    let part = mode(&sidecars, MeshMode::Sidecar).part(PartKind::Sidecars).unwrap();
    assert_eq!(part.count, 7);
    assert!(part.cpu.contains(meshcap::units::Cores::from_millis(530.0 + 70.0)), "{:?}", part.cpu);
    assert!(part.memory.contains(meshcap::units::Memory::from_mib(6.0 * 37.7 + 48.0)), "{:?}", part.memory);

    // 159 requests per second: the ztunnel of the application's node uses 400 millicores and 22.88 MiB.
    let ambient = planned(159.0);
    let busiest = mode(&ambient, MeshMode::Ambient).busiest_ztunnel.as_ref().unwrap();
    assert_eq!((busiest.node.as_str(), busiest.pods), ("app", 6));
    assert!((busiest.rate.as_per_second() - 6.33 * 159.0).abs() < 2.0, "{:?}", busiest.rate);
    assert!(busiest.cpu.contains(meshcap::units::Cores::from_millis(400.0)), "{:?}", busiest.cpu);
    assert!(busiest.memory.contains(meshcap::units::Memory::from_mib(22.88)), "{:?}", busiest.memory);
}

/// A waypoint carries what is behind it: rates add up, whoever measured them, and replicas follow.
#[test]
fn waypoints_grow_with_what_they_carry() {
    let replicas = |rps: f64| {
        let inventory = cluster(&["n1"], &[("face", "n1", true), ("smiley", "n1", true)]);
        let inventory = with_rates(inventory, &[("face", rps, rps), ("smiley", rps, 0.0)]);
        let comparison = side_by_side(inventory, Policy::default());
        [MeshMode::WaypointPerNamespace, MeshMode::WaypointPerService]
            .map(|wanted| mode(&comparison, wanted).part(PartKind::Waypoints).unwrap().count)
    };
    assert_eq!(replicas(1.0), [2, 4]);
    let [per_namespace, per_service] = replicas(4000.0);
    assert!(per_namespace >= 5 && per_service >= 6, "{per_namespace} {per_service}");
}

#[test]
fn a_difference_is_surer_than_its_totals() {
    let comparison = side_by_side(read(data("webshop")), enrolling_all());
    let (ambient, waypoints) =
        (mode(&comparison, MeshMode::Ambient), mode(&comparison, MeshMode::WaypointPerNamespace));
    assert!(waypoints.memory.lower < ambient.memory.upper, "the totals overlap");
    let saving = comparison.memory_savings.iter().find(|it| it.more == MeshMode::WaypointPerNamespace).unwrap();
    assert_eq!((saving.less, saving.sureness()), (MeshMode::Ambient, Sureness::Sure));
    assert!(comparison.memory_savings.iter().all(|it| it.more != MeshMode::None));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| report::comparison_json(&side_by_side(read(data("webshop")), enrolling_all())))
    };
    assert!(on(1) == on(5));
}

#[test]
fn json_keeps_its_schema() {
    let schema = serde_json::from_str(&report::comparison_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for cluster in ["webshop", "ambient", "flat"] {
        let comparison = side_by_side(read(data(cluster)), enrolling_all());
        let json = serde_json::from_str(&report::comparison_json(&comparison)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{cluster}");
    }
    assert!(!validator.is_valid(&json!({"schema_version": "1"})), "the schema must refuse something");
}

#[test]
fn pages_fit_a_desk_and_a_telephone() {
    let comparison = side_by_side(read(data("webshop")), enrolling_all());
    let page = report::comparison_html(&comparison);
    assert!(page.contains("<svg") && page.contains("does without"));
    browser::shows(&page);
    for width in [40, 60, 100] {
        let text = report::comparison_terminal(&comparison, TerminalOptions { width, color: false });
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} characters at {width}");
    }
}

#[test]
fn real_applications_are_compared() {
    let Some(data) = shared::data("real_applications_are_compared") else { return };
    for (name, sidecars) in [("bookinfo", 6), ("online-boutique", 12)] {
        let comparison = side_by_side(read(data.join("inventories").join(name)), enrolling_all());
        assert_eq!(counts(mode(&comparison, MeshMode::Sidecar))[0], sidecars, "{name}");
        obeys_the_laws(&comparison);
    }
}

/// What holds of any inventory and policy.
fn obeys_the_laws(comparison: &Comparison) {
    let none = mode(comparison, MeshMode::None);
    assert_eq!((none.memory.upper.as_bytes(), none.cpu.upper.as_cores()), (0.0, 0.0));
    assert!(none.cpu_requested.is_zero() && none.memory_requested.get() == 0 && none.worth_in_nodes == 0.0);
    assert_eq!(none.added_mean().unwrap().as_seconds(), 0.0);

    let ambient = mode(comparison, MeshMode::Ambient);
    assert!(ambient.part(PartKind::Sidecars).is_none() && ambient.part(PartKind::Waypoints).is_none());
    for wanted in [MeshMode::WaypointPerNamespace, MeshMode::WaypointPerService] {
        let waypoints = mode(comparison, wanted);
        assert!(waypoints.memory.value >= ambient.memory.value && waypoints.memory.upper >= ambient.memory.upper);
        assert!(waypoints.cpu.value >= ambient.cpu.value && waypoints.cpu.upper >= ambient.cpu.upper);
        assert!(waypoints.cpu_requested >= ambient.cpu_requested);
        assert!(waypoints.memory_requested >= ambient.memory_requested);
        // Waypoints are pods that ztunnels know; what passes them is the same.
        let [with, without] = [waypoints, ambient].map(|it| it.part(PartKind::Ztunnels));
        assert_eq!(with.map(|it| (it.count, it.cpu.value)), without.map(|it| (it.count, it.cpu.value)));
    }
    let sidecar = mode(comparison, MeshMode::Sidecar);
    let pods = sidecar.part(PartKind::Sidecars).map_or(0, |part| part.count);
    assert_eq!(pods, comparison.application.pods, "every pod of the mesh has a sidecar");
    // The application asks for the same in every mode; an init container may hide a proxy's request.
    for planned in comparison.modes.iter().filter(|it| it.outcome != Outcome::Unjudged && it.unplaced == 0) {
        let (Some(with), Some(without)) = (&planned.cluster, &none.cluster) else { continue };
        assert!(with.requested.cpu <= without.requested.cpu + planned.cpu_requested, "{}", planned.mode);
        assert!(with.requested.cpu >= without.requested.cpu, "{}", planned.mode);
        assert!(with.requested.memory >= without.requested.memory, "{}", planned.mode);
    }
}

/// A small synthetic cluster, read once.
static SYNTHETIC: LazyLock<Vec<Inventory>> = LazyLock::new(|| {
    let cluster = |seed| {
        let mut json = Vec::new();
        synthetic::write(&Spec::new(12, 150, seed), &mut json).unwrap();
        assemble(sources::read_bytes("cluster.json", &json, &Limits::default()).unwrap().objects).inventory
    };
    (1..=4).map(cluster).collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_cluster_obeys_the_laws(which in 0..4usize, rps in 0.0..3000.0_f64, all: bool, target in 0.05..1.0_f64) {
        let mut policy = if all { enrolling_all() } else { Policy::default() };
        policy.traffic.rps_per_proxy = Rate::per_second(rps);
        policy.gateways.target_utilization = Share::new(target).unwrap();
        obeys_the_laws(&side_by_side(SYNTHETIC[which].clone(), policy));
    }

    /// A Sidecar narrows what sidecars see, and changes nothing for ztunnels.
    #[test]
    fn ztunnels_do_not_care_what_a_pod_sees(which in 0..4usize) {
        let wide = SYNTHETIC[which].clone();
        let mut narrow = wide.clone();
        let egress = vec![EgressListener { hosts: vec!["./*".to_owned()], ..EgressListener::default() }];
        narrow.istio.sidecars = vec![Sidecar { name: ObjectName::new("istio-system", "default"), egress, ..Sidecar::default() }];
        let [wide, narrow] = [wide, narrow].map(|inventory| side_by_side(inventory, enrolling_all()));
        let ztunnels = |of: &Comparison| mode(of, MeshMode::Ambient).part(PartKind::Ztunnels).cloned();
        prop_assert_eq!(ztunnels(&wide), ztunnels(&narrow));
        let sidecars = |of: &Comparison| mode(of, MeshMode::Sidecar).part(PartKind::Sidecars).map(|part| part.memory.value);
        prop_assert!(sidecars(&wide) > sidecars(&narrow));
    }
}
