//! Every shape in which objects come, and what is kept of them.

use super::*;

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
