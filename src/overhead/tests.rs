//! A small mesh, changed one thing at a time.

mod remote;

use std::sync::Arc;

use super::*;
use crate::card::TEST_CARD;
use crate::inventory::{Container, Labels, Measured, Node, PodSpec, ReplicasBasis, Workload, WorkloadId};
use crate::mesh::{Membership, Proxy, ProxyMode, VisibleConfig, WorkloadFeatures};
use crate::policy::SidecarForm;
use crate::resources::Requirements;
use crate::units::Rate;

/// A mesh under construction.
#[derive(Default)]
struct Case {
    inventory: Inventory,
    mesh: Mesh,
    visibility: Visibility,
    profiles: Vec<Profile>,
    policy: Policy,
}

/// 100m/128Mi requested, 2/1Gi allowed: what injection writes.
fn injected() -> Requirements {
    declared((100, 128), (2000, 1024))
}

fn declared((cpu, memory): (u64, u64), (cpu_limit, memory_limit): (u64, u64)) -> Requirements {
    let amounts = |cpu, memory| Declared::new(Some(Millicores::new(cpu)), Some(Bytes::from_mib(memory)));
    Requirements { requests: amounts(cpu, memory), limits: amounts(cpu_limit, memory_limit) }
}

impl Case {
    fn with(mut self, name: &str, mode: ProxyMode, replicas: u64, resources: Requirements) -> Self {
        let name_of_container = if mode == ProxyMode::ControlPlane { "discovery" } else { "istio-proxy" };
        let container = Container { name: name_of_container.to_owned(), resources, ..Container::default() };
        let spec = PodSpec { containers: vec![container.clone()], ..PodSpec::default() };
        self.inventory.workloads.push(Workload {
            id: WorkloadId::new("shop", "Deployment", name),
            replicas,
            replicas_basis: ReplicasBasis::Declared,
            autoscaler: None,
            labels: Arc::new(Labels::new()),
            annotations: Arc::new(Labels::new()),
            spec: Arc::new(spec),
            measured: Measured::default(),
            pods: 0..0,
        });
        let proxy = mode.runs_envoy().then_some(Proxy {
            container,
            present: true,
            running: 1,
            form: SidecarForm::Classic,
            workers: 2,
            workers_basis: "test",
        });
        self.mesh.members.push(Membership { mode, today: mode, reason: String::new(), proxy });
        self.visibility.workloads.push(VisibleConfig {
            clusters: 30,
            endpoints: 40,
            listeners: 20,
            virtual_hosts: 25,
            routes: 25,
            ..VisibleConfig::default()
        });
        self.profiles.push(Profile {
            rps_per_proxy: Rate::per_second(50.0),
            rps_measured: true,
            inbound_rps: Rate::per_second(25.0 * replicas as f64),
            connections_per_proxy: 20.0,
            connections_measured: true,
            app_cpu: Cores::ZERO,
            app_memory: Memory::ZERO,
            app_measured: false,
            held: None,
        });
        self
    }

    fn estimate(&self) -> Overhead {
        estimate(&self.inventory, &self.mesh, &self.visibility, &self.profiles, &TEST_CARD, &self.policy)
    }

    fn findings(&self) -> Vec<String> {
        self.estimate().findings.iter().map(|finding| format!("{} {}", finding.kind.id, finding.count)).collect()
    }
}

fn sidecars(replicas: u64) -> Case {
    Case::default().with("cart", ProxyMode::Sidecar, replicas, injected())
}

#[test]
fn an_inventory_without_mesh_costs_nothing() {
    let overhead = Case::default().with("cart", ProxyMode::None, 3, Requirements::default()).estimate();
    assert_eq!(overhead.workloads, [None]);
    assert_eq!(overhead.ztunnel, None);
    assert_eq!(overhead.findings, []);
    let control_plane = overhead.control_plane;
    assert_eq!((control_plane.proxies, control_plane.replicas), (0, 0));
    assert_eq!((control_plane.cpu_request, control_plane.memory_request), (Millicores::ZERO, Bytes::ZERO));
}

#[test]
fn a_small_mesh_fits_what_injection_writes() {
    let case = sidecars(10);
    let overhead = case.estimate();
    let cost = overhead.workloads[0].as_ref().unwrap();
    assert!((cost.memory.value.as_mib() - 56.0).abs() < 2.0, "{} MiB", cost.memory.value.as_mib());
    assert!(cost.memory_needed <= Bytes::from_mib(128), "{:?}", cost.memory_needed);
    assert!(cost.cpu_needed <= Millicores::new(100), "{:?}", cost.cpu_needed);
    assert_eq!(cost.requests, injected().requests);
    assert_eq!(case.findings(), ["proxy-request-wasteful 1"]);
}

