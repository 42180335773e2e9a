//! Recommendations about istiod's settings, certificates and what is shown to whom.

use meshcap::tuning::{Kind, manifests};

use crate::tuning_shop::{found, tuned, tuned_with_calls, workload, written};

/// Helm values as a file of their own.
fn values(text: &str) -> String {
    format!("apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {{values: {text}}}\n---\n")
}

/// Many pods of one workload.
fn many(replicas: u64) -> String {
    workload("crowd").replacen("spec:\n", &format!("spec:\n  replicas: {replicas}\n"), 1)
}

/// Each case: further objects, the policy, the recommendation, why it is withheld, and what it would write.
#[test]
fn istiod_is_told_what_keeps_it_waiting() {
    let (crowd, larger) = (many(600), many(2000));
    let throttled = format!("{crowd}{}", values("{pilot: {env: {PILOT_MAX_REQUESTS_PER_SECOND: \"10\"}}}"));
    let one_push = values("{pilot: {env: {PILOT_PUSH_THROTTLE: 1}}}");
    let busy =
        "[control_plane]\nreplica_cpu = \"1\"\n[churn]\npod_changes_per_hour = 36000\nconfig_changes_per_hour = 3600\n";
    let short = values("{meshConfig: {defaultConfig: {proxyMetadata: {SECRET_TTL: 2m}}}}");
    let capped = values(
        "{pilot: {env: {MAX_WORKLOAD_CERT_TTL: 1h}}, meshConfig: {defaultConfig: {proxyMetadata: {SECRET_TTL: 2m}}}}",
    );
    let by_object = "apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {name: life, namespace: istio-system}\n\
                     spec: {environmentVariables: {SECRET_TTL: 2m}}\n---\n";
    let waived = "[[tuning.waivers]]\nid = \"istiod/*\"\nreason = \"another team\"\n";
    for (case, further, policy, id, why, writes) in [
        (
            "slow to connect",
            &*throttled,
            "[control_plane]\nreconnect_within_seconds = 5",
            "istiod-environment/connection-rate",
            None,
            r#""PILOT_MAX_REQUESTS_PER_SECOND":"#,
        ),
        (
            "never fast enough",
            &crowd,
            "[control_plane]\nreconnect_within_seconds = 0.01",
            "istiod-environment/connection-rate",
            Some("infeasible"),
            "",
        ),
        ("all at once", &crowd, "[control_plane]\nreconnect_within_seconds = 0.01", "certificates/at-once", None, ""),
        ("one push at once", &one_push, "", "istiod-environment/push-throttle", None, r#""PILOT_PUSH_THROTTLE":"#),
        ("short life", &format!("{crowd}{short}"), "", "certificates/life", None, r#""SECRET_TTL":"86400s""#),
        ("istiod gives an hour", &format!("{crowd}{capped}"), "", "certificates/life", None, r#""SECRET_TTL":"3600s""#),
        ("an object says it", &format!("{crowd}{by_object}"), "", "certificates/life", Some("cannot be patched"), ""),
        (
            "autoscaler",
            &larger,
            waived,
            "istiod-environment/connection-age",
            None,
            r#""keepaliveMaxServerConnectionAge":"#,
        ),
        (
            "endpoints at once",
            &format!("{larger}{}", values("{pilot: {env: {PILOT_ENABLE_EDS_DEBOUNCE: \"false\"}}}")),
            busy,
            "istiod-environment/endpoint-debounce",
            None,
            r#""PILOT_ENABLE_EDS_DEBOUNCE":"true""#,
        ),
        ("busy", &larger, busy, "istiod-environment/debounce", None, r#""PILOT_DEBOUNCE_AFTER":"#),
    ] {
        let tuning = tuned(further, policy);
        let it = found(&tuning, id);
        let reason = it.withheld.as_ref().map(ToString::to_string);
        match why {
            None => assert_eq!(reason, None, "{case}"),
            Some(words) => assert!(reason.as_ref().is_some_and(|reason| reason.contains(words)), "{case}: {reason:?}"),
        }
        assert!(written(it).contains(writes), "{case}: {}", written(it));
        println!("{case}: {:?} {:?}", it.settings, it.basis);
    }
}

/// A gateway is sent what nobody hides: services of another namespace that only its own workloads call go, but for the
/// one a route of the gateway leads to.
#[test]
fn what_nobody_calls_from_outside_is_hidden() {
    const GATEWAY: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: edge, namespace: istio-system}\nspec:\n  \
                           selector: {matchLabels: {istio: ingressgateway}}\n  template: {metadata: {labels: {istio: ingressgateway}}, \
                           spec: {containers: [{name: istio-proxy, image: proxyv2}]}}\n---\n";
    const ROUTE: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: back}\n\
                         spec: {hosts: [a.example.com], gateways: [edge], http: [{route: [{destination: {host: a}}]}]}\n---\n";
    let namespace =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: back, labels: {istio-injection: enabled}}\n---\n";
    let back: String = ["a", "b", "c", "d"].iter().map(|name| workload(name).replace("shop", "back")).collect();
    let further = format!("{namespace}{back}{GATEWAY}{ROUTE}");
    let calls = "shop/web,shop/cart\nback/a,back/b\nback/b,back/c\n";
    let tuning = tuned_with_calls(&further, "", calls);
    let it = found(&tuning, "export-to/back");
    assert_eq!(it.withheld, None);
    let hidden: Vec<String> = manifests(&it.changes)
        .iter()
        .filter(|file| file.object["kind"] == "Service")
        .map(|file| format!("{} {}", file.path, file.object["metadata"]["annotations"]))
        .collect();
    let expected = ["b", "c", "d"]
        .map(|name| format!(r#"patches/back/service-{name}.yaml {{"networking.istio.io/exportTo":"."}}"#));
    assert_eq!(hidden, expected);
    assert!(it.saves.memory_used.as_bytes() > 0.0, "{:?}", it.saves);

    // What is called from outside stays, and nothing is hidden while nobody said who calls whom.
    let called =
        tuned_with_calls(&further, "", &format!("{calls}shop/web,back/b\nshop/web,back/c\nistio-system/edge,back/d\n"));
    let none = |tuning: &meshcap::tuning::Tuning| tuning.recommendations.iter().all(|it| it.id != "export-to/back");
    assert!(none(&called));
    assert!(tuned(&further, "").recommendations.iter().all(|it| it.kind != Kind::ExportTo));
}
