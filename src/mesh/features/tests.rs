//! Features of small meshes, each said by a few objects.

use std::sync::Arc;

use super::*;
use crate::inventory::objects::{
    Attachment, AuthorizationAction, LabelOverride, LoggingSetting, MeshTelemetry, MetricOverride, MetricsSetting,
    MtlsMode, TargetRef, TlsMode, TracingSetting,
};
use crate::inventory::{
    AuthorizationPolicy, DestinationRule, EnvoyFilter, IstioConfig, Labels, Measured, ObjectName, PeerAuthentication,
    ReplicasBasis, RequestAuthentication, Service, Telemetry, WasmPlugin, WorkloadId,
};
use crate::mesh::Membership;

const ROOT: &str = "istio-system";

fn labels(key: &str, value: &str) -> Labels {
    Labels::from([(key.to_owned(), value.to_owned())])
}

/// A workload labelled `app: NAME`.
fn workload(namespace: &str, name: &str) -> Workload {
    Workload {
        id: WorkloadId::new(namespace, "Deployment", name),
        labels: Arc::new(labels("app", name)),
        replicas: 2,
        replicas_basis: ReplicasBasis::Declared,
        autoscaler: None,
        annotations: Arc::default(),
        spec: Arc::default(),
        measured: Measured::default(),
        pods: 0..0,
    }
}

/// Cart and orders of the shop, each behind a service on ports 80 and 9090, and a waypoint.
fn shop(istio: IstioConfig) -> Inventory {
    let service = |name: &str| Service {
        name: ObjectName::new("shop", name),
        selector: labels("app", name),
        ports: [80, 9090].map(|port| crate::inventory::objects::ServicePort { port, ..Default::default() }).to_vec(),
        ..Service::default()
    };
    let mut waypoint = workload("shop", "waypoint");
    waypoint.labels = Arc::new(labels("gateway.networking.k8s.io/gateway-name", "waypoint"));
    Inventory {
        workloads: vec![workload("shop", "cart"), workload("shop", "orders"), waypoint],
        services: vec![service("cart"), service("orders")],
        istio,
        ..Inventory::default()
    }
}

fn meshed(inventory: &Inventory) -> Mesh {
    let mode = |workload: &Workload| match &*workload.id.name {
        "waypoint" => ProxyMode::Waypoint,
        _ => ProxyMode::Sidecar,
    };
    let member = |workload| {
        let mode = mode(workload);
        Membership { mode, today: mode, reason: String::new(), proxy: None }
    };
    Mesh { members: inventory.workloads.iter().map(member).collect(), ..Mesh::default() }
}

/// Features of cart, orders and the waypoint, and what was noticed.
fn worked_out(istio: IstioConfig) -> ([WorkloadFeatures; 3], Vec<Finding>) {
    let inventory = shop(istio);
    let (features, findings) = features(&inventory, &meshed(&inventory), &FeaturePolicy::default());
    (features.try_into().unwrap(), findings)
}

fn said(features: &WorkloadFeatures, feature: Feature) -> Vec<String> {
    let of_feature = features.origins.iter().filter(|origin| origin.feature == feature);
    of_feature.map(|origin| format!("{} | {}", origin.setting, origin.from)).collect()
}

fn app(name: &str) -> Attachment {
    Attachment { selector: Some(labels("app", name)), targets: Vec::new() }
}

fn peer(namespace: &str, name: &str, attachment: Attachment, mode: Option<MtlsMode>) -> PeerAuthentication {
    PeerAuthentication { name: ObjectName::new(namespace, name), attachment, mode, ..PeerAuthentication::default() }
}

fn share(number: f64) -> Share {
    Share::new(number).unwrap()
}

#[test]
fn without_objects_everything_is_as_the_policy_has_it() {
    let ([cart, _, waypoint], findings) = worked_out(IstioConfig::default());
    assert_eq!(cart, WorkloadFeatures::by_policy(&FeaturePolicy::default()));
    assert_eq!(cart, waypoint);
    assert!(cart.origins.iter().all(|origin| !origin.is_read));
    assert!(findings.is_empty(), "{findings:?}");
}

