//! Small meshes with and without their calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::card::TEST_CARD;
use crate::inventory::objects::ServicePort;
use crate::inventory::{
    Container, Labels, Measured, Namespace, Node, ObjectName, ReplicasBasis, Service, Workload, WorkloadId,
};
use crate::mesh::{Membership, Proxy, ProxyMode, VisibleConfig};
use crate::policy::SidecarForm;
use crate::units::{Cores, Memory, Share};

/// A mesh under construction: every workload has a service of its name unless it is a gateway.
#[derive(Default)]
struct Case {
    inventory: Inventory,
    mesh: Mesh,
    visibility: Visibility,
    profiles: Vec<Profile>,
    policy: Policy,
    calls: Option<Vec<Call>>,
}

impl Case {
    fn with(mut self, name: &str, mode: ProxyMode, replicas: u64, port: &str) -> Self {
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        self.inventory.workloads.push(Workload {
            id: WorkloadId::new("shop", "Deployment", name),
            replicas,
            replicas_basis: ReplicasBasis::Declared,
            autoscaler: None,
            labels: Arc::new(labels(&[("app", name), ("gateway.networking.k8s.io/gateway-name", name)])),
            annotations: Arc::default(),
            spec: Arc::default(),
            measured: Measured::default(),
            pods: 0..0,
        });
        if !matches!(mode, ProxyMode::Gateway | ProxyMode::Waypoint) {
            let ports = vec![ServicePort { name: port.to_owned(), port: 80, ..ServicePort::default() }];
            let name = ObjectName::new("shop", name);
            let selector = labels(&[("app", &name.name)]);
            self.inventory.services.push(Service { name, ports, selector, ..Service::default() });
        }
        let proxy = mode.runs_envoy().then(|| Proxy {
            container: Container::default(),
            present: true,
            running: replicas,
            form: SidecarForm::Native,
            workers: 2,
            workers_basis: "test",
        });
        self.mesh.members.push(Membership { mode, today: mode, reason: String::new(), proxy });
        self.visibility.workloads.push(VisibleConfig { listeners: 10, ..VisibleConfig::default() });
        self.visibility.services = self.inventory.services.len() as u64;
        self.profiles.push(Profile {
            rps_per_proxy: Rate::per_second(100.0),
            rps_measured: true,
            inbound_rps: Rate::ZERO,
            connections_per_proxy: 20.0,
            connections_measured: true,
            app_cpu: Cores::ZERO,
            app_memory: Memory::ZERO,
            app_measured: false,
            held: None,
        });
        self
    }

    fn calls(mut self, calls: &[(&str, &str)]) -> Self {
        let name = |text: &str| match text.strip_prefix('@') {
            Some(host) => ObjectName::new("", host),
            None => ObjectName::new("shop", text),
        };
        self.calls = Some(calls.iter().map(|(from, to)| Call { from: name(from), to: name(to) }).collect());
        self
    }

    fn estimate(&self) -> (Vec<Option<WorkloadTelemetry>>, Observability) {
        estimate(&Inputs {
            inventory: &self.inventory,
            mesh: &self.mesh,
            visibility: &self.visibility,
            profiles: &self.profiles,
            card: &TEST_CARD,
            policy: &self.policy,
            calls: self.calls.as_deref(),
        })
    }

    /// `client_http client_tcp server_http server_tcp` of a workload, ends where they differ.
    fn peers(&self, name: &str) -> String {
        let (workloads, _) = self.estimate();
        let index = self.inventory.workloads.iter().position(|it| *it.id.name == *name).unwrap();
        let peers = workloads[index].as_ref().unwrap().peers;
        let written = |count: crate::model::telemetry::Count| {
            let [lower, value, upper] = count.ends();
            if lower == upper { format!("{value}") } else { format!("{lower}-{value}-{upper}") }
        };
        [peers.client_http, peers.client_tcp, peers.server_http, peers.server_tcp].map(written).join(" ")
    }
}

/// A shop: the gateway calls web, web calls cart and a host outside, cart keeps its things in redis.
fn shop() -> Case {
    Case::default()
        .with("edge", ProxyMode::Gateway, 2, "http")
        .with("web", ProxyMode::Sidecar, 3, "http")
        .with("cart", ProxyMode::Sidecar, 2, "grpc")
        .with("redis", ProxyMode::Sidecar, 1, "redis")
        .with("cron", ProxyMode::None, 1, "http")
}

const CALLS: &[(&str, &str)] = &[
    ("edge", "web"),
    ("web", "cart"),
    ("web", "@pay.example.com"),
    ("cart", "redis"),
    ("cron", "cart"),
    ("web", "cart"),
];

