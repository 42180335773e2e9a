//! Measured memory of proxies: what the plan makes of it, and what is recommended.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use meshcap::overhead::{MemoryCheck, ProxyCost};
use meshcap::plan::{Inputs, Plan, SizingVerdict, WorkloadPlan};
use meshcap::report;
use meshcap::tuning::{Recommendation, Tuning};
use meshcap::units::{Bytes, Seconds, Share};
use serde_json::Value;

use crate::shared;
use crate::tuning::{data, inputs, keeps_its_promise};

fn measured_payments() -> [PathBuf; 2] {
    [data("clusters/payments-live"), data("demand/payments-live.csv")]
}

fn workload<'a>(plan: &'a Plan, name: &str) -> &'a WorkloadPlan {
    plan.workloads.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no workload {name}"))
}

fn proxy<'a>(plan: &'a Plan, name: &str) -> &'a ProxyCost {
    workload(plan, name).proxy.as_ref().unwrap_or_else(|| panic!("{name} has no proxy"))
}

fn kinds_about<'a>(plan: &'a Plan, kind: &str) -> Vec<&'a str> {
    plan.findings.iter().filter(|it| it.kind.id == kind).map(|it| it.subject.as_str()).collect()
}

/// So many moments of the same memory of each proxy of a workload, `minutes` apart.
fn constant(folder: &Path, rows: &[(&str, &str, f64)], moments: u32, minutes: u32) -> PathBuf {
    let mut table = "time,namespace,pod,proxy_memory_mib\n".to_owned();
    for at in 0..moments {
        for (namespace, pod, mib) in rows {
            writeln!(table, "{},{namespace},{pod},{mib}", at * minutes * 60).unwrap();
        }
    }
    let path = folder.join("memory.csv");
    fs::write(&path, table).unwrap();
    path
}

#[test]
fn a_plan_says_what_was_measured_and_what_the_law_says() {
    let plan = Plan::new(inputs(&measured_payments(), "", None));
    let api = proxy(&plan, "payments-api");
    let measured = api.measured.as_ref().unwrap();
    assert_eq!((measured.pods.samples, measured.pods.moments, measured.pods.pods), (99, 33, Some(3)));
    assert_eq!(measured.pods.span, Seconds::from_hours(16.0));
    assert!(measured.counts && measured.is_inside());
    // What is planned is what was measured; the peak at start is the law's, on top of that.
    assert_eq!(api.memory.value, measured.pods.median);
    assert!(api.startup_memory.value > api.memory.value);
    assert!(api.memory_needed.to_memory() >= measured.pods.p95);
    assert!(api.memory_needed.to_memory() < api.startup_memory.value, "a request holds what is used");
    // One of two pods of `risk` runs, and stands for both.
    assert_eq!(proxy(&plan, "risk").measured.as_ref().unwrap().pods.pods, Some(1));
    let check = plan.totals.memory_check.unwrap();
    assert_eq!(check, MemoryCheck { workloads: 6, inside: 4, counted: 6, error: check.error });
    assert_eq!(kinds_about(&plan, "measured-memory-outside"), ["2 workloads"]);
    assert!(workload(&plan, "ledger").sizing.contains(&SizingVerdict::MemoryLimitNearMaximum));
    assert_eq!(plan.totals.proxies_at_risk, 2);
    let istiod = plan.control_plane.measured.as_ref().unwrap();
    assert!(istiod.counts && plan.control_plane.memory.upper >= istiod.pods.largest);

    let json: Value = serde_json::from_str(&report::json(&plan)).unwrap();
    assert_eq!(json["totals"]["memory_check"]["inside"], 4);
    let written = json["workloads"].as_array().unwrap().iter().find(|it| it["name"] == "payments-api").unwrap();
    assert_eq!(written["proxy"]["memory_measured"]["samples"], 99);
}

