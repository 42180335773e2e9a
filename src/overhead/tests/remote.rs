//! Other clusters of the mesh in istiod.

use proptest::prelude::*;

use super::*;
use crate::mesh::{Scope, XdsBytes};
use crate::policy::{DataPlane, RemoteCluster, RemoteKind};

/// A mesh of sidecars that see all of its services, with `size` times as much of everything; istiod runs in three
/// replicas, and its configuration changes as often whatever the size.
fn mesh(proxies: u64, size: u64) -> Case {
    let istiod = declared((500, 2048), (0, 0));
    let mut case = sidecars(proxies).with("istiod", ProxyMode::ControlPlane, 3, istiod);
    case.visibility.scopes = vec![Scope::default(); 2];
    (case.visibility.services, case.visibility.endpoints) = (100 * size, 300 * size);
    let xds = XdsBytes::of_services(100 * size, 300 * size);
    case.visibility.workloads[0] = VisibleConfig { clusters: 100 * size, xds, ..VisibleConfig::default() };
    case.policy.churn.config_changes_per_hour = Some(10.0);
    case
}

fn cluster(kind: RemoteKind, counts: (u64, u64, u64)) -> RemoteCluster {
    let (proxies, services, endpoints) = counts;
    let proxies = if kind == RemoteKind::Remote { proxies.max(1) } else { 0 };
    let (shared_services, visible_services) = (None, None);
    RemoteCluster { name: "eu".to_owned(), kind, proxies, services, endpoints, shared_services, visible_services }
}

fn with(mut case: Case, clusters: &[RemoteCluster]) -> ControlPlane {
    case.policy.control_plane.remote_clusters = clusters.to_vec();
    case.estimate().control_plane
}

/// Every figure about istiod by its name: those of all replicas, then those of the replicas that run.
fn figures(istiod: &ControlPlane) -> Vec<(String, f64)> {
    let operation = istiod.operation.as_ref().unwrap();
    let surviving = (istiod.replicas - 1) as f64;
    let mut figures = vec![
        ("proxies".to_owned(), istiod.proxies as f64),
        ("replicas".to_owned(), istiod.replicas as f64),
        ("CPU".to_owned(), istiod.cpu.value.as_cores()),
        ("memory".to_owned(), istiod.memory.value.as_mib() * surviving),
        ("certificates".to_owned(), istiod.csr_per_second),
        ("CPU by cause".to_owned(), operation.cpu.value.as_cores()),
    ];
    let time = |waiting: &WaitingTime| (waiting.event.as_str().to_owned(), waiting.time.value.as_seconds());
    figures.extend(operation.times.iter().map(time));
    figures
}

#[test]
fn a_remote_cluster_makes_what_one_larger_mesh_makes() {
    let remote = cluster(RemoteKind::Remote, (900, 300, 900));
    let seen = RemoteCluster { visible_services: Some(400), ..remote.clone() };
    let halves = |name: &str, counts| RemoteCluster { name: name.to_owned(), ..cluster(RemoteKind::Remote, counts) };
    let shared = RemoteCluster { shared_services: Some(50), ..cluster(RemoteKind::Remote, (900, 350, 900)) };
    // A primary's endpoints change as well: how much changes is not what is compared.
    let steady = |mut case: Case, clusters: &[RemoteCluster]| {
        case.policy.churn.pod_changes_per_hour = Some(50.0);
        figures(&with(case, clusters))
    };
    let larger = steady(mesh(1000, 4), &[]);
    for clusters in [
        vec![remote],
        vec![seen],
        vec![shared],
        vec![halves("a", (400, 100, 600)), halves("b", (500, 200, 300))],
        vec![halves("a", (900, 1, 1)), cluster(RemoteKind::Primary, (0, 299, 899))],
    ] {
        let sum = steady(mesh(100, 1), &clusters);
        assert_eq!(sum.len(), larger.len());
        for ((what, found), (name, expected)) in sum.iter().zip(&larger) {
            assert_eq!(what, name);
            // The pods of the largest namespace are those of this cluster, 100 and not 1,000.
            if what != "namespace-restart" {
                assert!((found / expected - 1.0).abs() < 1e-9, "{what}: {found} {expected} {clusters:?}");
            }
        }
    }
}

