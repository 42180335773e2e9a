//! Every shape of input through one door, and inputs that mean harm.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use proptest::prelude::*;

use super::items::{Piece, Sizes, Splitter};
use super::{InputError, Limits, Reading, read_bytes};
use crate::inventory::objects::{Object, PodCount, PodObject, UpdateKind, UpdateStrategy, WholeSeconds};
use crate::units::Seconds;

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"250m","memory":"64Mi"}}}]}}"#;
const BARE_POD: &str = r#"{"metadata":{"name":"b"},"spec":{"containers":[{"name":"c"}]}}"#;
const BARE_DEPLOYMENT: &str =
    r#"{"metadata":{"name":"d"},"spec":{"replicas":2,"template":{"spec":{"containers":[]}}}}"#;
const NODE: &str = r#"{"metadata":{"name":"n"},"status":{"capacity":{"cpu":"4","memory":"8Gi","pods":"110"}}}"#;

fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Reading, InputError> {
    read_bytes(name, content.as_ref(), &Limits::default())
}

/// Reads and gives objects by kind, `Pod 2, Node 1`.
fn kinds(name: &str, content: impl AsRef<[u8]>) -> String {
    match read(name, content) {
        Ok(reading) => reading.inputs[0]
            .objects
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect::<Vec<_>>()
            .join(", "),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(name: &str, content: &str, expected: &str) {
    assert_eq!(kinds(name, content), expected, "{name}: {content}");
}

#[track_caller]
fn check_error(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let error = read(name, content).expect_err("an error").to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} in: {error}");
    }
}

#[track_caller]
fn only_pod(content: &str) -> PodObject {
    let reading = read("x", content).unwrap();
    match &reading.objects[..] {
        [sourced] => match &sourced.object {
            Object::Pod(pod) => pod.clone(),
            other => panic!("a pod, not {other:?}"),
        },
        other => panic!("one object, not {}", other.len()),
    }
}

fn findings(reading: &Reading) -> BTreeMap<&str, Vec<String>> {
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in &reading.findings {
        by_kind.entry(finding.kind.id).or_default().push(format!("{}: {}", finding.subject, finding.message));
    }
    by_kind
}

