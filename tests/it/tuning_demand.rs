//! Tuning by measured series: what the busiest moments ask for, and autoscalers.

use std::fs;
use std::path::{Path, PathBuf};

use meshcap::tuning::{Kind, Recommendation, Setting, Tuning};

use crate::shared;
use crate::tuning::{applied, data, inputs, keeps_its_promise, kinds};

fn find<'a>(tuning: &'a Tuning, id: &str) -> &'a Recommendation {
    let names = || tuning.recommendations.iter().map(|it| it.id.as_str()).collect::<Vec<_>>();
    tuning.recommendations.iter().find(|it| it.id == id).unwrap_or_else(|| panic!("no {id} among {:?}", names()))
}

fn setting<'a>(of: &'a Recommendation, name: &str) -> &'a Setting {
    of.settings.iter().find(|setting| setting.name == name).unwrap_or_else(|| panic!("no {name} in {:?}", of.settings))
}

fn replicas(tuning: &Tuning, name: &str) -> u64 {
    tuning.tuned.workloads.iter().find(|it| &*it.id.name == name).unwrap().replicas
}

/// Manifests and a table in a folder of their own.
fn cluster(folder: &Path, manifests: &str, table: &str) -> [PathBuf; 2] {
    let paths = [folder.join("cluster.yaml"), folder.join("demand.csv")];
    fs::write(&paths[0], manifests).unwrap();
    fs::write(&paths[1], table).unwrap();
    paths
}

#[test]
fn a_day_of_the_webshop_asks_for_more_here_and_less_there() {
    let paths = [data("clusters/webshop"), data("demand/webshop.csv")];
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "all", None));
    let catalog = find(&tuning, "application-autoscalers/shop/catalog");
    assert!(catalog.is_applied(), "{:?}", catalog.withheld);
    assert_eq!(setting(catalog, "least replicas").target.to_string(), "3");
    assert_eq!(setting(catalog, "most replicas").target.to_string(), "7");
    assert!(catalog.risk.removes.is_some() && catalog.risk.brings.iter().any(|it| it.contains("33 %")));
    // The plan has the replicas of the rushes, not those of the mean.
    assert_eq!(replicas(&tuning, "catalog"), 7);
    let checkout = find(&tuning, "application-autoscalers/shop/checkout");
    assert_eq!(setting(checkout, "least replicas").target.to_string(), "2");
    assert_eq!(replicas(&tuning, "checkout"), 2);
    let frontend = find(&tuning, "application-autoscalers/shop/frontend");
    assert_eq!(setting(frontend, "metric").target.to_string(), "70 % of container frontend");
    let missing = find(&tuning, "application-autoscalers/without-series");
    assert!(
        missing.withheld.as_ref().is_some_and(|why| why.to_string().contains("no CPU of the application over time"))
    );
    let sized = find(&tuning, "proxy-resources/shop/cart");
    assert!(sized.basis.iter().any(|it| it.contains("at p95 of 96 moments")), "{:?}", sized.basis);
}

/// The mean alone sizes no autoscaler, and a request of the mean is not above that of p95.
#[test]
fn a_table_of_means_is_not_a_series() {
    let folder = tempfile::tempdir().unwrap();
    let means = "namespace,name,inbound_rps,outbound_rps,app_cpu_milli\nshop,cart,33,33,38\nshop,catalog,90,0,310\n";
    let table = folder.path().join("means.csv");
    fs::write(&table, means).unwrap();
    let paths = [data("clusters/webshop"), table];
    let of_means = keeps_its_promise(&paths, &inputs(&paths, "all", None));
    assert!(of_means.recommendations.iter().all(|it| it.id != "application-autoscalers/shop/catalog"));
    let paths = [data("clusters/webshop"), data("demand/webshop.csv")];
    let of_series = keeps_its_promise(&paths, &inputs(&paths, "all", None));
    let request = |tuning: &Tuning| {
        let it = tuning.after.workloads.iter().find(|it| it.name == "cart").unwrap();
        it.proxy.as_ref().unwrap().requests.cpu
    };
    assert!(request(&of_series) >= request(&of_means), "{:?} {:?}", request(&of_series), request(&of_means));
}

/// What was published of Online Boutique under load: none of its services needs a second replica, and its proxies much
/// less than they would be given.
#[test]
fn online_boutique_is_sized_by_what_was_published() {
    let Some(folder) = shared::data("online_boutique_is_sized_by_what_was_published") else { return };
    let paths = [folder.join("inventories/online-boutique"), folder.join("telemetry/nezha-online-boutique-2022-08-22")];
    let calls = Some(data("scoping/online-boutique-calls.csv"));
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "all", calls));
    let kinds = kinds(&tuning);
    for kind in [Kind::ProxyResources, Kind::SidecarScopes, Kind::Istiod] {
        assert!(kinds.contains(&kind), "{kind} among {kinds:?}");
    }
    let sized = find(&tuning, "proxy-resources/default/productcatalogservice");
    assert!(sized.is_applied());
    assert!(sized.basis.iter().any(|it| it.contains("at p95 of 12")), "{:?}", sized.basis);
    let catalog = tuning.tuned.workloads.iter().find(|it| &*it.id.name == "productcatalogservice").unwrap();
    let tail = catalog.measured.response.tail.unwrap();
    assert!((tail.quantile.get() - 0.99).abs() < 1e-12 && tail.moments > 1100);
    assert!(catalog.measured.busy.inbound_rps.is_some());
    let missing = find(&tuning, "application-autoscalers/without-series");
    assert!(missing.withheld.is_some());
}

