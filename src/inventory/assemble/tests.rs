//! Objects in, workloads and findings out.

use super::*;
use crate::inventory::objects::{Container, ControllerKind, Labels, Owner, PodLife, PodPhase, PodSpec, UpdateStrategy};

fn pod(name: &str, owner: Option<(&str, &str)>, labels: &[(&str, &str)]) -> PodObject {
    PodObject {
        name: ObjectName::new("shop", name),
        labels: Arc::new(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
        annotations: Arc::new(Labels::new()),
        owner: owner.map(|(kind, name)| Owner { kind: kind.into(), name: name.into() }),
        spec: Arc::new(PodSpec { containers: vec![Container::default()], ..PodSpec::default() }),
        node: Some("node-1".into()),
        phase: PodPhase::Running,
        terminating: false,
        life: PodLife::default(),
    }
}

fn controller(kind: ControllerKind, name: &str, replicas: Option<u64>) -> Controller {
    Controller {
        kind,
        name: ObjectName::new("shop", name),
        labels: Labels::new(),
        owner: None,
        replicas,
        status_replicas: None,
        suspended: false,
        live: false,
        update: UpdateStrategy::default(),
        selector: Vec::new(),
        template_labels: Arc::default(),
        template_annotations: Arc::default(),
        template: Arc::new(PodSpec { containers: vec![Container::default()], ..PodSpec::default() }),
    }
}

fn owned(mut controller: Controller, kind: &str, name: &str) -> Controller {
    controller.owner = Some(Owner { kind: kind.into(), name: name.into() });
    controller
}

fn live(mut controller: Controller) -> Controller {
    controller.live = true;
    controller
}

fn node(name: &str) -> Node {
    Node { name: name.into(), ..Node::default() }
}

fn autoscaler(target: &str, min: u64, max: u64) -> Autoscaler {
    Autoscaler {
        name: ObjectName::new("shop", target),
        target_kind: "Deployment".to_owned(),
        target_name: target.into(),
        min_replicas: min,
        max_replicas: max,
        ..Autoscaler::default()
    }
}

/// Assembles objects and compares the workloads as `Kind name ×replicas`, and the finding ids.
fn check(objects: Vec<Object>, workloads: &[&str], findings: &[&str]) {
    let sourced = objects.into_iter().map(|object| Sourced { object, source: "test".into(), added: false }).collect();
    let assembled = assemble(sourced);
    let found: Vec<String> = assembled
        .inventory
        .workloads
        .iter()
        .map(|workload| format!("{} {} ×{}", workload.id.kind, workload.id.name, workload.replicas))
        .collect();
    assert_eq!(found, workloads);
    let ids: Vec<&str> = assembled.findings.iter().map(|finding| finding.kind.id).collect();
    assert_eq!(ids, findings, "{:#?}", assembled.findings);
    for workload in &assembled.inventory.workloads {
        assert_eq!(assembled.inventory.pods_of(workload).len() as u64, workload.replicas);
    }
}

const BARE: &str = "pods-without-requests";
const LOST: &str = "pod-on-unknown-node";

#[test]
fn pods_roll_up_through_their_owners() {
    let hash = [("pod-template-hash", "abc12")];
    check(
        vec![
            Object::Node(node("node-1")),
            Object::Pod(pod("cart-abc12-x", Some(("ReplicaSet", "cart-abc12")), &hash)),
            Object::Pod(pod("cart-abc12-y", Some(("ReplicaSet", "cart-abc12")), &hash)),
            Object::Pod(pod("bare-rs-1", Some(("ReplicaSet", "bare-rs")), &[])),
            Object::Pod(pod("db-0", Some(("StatefulSet", "db")), &[])),
            Object::Pod(pod("report-28000000-q", Some(("Job", "report-28000000")), &[])),
            Object::Pod(pod("migrate-q", Some(("Job", "migrate")), &[])),
            Object::Pod(pod("etcd-node-1", Some(("Node", "node-1")), &[])),
            Object::Pod(pod("debug", None, &[])),
        ],
        &[
            "CronJob report ×1",
            "Deployment cart ×2",
            "Job migrate ×1",
            "Pod debug ×1",
            "ReplicaSet bare-rs ×1",
            "StatefulSet db ×1",
            "StaticPod etcd ×1",
        ],
        &[BARE],
    );
}

#[test]
fn a_dumped_replica_set_names_its_owner() {
    let set = owned(controller(ControllerKind::ReplicaSet, "odd-name", Some(1)), "Deployment", "cart");
    let deployment = live(controller(ControllerKind::Deployment, "cart", Some(1)));
    check(
        vec![
            Object::Controller(set),
            Object::Controller(deployment),
            Object::Pod(pod("odd-name-x", Some(("ReplicaSet", "odd-name")), &[])),
        ],
        &["Deployment cart ×1"],
        &[LOST, BARE],
    );
}

#[test]
fn manifests_are_expanded() {
    let set = owned(controller(ControllerKind::ReplicaSet, "api-1", Some(3)), "Deployment", "api");
    check(
        vec![
            Object::Node(node("node-1")),
            Object::Node(node("node-2")),
            Object::Controller(controller(ControllerKind::Deployment, "cart", Some(3))),
            Object::Controller(controller(ControllerKind::Deployment, "web", None)),
            Object::Controller(controller(ControllerKind::DaemonSet, "logs", None)),
            Object::Controller(set),
            Object::Controller(controller(ControllerKind::Deployment, "shop", Some(20))),
            Object::Autoscaler(autoscaler("cart", 4, 9)),
            Object::Autoscaler(autoscaler("shop", 4, 9)),
            Object::Autoscaler(autoscaler("gone", 1, 2)),
        ],
        &["DaemonSet logs ×2", "Deployment api ×3", "Deployment cart ×4", "Deployment shop ×9", "Deployment web ×1"],
        &["autoscaler-without-target", BARE],
    );
}

#[test]
fn a_manifest_does_not_report_its_daemons() {
    let mut manifest = controller(ControllerKind::DaemonSet, "logs", None);
    manifest.status_replicas = Some(0);
    let mut running = live(manifest.clone());
    running.status_replicas = Some(7);
    let of = |daemons| vec![Object::Controller(daemons)];
    check(of(manifest), &["DaemonSet logs ×1"], &["daemonset-without-nodes", BARE]);
    check(of(running), &["DaemonSet logs ×7"], &[BARE]);
}

#[test]
fn a_live_controller_has_the_pods_that_were_listed() {
    check(
        vec![
            Object::Pod(pod("debug", None, &[])),
            Object::Controller(live(controller(ControllerKind::Deployment, "cart", Some(3)))),
        ],
        &["Deployment cart ×0", "Pod debug ×1"],
        &["controller-without-pods", LOST, BARE],
    );
}

#[test]
fn finished_pods_and_duplicates_are_counted() {
    let mut done = pod("done", None, &[]);
    done.phase = PodPhase::Succeeded;
    let mut moved = pod("debug", None, &[]);
    moved.node = None;
    check(
        vec![
            Object::Node(node("node-1")),
            Object::Pod(done),
            Object::Pod(pod("debug", None, &[])),
            Object::Pod(pod("debug", None, &[])),
            Object::Pod(moved),
        ],
        &["Pod debug ×1"],
        &["duplicate-object", "finished-pods", BARE],
    );
}

#[test]
fn slices_add_up_within_a_family() {
    let slice = |object: &str, ipv6: bool, ready: u64| {
        Object::Endpoints(Endpoints {
            service: ObjectName::new("shop", "cart"),
            object: object.into(),
            slice: true,
            ipv6,
            ready,
            not_ready: 1,
        })
    };
    let old = Object::Endpoints(Endpoints {
        service: ObjectName::new("shop", "cart"),
        object: "cart".into(),
        ready: 1000,
        ..Endpoints::default()
    });
    let objects = [slice("a", false, 100), slice("b", false, 20), slice("c", true, 100), slice("d", true, 19), old];
    let sourced = objects.map(|object| Sourced { object, source: "test".into(), added: false });
    let endpoints = assemble(sourced.to_vec()).inventory.endpoints;
    let found: Vec<_> = endpoints.values().map(|it| (it.ready, it.not_ready)).collect();
    assert_eq!(found, [(120, 2)]);
}

#[test]
fn absurd_replicas_are_capped() {
    let absurd = controller(ControllerKind::Deployment, "cart", Some(u64::MAX));
    let assembled = assemble(vec![Sourced { object: Object::Controller(absurd), source: "test".into(), added: false }]);
    assert_eq!(assembled.inventory.pods.len() as u64, super::super::MOST_EXPANDED_PODS);
    assert!(assembled.findings.iter().any(|finding| finding.kind.id == "replicas-capped"));
}