/// istio.io, "PeerAuthentication": workload before namespace before mesh, UNSET inherits.
#[test]
fn the_nearest_peer_authentication_holds() {
    let (mesh, all) = (Attachment::default(), MtlsMode::Strict);
    for (what, objects, cart, orders) in [
        ("mesh", vec![peer(ROOT, "a", mesh.clone(), Some(all))], "inbound STRICT", "inbound STRICT"),
        (
            "namespace over mesh",
            vec![peer(ROOT, "a", mesh.clone(), Some(all)), peer("shop", "b", mesh.clone(), Some(MtlsMode::Permissive))],
            "inbound PERMISSIVE",
            "inbound PERMISSIVE",
        ),
        (
            "workload over namespace",
            vec![peer("shop", "b", mesh.clone(), Some(all)), peer("shop", "c", app("cart"), Some(MtlsMode::Disable))],
            "inbound DISABLE",
            "inbound STRICT",
        ),
        (
            "a workload that leaves it open",
            vec![peer("shop", "b", mesh.clone(), Some(all)), peer("shop", "c", app("cart"), None)],
            "inbound STRICT",
            "inbound STRICT",
        ),
    ] {
        let istio = IstioConfig { peer_authentications: objects, ..IstioConfig::default() };
        let ([of_cart, of_orders, _], _) = worked_out(istio);
        for (features, expected) in [(&of_cart, cart), (&of_orders, orders)] {
            let found = said(features, Feature::Mtls);
            assert!(found.iter().any(|line| line.starts_with(expected)), "{what}: {found:?}");
            let wanted = if expected.ends_with("DISABLE") { Share::ZERO } else { Share::ONE };
            assert_eq!(features.inbound.mtls, wanted, "{what}");
        }
    }
}

#[test]
fn a_port_of_its_own_mode_is_one_of_several() {
    let mut object = peer("shop", "cart", app("cart"), Some(MtlsMode::Strict));
    object.ports.insert(9090, Some(MtlsMode::Disable));
    let istio = IstioConfig { peer_authentications: vec![object], ..IstioConfig::default() };
    let ([cart, orders, _], _) = worked_out(istio);
    assert_eq!((cart.inbound.mtls, orders.inbound.mtls), (share(0.5), Share::ONE));
    assert_eq!(said(&cart, Feature::Mtls), ["inbound STRICT, DISABLE on port 9090 | PeerAuthentication shop/cart"]);
}

#[test]
fn callers_of_plaintext_services_lack_mtls_for_those() {
    let rule = DestinationRule {
        name: ObjectName::new("shop", "orders"),
        host: "orders".to_owned(),
        tls: Some(TlsMode::Disable),
        ..DestinationRule::default()
    };
    let disabled = peer("shop", "cart", app("cart"), Some(MtlsMode::Disable));
    for (what, istio, outbound) in [
        ("rule", IstioConfig { destination_rules: vec![rule.clone()], ..IstioConfig::default() }, 0.5),
        ("server", IstioConfig { peer_authentications: vec![disabled.clone()], ..IstioConfig::default() }, 0.5),
        (
            "both",
            IstioConfig {
                destination_rules: vec![rule],
                peer_authentications: vec![disabled],
                ..IstioConfig::default()
            },
            0.0,
        ),
    ] {
        let ([cart, ..], _) = worked_out(istio);
        assert_eq!(cart.outbound.mtls, share(outbound), "{what}");
    }
}