#[test]
fn hotel_reservation_gets_autoscalers_for_its_rushes() {
    let Some(folder) = shared::data("hotel_reservation_gets_autoscalers_for_its_rushes") else { return };
    let paths = [folder.join("inventories/hotel-reservation"), data("demand/hotel-reservation.csv")];
    let calls = Some(data("scoping/hotel-reservation-calls.csv"));
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "all", calls));
    let kinds = kinds(&tuning);
    for kind in [Kind::ProxyResources, Kind::SidecarScopes, Kind::Istiod, Kind::ApplicationAutoscalers] {
        assert!(kinds.contains(&kind), "{kind} among {kinds:?}");
    }
    assert_eq!((replicas(&tuning, "frontend"), replicas(&tuning, "search"), replicas(&tuning, "geo")), (3, 2, 1));
}

/// Pods that run: more are added to them, or the last go, by whichever way the autoscaler comes in.
#[test]
fn running_pods_get_autoscalers_too() {
    let rows = (0..40).map(|at| {
        let rush = if at % 20 == 0 { 700 } else { 250 };
        format!("{},settlement,fx-rates,{rush}\n{},settlement,settle-worker,100\n", 900 * at, 900 * at)
    });
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("demand.csv");
    fs::write(&table, format!("time,namespace,workload,app_cpu_milli\n{}", rows.collect::<String>())).unwrap();
    let paths = [data("clusters/payments-live"), table];
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "", None));
    for name in ["fx-rates", "settle-worker"] {
        let found = find(&tuning, &format!("application-autoscalers/settlement/{name}"));
        println!("{name}: {:?}", found.withheld);
    }
    assert_eq!((replicas(&tuning, "fx-rates"), replicas(&tuning, "settle-worker")), (5, 2));
}

/// A mesh of two services and what a case adds; every moment of the table has the same figures.
const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: KINDS
kind: KIND
metadata: {name: cart, namespace: shop}
spec:
  replicas: REPLICAS
  STRATEGY
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart, resources: {requests: {CPU memory: 64Mi}}}SECOND]}
---
";

struct Case<'a> {
    kind: &'a str,
    replicas: u64,
    strategy: &'a str,
    cpu: &'a str,
    second: &'a str,
    /// An autoscaler, or nothing.
    further: &'a str,
    columns: &'a str,
    row: &'a str,
    moments: u32,
}

const PLAIN: Case<'_> = Case {
    kind: "Deployment",
    replicas: 2,
    strategy: "",
    cpu: "cpu: 100m,",
    second: "",
    further: "",
    columns: "inbound_rps,app_cpu_milli",
    row: "50,500",
    moments: 40,
};