#[test]
fn what_is_declared_is_judged() {
    let judged =
        |requests, limits| Case::default().with("cart", ProxyMode::Sidecar, 1, declared(requests, limits)).findings();
    for (requests, limits, expected) in [
        ((60, 128), (2000, 1024), &[][..]),
        ((60, 128), (2000, 64), &["memory-limit-below-peak 1"]),
        ((60, 64), (2000, 1024), &["proxy-request-below-need 1"]),
        ((10, 128), (2000, 1024), &["proxy-request-below-need 1"]),
        ((10, 64), (2000, 1024), &["proxy-request-below-need 1", "proxy-request-below-need 1"]),
        ((60, 1024), (2000, 1024), &["proxy-request-wasteful 1"]),
        ((10, 128), (10, 1024), &["cpu-limit-below-need 1", "proxy-request-below-need 1"]),
    ] {
        assert_eq!(judged(requests, limits), expected, "{requests:?} {limits:?}");
    }
}

#[test]
fn traffic_nobody_measured_is_told_once() {
    let mut case = sidecars(1);
    for name in ["a", "b", "c", "d"] {
        case = case.with(name, ProxyMode::Sidecar, 1, declared((60, 128), (2000, 1024)));
    }
    for profile in &mut case.profiles {
        profile.rps_measured = false;
    }
    let overhead = case.estimate();
    let [finding] = &overhead.findings.iter().filter(|f| f.kind.id == "traffic-assumed").collect::<Vec<_>>()[..] else {
        panic!("one finding expected")
    };
    assert_eq!(finding.count, 5);
    assert!(finding.message.contains("and 2 more"), "{}", finding.message);
    assert!(finding.message.contains("50 requests per second"), "{}", finding.message);
}

#[test]
fn configuration_and_rates_beyond_the_evidence_are_told() {
    let mut case = sidecars(1);
    case.visibility.workloads[0].clusters = 9000;
    case.profiles[0].rps_per_proxy = Rate::per_second(50_000.0);
    let findings = case.findings();
    for expected in ["coefficient-outside-range 1", "proxy-saturated 1", "memory-limit-below-peak 1"] {
        assert!(findings.iter().any(|finding| finding == expected), "{expected}: {findings:?}");
    }
}

#[test]
fn evidence_about_istiod_is_about_one_replica() {
    let mut case = sidecars(50_000);
    case.policy.control_plane.replica_cpu = Millicores::new(16_000);
    case.policy.control_plane.replica_memory = Bytes::from_gib(32);
    assert!(case.estimate().control_plane.replicas > 2);
    assert!(!case.findings().iter().any(|finding| finding.starts_with("coefficient-outside-range")));
    case.policy.control_plane.replica_cpu = Millicores::new(1_000_000);
    case.policy.control_plane.replica_memory = Bytes::from_gib(4096);
    // One replica for all, beyond the 30,000 of the evidence: in memory and in CPU.
    assert_eq!(case.estimate().control_plane.replicas, 2);
    let beyond = case.findings().iter().filter(|finding| finding.starts_with("coefficient-outside-range")).count();
    assert_eq!(beyond, 2, "{:?}", case.findings());
}

#[test]
fn workloads_without_replicas_raise_nothing() {
    let case = sidecars(0);
    assert_eq!(case.findings(), Vec::<String>::new());
    assert!(case.estimate().workloads[0].is_some(), "what it would cost is still known");
}

#[test]
fn gateways_cost_more_than_sidecars() {
    let case = sidecars(1).with("gateway", ProxyMode::Gateway, 1, injected());
    let [Some(sidecar), Some(gateway)] = &case.estimate().workloads[..] else { panic!("both have proxies") };
    assert!(gateway.cpu.value > sidecar.cpu.value);
    assert_eq!(gateway.memory.value, sidecar.memory.value);
}

#[test]
fn ztunnels_share_the_captured_traffic() {
    let mut case = Case::default().with("cart", ProxyMode::Ambient, 40, Requirements::default());
    case.inventory.nodes = vec![Node::default(); 4];
    let overhead = case.estimate();
    let ztunnel = overhead.ztunnel.unwrap();
    // 40 replicas × 50 requests a second over 4 nodes are 500 a node: 1m + 0.5 × 60m.
    assert!((ztunnel.cpu.value.as_millis() - 31.0).abs() < 1e-6, "{:?}", ztunnel.cpu.value);
    assert_eq!(ztunnel.requests, Declared::new(Some(Millicores::new(200)), Some(Bytes::from_mib(512))));
    assert_eq!(overhead.workloads, [None]);
    assert_eq!(overhead.control_plane.proxies, 4);
    // ztunnel holds a certificate for each pod it captures, not for itself.
    assert!((overhead.control_plane.csr_per_second - 40.0 / 43_200.0).abs() < 1e-12);
    assert_eq!(ztunnel_count(&case.inventory, &case.mesh), 4);
}

