//! How controllers replace pods and how long pods take.

use super::*;

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
    assert_eq!((scaler.min_replicas, scaler.max_replicas, scaler.target_cpu_percent()), (1, 9, Some(70)));
    assert_eq!((&*slice.service.name, slice.ready, slice.not_ready), ("s", 2, 1));
}