#[test]
fn reads_every_shape_of_json() {
    check("x", POD, "Pod 1");
    check("x", &format!(r#"{{"kind":"List","items":[{POD},{POD}]}}"#), "Pod 2");
    check("x", &format!(r#"{{"items":[{POD}],"kind":"List","apiVersion":"v1"}}"#), "Pod 1");
    check("x", &format!(r#"{{"items":[{BARE_POD},{BARE_POD}],"kind":"PodList"}}"#), "Pod 2");
    check(
        "x",
        &format!(r#"{{"kind":"DeploymentList","apiVersion":"apps/v1","items":[{BARE_DEPLOYMENT}]}}"#),
        "Deployment 1",
    );
    check("x", &format!(r#"{{"items":[{BARE_DEPLOYMENT}],"kind":"DeploymentList"}}"#), "Deployment 1");
    check("x", &format!(r#"{{"metadata":{{}},"items":[{NODE},{NODE}]}}"#), "Node 2");
    check("x", &format!("[{POD},{NODE}]"), "Node 1, Pod 1");
    check("x", &format!("{POD}\n{POD}\n{NODE}\n"), "Node 1, Pod 2");
    check("x", &format!("\u{feff}  {POD}"), "Pod 1");
    check("x", &format!(r#"[{{"kind":"List","items":[{POD},{{"kind":"PodList","items":[{BARE_POD}]}}]}}]"#), "Pod 2");
    check(
        "x",
        &format!(
            "{{\"kind\":\"NodeList\",\"items\":[{NODE}]}}\n==== START logs for container c of pod shop/a ====\nhi {{\"\n\
             ==== END logs for container c of pod shop/a ====\n{{\"items\":[{BARE_POD}],\"kind\":\"PodList\"}}"
        ),
        "Node 1, Pod 1",
    );
}

#[test]
fn a_file_name_tells_what_nothing_else_does() {
    for name in [
        "Deployments.json",
        "apps_v1_deployments.json",
        "bundle/deployments/default.json",
        "a.tgz!x/deployments/d.json",
    ] {
        check(name, &format!("[{BARE_DEPLOYMENT}]"), "Deployment 1");
    }
    check_error("prices/pods.json", r#"[{"name":"m5.large","offerings":[]}]"#, &["a table of instance types"]);
}

#[test]
fn reads_go_field_names() {
    let pod = only_pod(
        r#"{"Items":[{"name":"a","namespace":"shop","labels":{"App":"X"},"Spec":{"InitContainers":null,
        "Containers":[{"Name":"c","Image":"i","Env":[{"Name":"K","Value":"V"}],"Resources":{"Requests":{"cpu":"100m"}}}],
        "NodeName":"n1","SecurityContext":{"HostNetwork":true}},"Status":{"Phase":"Running"}}]}"#,
    );
    assert_eq!(pod.name.to_string(), "shop/a");
    assert_eq!(pod.labels["App"], "X");
    assert_eq!(pod.node.as_deref(), Some("n1"));
    assert!(pod.spec.host_network);
    assert_eq!(pod.spec.containers[0].resources.requests.cpu.unwrap().get(), 100);
}

#[test]
fn reads_every_shape_of_yaml() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: c\n";
    check("x", pod, "Pod 1");
    check("x", &pod.replace('\n', "\r\n"), "Pod 1");
    check("x", &format!("\u{feff}# licence\n---\n{pod}---\n# nothing\n---\n{pod}...\n"), "Pod 2");
    check("x", &format!("kind: List\napiVersion: v1\nitems:\n{}", indented(pod)), "Pod 1");
    check("x", &format!("--- # first\n{pod}\n---\n\n--- \n{pod}"), "Pod 2");
    check_error("x.yaml", "kind: Pod\nmetadata:\n\tname: a\n", &["x.yaml:3:", "broken YAML"]);
    check_error("x.yaml", "# one\n---\n# two\n", &["nothing in it"]);
    check_error("x.yaml", "kind: Pod\n---\nkind: [\n", &["x.yaml:"]);
    check_error("x.yaml", format!("{pod}---\nkind: Pod: x\n"), &["x.yaml:9:", "in this context), expected"]);
}

fn indented(object: &str) -> String {
    object.lines().enumerate().map(|(n, line)| format!("{}{line}\n", if n == 0 { "- " } else { "  " })).collect()
}

#[test]
fn forgives_text_written_as_numbers() {
    let pod = only_pod(
        "kind: Pod\nmetadata:\n  name: a\n  labels: {version: 2, canary: true, mode: yes, code: 017}\nspec:\n  containers:\n  - name: c\n    resources: {requests: {cpu: 1, memory: 134217728}, limits: {cpu: 0.5}}\n",
    );
    let labels: Vec<&str> = pod.labels.values().map(String::as_str).collect();
    assert_eq!(labels, ["true", "017", "yes", "2"]);
    let resources = &pod.spec.containers[0].resources;
    assert_eq!(resources.requests.cpu.unwrap().get(), 1000);
    assert_eq!(resources.limits.cpu.unwrap().get(), 500);
    assert_eq!(resources.requests.memory.unwrap().get(), 128 << 20);
}

#[test]
fn secrets_and_environments_do_not_enter() {
    let reading = read(
        "x",
        "kind: Secret\nmetadata: {name: s}\ndata: {k: c2VjcmV0}\n---\nkind: Pod\nmetadata: {name: a, labels: {env: prod}}\nspec: {containers: [{name: c, env: [{name: PASSWORD, value: hunter2}]}]}\n",
    )
    .unwrap();
    let shown = format!("{reading:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("c2VjcmV0"));
    assert!(shown.contains("prod"));
    assert_eq!(findings(&reading)["kind-not-read"], ["Secret: 1 object of this kind; not used in planning"]);
}

#[test]
fn other_groups_and_istio_kinds_are_counted() {
    let reading = read(
        "x",
        format!(
            r#"{POD}{{"apiVersion":"networking.istio.io/v1","kind":"LaterKind"}}{{"apiVersion":"serving.knative.dev/v1","kind":"Service"}}
            {{"apiVersion":"security.istio.io/v1","kind":"AnotherKind"}}"#
        ),
    )
    .unwrap();
    let found = findings(&reading);
    assert_eq!(found["mesh-config-not-read"].len(), 2);
    assert_eq!(found["kind-not-read"], ["Service: 1 object of this kind; not used in planning"]);
}

#[test]
fn odd_objects_are_named_with_their_field() {
    let reading = read(
        "p.json",
        format!(
            "[{POD},\n{},\n{},\n{}]",
            r#"{"kind":"Pod","metadata":{"name":"bad","namespace":"shop"},"spec":{"containers":"none"}}"#,
            r#"{"kind":"Pod","metadata":{"labels":{}}}"#,
            r#"{"kind":"Pod","metadata":{"name":"q"},"spec":{"containers":[{"resources":{"requests":{"cpu":"-1","memory":"9Ei"}}}]}}"#
        ),
    )
    .unwrap();
    let found = findings(&reading);
    assert_eq!(reading.objects.len(), 2);
    assert_eq!(
        found["object-skipped"],
        [
            "Pod shop/bad: p.json:2:1: spec.containers: invalid type: string \"none\", expected a sequence; skipped",
            "Pod at p.json:3:1: p.json:3:1: metadata.name is missing; skipped",
        ]
    );
    assert!(found["quantity-ignored"][0].contains("spec.containers[0].resources.requests.cpu: \"-1\" is negative"));
    assert!(found["quantity-absurd"][0].starts_with("Pod q: "));
}

#[test]
fn a_flood_of_odd_objects_stays_short() {
    let odd = r#"{"kind":"Pod","metadata":{}},"#.repeat(5000);
    let reading = read("x", format!("[{odd}{POD}]")).unwrap();
    assert_eq!(reading.findings.len(), 11);
    assert_eq!(reading.findings.last().unwrap().count, 4990);
}

#[test]
fn pods_of_one_template_share_it() {
    let reading = read("x", format!("[{POD},{}]", POD.replace("\"a\"", "\"b\""))).unwrap();
    let [Object::Pod(a), Object::Pod(b)] = [&reading.objects[0].object, &reading.objects[1].object] else {
        panic!("two pods")
    };
    assert!(std::sync::Arc::ptr_eq(&a.spec, &b.spec) && std::sync::Arc::ptr_eq(&a.name.namespace, &b.name.namespace));
}

#[test]
fn proxies_keep_role_and_concurrency() {
    let pod = only_pod(
        r#"{"kind":"Pod","metadata":{"name":"a","annotations":{"sidecar.istio.io/inject":"true","other":"x"}},
        "spec":{"containers":[{"name":"app","args":["--verbose"]}],"initContainers":[{"name":"istio-proxy","restartPolicy":"Always",
        "args":["proxy","sidecar","--domain","d","--concurrency","4"]}],"volumes":[{"persistentVolumeClaim":{}}],
        "topologySpreadConstraints":[{"whenUnsatisfiable":"DoNotSchedule"}]}}"#,
    );
    let proxy = &pod.spec.init_containers[0];
    assert_eq!((proxy.restartable, proxy.concurrency), (true, Some(4)));
    assert_eq!(proxy.role_arguments, ["proxy", "sidecar", "--domain", "d"]);
    assert!(pod.spec.containers[0].role_arguments.is_empty());
    assert_eq!(pod.annotations.keys().collect::<Vec<_>>(), ["sidecar.istio.io/inject"]);
    assert!(pod.spec.has_pod_constraints && pod.spec.has_volume_claims);
}

#[test]
fn controllers_say_how_they_replace_pods() {
    let update = |kind: &str, spec: &str| {
        let group = if kind == "DeploymentConfig" { "apps.openshift.io" } else { "apps" };
        let text = format!(
            r#"{{"apiVersion":"{group}/v1","kind":"{kind}","metadata":{{"name":"a","namespace":"shop"}},"spec":{{{spec}"template":{{"spec":{{"containers":[]}}}}}}}}"#
        );
        match only("x", &text) {
            Object::Controller(controller) => controller.update,
            other => panic!("a controller, not {other:?}"),
        }
    };
    let some = |kind, surge: &str, unavailable: &str| UpdateStrategy {
        kind,
        max_surge: PodCount::parse(surge),
        max_unavailable: PodCount::parse(unavailable),
        ..UpdateStrategy::default()
    };
    use UpdateKind::{OnDelete, Recreate, Rolling};
    for (kind, spec, expected) in [
        ("Deployment", "", some(Rolling, "", "")),
        (
            "Deployment",
            r#""minReadySeconds":15,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":0}},"#,
            UpdateStrategy { min_ready: WholeSeconds(15), ..some(Rolling, "25%", "0") },
        ),
        ("Deployment", r#""strategy":{"type":"Recreate"},"#, some(Recreate, "", "")),
        (
            "DeploymentConfig",
            r#""strategy":{"type":"Rolling","rollingParams":{"maxSurge":"10%","maxUnavailable":"20%"}},"#,
            some(Rolling, "10%", "20%"),
        ),
        (
            "StatefulSet",
            r#""podManagementPolicy":"Parallel","updateStrategy":{"rollingUpdate":{"partition":3,"maxUnavailable":2}},"#,
            UpdateStrategy { partition: 3, parallel: true, ..some(Rolling, "", "2") },
        ),
        ("StatefulSet", r#""updateStrategy":{"type":"OnDelete"},"#, some(OnDelete, "", "")),
        (
            "DaemonSet",
            r#""updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},"#,
            some(Rolling, "1", "0"),
        ),
        ("DaemonSet", r#""strategy":{"type":"Recreate"},"#, some(Rolling, "", "")),
        ("ReplicaSet", r#""strategy":{"type":"Recreate"},"minReadySeconds":9,"#, some(Rolling, "", "")),
    ] {
        assert_eq!(update(kind, spec), expected, "{kind} {spec}");
    }
}

#[test]
fn odd_strategies_are_named_with_their_field() {
    let text = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"shop"},"spec":{"strategy":{"type":"BlueGreen","rollingUpdate":{"maxSurge":"some","maxUnavailable":-1}},"template":{"spec":{"containers":[]}}}}"#;
    let reading = read("x", text).unwrap();
    let found = findings(&reading);
    let messages = found["field-ignored"].join("\n");
    for part in
        ["spec.strategy.type", "BlueGreen", "rollingUpdate.maxSurge", "some", "rollingUpdate.maxUnavailable", "-1"]
    {
        assert!(messages.contains(part), "{part:?} in {messages}");
    }
}

#[test]
fn pods_say_how_long_they_take() {
    let pod = |spec: &str, status: &str| {
        only_pod(&format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"a"}},"spec":{{"containers":[{{"name":"c"{spec}}}],"terminationGracePeriodSeconds":75}},"status":{{"phase":"Running","startTime":"2026-11-01T10:00:00Z"{status}}}}}"#
        ))
    };
    let condition = |status: &str, time: &str| {
        format!(
            r#","conditions":[{{"type":"PodScheduled","status":"True"}},{{"type":"Ready","status":"{status}","lastTransitionTime":"{time}"}}]"#
        )
    };
    for (probes, after) in [
        ("", 0),
        (r#","readinessProbe":{"initialDelaySeconds":12}"#, 12),
        (r#","readinessProbe":{"initialDelaySeconds":12,"successThreshold":3}"#, 32),
        (r#","readinessProbe":{"periodSeconds":5,"successThreshold":2},"startupProbe":{"initialDelaySeconds":40}"#, 45),
        (r#","readinessProbe":{"initialDelaySeconds":-3}"#, 0),
    ] {
        let pod = pod(probes, "");
        assert_eq!(pod.spec.containers[0].probed_after, WholeSeconds(after), "{probes}");
        assert_eq!(pod.spec.termination_grace, Some(WholeSeconds(75)));
    }
    for (status, ready, after) in [
        (String::new(), None, None),
        (condition("True", "2026-11-01T10:00:21Z"), Some(true), Some(WholeSeconds(21))),
        (condition("True", "2026-11-01T09:00:00Z"), Some(true), None),
        (condition("True", "soon"), Some(true), None),
        (condition("False", "2026-11-01T10:00:21Z"), Some(false), None),
    ] {
        let pod = pod("", &status);
        assert_eq!((pod.life.ready, pod.life.ready_after), (ready, after), "{status}");
    }
}

#[test]
fn budgets_say_whether_they_let_unready_pods_go() {
    let budget = |spec: &str| {
        let text = format!(
            r#"{{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{{"name":"b"}},"spec":{{{spec}}}}}"#
        );
        match only("x", &text) {
            Object::DisruptionBudget(budget) => budget,
            other => panic!("a budget, not {other:?}"),
        }
    };
    let always = budget(r#""minAvailable":"50%","unhealthyPodEvictionPolicy":"AlwaysAllow""#);
    assert_eq!((always.min_available.as_deref(), always.lets_unready_go), (Some("50%"), true));
    let usual = budget(r#""maxUnavailable":1,"unhealthyPodEvictionPolicy":"IfHealthyBudget""#);
    assert_eq!((usual.max_unavailable.as_deref(), usual.lets_unready_go), (Some("1"), false));
}

#[test]
fn jobs_autoscalers_and_slices() {
    let reading = read(
        "x",
        r#"{"kind":"CronJob","apiVersion":"batch/v1","metadata":{"name":"c"},"spec":{"suspend":true,"jobTemplate":{"spec":{"parallelism":4,"completions":2}}},"status":{"active":[{}]}}
        {"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v2","metadata":{"name":"h"},"spec":{"maxReplicas":9,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"averageUtilization":70}}}]}}
        {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"s-1","labels":{"kubernetes.io/service-name":"s"}},"endpoints":[{"conditions":{"ready":true}},{"conditions":{"ready":false}},{}]}"#,
    )
    .unwrap();
    let objects: Vec<&Object> = reading.objects.iter().map(|sourced| &sourced.object).collect();
    let [Object::Controller(cron), Object::Autoscaler(scaler), Object::Endpoints(slice)] = objects[..] else {
        panic!("{objects:?}")
    };
    assert_eq!((cron.replicas, cron.suspended, cron.live), (Some(2), true, false));
    assert_eq!((scaler.min_replicas, scaler.max_replicas, scaler.target_cpu_percent), (1, 9, Some(70)));
    assert_eq!((&*slice.service.name, slice.ready, slice.not_ready), ("s", 2, 1));
}

#[test]
fn says_what_a_wrong_file_is() {
    for (content, looks_like) in [
        (&b"<!DOCTYPE html><html>"[..], "an HTML page"),
        (b"\x7fELF\x02\x01", "a program"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"PK\x03\x04", "zip"),
        (b"", "an empty file"),
        (b"No resources found in shop namespace.\n", "a message of a tool (No resources found"),
        (b"Error from server (Forbidden): pods is forbidden\n", "a message of a tool (Error from server (Forbidden)"),
        (
            b"NAME    READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          3d\n",
            "a table as kubectl prints it",
        ),
        (b"2024-01-01 started\n", "plain text"),
        (b"{\"configs\":[{\"@type\":\"x\"}]}", "an Envoy config_dump"),
        (b"services:\n- name: a\n  isEntrypoint: true\n", "an isotope service graph"),
        (b"instance_type,vcpu,memory_mib\nm5,2,8\n", "a table with the columns instance_type, vcpu, memory_mib"),
        (b"{\"level\":\"info\",\"msg\":\"x\"}\n{\"level\":\"info\",\"msg\":\"y\"}\n", "a log"),
    ] {
        check_error("f", content, &["f: found ", looks_like, "kubectl get"]);
    }
}

#[test]
fn what_tools_print_beside_the_objects_is_passed_over() {
    let list = format!(r#"{{"kind":"List","items":[{POD}]}}"#);
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
    let klog = "W1123 06:35:40.123456    1234 warnings.go:70] policy/v1beta1 is deprecated: use policy/v1";
    for (content, passed_over) in [
        (
            format!("Warning: v1 ComponentStatus is deprecated\n{list}"),
            "1 lines before the objects, the first: Warning: v1",
        ),
        (format!("Warning: x\n{klog}\n\n{list}"), "3 lines before"),
        (format!("{klog}\r\n{yaml}"), "1 lines before the objects, the first: W1123"),
        (format!("Error from server (Forbidden): nodes is forbidden\n{list}"), "the first: Error from server"),
        (format!("---\n{yaml}\nNOTES:\nThank you. Visit http://x: y\n\t1. Do: this\n"), "x:7: what follows NOTES:"),
    ] {
        let reading = read("x", &content).unwrap();
        assert_eq!(reading.objects.len(), 1, "{content}");
        let found = findings(&reading);
        assert!(found["text-passed-over"][0].contains(passed_over), "{found:?}");
    }
    check("x", &format!("{POD}\n---\n{POD}\n--- {POD}"), "Pod 3");
    check("x", &format!("NOTES: none\n{yaml}"), "Pod 1");
    check("x", &format!("{yaml}NOTES:\nhello: : x\n---\n{yaml}"), "Pod 2");
    check_error("p.json", format!("Warning: x\n[{POD},\n{{\"kind\" 1}}]"), &["p.json:3:"]);
    check_error("p.json", format!("{list}\nError from server (Forbidden)\n"), &["p.json:2:1", "'E'", "2>"]);
}

#[test]
fn empty_lists_are_lists() {
    for empty in [
        r#"{"apiVersion":"v1","items":null,"kind":"PodList"}"#,
        r#"{"apiVersion":"v1","items":[],"kind":"List","metadata":{"resourceVersion":""}}"#,
        r#"{"kind":"PodList"}"#,
        "apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
    ] {
        check_error("x", empty, &["not one object: its lists are empty"]);
        check(
            "x",
            &if empty.starts_with('{') { format!("{empty}{POD}") } else { format!("{empty}---\n{POD}\n") },
            "Pod 1",
        );
    }
    check_error("x", r#"{"items":{"a":1},"kind":"List"}"#, &["a list whose items are no array"]);
}

#[test]
fn values_kubernetes_refuses_are_named() {
    let service = |port: &str| {
        format!(r#"{{"kind":"Service","metadata":{{"name":"s"}},"spec":{{"ports":[{{"port":{port}}}]}}}}"#)
    };
    let scaler = |min: &str, max: &str| {
        format!(
            r#"{{"kind":"HorizontalPodAutoscaler","metadata":{{"name":"h"}},"spec":{{"minReplicas":{min},"maxReplicas":{max}}}}}"#
        )
    };
    let pod = |field: &str| format!(r#"{{"kind":"Pod","metadata":{{"name":"p"}},"spec":{{{field}}}}}"#);
    for (object, kind, message) in [
        (service("0"), "field-ignored", "spec.ports: a port has no number in 1 … 65535"),
        (service("70000"), "field-ignored", "spec.ports: a port has no number"),
        (service("-1"), "field-ignored", "spec.ports: a port has no number"),
        (service("null"), "field-ignored", "spec.ports: a port has no number"),
        (service("\"http\""), "object-skipped", "spec.ports[0].port"),
        (scaler("10", "2"), "field-ignored", "spec.maxReplicas: 2 is below minReplicas 10; planned with 10"),
        (scaler("-1", "2"), "field-ignored", "spec.minReplicas: -1 is negative"),
        (
            pod(r#""containers":[null]"#),
            "object-skipped",
            "spec.containers[0]: invalid type: null, expected an object; skipped",
        ),
        (
            pod(r#""containers":{}"#),
            "object-skipped",
            "spec.containers: invalid type: map, expected a sequence; skipped",
        ),
        (
            pod(r#""containers":[{"resources":{"requests":{"cpu":"9e99"}}}]"#),
            "quantity-absurd",
            "spec.containers[0].resources.requests.cpu",
        ),
    ] {
        let reading = read(
            "x",
            format!("[{NODE},{object}]")
                .replace("\"metadata\":{\"name\":\"n\"}", "\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}"),
        )
        .unwrap();
        let found = findings(&reading);
        assert!(found.get(kind).is_some_and(|list| list[0].contains(message)), "{message}: {found:?}");
    }
    for null in ["spec", "status", "labels", "annotations", "ownerReferences", "containers"] {
        let content = format!(
            r#"{{"kind":"Pod","metadata":{{"name":"a","{null}":null}},"{null}":null,"spec":{{"{null}":null}}}}"#
        );
        let content = if null == "spec" { content.replacen(r#""spec":null,"#, "", 1) } else { content };
        check("x", &content, "Pod 1");
    }
}

#[test]
fn broken_json_names_its_place() {
    check_error(
        "p.json",
        format!("[{POD},\n  {{\"kind\":\"Pod\",\"metadata\":{{\"name\" \"x\"}}}}]"),
        &["p.json:2:36", "broken JSON"],
    );
    check_error(
        "p.json",
        format!("{{\"kind\":\"List\",\n\"items\":[{POD}"),
        &["p.json:2:", "the end of the file inside a list"],
    );
    check_error("p.json", format!("[{POD}{POD}]"), &["p.json:1:", ", or ] after an item"]);
}

#[test]
fn no_prefix_of_a_file_panics() {
    let json = format!("{{\"kind\":\"List\",\"items\":[{POD},{NODE}],\"metadata\":{{\"x\":\"\\u00e9\"}}}}");
    let yaml = "# x\nkind: Pod\nmetadata:\n  name: \"a\"\nspec: {containers: [{name: c}]}\n---\nkind: Node\nmetadata: {name: n}\n";
    let packed = gzip(json.as_bytes());
    for whole in [json.as_bytes(), yaml.as_bytes(), &packed] {
        for end in 0..whole.len() {
            let cut = read("x", &whole[..end]);
            assert!(cut.is_err() || whole == yaml.as_bytes(), "{end}");
        }
    }
}

#[test]
fn hostile_content_is_refused() {
    let deep = 100_000;
    for content in [
        "[".repeat(deep),
        format!("{{\"items\":[{}", "{\"a\":".repeat(deep)),
        format!("[{}1{}]", "{\"spec\":".repeat(deep), "}".repeat(deep)),
        format!("kind: {}", "[".repeat(deep)),
        format!("kind: Pod\nspec: {}", "{a: ".repeat(deep)),
        (0..2000).map(|n| format!("{}kind:\n", " ".repeat(n))).collect(),
        format!(
            "a: &a [x,x,x,x,x,x,x,x,x]\nkind: Pod\n{}",
            (0..20).map(|n| format!("b{n}: &b{n} [*a,*a,*a]\n")).collect::<String>()
        ),
        "\u{0}".repeat(100),
        "{\"kind\":\"Pod\",\"kind\":\"Pod\"}".to_owned(),
        "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}".to_owned(),
        "{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"replicas\":1e999}}".to_owned(),
        "[,]".to_owned(),
        "{}}".to_owned(),
        "{\"items\":null}".to_owned(),
        "==== START logs".to_owned(),
    ] {
        assert!(read("x", &content).is_err(), "{}", content.chars().take(40).collect::<String>());
    }
    assert!(read("x", b"[{\"kind\":\"Pod\",\"metadata\":{\"name\":\"\xff\"}}]").is_err());
    assert!(read("x", b"kind: Pod\nmetadata: {name: \xff}\n").is_err());
}

#[test]
fn one_huge_string_stops_at_the_limit() {
    let huge = "x".repeat(64 << 20);
    check_error("x", format!("[{{\"kind\":\"Pod\",\"a\":\"{huge}\"}}]"), &["an object of more than 16777216 bytes"]);
    check_error("x", format!("{{\"{huge}\":1}}"), &["an object of more than"]);
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let limits = Limits { total_bytes: 4 << 20, ..Limits::default() };
    for filling in [b' ', 0] {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(b"[").unwrap();
        std::io::copy(&mut std::io::repeat(filling).take(64 << 20), &mut packer).unwrap();
        let bomb = packer.finish().unwrap();
        let error = read_bytes("bomb.gz", &bomb, &limits).expect_err("a bomb").to_string();
        assert!(error.contains("more than 4194304 bytes") || error.contains("binary data"), "{error}");
    }
}

#[test]
fn limits_count_objects() {
    let limits = Limits { objects: 1, ..Limits::default() };
    let error = read_bytes("x", format!("[{POD},{POD}]").as_bytes(), &limits).expect_err("a limit");
    assert!(error.to_string().contains("more than 1 objects"), "{error}");
}

#[test]
fn archives_are_read_through() {
    let mut archive = tar::Builder::new(Vec::new());
    let long = format!("{}/pods.json", "deep/".repeat(40));
    let items = format!("[{BARE_POD}]");
    let inner = gzip(POD.as_bytes());
    for (name, content) in [
        (long.as_str(), items.as_bytes()),
        ("b/deployments/default.json", format!("[{BARE_DEPLOYMENT}]").as_bytes()),
        ("inner.json.gz", &inner),
        ("log.txt", b"nothing here"),
        ("broken.json", b"[{\"kind\":"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, content).unwrap();
    }
    let packed = gzip(&archive.into_inner().unwrap());
    let reading = read("bundle.tgz", &packed).unwrap();
    assert_eq!(reading.inputs[0].objects, [("Deployment".to_owned(), 1), ("Pod".to_owned(), 2)]);
    assert_eq!(&*reading.objects[0].source, format!("bundle.tgz!{long}"));
    let found = findings(&reading);
    assert_eq!(found["files-skipped"], ["bundle.tgz: 1 file is no inventory: bundle.tgz!log.txt (plain text)"]);
    assert!(found["file-broken"][0].starts_with("bundle.tgz!broken.json: "), "{found:?}");
}

#[test]
fn findings_have_distinct_names() {
    let names: std::collections::BTreeSet<&str> = super::FINDINGS.iter().map(|kind| kind.id).collect();
    assert_eq!(names.len(), super::FINDINGS.len());
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

/// Every piece with its place, whatever the sizes of reading.
fn pieces(json: &str, chunk: usize, batch: usize) -> Vec<String> {
    let mut splitter = Splitter::new(json.as_bytes(), 1, Sizes { chunk, batch, object: 1 << 20 });
    let mut cut = Vec::new();
    loop {
        match splitter.next_batch() {
            Ok(Some(batch)) => cut.extend(batch.pieces.iter().map(|piece| match piece {
                Piece::Item { range, at } => {
                    format!("{at:?} {}", String::from_utf8_lossy(&batch.bytes[range.clone()]))
                }
                Piece::Whole { bytes, at, listed } => format!("{at:?} {listed} {}", String::from_utf8_lossy(bytes)),
                other => format!("{other:?}"),
            })),
            Ok(None) => return cut,
            Err(error) => {
                // What was cut before is not used either.
                return vec![format!("{error:?}")];
            }
        }
    }
}

proptest! {
    #[test]
    fn chunk_sizes_change_nothing(
        texts in prop::collection::vec("[a-z{}\\[\\]\",:\\\\\n é]{0,12}", 0..6),
        chunk in 1_usize..40,
        batch in 1_usize..200,
        cut in 0_usize..20,
    ) {
        let item = |text: &String| serde_json::json!({"kind": "Pod", "text": text, "list": [{"a": [1, "]"]}]});
        let items: Vec<serde_json::Value> = texts.iter().map(item).collect();
        let list = serde_json::json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"x": texts}});
        let mut json = format!("{}\n{}", serde_json::to_string_pretty(&list).unwrap(), serde_json::to_string(&items).unwrap());
        json.truncate((0..=json.len().saturating_sub(cut)).rev().find(|&end| json.is_char_boundary(end)).unwrap_or(0));
        prop_assert_eq!(pieces(&json, chunk, batch), pieces(&json, 1 << 20, 1 << 20));
    }

    #[test]
    fn random_text_never_panics(text in "[\\[\\]{}\"a-zA-Z:,\\-\n #&*|>0-9]{0,200}", start in 0_usize..4) {
        let prefix = ["", "{\"kind\":", "kind: Pod\n", "name,replicas,cpu_request\n"][start];
        let _ = read("x", format!("{prefix}{text}"));
    }
}

/// The only object of an input.
#[track_caller]
fn only(name: &str, content: &str) -> Object {
    let reading = read(name, content).unwrap();
    assert_eq!(reading.objects.len(), 1, "{content}");
    reading.objects.into_iter().next().unwrap().object
}

#[test]
fn reads_istio_objects_of_every_version() {
    for version in ["v1", "v1beta1", "v1alpha3"] {
        for kind in ["Sidecar", "VirtualService", "DestinationRule", "ServiceEntry", "WorkloadEntry"] {
            let object = format!(
                r#"{{"apiVersion":"networking.istio.io/{version}","kind":"{kind}","metadata":{{"name":"a"}},"spec":{{"new":[1]}}}}"#
            );
            check("x", &object, &format!("{kind} 1"));
        }
        let gateway =
            format!(r#"{{"apiVersion":"networking.istio.io/{version}","kind":"Gateway","metadata":{{"name":"a"}}}}"#);
        check("x", &gateway, "Gateway (Istio) 1");
    }
    for kind in ["HTTPRoute", "GRPCRoute", "Gateway"] {
        let object =
            format!(r#"{{"apiVersion":"gateway.networking.k8s.io/v1","kind":"{kind}","metadata":{{"name":"a"}}}}"#);
        check("x", &object, &format!("{kind} 1"));
    }
    check(
        "x",
        r#"{"kind":"SidecarList","apiVersion":"networking.istio.io/v1","items":[{"metadata":{"name":"a"}}]}"#,
        "Sidecar 1",
    );
    check_error(
        "x",
        r#"{"apiVersion":"networking.istio.io/v1","kind":"LaterKind","metadata":{"name":"a"}}"#,
        &["LaterKind"],
    );
}

#[test]
fn a_sidecar_is_read_with_ports_and_selector() {
    let text = "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  workloadSelector: {labels: {app: cart}}
  ingress:
  - port: {number: 9080, protocol: HTTP, name: x}
    defaultEndpoint: 127.0.0.1:8080
  egress:
  - port: {number: 9080, protocol: HTTP}
    hosts: ['./*']
  - captureMode: NONE
    bind: 127.0.0.1
    hosts: ['istio-system/*', '~/*']
";
    let Object::Sidecar(sidecar) = only("x.yaml", text) else { panic!("a Sidecar") };
    assert_eq!(sidecar.name.to_string(), "shop/default");
    assert_eq!(sidecar.selector.unwrap()["app"], "cart");
    assert_eq!((sidecar.ingress[0].number, sidecar.ingress[0].protocol.as_str()), (9080, "HTTP"));
    let ports: Vec<_> = sidecar.egress.iter().map(|it| (it.port.as_ref().map(|it| it.number), it.bound)).collect();
    assert_eq!(ports, [(Some(9080), false), (None, true)]);
    assert_eq!(sidecar.egress[1].hosts, ["istio-system/*", "~/*"]);
    let wrong = text.replace("['./*']", "7");
    let strange = wrong.replace("number: 9080", "number: 99999");
    assert!(read("x.yaml", format!("{wrong}---\n{text}")).is_ok_and(|it| it.objects.len() == 1));
    let reading = read("x.yaml", format!("{strange}---\n{}", text.replace("9080", "0"))).unwrap();
    let noticed = findings(&reading);
    assert!(noticed["object-skipped"][0].contains("spec.egress[0].hosts"), "{noticed:?}");
    assert!(noticed["field-ignored"][0].contains("spec.egress.port"), "{noticed:?}");
}

#[test]
fn routes_keep_delegates_weights_and_mirrors() {
    let text = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop, creationTimestamp: '2024-01-01T00:00:00Z'}
spec:
  hosts: [cart]
  exportTo: ['.']
  http:
  - match: [{port: 80, gateways: [mesh]}, {uri: {exact: /}}]
    route:
    - {destination: {host: cart, subset: v1, port: {number: 80}}, weight: 90}
    - {destination: {host: cart, subset: v2}, weight: 10}
    mirror: {host: shadow}
  - delegate: {name: inner}
  tcp:
  - route: [{destination: {host: db}}]
";
    let Object::VirtualService(service) = only("x.yaml", text) else { panic!("a VirtualService") };
    assert_eq!(service.created, "2024-01-01T00:00:00Z");
    assert_eq!(service.http[0].matches.len(), 2);
    assert_eq!(service.http[0].matches[0].port, Some(80));
    let weights: Vec<_> = service.http[0].destinations.iter().map(|it| (it.host.as_str(), it.weight)).collect();
    assert_eq!(weights, [("cart", Some(90)), ("cart", Some(10)), ("shadow", None)]);
    assert_eq!(service.http[1].delegate.as_ref().unwrap().to_string(), "shop/inner");
    assert_eq!(service.opaque[0].host, "db");
}

#[test]
fn routes_keep_what_divides_requests_and_how_long_answers_may_take() {
    let text = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop}
spec:
  hosts: [cart]
  http:
  - match: [{headers: {user: {exact: jane}}, uri: {prefix: /}}, {uri: {prefix: /beta}, port: 80}]
    route: [{destination: {host: cart, subset: v2}}]
    timeout: 1.5s
    retries: {attempts: 3, perTryTimeout: 400ms, retryOn: '5xx'}
  - route: [{destination: {host: cart}}]
    mirrors: [{destination: {host: shadow}, percentage: {value: 2.5}}]
";
    let Object::VirtualService(service) = only("x.yaml", text) else { panic!("a VirtualService") };
    let [some, all] = &service.http[..] else { panic!("{service:?}") };
    assert_eq!(some.matches.iter().map(|it| it.conditions.clone()).collect::<Vec<_>>(), [["headers"], ["uri"]]);
    assert_eq!(some.timeout.map(Seconds::as_seconds), Some(1.5));
    let retries = some.retries.as_ref().unwrap();
    assert_eq!((retries.attempts, retries.retry_on.as_str()), (Some(3), "5xx"));
    assert_eq!(retries.per_try_timeout.map(Seconds::as_seconds), Some(0.4));
    assert_eq!((all.timeout, all.retries.is_none()), (None, true));
    assert_eq!(all.destinations[1].mirror.map(|it| it.share.get()), Some(0.025));
    let text = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: '', kind: Service, name: cart}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    filters:
    - {type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 80}, fraction: {numerator: 1, denominator: 8}}}
    backendRefs: [{name: cart-v1, port: 80, weight: 9}, {name: cart-v2, port: 80}]
    timeouts: {request: 10s}
    retry: {attempts: 1, codes: [503]}
  - matches: [{method: GET, headers: [{name: a, value: b}]}]
";
    let Object::GatewayRoute(route) = only("x.yaml", text) else { panic!("an HTTPRoute") };
    let rule = &route.rules[0];
    assert!(rule.matches[0].conditions.is_empty());
    assert_eq!(route.rules[1].matches[0].conditions, ["headers", "method"]);
    let weights: Vec<_> = rule.destinations.iter().map(|it| (it.weight, it.mirror.map(|it| it.share.get()))).collect();
    assert_eq!(weights, [(Some(9), None), (None, None), (None, Some(0.125))]);
    assert_eq!((rule.timeout.map(Seconds::as_seconds), rule.retries.as_ref().unwrap().attempts), (Some(10.0), Some(1)));
}

#[test]
fn traffic_policies_are_read_for_hosts_subsets_and_ports() {
    let text = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: d, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool:
      tcp: {maxConnections: 100, connectTimeout: 250ms}
      http: {http1MaxPendingRequests: 10, http2MaxRequests: 200, maxRequestsPerConnection: 50, maxRetries: 3}
    outlierDetection: {consecutive5xxErrors: 7, interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 150, minHealthPercent: 30}
    loadBalancer:
      localityLbSetting:
        enabled: true
        distribute: [{from: eu/a/*, to: {'eu/a/*': 80, 'eu/b/*': 20}}]
        failover: [{from: eu, to: us}]
    portLevelSettings:
    - {port: {number: 80}, tls: {mode: SIMPLE}, outlierDetection: {consecutiveErrors: 2}}
  subsets:
  - {name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}
";
    let reading = read("x.yaml", text).unwrap();
    let message = &findings(&reading)["field-ignored"][0];
    assert!(message.contains("spec.trafficPolicy.outlierDetection.maxEjectionPercent"), "{message}");
    let Object::DestinationRule(rule) = &reading.objects[0].object else { panic!("a DestinationRule") };
    let settings = &rule.policy.settings;
    let pool = settings.pool.as_ref().unwrap();
    assert_eq!((pool.max_connections, pool.max_pending, pool.max_requests), (Some(100), Some(10), Some(200)));
    assert_eq!((pool.max_requests_per_connection, pool.max_retries), (Some(50), Some(3)));
    assert_eq!(pool.connect_timeout.map(Seconds::as_seconds), Some(0.25));
    let outliers = settings.outliers.as_ref().unwrap();
    assert_eq!(
        (outliers.consecutive_5xx, outliers.max_ejection_percent, outliers.min_health_percent),
        (Some(7), None, Some(30))
    );
    assert_eq!(outliers.base_ejection_time.map(Seconds::as_seconds), Some(60.0));
    let locality = settings.locality.as_ref().unwrap();
    assert_eq!((locality.enabled, locality.distribute[0].to["eu/b/*"]), (Some(true), 20));
    assert_eq!(locality.failover, [("eu".to_owned(), "us".to_owned())]);
    let of_port = rule.policy.ports[&80].outliers.as_ref().unwrap();
    assert_eq!((of_port.consecutive_gateway_errors, rule.port_tls[&80].as_str()), (Some(2), "SIMPLE"));
    assert_eq!(rule.subsets[0].policy.settings.pool.as_ref().unwrap().max_connections, Some(5));
    let mesh = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"istio"},"data":{"mesh":"localityLbSetting: {enabled: false}"}}"#;
    let Object::MeshConfig(mesh) = only("x", mesh) else { panic!("mesh settings") };
    assert_eq!(mesh.locality.and_then(|it| it.enabled), Some(false));
}

#[test]
fn mesh_settings_come_from_three_places() {
    let settings =
        "rootNamespace: config\ndefaultServiceExportTo: ['.']\ndiscoverySelectors:\n- matchLabels: {mesh: \"on\"}\n";
    let indented = |by: &str| settings.replace('\n', &format!("\n{by}"));
    let json = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "istio-1-24", "namespace": "istio-system"},
        "data": {"mesh": settings, "meshNetworks": "networks: {}"}});
    let config_map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio}}\ndata:\n  secret: hush\n  mesh: |\n    {}\n",
        indented("    ")
    );
    let operator = format!(
        "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  values: {{pilot: {{env: {{PILOT_FILTER_GATEWAY_CLUSTER_CONFIG: true}}}}}}\n  meshConfig:\n    {}\n",
        indented("    ")
    );
    let values = format!(
        "pilot:\n  env: {{PILOT_FILTER_GATEWAY_CLUSTER_CONFIG: \"true\"}}\nmeshConfig:\n  {}\n",
        indented("  ")
    );
    for (content, filters) in
        [(json.to_string(), None), (config_map, None), (operator, Some(true)), (values, Some(true))]
    {
        let Object::MeshConfig(mesh) = only("x", &content) else { panic!("mesh settings: {content}") };
        assert_eq!(mesh.root_namespace(), "config", "{content}");
        assert_eq!(mesh.service_export_to.0, ["."]);
        assert_eq!(mesh.discovery_selectors[0][0].key, "mesh");
        assert_eq!(mesh.filter_gateway_clusters, filters, "{content}");
        assert!(!format!("{mesh:?}").contains("hush"));
    }
    let other =
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"app"},"data":{"mesh":"rootNamespace: x"}}"#;
    check("x", &format!("{other}\n{POD}"), "Pod 1");
    let broken = json.to_string().replace("rootNamespace: config", "rootNamespace: [");
    let reading = read("x", broken).unwrap();
    assert!(findings(&reading)["field-ignored"][0].contains("data.mesh"), "{:?}", reading.findings);
}

/// What is odd in Istio's policies is named with object and field.
#[test]
fn odd_policies_are_named_with_their_field() {
    let object = |version: &str, kind: &str, spec: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: odd, namespace: shop}}\nspec: {spec}\n")
    };
    let (security, telemetry) = ("security.istio.io/v1", "telemetry.istio.io/v1");
    for (version, kind, spec, finding, field) in [
        (security, "PeerAuthentication", "{mtls: {mode: STRIKT}}", "field-ignored", "spec.mtls.mode"),
        (
            security,
            "PeerAuthentication",
            "{portLevelMtls: {http: {mode: STRICT}}}",
            "field-ignored",
            "spec.portLevelMtls",
        ),
        (security, "PeerAuthentication", "{mtsl: {mode: STRICT}}", "field-unknown", "spec.mtsl"),
        (security, "AuthorizationPolicy", "{action: PERMIT}", "field-ignored", "spec.action"),
        (security, "AuthorizationPolicy", "{rule: []}", "field-unknown", "spec.rule"),
        (security, "AuthorizationPolicy", "{rules: [{form: []}]}", "field-unknown", "spec.rules.form"),
        (security, "RequestAuthentication", "{jwtRule: []}", "field-unknown", "spec.jwtRule"),
        (
            telemetry,
            "Telemetry",
            "{tracing: [{randomSamplingPercentage: 200}]}",
            "field-ignored",
            "randomSamplingPercentage",
        ),
        (telemetry, "Telemetry", "{accessLogging: [{disable: true}]}", "field-unknown", "spec.accessLogging.disable"),
        (telemetry, "Telemetry", "{metrics: [{overrides: [{disabled: maybe}]}]}", "field-ignored", "disabled"),
        ("networking.istio.io/v1beta1", "ProxyConfig", "{concurency: 2}", "field-unknown", "spec.concurency"),
        (
            "networking.istio.io/v1beta1",
            "ProxyConfig",
            "{environmentVariables: {SECRET_TTL: tomorrow, PASSWORD: hunter2}}",
            "field-ignored",
            "environmentVariables.SECRET_TTL",
        ),
        (
            "networking.istio.io/v1",
            "DestinationRule",
            "{trafficPolicy: {tls: {mode: PLAIN}}}",
            "field-ignored",
            "spec.trafficPolicy.tls.mode",
        ),
        ("security.istio.io/v2", "AuthorizationPolicy", "{}", "api-version-unknown", "apiVersion"),
        ("networking.istio.io/v1", "Telemetry", "{}", "api-version-unknown", "telemetry.istio.io/v1"),
    ] {
        let reading = read("x.yaml", object(version, kind, spec)).unwrap();
        let found = findings(&reading);
        let messages = found.get(finding).unwrap_or_else(|| panic!("{kind} {spec}: {found:?}"));
        let named = messages.iter().any(|it| it.contains("shop/odd") && it.contains(field));
        assert!(named, "{kind} {spec}: {messages:?}");
        assert!(!format!("{reading:?}").contains("hunter2"));
    }
}
