//! Labels, annotations and running proxies in, membership out.

use crate::inventory::PodSpec;
use std::sync::Arc;

use super::*;
use crate::inventory::Gateway;
use crate::inventory::objects::{Controller, ControllerKind, Namespace, ObjectName, UpdateStrategy};
use crate::inventory::{Object, Sourced, assemble};
use crate::mesh::with_gateways;
use crate::policy::SidecarForm;
use crate::quantity;
use crate::resources::Declared;
use crate::units::{Bytes, Millicores};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A workload of namespace `shop` with everything that decides about its proxy.
#[derive(Default)]
struct Case<'a> {
    namespace: &'a [(&'a str, &'a str)],
    pod_labels: &'a [(&'a str, &'a str)],
    annotations: &'a [(&'a str, &'a str)],
    spec: PodSpec,
    enroll: &'a [&'a str],
    mode: DataPlane,
    waypoints: Waypoints,
}

fn defaults() -> InjectionDefaults {
    InjectionDefaults {
        form: SidecarForm::Classic,
        requests: Declared::new(Some(Millicores::new(100)), Some(Bytes::from_mib(128))),
        limits: Declared::new(Some(Millicores::new(2000)), Some(Bytes::from_gib(1))),
        concurrency: String::new(),
        source: String::new(),
    }
}

fn decide(case: &Case<'_>) -> (Membership, Vec<&'static str>) {
    let namespace = Namespace { name: "shop".into(), labels: labels(case.namespace), ..Namespace::default() };
    let controller = Controller {
        kind: ControllerKind::Deployment,
        name: ObjectName::new("shop", "cart"),
        labels: Labels::new(),
        owner: None,
        replicas: Some(2),
        status_replicas: None,
        suspended: false,
        live: false,
        update: UpdateStrategy::default(),
        selector: Vec::new(),
        template_labels: Arc::new(labels(case.pod_labels)),
        template_annotations: Arc::new(labels(case.annotations)),
        template: Arc::new(case.spec.clone()),
    };
    let objects = [Object::Namespace(namespace), Object::Controller(controller)];
    let sourced = objects.map(|object| Sourced { object, source: "test".into(), added: false });
    let inventory = assemble(sourced.to_vec()).inventory;
    let policy = InjectionPolicy {
        enroll: case.enroll.iter().map(|name| (*name).to_owned()).collect(),
        mode: case.mode,
        waypoints: case.waypoints,
        ..InjectionPolicy::default()
    };
    let (mut mesh, findings) = membership(&inventory, &defaults(), &policy);
    (mesh.members.remove(0), findings.iter().map(|finding| finding.kind.id).collect())
}

fn container(name: &str, arguments: &[&str]) -> Container {
    Container {
        name: name.to_owned(),
        role_arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        ..Container::default()
    }
}

#[test]
fn labels_decide_in_istios_order() {
    const ENABLED: &[(&str, &str)] = &[("istio-injection", "enabled")];
    const DISABLED: &[(&str, &str)] = &[("istio-injection", "disabled"), ("istio.io/rev", "1-24")];
    const REVISION: &[(&str, &str)] = &[("istio.io/rev", "1-24")];
    const AMBIENT: &[(&str, &str)] = &[("istio.io/dataplane-mode", "ambient")];
    const YES: &[(&str, &str)] = &[("sidecar.istio.io/inject", "true")];
    const NO: &[(&str, &str)] = &[("sidecar.istio.io/inject", "false")];
    use ProxyMode::{Ambient, None, Sidecar};
    for (namespace, pod_labels, annotations, enroll, mode) in [
        (&[][..], &[][..], &[][..], &[][..], None),
        (ENABLED, &[], &[], &[], Sidecar),
        (ENABLED, NO, &[], &[], None),
        (ENABLED, &[], NO, &[], None),
        (ENABLED, YES, NO, &[], Sidecar),
        (DISABLED, YES, &[], &[], None),
        (DISABLED, &[], &[], &["shop"], Sidecar),
        (REVISION, &[], &[], &[], Sidecar),
        (&[], YES, &[], &[], Sidecar),
        (&[], &[], YES, &[], None),
        (&[], &[("istio.io/rev", "canary")], &[], &[], Sidecar),
        (&[], &[], &[], &["all"], Sidecar),
        (&[], NO, &[], &["all"], None),
        (AMBIENT, &[], &[], &[], Ambient),
        (AMBIENT, &[("istio.io/dataplane-mode", "none")], &[], &[], None),
        (AMBIENT, YES, &[], &[], Sidecar),
        // In an ambient namespace "no sidecar" leaves the pod to ztunnel.
        (AMBIENT, NO, &[], &[], Ambient),
        (AMBIENT, &[], &[], &["all"], Ambient),
        (AMBIENT, &[], &[], &["shop"], Sidecar),
        (AMBIENT, &[("istio.io/dataplane-mode", "none")], &[], &["all"], None),
        // As `injectRequired` of Istio reads it: what is neither yes nor empty is no.
        (ENABLED, &[], &[("sidecar.istio.io/inject", "maybe")], &[], None),
        (ENABLED, &[("sidecar.istio.io/inject", "")], NO, &[], Sidecar),
        // As its webhooks select: `enabled` or nothing, and `true` alone where the namespace is silent.
        (&[("istio-injection", "yes"), ("istio.io/rev", "1-24")], YES, &[], &[], None),
        (&[], &[("sidecar.istio.io/inject", "yes")], &[], &[], None),
        (ENABLED, &[("sidecar.istio.io/inject", "yes")], &[], &[], Sidecar),
    ] {
        let (member, _) = decide(&Case { namespace, pod_labels, annotations, enroll, ..Case::default() });
        assert_eq!(member.mode, mode, "{namespace:?} {pod_labels:?} {annotations:?} {enroll:?}: {}", member.reason);
    }
}