#[test]
fn rules_of_mesh_namespace_and_workload_add_up() {
    let policy = |namespace: &str, name: &str, attachment, action, rules, values| AuthorizationPolicy {
        name: ObjectName::new(namespace, name),
        attachment,
        action,
        rules,
        values,
        ..AuthorizationPolicy::default()
    };
    let (allow, deny) = (AuthorizationAction::Allow, AuthorizationAction::Deny);
    let waypoint = TargetRef { kind: "Gateway".to_owned(), name: "waypoint".to_owned() };
    let to_waypoint = Attachment { targets: vec![waypoint], ..Attachment::default() };
    let istio = IstioConfig {
        authorization_policies: vec![
            policy(ROOT, "nothing", Attachment::default(), allow, 0, 0),
            policy(ROOT, "carts", app("cart"), deny, 1, 2),
            policy("shop", "names", Attachment::default(), deny, 2, 5),
            policy("shop", "orders", app("orders"), allow, 3, 7),
            policy("other", "elsewhere", Attachment::default(), deny, 50, 50),
            policy("shop", "edge", to_waypoint, AuthorizationAction::Custom, 1, 1),
            policy("shop", "gone", app("gone"), allow, 1, 1),
        ],
        ..IstioConfig::default()
    };
    let ([cart, orders, waypoint], findings) = worked_out(istio);
    let counts =
        |features: &WorkloadFeatures| (features.inbound.authorization_rules, features.inbound.authorization_values);
    assert_eq!([counts(&cart), counts(&orders), counts(&waypoint)], [(4, 7), (6, 12), (1, 1)]);
    assert_eq!(cart.outbound.authorization_rules, 0);
    let noticed: Vec<(&str, &str)> = findings.iter().map(|it| (it.kind.id, it.message.as_str())).collect();
    assert!(
        matches!(
            noticed.as_slice(),
            [("selector-matches-nothing", first), ("external-authorization", second)]
                if first.ends_with("AuthorizationPolicy shop/gone") && second.ends_with("shop/edge")
        ),
        "{noticed:?}"
    );
}

#[test]
fn issuers_of_all_policies_are_taken() {
    let policy = |name: &str, attachment, issuers| RequestAuthentication {
        name: ObjectName::new("shop", name),
        attachment,
        issuers,
        ..RequestAuthentication::default()
    };
    let istio = IstioConfig {
        request_authentications: vec![policy("all", Attachment::default(), 1), policy("cart", app("cart"), 2)],
        ..IstioConfig::default()
    };
    let ([cart, orders, waypoint], _) = worked_out(istio);
    assert_eq!([&cart, &orders, &waypoint].map(|it| it.inbound.jwt_issuers), [3, 1, 0]);
}

fn telemetry(namespace: &str, attachment: Attachment, change: impl Fn(&mut Telemetry)) -> Telemetry {
    let mut object = Telemetry { name: ObjectName::new(namespace, "telemetry"), attachment, ..Telemetry::default() };
    change(&mut object);
    object
}

fn providers(named: bool) -> Vec<String> {
    if named { vec!["envoy".to_owned()] } else { Vec::new() }
}

fn log(side: Side, names_providers: bool, disabled: bool, filtered: bool) -> LoggingSetting {
    LoggingSetting {
        side,
        providers: providers(names_providers),
        disabled,
        filter: filtered.then(|| "response.code >= 400".to_owned()),
        says_more: false,
    }
}

/// istio.io, "Telemetry": mesh, then namespace, then workload, each overruling the one before.
#[test]
fn access_logs_follow_the_nearest_telemetry() {
    let on = MeshTelemetry { access_log_file: Some(true), ..MeshTelemetry::default() };
    let logging = |namespace, attachment, entries: &[LoggingSetting]| {
        telemetry(namespace, attachment, |it| it.logging = entries.to_vec())
    };
    let general = Attachment::default;
    for (what, mesh, objects, cart, orders) in [
        ("mesh settings", Some(on.clone()), vec![], (1.0, 1.0), (1.0, 1.0)),
        ("nothing", None, vec![], (0.0, 0.0), (0.0, 0.0)),
        (
            "a provider",
            None,
            vec![logging("shop", general(), &[log(Side::Both, true, false, false)])],
            (1.0, 1.0),
            (1.0, 1.0),
        ),
        (
            "no provider",
            None,
            vec![logging("shop", general(), &[log(Side::Both, false, false, false)])],
            (0.0, 0.0),
            (0.0, 0.0),
        ),
        (
            "off for one workload",
            Some(on.clone()),
            vec![logging("shop", app("cart"), &[log(Side::Both, false, true, false)])],
            (0.0, 0.0),
            (1.0, 1.0),
        ),
        (
            "off in the mesh, on in the namespace, filtered for one",
            Some(on.clone()),
            vec![
                logging(ROOT, general(), &[log(Side::Both, false, true, false)]),
                logging("shop", general(), &[log(Side::Both, true, false, false)]),
                logging("shop", app("cart"), &[log(Side::Server, true, false, true)]),
            ],
            (0.05, 1.0),
            (1.0, 1.0),
        ),
        (
            "the client side off",
            Some(on),
            vec![logging("shop", general(), &[log(Side::Client, false, true, false)])],
            (1.0, 0.0),
            (1.0, 0.0),
        ),
    ] {
        let mut istio = IstioConfig { telemetries: objects, ..IstioConfig::default() };
        istio.mesh.telemetry = mesh.unwrap_or_default();
        let ([of_cart, of_orders, _], _) = worked_out(istio);
        for (features, (inbound, outbound)) in [(&of_cart, cart), (&of_orders, orders)] {
            assert_eq!(features.inbound.access_log, share(inbound), "{what}: {:?}", features.origins);
            assert_eq!(features.outbound.access_log, share(outbound), "{what}: {:?}", features.origins);
        }
    }
}