#[test]
fn a_deployed_ztunnel_is_counted_by_node_and_by_replica() {
    let case = |nodes: usize, replicas: u64| {
        let mut case = Case::default().with("ztunnel", ProxyMode::Ztunnel, replicas, injected());
        case.inventory.nodes = vec![Node::default(); nodes];
        ztunnel_count(&case.inventory, &case.mesh)
    };
    assert_eq!((case(3, 5), case(5, 3), case(0, 0), case(0, 2)), (5, 5, 1, 2));
}

#[test]
fn istiod_gets_its_floor_in_a_small_mesh_and_replicas_in_a_large_one() {
    let control_plane = sidecars(10).estimate().control_plane;
    assert_eq!((control_plane.proxies, control_plane.replicas), (10, 2));
    assert_eq!(control_plane.cpu_request, Millicores::new(500));
    assert_eq!(control_plane.memory_request, Bytes::from_gib(2));

    let mut large = sidecars(10_000);
    large.visibility.services = 1000;
    large.visibility.endpoints = 10_000;
    let large = large.estimate().control_plane;
    assert!(large.replicas > 3, "{}", large.replicas);
    assert!(large.memory_request <= Bytes::from_gib(8) && large.cpu_request <= Millicores::new(4000));
    assert!((large.csr_per_second - 10_000.0 / 43_200.0).abs() < 1e-9);
}

#[test]
fn istiod_as_deployed_is_judged() {
    let deployed = |replicas, requests, proxies| {
        let case = sidecars(proxies).with("istiod", ProxyMode::ControlPlane, replicas, declared(requests, requests));
        let findings = case.findings();
        findings.into_iter().filter(|finding| finding.starts_with("istiod")).collect::<Vec<_>>()
    };
    for (replicas, requests, proxies, expected) in [
        (2, (500, 2048), 10, &[][..]),
        (1, (500, 2048), 10, &["istiod-single-replica 1"]),
        (2, (500, 256), 10, &["istiod-below-need 1"]),
        (
            2,
            (500, 2048),
            20_000,
            &["istiod-autoscaler-flaps 1", "istiod-below-need 1", "istiod-reconnect-slow 1", "istiod-scale-up-slow 1"],
        ),
    ] {
        assert_eq!(deployed(replicas, requests, proxies), expected, "{replicas} × {requests:?} for {proxies}");
    }
    let control_plane =
        sidecars(1).with("istiod", ProxyMode::ControlPlane, 3, declared((500, 2048), (0, 0))).estimate().control_plane;
    assert_eq!(control_plane.deployed, Some((3, declared((500, 2048), (0, 0)).requests)));
}

#[test]
fn a_replica_that_cannot_be_small_enough_is_told() {
    let mut case = sidecars(100);
    case.visibility.endpoints = 50_000_000;
    assert!(case.findings().contains(&"istiod-replica-too-small 1".to_owned()), "{:?}", case.findings());
    assert_eq!(case.estimate().control_plane.replicas, 2);

    let absurd = sidecars(u64::MAX).estimate();
    assert_eq!(absurd.control_plane.replicas, 101);
}

#[test]
fn margins_and_quantiles_come_on_top() {
    let mut case = sidecars(1);
    case.policy.sizing.quantile = Share::literal(0.5);
    let middle = case.estimate().workloads[0].as_ref().unwrap().memory_needed;
    case.policy.sizing.memory_margin = Share::literal(0.2);
    let with_margin = case.estimate().workloads[0].as_ref().unwrap().memory_needed;
    let ratio = with_margin.get() as f64 / middle.get() as f64;
    assert!((ratio - 1.2).abs() < 0.02, "{ratio}");
}

#[test]
fn parallel_lists_that_end_early_leave_the_rest_without_cost() {
    let mut case = sidecars(1);
    case.profiles.clear();
    assert_eq!(case.estimate().workloads, [None]);
}

/// 4000 requests a second open 400 connections by policy, of 1.2 millicores a handshake each, on 2 cores.
#[test]
fn a_pool_is_judged_with_the_features_its_gateway_has() {
    let pool = |ends_tls| {
        let mut case = Case::default().with("ingress", ProxyMode::Gateway, 2, injected());
        case.profiles[0].rps_per_proxy = Rate::per_second(4000.0);
        case.mesh.features = vec![WorkloadFeatures { ends_tls, ..WorkloadFeatures::by_policy(&case.policy.features) }];
        case.estimate().pools[0].unwrap()
    };
    let (plain, tls) = (pool(false), pool(true));
    assert!((tls.utilization - plain.utilization - 0.24).abs() < 1e-9, "{} {}", plain.utilization, tls.utilization);
    assert!(tls.needed > plain.needed, "{} {}", plain.needed, tls.needed);
}