fn tuned(case: &Case<'_>) -> Tuning {
    let manifests = SHOP
        .replace("KINDS", "apps/v1")
        .replace("KIND", case.kind)
        .replace("REPLICAS", &case.replicas.to_string())
        .replace("STRATEGY", case.strategy)
        .replace("CPU", case.cpu)
        .replace("SECOND", case.second);
    let rows = (0..case.moments).map(|at| format!("{},shop,cart,{}\n", 60 * at, case.row));
    let table = format!("time,namespace,workload,{}\n{}", case.columns, rows.collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    let paths = cluster(folder.path(), &format!("{manifests}{}", case.further), &table);
    keeps_its_promise(&paths, &inputs(&paths, "", None))
}

const FIRST: &str = "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: cart, namespace: shop}\n\
                     spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}, minReplicas: 2, maxReplicas: 9, \
                     targetCPUUtilizationPercentage: 80}\n";
const MIXED: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: cart, namespace: shop}\nspec:\n  \
                     scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}\n  minReplicas: 2\n  maxReplicas: 9\n  \
                     behavior: {scaleDown: {stabilizationWindowSeconds: 60}}\n  metrics:\n  \
                     - {type: Pods, pods: {metric: {name: queue}, target: {type: AverageValue, averageValue: \"30\"}}}\n  \
                     - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}\n  \
                     - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 300Mi}}}\n";

/// Each case with the autoscaler's recommendation: why it is withheld, or what it sets.
#[test]
fn autoscalers_are_recommended_or_withheld_with_a_reason() {
    let beta = MIXED.replace("autoscaling/v2", "autoscaling/v2beta2");
    let lost = MIXED
        .replace("name: cart}\n  minReplicas", "name: nobody}\n  minReplicas")
        .replace("{name: cart, n", "{name: lost, n");
    let second = ", {name: helper, image: helper}";
    let cases: [(&str, Case<'_>, Result<&str, &str>); 12] = [
        ("too few replicas", PLAIN, Ok("8")),
        ("enough of them", Case { row: "50,100", ..PLAIN }, Err("")),
        ("a single one that may be two", Case { replicas: 1, row: "50,100", ..PLAIN }, Ok("2")),
        ("too few moments", Case { moments: 12, ..PLAIN }, Err("")),
        ("no request", Case { cpu: "", ..PLAIN }, Err("a CPU request of container cart")),
        ("a request of nothing", Case { cpu: "cpu: \"0\",", ..PLAIN }, Err("a CPU request of container cart")),
        ("two containers", Case { second, ..PLAIN }, Err("which of its containers")),
        ("not side by side", Case { strategy: "strategy: {type: Recreate}", ..PLAIN }, Err("Recreate")),
        ("state", Case { kind: "StatefulSet", ..PLAIN }, Err("hold state")),
        ("written in v1", Case { further: FIRST, row: "1,20", ..PLAIN }, Ok("% of the pod")),
        ("among others", Case { further: MIXED, row: "50,20", ..PLAIN }, Ok("80 % of container cart")),
        ("written in v2beta2", Case { further: &beta, row: "50,20", ..PLAIN }, Err("v2beta1 and v2beta2 are gone")),
    ];
    for (name, case, answer) in cases {
        let tuning = tuned(&case);
        let found = tuning.recommendations.iter().find(|it| it.id == "application-autoscalers/shop/cart");
        match answer {
            Err("") => assert!(found.is_none(), "{name}: {found:?}"),
            Err(words) => {
                let why = found.and_then(|it| it.withheld.as_ref()).map(ToString::to_string).unwrap_or_default();
                assert!(why.contains(words), "{name}: {why:?}");
            }
            Ok(set) => {
                let found = found.unwrap_or_else(|| panic!("{name}: nothing"));
                assert!(found.is_applied(), "{name}: {:?}", found.withheld);
                let to = found.settings[0].target.to_string();
                assert!(to.ends_with(set), "{name}: {to}");
            }
        }
    }
    // One that scales nobody is noticed where it is read, and stands in nobody's way.
    let tuning = tuned(&Case { further: &lost, ..PLAIN });
    assert!(find(&tuning, "application-autoscalers/shop/cart").is_applied());
}

/// A patch replaces the list of metrics as a whole: what it does not change stands in it as it was.
#[test]
fn other_metrics_are_written_back_as_they_were() {
    let tuning = tuned(&Case { further: MIXED, row: "50,20", ..PLAIN });
    let files = meshcap::tuning::manifests(tuning.changes());
    let patch = files.iter().find(|file| file.path.contains("horizontalpodautoscaler")).unwrap();
    let written = &patch.object["spec"];
    assert_eq!(written["metrics"].as_array().unwrap().len(), 3, "{written}");
    assert_eq!(written["metrics"][0]["pods"]["target"]["averageValue"], "30");
    assert_eq!(written["metrics"][1]["containerResource"]["container"], "cart");
    assert_eq!(written["metrics"][1]["containerResource"]["target"]["averageUtilization"], 80);
    assert_eq!(written["metrics"][2]["resource"]["target"]["averageValue"], "300Mi");
    assert!(written.get("behavior").is_none() && written.get("maxReplicas").is_none());
}

#[test]
fn throttling_that_was_seen_is_named() {
    let annotations = "sidecar.istio.io/proxyCPU: 100m, sidecar.istio.io/proxyCPULimit: 500m, \
                       sidecar.istio.io/proxyMemory: 128Mi, sidecar.istio.io/proxyMemoryLimit: 1Gi";
    let manifests = SHOP
        .replace("KINDS", "apps/v1")
        .replace("KIND", "Deployment")
        .replace("REPLICAS", "2")
        .replace("STRATEGY", "")
        .replace("CPU", "cpu: 100m,")
        .replace("SECOND", "")
        .replace("labels: {app: cart}}", &format!("labels: {{app: cart}}, annotations: {{{annotations}}}}}"));
    let rows: String = (0..40).map(|at| format!("{},shop,cart,5,0.12\n", 60 * at)).collect();
    let folder = tempfile::tempdir().unwrap();
    let paths = cluster(folder.path(), &manifests, &format!("time,namespace,workload,inbound_rps,throttled\n{rows}"));
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "", None));
    let found = find(&tuning, "proxy-resources/shop/cart");
    assert!(found.risk.removes.as_ref().is_some_and(|it| it.contains("throttled in 12 % of periods")), "{found:?}");
    assert_eq!(setting(found, "CPU limit").target.to_string(), "1");
    assert!(applied(&tuning).iter().any(|it| it.id == found.id));
}