#[test]
fn calls_tell_the_peers() {
    let case = shop().calls(CALLS);
    for (name, expected) in [("edge", "1 0 0 0"), ("web", "2 0 1 0"), ("cart", "0 1 2 0"), ("redis", "0 0 0 1")] {
        assert_eq!(case.peers(name), expected, "{name}");
    }
    assert_eq!(case.estimate().1.peers_assumed, 0);
}

#[test]
fn without_calls_peers_lie_between_bounds() {
    // Four services, one of them TCP; three workloads of the mesh may call, and redis may be a leaf.
    for (name, expected) in
        [("edge", "0.75-3-3 0.25-1-1 0 0"), ("web", "0-3-3 0-1-1 1-3-3 0"), ("redis", "0-3-3 0-1-1 0 1-3-3")]
    {
        assert_eq!(shop().peers(name), expected, "{name}");
    }
    assert_eq!(shop().estimate().1.peers_assumed, 4);
}

#[test]
fn a_measured_silence_is_no_peer() {
    let mut case = shop();
    case.inventory.workloads[1].measured.outbound_rps = Some(Rate::ZERO);
    assert!(case.peers("web").starts_with("0 0 "));
}

#[test]
fn what_calls_do_not_name_stays_between_bounds() {
    let case = shop().calls(&[("edge", "web")]);
    assert_eq!(case.peers("web"), "0 0 1 0");
    assert!(case.peers("cart").contains('-'));
    assert_eq!(case.estimate().1.peers_assumed, 2);
}

#[test]
fn unknown_names_are_told() {
    let (_, observed) = shop().calls(&[("edge", "wbe"), ("webb", "cart")]).estimate();
    let [finding] = &observed.findings[..] else { panic!("{:?}", observed.findings) };
    assert_eq!((finding.kind.id, finding.count), ("telemetry-call-of-unknown", 2));
    assert!(finding.message.contains("shop/wbe") && finding.message.contains("shop/webb"));
}

#[test]
fn a_waypoint_reports_the_pairs_it_carries() {
    let mut case = Case::default()
        .with("front", ProxyMode::Ambient, 4, "http")
        .with("stock", ProxyMode::Ambient, 2, "http")
        .with("waypoint", ProxyMode::Waypoint, 2, "");
    case.inventory.nodes = vec![Node::default(), Node::default(), Node::default()];
    case.inventory.services[1].labels.insert("istio.io/use-waypoint".to_owned(), "waypoint".to_owned());
    case.inventory.namespaces = BTreeMap::from([("shop".into(), Namespace::default())]);
    assert_eq!(case.peers("waypoint"), "1 0 0 0", "one service, one other caller");
    let case = case.calls(&[("front", "stock")]);
    assert_eq!(case.peers("waypoint"), "1 0 0 0");
    let (workloads, observed) = case.estimate();
    let series = |index: usize| workloads[index].as_ref().unwrap().volume.series.value.count();
    assert_eq!(series(0), 3.0 * 4.0, "one peer on each of three nodes");
    assert_eq!(series(1), 2.0 * 4.0, "one peer on each of two nodes");
    assert_eq!(observed.ztunnels.as_ref().unwrap().0, 3);
    let sum: f64 = workloads.iter().flatten().map(|it| it.volume.series.value.count()).sum();
    assert_eq!(observed.total.series.value.count(), sum + 3.0 * 20.0);
}

#[test]
fn features_that_are_off_cost_nothing() {
    let mut case = shop();
    let cpu = |case: &Case| case.estimate().1.cpu;
    assert!(cpu(&case).metrics.value > Cores::ZERO);
    assert_eq!((cpu(&case).access_log.value, cpu(&case).tracing.value), (Cores::ZERO, Cores::ZERO));
    case.policy.features.access_log = true;
    case.policy.features.tracing_sampling = Share::literal(1.0);
    assert!(cpu(&case).access_log.value > Cores::ZERO && cpu(&case).tracing.value > Cores::ZERO);
    let (_, observed) = case.estimate();
    assert_eq!(observed.total.log_lines, Rate::per_second(800.0));
    assert_eq!(observed.total.spans.value, Rate::per_second(800.0));
    case.policy.features.metrics = false;
    let families: Vec<Family> = case.estimate().1.families.iter().map(|(family, _)| *family).collect();
    assert_eq!(families, [Family::Envoy, Family::Agent, Family::Target]);
}