#[test]
fn traces_follow_the_nearest_telemetry() {
    let tracing = |namespace, attachment, sampling_percent, disabled| {
        let entry = TracingSetting { sampling_percent, disabled, ..TracingSetting::default() };
        telemetry(namespace, attachment, |it| it.tracing = vec![entry.clone()])
    };
    let mesh = |percent, tracing| MeshTelemetry { sampling_percent: percent, tracing, ..MeshTelemetry::default() };
    let general = Attachment::default;
    for (what, settings, objects, cart, from) in [
        ("policy", mesh(None, None), vec![], 0.01, "assumed by policy"),
        ("mesh", mesh(Some(50.0), None), vec![], 0.5, "defaultConfig.tracing of the mesh settings"),
        ("mesh off", mesh(Some(50.0), Some(false)), vec![], 0.0, "enableTracing of the mesh settings"),
        (
            "namespace",
            mesh(Some(50.0), None),
            vec![tracing("shop", general(), Some(10.0), None)],
            0.1,
            "Telemetry shop/telemetry",
        ),
        (
            "workload off, sampling of the namespace",
            mesh(None, None),
            vec![tracing("shop", general(), Some(10.0), None), tracing("shop", app("cart"), None, Some(true))],
            0.0,
            "Telemetry shop/telemetry",
        ),
        (
            "off in the mesh and on again",
            mesh(None, None),
            vec![tracing(ROOT, general(), None, Some(true)), tracing("shop", general(), Some(100.0), Some(false))],
            1.0,
            "Telemetry shop/telemetry",
        ),
    ] {
        let mut istio = IstioConfig { telemetries: objects, ..IstioConfig::default() };
        istio.mesh.telemetry = settings;
        let ([features, ..], _) = worked_out(istio);
        assert_eq!((features.inbound.tracing, features.outbound.tracing), (share(cart), share(cart)), "{what}");
        let found = said(&features, Feature::Tracing);
        assert!(found.len() == 1 && found[0].ends_with(from), "{what}: {found:?}");
    }
}

fn removed(label: &str) -> LabelOverride {
    LabelOverride { name: label.to_owned(), value: None }
}

fn entry(overrides: Vec<MetricOverride>) -> MetricsSetting {
    MetricsSetting { overrides, ..MetricsSetting::default() }
}

