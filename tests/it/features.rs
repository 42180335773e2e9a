//! Features of a secured cluster: read from its objects, costed, explained.

use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::mesh::Feature;
use meshcap::plan::{Inputs, Plan, WorkloadPlan};
use meshcap::policy::Policy;
use meshcap::sources::{self, Input, Limits};

fn secured() -> Plan {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters/secured");
    let reading = sources::read(&[Input::Path(path)], &Limits::default(), &|_| {}).unwrap();
    let assembled = assemble(reading.objects);
    let mut inputs = Inputs::new(assembled.inventory, Policy::default(), ModelCard::named("istio-1.24").unwrap());
    inputs.findings.extend(reading.findings);
    inputs.findings.extend(assembled.findings);
    Plan::new(inputs)
}

fn workload<'a>(plan: &'a Plan, name: &str) -> &'a WorkloadPlan {
    plan.workloads.iter().find(|workload| workload.name == name).unwrap()
}

/// Every object of the cluster is found again at the workload it holds for.
#[test]
fn every_feature_names_what_decided_it() {
    let plan = secured();
    for (name, feature, setting, from) in [
        ("payments", Feature::Mtls, "inbound STRICT", "PeerAuthentication istio-system/default"),
        ("accounts", Feature::Mtls, "inbound STRICT, DISABLE on port 9090", "PeerAuthentication bank/accounts"),
        ("accounts", Feature::Authorization, "ALLOW: rules 2, values 7", "AuthorizationPolicy bank/accounts"),
        ("accounts", Feature::Authorization, "ALLOW: rules 1, values 0", "AuthorizationPolicy bank/nothing"),
        (
            "payments",
            Feature::Authorization,
            "CUSTOM: asks a provider, rules 1, values 4",
            "AuthorizationPolicy bank/payments",
        ),
        ("ingress", Feature::Jwt, "validated, issuers 2", "RequestAuthentication istio-ingress/customers"),
        ("ingress", Feature::Wasm, "a filter for all requests in phase AUTHN", "WasmPlugin istio-ingress/quota"),
        ("ingress", Feature::TlsTermination, "all requests over TLS", "Gateway istio-ingress/customers, port 443"),
        ("egress", Feature::Egress, "one more proxy on the way to clearing.example", "VirtualService bank/clearing"),
        ("audit", Feature::AccessLog, "every request", "Telemetry bank/audit"),
        ("payments", Feature::AccessLog, "what a filter lets through, 5 %", "Telemetry istio-system/default"),
        ("payments", Feature::Tracing, "5 % of requests", "Telemetry istio-system/default"),
        ("nightly", Feature::Tracing, "off", "Telemetry reports/quiet"),
        ("nightly", Feature::Metrics, "inbound 75 % of the standard ones", "Telemetry reports/quiet"),
        ("nightly", Feature::Metrics, "outbound off", "Telemetry reports/quiet"),
        ("payments", Feature::EnvoyFilter, "effect not modelled, patches 1", "EnvoyFilter bank/headers"),
    ] {
        let origins = &workload(&plan, name).features.origins;
        let found = origins.iter().any(|origin| {
            origin.feature == feature && origin.setting.starts_with(setting) && origin.from.ends_with(from)
        });
        assert!(found, "{name}: {setting} from {from} is not in {origins:#?}");
    }
    assert_eq!(workload(&plan, "audit").workers, 1, "by its ProxyConfig");
    assert_eq!(workload(&plan, "payments").workers, 2, "by the mesh settings");
}

#[test]
fn features_cost_where_they_are_on() {
    let plan = secured();
    let cost = |name: &str, feature: Feature| {
        let costs = &workload(&plan, name).feature_costs;
        costs.iter().find(|cost| cost.feature == feature).map(|cost| cost.cpu.value.as_cores())
    };
    for (name, feature, costs) in [
        ("ingress", Feature::TlsTermination, true),
        ("ingress", Feature::Jwt, true),
        ("ingress", Feature::Wasm, true),
        ("audit", Feature::AccessLog, true),
        ("accounts", Feature::Authorization, true),
        ("nightly", Feature::Authorization, false),
        ("egress", Feature::TlsTermination, false),
        ("accounts", Feature::Wasm, false),
    ] {
        assert_eq!(cost(name, feature).is_some_and(|cores| cores > 0.0), costs, "{name}: {feature:?}");
    }
    // 50 requests a second, a new connection every ten: five handshakes of 1.2 ms.
    let handshakes = cost("ingress", Feature::TlsTermination).unwrap();
    assert!((handshakes - 0.006).abs() < 1e-9, "{handshakes}");
    // A filter in WebAssembly is 100 MiB more.
    let memory = |name: &str| workload(&plan, name).proxy.as_ref().unwrap().memory.value.as_mib();
    assert!(memory("ingress") - memory("egress") > 90.0, "{} and {}", memory("ingress"), memory("egress"));
}

#[test]
fn what_has_no_effect_or_no_figure_is_said() {
    let plan = secured();
    for (kind, name) in [
        ("selector-matches-nothing", "AuthorizationPolicy bank/ledger"),
        ("envoy-filter-not-modelled", "bank/headers"),
        ("external-authorization", "bank/payments"),
        ("group-without-entries", "bank/mainframe"),
    ] {
        let found = plan.findings.iter().any(|finding| finding.kind.id == kind && finding.message.contains(name));
        assert!(found, "{kind} with {name} is not in {:#?}", plan.findings);
    }
    let unread = plan.findings.iter().find(|finding| finding.kind.id == "mesh-config-not-read");
    assert_eq!(unread, None);
}

#[test]
fn certificates_live_as_the_mesh_settings_say() {
    let plan = secured();
    let certificates = &plan.control_plane.certificates;
    assert_eq!(certificates.ttl.as_seconds(), 6.0 * 3600.0);
    assert_eq!(certificates.grace_ratio.get(), 0.25);
    let rate = certificates.holders as f64 / (6.0 * 3600.0 * 0.75);
    assert!((plan.control_plane.csr_per_second - rate).abs() < 1e-12);
    assert!(certificates.restart.is_some());
    let (replicas, _) = plan.control_plane.deployed.clone().unwrap();
    assert_eq!(replicas, 2, "as the values ask for");
}