#[test]
fn gateways_without_pods_are_announced() {
    let gateway = |name: &str, class: &str| Gateway {
        name: ObjectName::new("shop", name),
        class: class.to_owned(),
        ..Gateway::default()
    };
    let gateways = vec![
        gateway("front", "istio"),
        gateway("mine", "nginx"),
        gateway("other", "istio-remote"),
        gateway("waypoint", "istio-waypoint"),
    ];
    let inventory = Inventory { gateways, ..Inventory::default() };
    let (inventory, findings) = with_gateways(inventory, &defaults(), &InjectionPolicy::default());
    let names: Vec<&str> = inventory.workloads.iter().map(|workload| &*workload.id.name).collect();
    assert_eq!(names, ["front-istio", "waypoint"]);
    let (mesh, _) = membership(&inventory, &defaults(), &InjectionPolicy::default());
    let modes: Vec<ProxyMode> = mesh.members.iter().map(|member| member.mode).collect();
    assert_eq!(modes, [ProxyMode::Gateway, ProxyMode::Waypoint]);
    assert_eq!(mesh.members[0].reason, "announced by a Gateway");
    assert_eq!((findings[0].kind.id, findings[0].count), ("gateway-without-pods", 2));
}

#[test]
fn the_host_network_is_never_injected() {
    let spec = PodSpec { host_network: true, ..PodSpec::default() };
    let (member, findings) = decide(&Case { namespace: &[("istio-injection", "enabled")], spec, ..Case::default() });
    assert_eq!(member.mode, ProxyMode::None);
    assert_eq!(findings, ["never-injected"]);
}

#[test]
fn running_proxies_are_recognised_by_their_role() {
    let proxy = |arguments: &[&str]| container("istio-proxy", arguments);
    let native = Container { restartable: true, ..proxy(&["proxy", "sidecar"]) };
    let app = || container("app", &[]);
    for (containers, init_containers, pod_labels, mode, form) in [
        (vec![app(), proxy(&["proxy", "sidecar"])], vec![], &[][..], ProxyMode::Sidecar, SidecarForm::Classic),
        (vec![app()], vec![native], &[], ProxyMode::Sidecar, SidecarForm::Native),
        (vec![proxy(&["proxy", "router"])], vec![], &[], ProxyMode::Gateway, SidecarForm::Classic),
        (vec![proxy(&["proxy", "waypoint"])], vec![], &[], ProxyMode::Waypoint, SidecarForm::Classic),
        (vec![proxy(&["proxy", "ztunnel"])], vec![], &[], ProxyMode::Ztunnel, SidecarForm::Classic),
        (vec![proxy(&[])], vec![], &[("istio", "ingressgateway")], ProxyMode::Gateway, SidecarForm::Classic),
        (vec![app(), proxy(&[])], vec![], &[], ProxyMode::Sidecar, SidecarForm::Classic),
    ] {
        let spec = PodSpec { containers, init_containers, ..PodSpec::default() };
        let (member, _) = decide(&Case { spec, pod_labels, ..Case::default() });
        let proxy = member.proxy.unwrap();
        assert_eq!((member.mode, proxy.form, proxy.present), (mode, form, true), "{}", member.reason);
    }
}

#[test]
fn one_resource_annotation_erases_every_default() {
    let enabled = &[("istio-injection", "enabled")];
    let (member, findings) =
        decide(&Case { namespace: enabled, annotations: &[("sidecar.istio.io/proxyCPU", "50m")], ..Case::default() });
    let proxy = member.proxy.unwrap();
    assert_eq!(proxy.container.resources.requests, Declared::new(Some(Millicores::new(50)), None));
    assert!(proxy.container.resources.limits.is_empty());
    assert_eq!(findings, ["annotation-erases-defaults", "proxy-without-cpu-limit"]);
}