/// Labels that are removed, and what the metrics of cart still tell apart: at the server and at the client outcomes and
/// peers of the counter of requests, then those of the histogram of durations.
#[test]
fn labels_tell_apart_until_the_last_of_them_goes() {
    const OUTCOME: [&str; 3] = ["response_code", "response_flags", "grpc_response_status"];
    const CALLERS: [&str; 7] = CALLER_LABELS;
    let of = |metric: Option<&str>, side, labels: &[&str]| MetricOverride {
        side,
        metric: metric.map(str::to_owned),
        disabled: None,
        labels: labels.iter().map(|label| removed(label)).collect(),
    };
    let again = MetricOverride {
        labels: vec![LabelOverride { name: "response_code".to_owned(), value: Some("response.code".to_owned()) }],
        ..MetricOverride::default()
    };
    for (what, overrides, server, client) in [
        ("none", vec![], "op op", "op op"),
        ("one outcome label", vec![of(None, Side::Both, &OUTCOME[..1])], "op op", "op op"),
        ("all outcome labels", vec![of(None, Side::Both, &OUTCOME)], "-p -p", "-p -p"),
        ("of one metric", vec![of(Some("REQUEST_COUNT"), Side::Both, &OUTCOME)], "-p op", "-p op"),
        ("one comes back", vec![of(None, Side::Both, &OUTCOME), again], "op op", "op op"),
        ("callers", vec![of(None, Side::Both, &CALLERS)], "o- o-", "op op"),
        ("callers at the server", vec![of(None, Side::Server, &CALLERS)], "o- o-", "op op"),
        ("all but one caller", vec![of(None, Side::Server, &CALLERS[1..])], "op op", "op op"),
    ] {
        let object = telemetry("shop", Attachment::default(), |it| it.metrics = vec![entry(overrides.clone())]);
        let ([cart, ..], _) = worked_out(IstioConfig { telemetries: vec![object], ..IstioConfig::default() });
        let written = |it: StandardMetric| {
            assert!(it.is_on, "{what}");
            format!("{}{}", if it.outcome { "o" } else { "-" }, if it.peer { "p" } else { "-" })
        };
        let of_side =
            |side: SideFeatures| format!("{} {}", written(side.reported.requests), written(side.reported.duration));
        assert_eq!((of_side(cart.inbound).as_str(), of_side(cart.outbound).as_str()), (server, client), "{what}");
    }
}

#[test]
fn metrics_are_counted_one_by_one() {
    let metric = |side, metric: Option<&str>, disabled, labels| MetricOverride {
        side,
        metric: metric.map(str::to_owned),
        disabled,
        labels: (0..labels).map(|number| removed(&format!("own_{number}"))).collect(),
    };
    for (what, overrides, inbound, outbound, tags) in [
        ("all off", vec![metric(Side::Both, None, Some(true), 0)], 0.0, 0.0, 0),
        ("one off", vec![metric(Side::Both, Some("REQUEST_SIZE"), Some(true), 0)], 0.75, 0.75, 0),
        ("client off", vec![metric(Side::Client, None, Some(true), 0)], 1.0, 0.0, 0),
        (
            "all off but one",
            vec![metric(Side::Both, None, Some(true), 0), metric(Side::Both, Some("REQUEST_COUNT"), Some(false), 0)],
            0.25,
            0.25,
            0,
        ),
        ("labels", vec![metric(Side::Both, None, None, 3)], 1.0, 1.0, 3),
    ] {
        let object = telemetry("shop", Attachment::default(), |it| it.metrics = vec![entry(overrides.clone())]);
        let ([cart, ..], _) = worked_out(IstioConfig { telemetries: vec![object], ..IstioConfig::default() });
        assert_eq!((cart.inbound.metrics, cart.outbound.metrics), (share(inbound), share(outbound)), "{what}");
        assert_eq!(cart.inbound.metric_tags, tags, "{what}");
    }
}

#[test]
fn filters_are_counted_and_patches_named() {
    let plugin = |name: &str, attachment, side| WasmPlugin {
        name: ObjectName::new("shop", name),
        attachment,
        side,
        ..WasmPlugin::default()
    };
    let patch = EnvoyFilter { name: ObjectName::new(ROOT, "lua"), patches: 2, ..EnvoyFilter::default() };
    let istio = IstioConfig {
        wasm_plugins: vec![
            plugin("both", Attachment::default(), Side::Both),
            plugin("server", app("cart"), Side::Server),
        ],
        envoy_filters: vec![patch],
        ..IstioConfig::default()
    };
    let ([cart, orders, waypoint], findings) = worked_out(istio);
    let filters = |it: &WorkloadFeatures| (it.inbound.wasm_filters, it.outbound.wasm_filters, it.wasm_plugins);
    assert_eq!([filters(&cart), filters(&orders), filters(&waypoint)], [(2, 1, 2), (1, 1, 1), (0, 0, 0)]);
    for features in [&cart, &orders, &waypoint] {
        let found = said(features, Feature::EnvoyFilter);
        assert_eq!(found, ["effect not modelled, patches 2 | EnvoyFilter istio-system/lua"]);
    }
    let noticed: Vec<&str> = findings.iter().map(|it| it.kind.id).collect();
    assert_eq!(noticed, ["envoy-filter-not-modelled"]);
}