/// What the mesh says of single metrics and labels decides how many series there are, side by side.
#[test]
fn what_telemetry_leaves_out_is_no_series() {
    let observed = |change: fn(&mut crate::mesh::WorkloadFeatures)| {
        let mut case = shop().calls(CALLS);
        let mut features = crate::mesh::WorkloadFeatures::by_policy(&case.policy.features);
        change(&mut features);
        case.mesh.features = vec![features; case.mesh.members.len()];
        let families = case.estimate().1.families;
        move |family: Family| {
            families.iter().find(|(known, _)| *known == family).map_or(0.0, |(_, series)| series.value.count())
        }
    };
    let all = observed(|_| ());
    let without_sizes = observed(|features| {
        for side in [&mut features.inbound, &mut features.outbound] {
            side.reported.request_size.is_on = false;
        }
    });
    assert!(all(Family::RequestSize) > 0.0);
    assert_eq!(without_sizes(Family::RequestSize), 0.0);
    assert_eq!(without_sizes(Family::Duration), all(Family::Duration));
    let one_side = observed(|features| features.outbound.reported.duration.is_on = false);
    assert!(0.0 < one_side(Family::Duration) && one_side(Family::Duration) < all(Family::Duration));
    let no_outcomes = observed(|features| {
        for side in [&mut features.inbound, &mut features.outbound] {
            side.reported.requests.outcome = false;
        }
    });
    // The card has 1.5 sets of outcomes for each peer.
    assert_eq!(no_outcomes(Family::Requests) * 1.5, all(Family::Requests));
    let no_peers = observed(|features| features.outbound.reported.requests.peer = false);
    assert!(no_peers(Family::Requests) < all(Family::Requests));
}

#[test]
fn what_is_too_much_is_found() {
    let mut case = shop();
    case.policy.features.access_log = true;
    case.policy.features.tracing_sampling = Share::literal(1.0);
    case.policy.telemetry.most_series_per_workload = 3000.0;
    case.policy.telemetry.most_spans_per_second = 700.0;
    case.policy.telemetry.most_log_per_day = crate::units::Bytes::from_gib(10);
    case.policy.node_pool.memory = crate::units::Bytes::from_mib(100);
    let found: Vec<&str> = case.estimate().1.findings.iter().map(|finding| finding.kind.id).collect();
    assert_eq!(
        found,
        [
            "telemetry-many-series",
            "telemetry-traces-everything",
            "telemetry-much-access-log",
            "telemetry-prometheus-above-node"
        ]
    );
    assert_eq!(shop().estimate().1.findings, []);
}

/// `edge`, `web` … by number; the last is a host outside.
const NAMES: [&str; 6] = ["edge", "web", "cart", "redis", "cron", "@pay.example.com"];

proptest! {
    #[test]
    fn the_whole_is_the_sum_of_its_parts(calls in prop::collection::vec((0usize..5, 0usize..6), 0..30)) {
        let calls: Vec<(&str, &str)> = calls.into_iter().map(|(from, to)| (NAMES[from], NAMES[to])).collect();
        let (workloads, observed) = shop().calls(&calls).estimate();
        let sum = |part: fn(&Volume) -> f64| -> f64 {
            workloads.iter().flatten().map(|it| part(&it.volume)).sum()
        };
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        let total = &observed.total;
        prop_assert!(close(total.series.value.count(), sum(|it| it.series.value.count())));
        prop_assert!(close(total.series.upper.count(), sum(|it| it.series.upper.count())));
        prop_assert!(close(total.spans.value.as_per_second(), sum(|it| it.spans.value.as_per_second())));
        prop_assert!(close(total.log_lines.as_per_second(), sum(|it| it.log_lines.as_per_second())));
        let families: f64 = observed.families.iter().map(|(_, series)| series.value.count()).sum();
        prop_assert!(close(families, total.series.value.count()));
        let terms: f64 = total.series.basis.terms.iter().map(|term| term.amount).sum();
        prop_assert!(close(terms, total.series.value.count()));
        let namespaces: f64 = observed.namespaces.values().map(|it| it.series.value.count()).sum();
        prop_assert!(close(namespaces, sum(|it| it.series.value.count())));
        for trim in &observed.trims {
            prop_assert!(trim.series.value <= total.series.value, "{:?}", trim.kind);
            prop_assert!(trim.series.lower.count() >= 0.0 && trim.cpu.lower >= Cores::ZERO);
            prop_assert!(trim.memory.value < observed.kept.memory.value);
        }
    }

    #[test]
    fn one_more_call_is_never_fewer_series(
        calls in prop::collection::vec((0usize..5, 0usize..6), 1..30),
    ) {
        // Every workload is in both graphs, so that none falls back to bounds.
        let named: Vec<(&str, &str)> = vec![("edge", "web"), ("web", "cart"), ("cart", "redis"), ("redis", "web")];
        let more: Vec<(&str, &str)> =
            named.iter().copied().chain(calls.into_iter().map(|(from, to)| (NAMES[from], NAMES[to]))).collect();
        let series = |calls: &[(&str, &str)]| shop().calls(calls).estimate().1.total.series;
        prop_assert!(series(&named).value <= series(&more).value);
    }
}