#[test]
fn proxies_are_sized_by_what_was_measured() {
    let paths = measured_payments();
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "", None));
    let find = |id: &str| -> &Recommendation { tuning.recommendations.iter().find(|it| it.id == id).unwrap() };
    let ledger = find("proxy-resources/payments/ledger");
    let removes = ledger.risk.removes.as_deref().unwrap_or_default();
    assert!(removes.contains("may be killed") && removes.contains("were measured of the 1024"), "{removes}");
    assert!(ledger.is_applied(), "{:?}", ledger.withheld);
    for it in &tuning.after.workloads {
        let Some(cost) = &it.proxy else { continue };
        let Some(measured) = &cost.measured else { continue };
        let (request, limit) = (cost.requests.memory.unwrap(), cost.limits.memory.unwrap());
        assert!(request.to_memory() >= measured.pods.p95, "{}", it.name);
        assert!(limit >= measured.limit_needed && limit.to_memory() >= cost.startup_memory.upper, "{}", it.name);
    }
    // 128Mi are too much for 45, and too little for what the estimate alone would ask for.
    let worker = proxy(&tuning.after, "settle-worker").requests.memory.unwrap();
    assert!(worker < Bytes::from_mib(100), "{worker:?}");
    let gateway = proxy(&tuning.after, "istio-ingressgateway");
    assert!(gateway.limits.memory.unwrap() >= gateway.measured.as_ref().unwrap().limit_needed);
}

/// What Sidecars take off is the law's difference, on the base of what was measured before there were any.
#[test]
fn sidecars_move_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<(&str, &str, f64)> = vec![
        ("web", "frontend-7d4b9c6f5d-abcde", 90.0),
        ("web", "search-7d4b9c6f5d-abcde", 40.0),
        ("orders", "order-api-7d4b9c6f5d-abcde", 70.0),
        ("orders", "ledger-7d4b9c6f5d-abcde", 70.0),
    ];
    let paths = [data("clusters/scoped"), constant(folder.path(), &rows, 40, 30)];
    let calls = Some(data("scoping/travel-calls.csv"));
    let tuning: Tuning = keeps_its_promise(&paths, &inputs(&paths, "", calls));
    let mut moved = 0;
    for (was, is) in tuning.before.workloads.iter().zip(&tuning.after.workloads) {
        let (Some(was), Some(is)) = (&was.proxy, &is.proxy) else { continue };
        let (Some(before), Some(after)) = (&was.measured, &is.measured) else { continue };
        assert_eq!(before.pods, after.pods);
        // Workers of a proxy may be tuned: the law's figure for what was measured never is.
        assert_eq!(before.predicted, after.predicted, "both come from one base");
        assert_eq!(was.memory.value, before.pods.median);
        moved += u64::from(is.memory.value < was.memory.value);
        assert!(is.memory.value.as_bytes() > 0.0);
    }
    assert!(moved > 0, "no proxy was sent less");
}

/// Sums over the replicas of ztunnel and istiod, every half hour for most of a day; ztunnel's last moment is its highest.
fn of_the_mesh_itself(folder: &Path, ztunnel: f64, istiod: f64) -> PathBuf {
    let rows = (0..40).map(|at| {
        let peak = if at == 39 { 1.5 } else { 1.0 };
        format!("{0},istio-system,ztunnel,{1},\n{0},istio-system,istiod,,{istiod}\n", at * 1800, 3.0 * ztunnel * peak)
    });
    let path = folder.join("memory.csv");
    let table = format!("time,namespace,workload,proxy_memory_mib,app_memory_mib\n{}", rows.collect::<String>());
    fs::write(&path, table).unwrap();
    path
}

#[test]
fn ztunnel_is_sized_by_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [data("clusters/ambient"), of_the_mesh_itself(folder.path(), 40.0, 90.0)];
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "", None));
    let cost = tuning.before.ztunnel.as_ref().unwrap();
    let measured = cost.measured.as_ref().unwrap();
    assert_eq!((measured.pods.samples, measured.pods.pods), (40, None), "three of them share a sum");
    assert!(measured.counts && (cost.memory.value.as_mib() - 40.0).abs() < 1e-9);
    // The busiest of them is where the highest was measured.
    let needed = cost.memory_needed.to_memory().as_mib();
    assert!((60.0..70.0).contains(&needed), "{needed}");
    let after = tuning.after.ztunnel.as_ref().unwrap();
    assert!(after.requests.memory.unwrap() >= cost.memory_needed);
    let outside = tuning.before.findings.iter().find(|it| it.kind.id == "measured-memory-outside").unwrap();
    assert!(outside.subject.contains("ztunnel"), "{outside:?}");
}