#[test]
fn changes_of_other_clusters_are_added() {
    let hourly = |clusters: &[RemoteCluster]| {
        let mut case = mesh(100, 1);
        case.policy.churn.config_changes_per_hour = None;
        let changes = with(case, clusters).operation.unwrap().changes;
        let weekly = |rate: Rate| (rate.as_per_second() * 7.0 * 86_400.0).round();
        (weekly(changes.pods), weekly(changes.config))
    };
    // Five rollouts a week take a pod away and bring one each; one workload here.
    assert_eq!(hourly(&[]), (1000.0, 5.0));
    assert_eq!(hourly(&[cluster(RemoteKind::Remote, (50, 20, 70))]), (1500.0, 105.0));
    assert_eq!(hourly(&[cluster(RemoteKind::Primary, (0, 20, 70))]), (1700.0, 5.0));
}

#[test]
fn what_is_not_known_to_be_shared_is_a_range() {
    let range = |shared_services, services| {
        let cluster = RemoteCluster { shared_services, ..cluster(RemoteKind::Primary, (0, services, 10)) };
        let istiod = with(mesh(100, 1), &[cluster]);
        let told = istiod.memory.basis.assumptions.iter().any(|it| it.contains("none shared"));
        let clusters = istiod.clusters.unwrap();
        (clusters.least_services, clusters.services, told)
    };
    assert_eq!(range(None, 40), (100, 140, true));
    assert_eq!(range(None, 150), (150, 250, true));
    assert_eq!(range(Some(0), 40), (140, 140, false));
    assert_eq!(range(Some(40), 40), (100, 100, false));
}

#[test]
fn clusters_alone_are_served_and_none_without_a_mesh() {
    let remote = cluster(RemoteKind::Remote, (500, 50, 200));
    let empty = || Case::default().with("cart", ProxyMode::None, 3, Requirements::default());
    let istiod = with(empty(), std::slice::from_ref(&remote));
    assert_eq!((istiod.proxies, istiod.certificates.holders), (500, 500));
    let clusters = istiod.clusters.unwrap();
    assert_eq!((clusters.services, clusters.endpoints, clusters.served.len()), (50, 200, 2));
    assert!(istiod.cpu.value > Cores::ZERO);

    let mut none = empty();
    none.policy.injection.mode = DataPlane::None;
    let istiod = with(none, &[remote]);
    assert_eq!((istiod.proxies, istiod.clusters, istiod.certificates.holders), (0, None, 0));
}

#[test]
fn what_remote_proxies_see_is_what_the_policy_says() {
    let seeing = |visible_services| {
        let cluster = RemoteCluster { visible_services, ..cluster(RemoteKind::Remote, (900, 300, 900)) };
        figures(&with(mesh(100, 1), &[cluster]))
    };
    let (few, all) = (seeing(Some(10)), seeing(None));
    for (place, what) in ["proxies", "replicas", "CPU", "memory", "certificates", "CPU by cause"].iter().enumerate() {
        let ((name, few), (_, all)) = (&few[place], &all[place]);
        assert_eq!(name, what);
        assert!(if ["CPU", "memory", "CPU by cause"].contains(what) { few < all } else { few <= all }, "{what}");
    }
}

fn any_cluster() -> impl Strategy<Value = RemoteCluster> {
    let kind = prop_oneof![Just(RemoteKind::Remote), Just(RemoteKind::Primary)];
    (kind, (1..3000_u64, 1..2000_u64, 0..5000_u64), proptest::option::of(0.0..=1.0_f64)).prop_map(
        |(kind, counts, shared)| RemoteCluster {
            shared_services: shared.map(|share| (counts.1 as f64 * share) as u64),
            ..cluster(kind, counts)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Proxies there see what those here do. So little changes that pushes are seldom merged: merged ones save work.
    /// What one endpoint makes istiod send is that of an average service, in a mesh with others never less than alone.
    #[test]
    fn a_further_cluster_never_lowers_a_figure(
        proxies in 1..2000_u64,
        clusters in proptest::collection::vec(any_cluster(), 0..3),
        further in any_cluster(),
    ) {
        let before = with(mesh(proxies, 1), &clusters);
        let after = with(mesh(proxies, 1), &[clusters, vec![further]].concat());
        let alone = figures(&with(mesh(proxies, 1), &[]));
        let (before, after) = (figures(&before), figures(&after));
        let figure = |figures: &[(String, f64)], what: &str| {
            figures.iter().find(|(name, _)| name == what).map(|(_, figure)| *figure)
        };
        for (what, _) in &alone {
            let is_of_one_service = ["endpoint-change", "namespace-restart"].contains(&what.as_str());
            let least = figure(if is_of_one_service { &alone } else { &before }, what);
            let after = figure(&after, what);
            prop_assert!(after >= least.map(|least| least * (1.0 - 1e-12)), "{what}: {least:?} {after:?}");
        }
    }
}
