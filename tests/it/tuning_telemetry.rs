//! Recommendations about what the mesh tells of itself: budgets are met, promises come true, nothing is overwritten.

use std::fs;
use std::path::Path;

use meshcap::sources::Input;
use meshcap::tuning::{Kind, manifests, tune};
use proptest::prelude::*;

use crate::tuning::keeps_its_promise;
use crate::tuning_shop::{SHOP, found, inputs, tuned, workload, written};

fn telemetry(namespace: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {spec}\n---\n"
    )
}

const TRACED: &str = "[features]\ntracing_sampling = 1.0\n";
const LOGGED: &str = "[features]\naccess_log = true\nfiltered_log_share = 0.1\n";

/// Each case: further objects, the policy, the recommendation, why it is withheld, and what it would write.
#[test]
fn what_is_told_is_brought_into_its_budget() {
    let span_budget = format!("{TRACED}[tuning]\nspan_budget = 25.0\n");
    let log_budget = format!("{LOGGED}[tuning]\nlog_budget = \"5Gi\"\n");
    let own = telemetry("shop", "traces", "{tracing: [{randomSamplingPercentage: 40, providers: [{name: zipkin}]}]}");
    let tagged = own.replace("40,", "40, customTags: {zone: {literal: {value: a}}},");
    let logging = telemetry("shop", "logs", "{accessLogging: [{providers: [{name: envoy}]}]}");
    let of_mesh = telemetry(
        "istio-system",
        "all",
        "{metrics: [{overrides: [{match: {metric: REQUEST_DURATION}, disabled: false}]}]}",
    );
    let selecting = telemetry("istio-system", "mesh-default", "{selector: {matchLabels: {app: none}}}");
    let interval = of_mesh.replace("[{overrides", "[{reportingInterval: 5s, overrides");
    let callers: String = ["a", "b", "c", "d"].iter().map(|name| workload(name)).collect();
    for (case, further, policy, id, why, writes) in [
        ("budget", "", &*span_budget, "trace-sampling/mesh", None, r#""sampling":10.0"#),
        ("no budget", "", TRACED, "trace-sampling/mesh", Some("a choice: "), r#""sampling":1.0"#),
        (
            "own object",
            &own,
            "[tuning]\nspan_budget = 25.0",
            "trace-sampling/mesh",
            None,
            r#""randomSamplingPercentage":10.0"#,
        ),
        (
            "tags of its own",
            &tagged,
            "[tuning]\nspan_budget = 25.0",
            "trace-sampling/mesh",
            Some("cannot be patched"),
            "",
        ),
        ("no room", "", &format!("{TRACED}[tuning]\nspan_budget = 0.0"), "trace-sampling/mesh", Some("infeasible"), ""),
        (
            "logs of the mesh",
            "",
            &*log_budget,
            "access-logs/mesh",
            None,
            r#""filter":{"expression":"response.code >= 400"},"providers":[{"name":"envoy"}]"#,
        ),
        (
            "logs without budget",
            "",
            LOGGED,
            "access-logs/mesh",
            Some("a choice: "),
            "resources/istio-system/telemetry-mesh-default.yaml",
        ),
        ("name taken", &selecting, LOGGED, "access-logs/mesh", Some("a choice: "), "telemetry-mesh-default-2.yaml"),
        (
            "logs of a namespace",
            &logging,
            "[tuning]\nlog_budget = \"5Gi\"",
            "access-logs/shop/logs",
            None,
            "patches/shop/telemetry-logs.yaml",
        ),
        (
            "even a filter is too much",
            "",
            &format!("{LOGGED}[tuning]\nlog_budget = \"100Mi\""),
            "access-logs/mesh",
            None,
            r#"istiod-values.yaml: {"meshConfig":{"accessLogFile":""}}"#,
        ),
        (
            "nothing is to be logged",
            &logging,
            "[tuning]\nlog_budget = \"0\"",
            "access-logs/shop/logs",
            None,
            r#"[{"disabled":true,"providers":[{"name":"envoy"}]}]"#,
        ),
        (
            "filtered by others",
            &logging.replace("]}]}", "], filter: {expression: \"response.code >= 500\"}}]}"),
            "[tuning]\nlog_budget = \"1Mi\"",
            "access-logs/mesh",
            Some("filtered already"),
            "",
        ),
        (
            "sizes",
            "",
            "[tuning]\nseries_budget = 3500",
            "metric-series/mesh",
            None,
            r#"{"disabled":true,"match":{"metric":"REQUEST_SIZE"}}"#,
        ),
        (
            "callers",
            &callers,
            "[tuning]\nseries_budget = 7000",
            "metric-series/mesh",
            None,
            r#""source_principal":{"operation":"REMOVE"}"#,
        ),
        ("too many", "", "[tuning]\nseries_budget = 10", "metric-series/mesh", Some("infeasible"), ""),
        ("series without budget", "", "", "metric-series/mesh", Some("a choice: "), "RESPONSE_SIZE"),
        (
            "metrics of the mesh",
            &of_mesh,
            "[tuning]\nseries_budget = 3500",
            "metric-series/mesh",
            None,
            r#"[{"overrides":[{"disabled":false,"match":{"metric":"REQUEST_DURATION"}}]},{"overrides""#,
        ),
        (
            "an interval",
            &interval,
            "[tuning]\nseries_budget = 3500",
            "metric-series/mesh",
            Some("cannot be patched"),
            "",
        ),
    ] {
        let tuning = tuned(further, policy);
        let it = found(&tuning, id);
        let reason = it.withheld.as_ref().map(ToString::to_string);
        match why {
            None => assert_eq!(reason, None, "{case}"),
            Some(words) => assert!(reason.as_ref().is_some_and(|reason| reason.contains(words)), "{case}: {reason:?}"),
        }
        assert!(written(it).contains(writes), "{case}: {}", written(it));
    }
}

/// What is left to choose is shown with what it would save, and nothing of it is saved.
#[test]
fn a_choice_is_shown_with_its_effect() {
    let tuning = tuned("", &format!("{TRACED}access_log = true\n"));
    let saves = |id: &str| found(&tuning, id).saves;
    assert!(saves("trace-sampling/mesh").spans.as_per_second() > 200.0);
    assert!(saves("access-logs/mesh").log.per_day().as_mib() > 1000.0);
    assert!(saves("metric-series/mesh").series.count() > 100.0);
    assert_eq!(tuning.figures_before.spans, tuning.figures_after.spans);
    let page = meshcap::report::tuning_markdown(&tuning);
    assert!(page.contains("budget; simulated: 7.73m of CPU in use and 248 spans per second less"), "{page}");
}

/// What nobody asked for is not recommended: nothing is logged, and traces are as Istio samples them.
#[test]
fn little_telemetry_is_left_alone() {
    let tuning = tuned("", "[tuning]\nspan_budget = 25.0\nlog_budget = \"1Mi\"\nseries_budget = 1e6");
    let told = [Kind::TraceSampling, Kind::AccessLogs, Kind::MetricSeries];
    let ids: Vec<&str> =
        tuning.recommendations.iter().filter(|it| told.contains(&it.kind)).map(|it| it.id.as_str()).collect();
    assert_eq!(ids, Vec::<&str>::new());
}

/// The cluster and the budgets that the documentation shows.
#[test]
fn a_mesh_with_telemetry_of_its_own_is_brought_into_its_budgets() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let policy = fs::read_to_string(data.join("telemetry-budgets.toml")).unwrap();
    let paths = [data.join("clusters/secured")];
    let tuning = keeps_its_promise(&paths, &inputs(&[Input::Path(paths[0].clone())], &policy));
    for id in ["trace-sampling/mesh", "access-logs/bank/audit", "metric-series/mesh"] {
        assert!(found(&tuning, id).is_applied(), "{id}: {:?}", found(&tuning, id).withheld);
    }
}

/// A gateway that istiod is yet to make traces and logs like the others, and counts against the budgets.
#[test]
fn gateways_to_come_count_against_the_budgets() {
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\n\
                   spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}\n---\n";
    let policy = format!(
        "{TRACED}access_log = true\nfiltered_log_share = 0.1\n[tuning]\nspan_budget = 25.0\nlog_budget = \"5Gi\"\n"
    );
    let tuning = tuned(gateway, &policy);
    let spans = |plan: &meshcap::plan::Plan| plan.telemetry.total.spans.upper.as_per_second();
    assert!(spans(&tuning.before) > spans(&tuned("", &policy).before), "the gateway is in the plan");
    assert!(found(&tuning, "trace-sampling/mesh").is_applied() && spans(&tuning.after) <= 25.000_001);
    assert!(found(&tuning, "access-logs/mesh").is_applied());
    assert!(tuning.after.telemetry.total.log_traffic.upper.per_day().as_mib() <= 5.0 * 1024.0);
}