/// A limit that holds what istiod was seen to use, and no more, is raised with its request.
#[test]
fn the_limit_of_istiod_holds_what_was_measured() {
    let cluster = fs::read_to_string(data("clusters/ambient/mesh.yaml")).unwrap();
    let limited = cluster.replacen("memory: 2Gi", "memory: 400Mi\n            limits: {memory: 450Mi}", 1);
    assert_ne!(cluster, limited);
    let folder = tempfile::tempdir().unwrap();
    for file in ["namespaces.yaml", "nodes.yaml", "services.yaml", "workloads.yaml"] {
        fs::copy(data("clusters/ambient").join(file), folder.path().join(file)).unwrap();
    }
    fs::write(folder.path().join("mesh.yaml"), limited).unwrap();
    let measured = tempfile::tempdir().unwrap();
    let paths = [folder.path().to_owned(), of_the_mesh_itself(measured.path(), 12.0, 400.0)];
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "", None));
    let istiod = &tuning.before.control_plane;
    assert_eq!(istiod.memory_limit, Some(Bytes::from_mib(450)));
    let found = tuning.recommendations.iter().find(|it| it.id == "istiod/mesh").unwrap();
    assert!(
        found.risk.removes.as_ref().is_some_and(|danger| danger.contains("close to what was measured")),
        "{found:?}"
    );
    let after = &tuning.after.control_plane;
    let limit = after.memory_limit.unwrap();
    assert!(limit >= istiod.measured.as_ref().unwrap().limit_needed && limit >= after.memory_limit_needed());
    assert!(after.deployed.as_ref().unwrap().1.memory.unwrap() <= limit);
}

/// An hour of measurements raises what is requested, and lowers nothing.
#[test]
fn what_was_measured_too_briefly_only_raises() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = data("clusters/payments-live");
    let without = Plan::new(inputs(std::slice::from_ref(&cluster), "", None));
    let plan_at = |mib: f64, minutes: u32, hours: Option<f64>| {
        let path = constant(folder.path(), &[("payments", "ledger-0", mib)], 40, minutes);
        let mut inputs: Inputs = inputs(&[cluster.clone(), path], "", None);
        if let Some(hours) = hours {
            inputs.policy.sizing.measured_for = Seconds::from_hours(hours);
        }
        Plan::new(inputs)
    };
    let needed = |plan: &Plan| proxy(plan, "ledger").memory_needed;
    let little = plan_at(10.0, 1, None);
    assert_eq!(needed(&little), needed(&without));
    assert_eq!(proxy(&little, "ledger").memory, proxy(&without, "ledger").memory);
    assert_eq!(kinds_about(&little, "measured-memory-short").len(), 1);
    assert_eq!(needed(&plan_at(300.0, 1, None)), Bytes::from_mib(300));
    for plan in [plan_at(10.0, 30, None), plan_at(10.0, 1, Some(0.5))] {
        assert_eq!(needed(&plan), Bytes::from_mib(10));
        assert_eq!(kinds_about(&plan, "measured-memory-short").len(), 0);
    }
}

#[test]
fn proxies_that_do_not_run_were_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = constant(folder.path(), &[("reporting", "dashboard-ppbfjhbmc-lctkm", 50.0)], 40, 30);
    let plan = Plan::new(inputs(&[data("clusters/payments-live"), path], "all", None));
    assert!(proxy(&plan, "dashboard").measured.is_none());
    assert_eq!(kinds_about(&plan, "measured-without-proxy"), ["Deployment reporting/dashboard"]);
}