#[test]
fn annotations_set_resources_and_workers() {
    let (member, findings) = decide(&Case {
        namespace: &[("istio-injection", "enabled")],
        annotations: &[
            ("sidecar.istio.io/proxyCPU", "100m"),
            ("sidecar.istio.io/proxyCPULimit", "2500m"),
            ("sidecar.istio.io/proxyMemory", "1Gi"),
            ("sidecar.istio.io/proxyMemoryLimit", "2Gi"),
        ],
        ..Case::default()
    });
    let proxy = member.proxy.unwrap();
    assert_eq!(proxy.container.resources.limits.memory.map(quantity::print_bytes).as_deref(), Some("2Gi"));
    assert_eq!(proxy.workers, 3);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_malformed_annotation_is_a_finding() {
    let annotations = &[("sidecar.istio.io/proxyMemory", "lots")];
    let (_, findings) = decide(&Case { namespace: &[("istio-injection", "enabled")], annotations, ..Case::default() });
    assert!(findings.contains(&"annotation-not-a-quantity"), "{findings:?}");
}

#[test]
fn enrolling_an_unknown_namespace_is_noticed() {
    let (_, findings) = decide(&Case { enroll: &["shpo"], ..Case::default() });
    assert_eq!(findings, ["enrolled-namespace-missing"]);
}

#[test]
fn a_policy_plans_one_data_plane_for_all() {
    use ProxyMode::{Ambient, None, Sidecar};
    let labelled = |key, value| Namespace { labels: labels(&[(key, value)]), ..Namespace::default() };
    for (namespace, arguments, mode, planned) in [
        (labelled("istio-injection", "enabled"), &[][..], DataPlane::Ambient, (None, Ambient)),
        (labelled("istio-injection", "enabled"), &["proxy", "sidecar"], DataPlane::Ambient, (Sidecar, Ambient)),
        (labelled("istio-injection", "enabled"), &["proxy", "sidecar"], DataPlane::Sidecar, (Sidecar, Sidecar)),
        (labelled("istio-injection", "enabled"), &["proxy", "sidecar"], DataPlane::None, (Sidecar, None)),
        (labelled(MODE, "ambient"), &[], DataPlane::Sidecar, (Ambient, Sidecar)),
        (labelled(MODE, "ambient"), &[], DataPlane::AsLabelled, (Ambient, Ambient)),
        (labelled("team", "shop"), &[], DataPlane::Sidecar, (None, None)),
        (labelled("team", "shop"), &[], DataPlane::Ambient, (None, None)),
    ] {
        let mut containers = vec![container("cart", &[])];
        if !arguments.is_empty() {
            containers.push(container("istio-proxy", arguments));
        }
        let spec = PodSpec { containers, ..PodSpec::default() };
        let pairs: Vec<(&str, &str)> = namespace.labels.iter().map(|(key, value)| (&**key, &**value)).collect();
        let (member, _) = decide(&Case { namespace: &pairs, spec, mode, ..Case::default() });
        assert_eq!((member.today, member.mode), planned, "{pairs:?} {arguments:?} {mode:?}: {}", member.reason);
        assert_eq!(member.loses_sidecar(), planned.0 == Sidecar && planned.1 != Sidecar);
        assert_eq!(member.proxy.is_some(), planned.1 == Sidecar);
    }
}

#[test]
fn what_serves_a_data_plane_goes_with_it() {
    use ProxyMode::{ControlPlane, Gateway, None, Waypoint, Ztunnel};
    let role = |words: &'static [&'static str]| PodSpec {
        containers: vec![container("istio-proxy", words)],
        ..PodSpec::default()
    };
    let istiod = PodSpec {
        containers: vec![Container { image: "pilot:1.24".to_owned(), ..container("discovery", &[]) }],
        ..PodSpec::default()
    };
    for (spec, mode, waypoints, expected) in [
        (role(&["proxy", "ztunnel"]), DataPlane::Sidecar, Waypoints::AsDeployed, None),
        (role(&["proxy", "ztunnel"]), DataPlane::Ambient, Waypoints::None, Ztunnel),
        (role(&["proxy", "waypoint"]), DataPlane::Sidecar, Waypoints::AsDeployed, None),
        (role(&["proxy", "waypoint"]), DataPlane::Ambient, Waypoints::AsDeployed, Waypoint),
        (role(&["proxy", "waypoint"]), DataPlane::Ambient, Waypoints::None, None),
        (role(&["proxy", "router"]), DataPlane::Ambient, Waypoints::None, Gateway),
        (role(&["proxy", "router"]), DataPlane::None, Waypoints::AsDeployed, None),
        (istiod.clone(), DataPlane::Ambient, Waypoints::None, ControlPlane),
        (istiod, DataPlane::None, Waypoints::None, None),
    ] {
        let (member, _) = decide(&Case { spec, mode, waypoints, ..Case::default() });
        assert_eq!(member.mode, expected, "{:?} in {mode:?}, {waypoints:?}", member.today);
        assert_eq!(member.goes(), expected == None);
    }
}