/// Two recommendations about the Telemetry of the mesh make one object.
#[test]
fn the_mesh_gets_one_telemetry() {
    let tuning = tuned("", &format!("{LOGGED}[tuning]\nlog_budget = \"5Gi\"\nseries_budget = 3500"));
    let files = manifests(tuning.changes());
    let of_mesh: Vec<&str> =
        files.iter().map(|file| file.path.as_str()).filter(|path| path.contains("telemetry")).collect();
    assert_eq!(of_mesh, ["resources/istio-system/telemetry-mesh-default.yaml"]);
    let spec = &files.iter().find(|file| file.path == of_mesh[0]).unwrap().object["spec"];
    assert!(spec["accessLogging"].is_array() && spec["metrics"].is_array(), "{spec}");
    assert!(tuning.saves.series.count() > 0.0 && tuning.saves.log.per_day().as_mib() > 1000.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever samples how much and however much is allowed: applied recommendations meet their budgets, and nothing
    /// is told more of than before.
    #[test]
    fn budgets_are_met_by_the_plan(
        mesh in 0.0..=1.0_f64, own in 0_u32..=100, client in 0_u32..=100, rate in 1.0..2000.0_f64,
        spans in 0.01..500.0_f64, log_mib in 100_u64..200_000, series in 2000.0..20_000.0_f64, logged: bool,
    ) {
        let policy = format!(
            "[features]\ntracing_sampling = {mesh}\naccess_log = {logged}\n[traffic]\nrps_per_proxy = {rate}\n\
             [tuning]\nspan_budget = {spans}\nlog_budget = \"{log_mib}Mi\"\nseries_budget = {series}\n"
        );
        let entries = format!(
            "{{tracing: [{{randomSamplingPercentage: {own}}}, {{match: {{mode: CLIENT}}, randomSamplingPercentage: {client}}}], \
             selector: {{matchLabels: {{app: cart}}}}}}"
        );
        let text = format!("{SHOP}{}", telemetry("shop", "cart", &entries));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.yaml");
        fs::write(&path, text).unwrap();
        let tuning = tune(&inputs(&[Input::Path(path)], &policy), None);
        let (before, after) = (&tuning.figures_before, &tuning.figures_after);
        prop_assert!(after.series <= before.series && after.spans <= before.spans && after.log <= before.log);
        for it in tuning.recommendations.iter().filter(|it| it.is_applied()) {
            let total = &tuning.after.telemetry.total;
            match it.kind {
                Kind::TraceSampling => prop_assert!(total.spans.upper.as_per_second() <= spans * 1.000_001),
                Kind::AccessLogs => {
                    prop_assert!(total.log_traffic.upper.per_day().as_mib() <= log_mib as f64 * 1.000_001);
                }
                Kind::MetricSeries => prop_assert!(total.series.value.count() <= series * 1.000_001),
                _ => {}
            }
        }
    }
}