/// A reserve beyond what is allowed today asks for a higher limit, and nothing else.
#[test]
fn the_reserve_is_the_policys() {
    let at = |reserve: f64| {
        let mut inputs = inputs(&measured_payments(), "", None);
        inputs.policy.sizing.limit_reserve = Share::new(reserve).unwrap();
        Plan::new(inputs)
    };
    let (none, half) = (at(0.0), at(0.5));
    assert!(!workload(&none, "ledger").sizing.contains(&SizingVerdict::MemoryLimitNearMaximum));
    assert!(workload(&half, "ledger").sizing.contains(&SizingVerdict::MemoryLimitNearMaximum));
    assert_eq!(proxy(&none, "ledger").memory_needed, proxy(&half, "ledger").memory_needed);
}

/// Istio 1.6 with up to 600 idle services of one port and pod each: proxies that were measured, from manifests that say
/// what they hold.
#[test]
fn published_proxies_lie_in_the_interval() {
    let Some(folder) = shared::data("published_proxies_lie_in_the_interval") else { return };
    for services in [100_u32, 200, 300, 400, 500, 600] {
        let published =
            fs::read_to_string(folder.join(format!("telemetry/istio-bench/istioproxy-0{services}svc.csv"))).unwrap();
        let row = published.lines().find(|line| line.contains(",istio-proxy,")).unwrap();
        let mib: f64 = row.split(',').nth(2).unwrap().parse().unwrap();
        let made = tempfile::tempdir().unwrap();
        let mut manifests = String::from(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: bench, labels: {istio-injection: enabled}}\n",
        );
        for number in 0..services {
            write!(
                manifests,
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: dummy-{number}, namespace: bench}}\nspec: {{selector: \
                 {{app: dummy-{number}}}, ports: [{{name: http, port: 80}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\n\
                 metadata: {{name: dummy-{number}, namespace: bench}}\nspec:\n  replicas: 1\n  selector: {{matchLabels: {{app: \
                 dummy-{number}}}}}\n  template:\n    metadata: {{labels: {{app: dummy-{number}}}}}\n    spec: {{containers: \
                 [{{name: app, image: app}}]}}\n"
            )
            .unwrap();
        }
        let cluster = made.path().join("cluster.yaml");
        fs::write(&cluster, manifests).unwrap();
        let table = constant(made.path(), &[("bench", "dummy-1-7d4b9c6f5d-abcde", mib)], 1, 1);
        let plan = Plan::new(inputs(&[cluster, table], "", None));
        let check = plan.totals.memory_check.unwrap();
        println!("{services} services: {mib:.1} MiB, {:+.1} %", check.error * 100.0);
        assert_eq!((check.workloads, check.inside, check.counted), (1, 1, 0), "{services}");
    }
}

/// Applications of `payments-live` by hand: means of the table over what their pods request.
#[test]
fn a_plan_says_how_much_of_their_requests_applications_use() {
    let plan = Plan::new(inputs(&measured_payments(), "", None));
    let used = plan.totals.application_use;
    assert!(used.cpu.is_none(), "no CPU was measured");
    let memory = used.memory.unwrap();
    assert_eq!(memory.workloads, 5, "those with a sidecar; istiod and the gateway are no applications");
    let table = fs::read_to_string(data("demand/payments-live.csv")).unwrap();
    let rows = table.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let of_applications = rows.filter(|row| row[1] != "istio-system");
    let sum: f64 = of_applications.map(|row| row[4].parse::<f64>().unwrap()).sum();
    assert!((memory.mean.as_mib() - sum / 33.0).abs() < 1e-6, "{:?}", memory.mean);
    assert!(memory.busy > memory.mean && memory.requested > memory.busy);
    let bare = Plan::new(inputs(&[data("clusters/payments-live")], "", None));
    assert!(bare.totals.application_use.memory.is_none());
    let json: Value = serde_json::from_str(&report::json(&plan)).unwrap();
    assert_eq!(json["totals"]["application_use"]["memory_bytes"]["workloads"], 5);
    assert!(json["totals"]["application_use"]["cpu_cores"].is_null());
}
