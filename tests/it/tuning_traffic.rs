//! What clients set between them and a service: recommended where it is dangerous or missing, gone in the plan after.

use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::inventory::{Inventory, ObjectName, assemble};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::resilience::{Bound, Clients, Guards, PoolCase, PoolLimits, Waypoint, Weakness, WeaknessKind};
use meshcap::sources::{self, Input, Limits};
use meshcap::tuning::{Dangers, Kind, Recommendation, Tuning, tune};
use meshcap::units::Ratio;

use crate::shared;
use crate::tuning::keeps_its_promise;

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

fn read(paths: &[PathBuf]) -> Inventory {
    let inputs: Vec<Input> = paths.iter().cloned().map(Input::Path).collect();
    assemble(sources::read(&inputs, &Limits::default(), &|_| ()).unwrap().objects).inventory
}

fn inputs(paths: &[PathBuf], policy: Policy, calls: Option<PathBuf>) -> Inputs {
    let calls = calls.map(|path| sources::read_calls(&path).unwrap());
    Inputs { calls, ..Inputs::new(read(paths), policy, ModelCard::named("istio-1.24").unwrap()) }
}

fn of_kinds<'a>(tuning: &'a Tuning, kinds: &[Kind]) -> Vec<&'a Recommendation> {
    tuning.recommendations.iter().filter(|it| kinds.contains(&it.kind)).collect()
}

const KINDS: [Kind; 4] = [Kind::ConnectionPools, Kind::OutlierDetection, Kind::Retries, Kind::Timeouts];

/// Each recommendation as `id: setting today -> target`, with what simulating it alone makes safer, or why it is withheld.
fn lines(tuning: &Tuning) -> Vec<String> {
    let line = |it: &&Recommendation| {
        let settings = it.settings.iter().filter(|setting| setting.changes());
        let settings: Vec<String> = settings
            .map(|setting| {
                let today = setting.current.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
                format!("{} {today} -> {}", setting.name, setting.target)
            })
            .collect();
        let effect = match &it.withheld {
            Some(why) => format!("withheld, {why}"),
            None => format!("dangers {}, guards {}", it.saves.dangers, it.saves.guards),
        };
        format!("{}: {}; {effect}", it.id, settings.join(", "))
    };
    let mut lines: Vec<String> = of_kinds(tuning, &KINDS).iter().map(line).collect();
    lines.sort();
    lines
}

/// The cluster that is guarded wrongly: every recommendation, and that nothing is in danger afterwards.
#[test]
fn wrong_guards_are_found_and_gone_afterwards() {
    let paths = [data("clusters/guarded")];
    let tuning = keeps_its_promise(&paths, &inputs(&paths, Policy::default(), Some(data("traffic/guarded-calls.csv"))));
    insta::assert_snapshot!(lines(&tuning).join("\n"));
    let (before, after) = (tuning.figures_before.dangers, tuning.figures_after.dangers);
    assert_eq!((before.ejections, before.pools, before.timeouts, before.retries), (1, 1, 1, 3));
    assert_eq!(Dangers { killed: 0, ..after }, Dangers { unguarded: 0, ..Dangers::default() });
}

/// The plan of that cluster says the same without being tuned: what does harm first, alike ones as one.
#[test]
fn the_plan_shows_what_is_wrong_with_guards() {
    let paths = [data("clusters/guarded"), data("clusters/guarded/demand.csv")];
    let plan = Plan::new(inputs(&paths, Policy::default(), Some(data("traffic/guarded-calls.csv"))));
    let found = &plan.resilience.guards.weaknesses;
    let bound = |bound: Bound| match bound {
        Bound::Count(count) => count.to_string(),
        Bound::Time(time) => format!("{:.0}ms", time.as_seconds() * 1000.0),
    };
    let line = |it: &Weakness| {
        let settings =
            it.settings.iter().map(|it| format!(" {} {} for {}", it.name, bound(it.today), bound(it.needed)));
        format!("{}{}: {}", it.kind.as_str(), settings.collect::<String>(), it.subjects.join(", "))
    };
    let lines: Vec<String> = found.iter().map(line).collect();
    let expected = [
        "refuses maxConnections 8 for 40 http1MaxPendingRequests 4 for 23: shop/prices",
        "cuts timeout 100ms for 182ms perTryTimeout 30ms for 182ms: VirtualService shop/orders, route 2",
        "multiplies attempts 2 for 1: shop/prices, shop/stock",
        "multiplies attempts 3 for 1: shop/orders",
        "no limit: shop/web, shop/orders, shop/stock",
        "no timeout: shop/web, shop/stock, shop/prices",
        "no ejection: shop/web",
    ];
    assert_eq!(lines, expected);
    let acute: u64 = found.iter().filter(|it| it.kind.is_acute()).map(|it| it.subjects.len() as u64).sum();
    let dangers = Dangers::of(&plan);
    assert_eq!(dangers.pools + dangers.timeouts + dangers.retries, acute);
    let written: serde_json::Value = serde_json::from_str(&report::json(&plan)).unwrap();
    let schema = serde_json::from_str(&report::schema()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&written));
    let guards = &written["resilience"]["guards"];
    assert_eq!(guards["weaknesses"].as_array().unwrap().len(), found.len());
    assert_eq!(
        (&guards["pools"][1]["today"]["connections"], &guards["retries"][0]["attempts"]),
        (&8.into(), &3.into())
    );
    assert!(report::markdown(&plan).contains("| ❌ cuts |") && report::html(&plan).contains("no ejection"));
}

/// A mesh of a thousand services whose rules were copied from one another.
#[test]
fn alike_weaknesses_of_a_large_mesh_are_one_row() {
    let paths = [data("clusters/guarded"), data("clusters/guarded/demand.csv")];
    let plan = Plan::new(inputs(&paths, Policy::default(), None));
    let pattern = plan.resilience.guards.pools.iter().find(|case| &*case.service.name == "prices").unwrap();
    let case = |index: u64| PoolCase {
        service: ObjectName::new(&format!("team-{}", index % 40), &format!("service-{index:04}")),
        needed: PoolLimits { connections: 40 + index, ..pattern.needed },
        ..pattern.clone()
    };
    let guards = Guards { pools: (0..1000).map(case).collect(), ..Guards::default() };
    let folded = Weakness::all(&guards, Ratio::new(10.0));
    assert_eq!(folded.len(), 1);
    assert_eq!((folded[0].subjects.len(), folded[0].subjects[0].as_str()), (1000, "team-39/service-0999"));
    assert_eq!(folded[0].settings[0].needed, Bound::Count(1039));
}

/// istiod of a version, and a destination rule of stock.
fn installed(version: &str, rule: &str) -> tempfile::TempDir {
    beside(
        version,
        &format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{ name: stock, namespace: shop }}\nspec: \
             {{ host: stock, {rule} }}\n"
        ),
    )
}

/// istiod of a version, and further objects.
fn beside(version: &str, objects: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let istiod = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: istiod, namespace: istio-system }}\nspec:\n  selector: \
         {{ matchLabels: {{ app: istiod }} }}\n  template:\n    metadata: {{ labels: {{ app: istiod }} }}\n    spec:\n      \
         containers:\n      - {{ name: discovery, image: \"istio/pilot:{version}\", resources: {{ requests: {{ cpu: 500m, \
         memory: 2Gi }} }} }}\n"
    );
    std::fs::write(folder.path().join("installed.yaml"), format!("{istiod}---\n{objects}")).unwrap();
    folder
}

const SUBSET: &str = "subsets: [{ name: v1, labels: { app: stock }, trafficPolicy: { outlierDetection: {} } }]";

/// Retries are limited by a budget where the installed Istio keeps one, and by a number elsewhere.
#[test]
fn a_retry_budget_takes_the_place_of_a_number_where_istio_keeps_it() {
    for (version, rule, budgets, numbers, why) in [
        ("1.30.0", SUBSET, 4, 0, ""),
        ("1.28.6", SUBSET, 3, 1, "drops a retryBudget"),
        ("1.27.0", SUBSET, 0, 4, "older than 1.27.1"),
        ("latest", SUBSET, 0, 4, "not known"),
        ("1.30.0", "trafficPolicy: { retryBudget: { percent: 10.0 } }", 3, 0, "10 %, 3 at least"),
        ("1.30.0", "trafficPolicy: { connectionPool: { http: { maxRetries: 500 } } }", 3, 0, ""),
        ("1.30.0", "trafficPolicy: { connectionPool: { http: { maxRetries: 1 } } }", 4, 0, ""),
    ] {
        let folder = installed(version, rule);
        let paths = [data("clusters/guarded"), folder.path().to_owned()];
        let inputs = inputs(&paths, Policy::default(), Some(data("traffic/guarded-calls.csv")));
        // The promise is kept by the same code whatever the version: once each way is enough.
        let tuning = if rule == SUBSET && version != "1.27.0" && version != "latest" {
            keeps_its_promise(&paths, &inputs)
        } else {
            tune(&inputs, None)
        };
        let pools = of_kinds(&tuning, &[Kind::ConnectionPools]);
        let setting = |name: &str| {
            let sets =
                |it: &&&Recommendation| it.settings.iter().any(|setting| setting.name == name && setting.changes());
            pools.iter().filter(sets).count()
        };
        let found = (setting("retryBudget.percent"), setting("maxRetries"));
        assert_eq!(found, (budgets, numbers), "{version} {rule}:\n{}", lines(&tuning).join("\n"));
        let stock = pools.iter().find(|it| it.id.ends_with("/stock")).unwrap();
        assert!(stock.basis.iter().any(|line| line.contains(why)), "{version}: {:?}", stock.basis);
        let rules = &tuning.tuned.istio.destination_rules;
        let set =
            rules.iter().filter_map(|rule| rule.policy.settings.retry_budget).filter(|it| it.percent == Some(20.0));
        assert_eq!(set.filter(|it| it.least == Some(3)).count(), budgets, "{version} {rule}");
    }
}

/// A budget bounds what a chain of callers makes of a request, as far as it is known how much is under way.
#[test]
fn a_retry_budget_bounds_what_chains_multiply() {
    let worst = |version: &str, rule: &str| {
        let folder = installed(version, rule);
        let paths = [data("clusters/guarded"), folder.path().to_owned()];
        let plan = Plan::new(inputs(&paths, Policy::default(), Some(data("traffic/guarded-calls.csv"))));
        let stock = plan.resilience.guards.retries.iter().find(|case| &*case.service.name == "stock").unwrap().clone();
        let ids: Vec<&str> = plan.findings.iter().map(|it| it.kind.id).filter(|id| id.contains("budget")).collect();
        (stock.times.as_number(), stock.worst.as_number(), stock.attempts, ids.join(" "))
    };
    let budget = "trafficPolicy: { retryBudget: { percent: 20, minRetryConcurrency: 0 } }";
    assert_eq!(worst("1.30.0", "trafficPolicy: {}"), (3.0, 36.0, 2, String::new()));
    assert_eq!(worst("1.30.0", budget), (1.25, 15.0, 2, String::new()));
    // Three for each of six callers, beside six requests under way, are as many as two retries of each.
    let least = "trafficPolicy: { retryBudget: { percent: 20 } }";
    assert_eq!(worst("1.30.0", least).0, 3.0);
    assert_eq!(worst("1.26.4", budget), (3.0, 36.0, 2, "retry-budget-not-followed".to_owned()));
    let without_percent = "trafficPolicy: { retryBudget: { minRetryConcurrency: 0 } }";
    let (times, _, _, ids) = worst("1.28.0", without_percent);
    assert!((times - 1.002).abs() < 1e-4 && ids == "retry-budget-not-followed", "{times} {ids}");
}

fn route(kind: &str, rules: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{ name: stock, namespace: shop }}\nspec:\n  \
         parentRefs: [{{ group: \"\", kind: Service, name: stock }}]\n  rules: [{rules}]\n"
    )
}

/// Rules of the Gateway API are judged by what istiod makes of them, and patched where it follows the patch.
#[test]
fn httproutes_are_judged_as_istio_follows_them_and_patched() {
    let backend = "backendRefs: [{ name: stock, port: 8080 }]";
    let of = |said: &str| route("HTTPRoute", &format!("{{ {backend}{said} }}"));
    let short = ", timeouts: { request: 50ms, backendRequest: 20ms }";
    let retried = ", timeouts: { request: 500ms, backendRequest: 20ms }, retry: { attempts: 3, codes: [504] }";
    for (version, object, expected) in [
        ("1.28.2", of(""), "timeout - -> 1 s; dangers 0, guards 1"),
        ("1.28.2", of(", timeouts: { request: 50ms }"), "timeout 0.05 s -> 0.15 s; dangers 1, guards 0"),
        // Without retries the time of an attempt is that of the request.
        ("1.28.2", of(short), "timeout 0.02 s -> 0.15 s; dangers 1, guards 0"),
        ("1.28.2", of(retried), "perTryTimeout 0.02 s -> 0.15 s; dangers 1, guards 0"),
        ("1.24.9", of(retried), "timeout 0.02 s -> 0.15 s; dangers 1, guards 0"),
        ("1.28.2", of(", timeouts: { request: 10s }"), ""),
        (
            "1.19.0",
            of(short),
            "withheld, cannot be patched: HTTPRoute shop/stock holds, which Istio follows in this since 1.20.0; 1.19.0",
        ),
        (
            "mine",
            of(""),
            "withheld, cannot be patched: HTTPRoute shop/stock holds, which Istio follows in this since 1.20.0; which",
        ),
        (
            "1.28.2",
            route("GRPCRoute", &format!("{{ {backend} }}")),
            "withheld, cannot be patched: GRPCRoute shop/stock holds, a kind with",
        ),
    ] {
        let folder = beside(version, &object);
        let paths = [data("clusters/guarded"), folder.path().to_owned()];
        let inputs = inputs(&paths, Policy::default(), Some(data("traffic/guarded-calls.csv")));
        let tuning = if version == "1.28.2" { keeps_its_promise(&paths, &inputs) } else { tune(&inputs, None) };
        let found = lines(&tuning).into_iter().find(|line| line.starts_with("timeouts/shop/stock")).unwrap_or_default();
        let found = found.strip_prefix("timeouts/shop/stock/0: ").unwrap_or(&found);
        let is_as_expected = if expected.is_empty() { found.is_empty() } else { found.contains(expected) };
        assert!(is_as_expected, "{version} {object}\n{found:?} is not {expected:?}");
    }
}

/// What the whole mesh says of retries holds for routes that say nothing.
#[test]
fn default_retries_of_the_mesh_are_read() {
    let mesh = |policy: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: istio, namespace: istio-system }}\ndata:\n  mesh: |\n    \
             defaultHttpRetryPolicy: {policy}\n"
        )
    };
    let tuned = |policy: &str| {
        let folder = beside("1.28.2", &mesh(policy));
        let paths = [data("clusters/guarded"), folder.path().to_owned()];
        let inputs = inputs(&paths, Policy::default(), Some(data("traffic/guarded-calls.csv")));
        let tuning = tune(&inputs, None);
        let cases = tuning.before.resilience.guards.retries.clone();
        let attempts: Vec<u64> = cases.iter().map(|case| case.attempts).collect();
        (attempts, lines(&tuning).into_iter().filter(|line| line.starts_with("retries/")).collect::<Vec<_>>())
    };
    // Orders has a route of its own with three, and one that says nothing.
    let (attempts, found) = tuned("{ attempts: 0 }");
    assert_eq!(attempts, [3, 0, 0]);
    assert!(found.iter().all(|line| line.starts_with("retries/shop/orders/1")), "{found:?}");
    let (attempts, found) = tuned("{ attempts: 4 }");
    assert_eq!(attempts, [4, 4, 4]);
    assert!(found.iter().any(|line| line.starts_with("retries/shop/stock: attempts 4 -> 1; dangers 1")), "{found:?}");
    let (_, found) = tuned("{ attempts: 4, retryOn: \"5xx\", perTryTimeout: 10ms }");
    let of = |id: &str| found.iter().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{id} of {found:?}"));
    assert!(of("retries/shop/stock").contains("meshConfig.defaultHttpRetryPolicy says more than a number"));
    assert!(of("retries/mesh/default: retryOn").contains("carried out twice"));
}

const MARKET: &str = "apiVersion: v1
kind: Namespace
metadata: { name: market, labels: { istio.io/dataplane-mode: ambient } }
---
apiVersion: v1
kind: Service
metadata: { name: quotes, namespace: market }
spec: { selector: { app: quotes }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: silent, namespace: market }
spec: { selector: { app: silent }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: quotes, namespace: market }
spec:
  replicas: 4
  selector: { matchLabels: { app: quotes } }
  template:
    metadata: { labels: { app: quotes } }
    spec: { containers: [{ name: quotes, image: quotes, resources: { requests: { cpu: 500m, memory: 64Mi } } }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: silent, namespace: market }
spec:
  replicas: 1
  selector: { matchLabels: { app: silent } }
  template:
    metadata: { labels: { app: silent } }
    spec: { containers: [{ name: silent, image: silent, resources: { requests: { cpu: 100m, memory: 64Mi } } }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: quotes, namespace: market }
spec: { host: quotes, trafficPolicy: { connectionPool: { http: { http2MaxRequests: 1 } } } }
";

/// In ambient mode waypoints hold the guards, and of services without one nobody does: that is said once a namespace.
#[test]
fn waypoints_are_the_clients_of_ambient_mode() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("market.yaml"), MARKET).unwrap();
    let demand = "namespace,name,kind,inbound_rps,app_cpu_cores,response_mean_ms,response_p99_9_ms\n\
                  bookings,booking-api,Deployment,400,0.8,30,200\nbookings,availability,Deployment,400,0.4,10,60\n\
                  market,quotes,Deployment,400,0.8,30,200\n";
    std::fs::write(folder.path().join("demand.csv"), demand).unwrap();
    let calls = folder.path().join("calls.txt");
    std::fs::write(
        &calls,
        "from,to\nbookings/booking-api,bookings/availability\nbookings/availability,market/quotes\n",
    )
    .unwrap();
    let tables = [folder.path().join("market.yaml"), folder.path().join("demand.csv")];
    let paths: Vec<PathBuf> = std::iter::once(data("clusters/ambient")).chain(tables).collect();
    let inputs = inputs(&paths, Policy::default(), Some(calls));
    let tuning = keeps_its_promise(&paths, &inputs);
    let guards = &tuning.before.resilience.guards;
    let pool = |name: &str| guards.pools.iter().find(|case| &*case.service.name == name).unwrap();
    // Two replicas, of which one may be gone: the other carries all. Its own worker threads keep connections apart.
    let waypoint = tuning.before.workloads.iter().find(|it| it.name == "waypoint").unwrap();
    let expected = Clients::Waypoint(Waypoint { replicas: 2, workers: waypoint.workers.into() });
    let api = pool("booking-api");
    assert_eq!((api.clients, api.workers), (expected, u64::from(waypoint.workers)));
    assert!((api.mean - 24.0).abs() < 1.0, "{}", api.mean);
    let quotes = pool("quotes");
    assert_eq!((quotes.clients, quotes.rule.as_ref(), quotes.refusing().len()), (Clients::Nobody, None, 0));
    let names: Vec<String> = guards.without_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["market/quotes", "market/silent"]);
    // What nobody holds stays unguarded, in the count as in the cluster.
    let unguarded = |kind: WeaknessKind| {
        let of_kind = guards.weaknesses.iter().filter(move |it| it.kind == kind);
        of_kind.flat_map(|it| &it.subjects).any(|subject| subject == "market/quotes")
    };
    assert!(unguarded(WeaknessKind::Unlimited) && unguarded(WeaknessKind::Endless));
    // Before 1.31 a waypoint repeats nothing by default; a ztunnel never does.
    let retries: Vec<(&str, u64)> = guards.retries.iter().map(|case| (&*case.service.name, case.attempts)).collect();
    assert_eq!(retries, [("availability", 0)]);
    let found = lines(&tuning);
    let of_market: Vec<&String> = found.iter().filter(|line| line.contains("market/")).collect();
    assert_eq!(of_market.len(), 1, "{found:#?}");
    assert!(of_market[0].starts_with("connection-pools/market/without-waypoint: "), "{of_market:?}");
    assert!(of_market[0].contains("2 services (market/quotes, market/silent)"), "{of_market:?}");
    for applied in ["connection-pools/bookings/booking-api: ", "timeouts/bookings/booking-api: timeout - -> 1 s"] {
        assert!(found.iter().any(|line| line.starts_with(applied)), "{applied} of {found:#?}");
    }
    assert!(report::markdown(&tuning.before).contains("Nothing limits, ends or repeats requests to 2 services"));
}

/// Replicas of a waypoint share what it carries, and a single one carries all.
#[test]
fn a_waypoint_of_many_replicas_needs_less_of_each() {
    let share = |replicas| Clients::Waypoint(Waypoint { replicas, workers: 2 }).share();
    assert_eq!([0, 1, 2, 5].map(share), [1.0, 1.0, 1.0, 0.25]);
    assert_eq!(Clients::Callers.share(), 1.0);
}

/// A JSON patch changes what it says and leaves a fault and a match as they are; a route that is not there is not changed.
#[test]
fn patches_of_routes_are_read_back_and_refused_where_the_route_is_another() {
    let patched = |name: &str, operations: &str| {
        let folder = tempfile::tempdir().unwrap();
        let component = format!(
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- path: p.yaml\n  target: {{kind: VirtualService, name: {name}, namespace: shop}}\n"
        );
        std::fs::write(folder.path().join("kustomization.yaml"), component).unwrap();
        std::fs::write(folder.path().join("p.yaml"), operations).unwrap();
        let paths = [data("clusters/guarded"), folder.path().to_owned()];
        let inputs: Vec<Input> = paths.iter().cloned().map(Input::Path).collect();
        let reading = sources::read(&inputs, &Limits::default(), &|_| ()).unwrap();
        let assembled = assemble(reading.objects);
        let findings: Vec<&str> = reading
            .findings
            .iter()
            .chain(&assembled.findings)
            .map(|it| it.kind.id)
            .filter(|id| id.contains("patch") || id.contains("kustom"))
            .collect();
        let routes = assembled.inventory.istio.virtual_services.first().unwrap().http.clone();
        let times: Vec<Option<f64>> = routes.iter().map(|it| it.timeout.map(|time| time.as_seconds())).collect();
        (times, routes[1].retries.as_ref().and_then(|it| it.attempts), findings.join(" "))
    };
    let timeout = |index: u32, host: &str| {
        format!(
            "- {{op: test, path: /spec/http/{index}/route/0/destination/host, value: {host}}}\n- {{op: add, path: /spec/http/{index}/timeout, value: 400ms}}\n"
        )
    };
    let unchanged = vec![Some(3.0), Some(0.1)];
    for (case, name, operations, times, attempts, finding) in [
        ("changed", "orders", timeout(1, "orders"), vec![Some(3.0), Some(0.4)], 3, ""),
        ("another host", "orders", timeout(1, "web"), unchanged.clone(), 3, "patch"),
        ("no such route", "orders", timeout(7, "orders"), unchanged.clone(), 3, "patch"),
        ("no such object", "web", timeout(1, "orders"), unchanged.clone(), 3, "patch"),
        ("a pattern", "o.*", timeout(1, "orders"), unchanged.clone(), 3, "kustomization"),
        (
            "attempts",
            "orders",
            "- {op: replace, path: /spec/http/1/retries/attempts, value: 1}".to_owned(),
            unchanged.clone(),
            1,
            "",
        ),
        (
            "other fields",
            "orders",
            "- {op: remove, path: /spec/http/0/fault}".to_owned(),
            unchanged.clone(),
            3,
            "field",
        ),
        (
            "all of retries",
            "orders",
            "- {op: add, path: /spec/http/1/retries, value: {attempts: 2}}".to_owned(),
            unchanged,
            2,
            "",
        ),
    ] {
        let (found, tries, findings) = patched(name, &operations);
        assert_eq!((found, tries), (times, Some(attempts)), "{case}");
        assert_eq!(findings.is_empty(), finding.is_empty(), "{case}: {findings}");
        assert!(findings.contains(finding), "{case}: {findings}");
    }
}

/// The applications people try meshes with, with measurements.
#[test]
fn measured_applications_get_pools_timeouts_and_retries() {
    let Some(folder) = shared::data("measured_applications_get_pools_timeouts_and_retries") else { return };
    let nezha = folder.join("telemetry/nezha-online-boutique-2022-08-22");
    for (application, measured) in [
        ("online-boutique", data("traffic/online-boutique.csv")),
        ("bookinfo", data("traffic/bookinfo.csv")),
        ("hotel-reservation", data("traffic/hotel-reservation.csv")),
    ] {
        let paths = [folder.join("inventories").join(application), measured];
        let policy = Policy { injection: enrolled(), ..Policy::default() };
        let calls = data(&format!("scoping/{application}-calls.csv"));
        let tuning = keeps_its_promise(&paths, &inputs(&paths, policy, Some(calls)));
        let applied = |kind: Kind| of_kinds(&tuning, &[kind]).iter().filter(|it| it.is_applied()).count();
        println!("{application}:\n{}", lines(&tuning).join("\n"));
        for kind in [Kind::ProxyResources, Kind::SidecarScopes, Kind::Istiod, Kind::ConnectionPools, Kind::Timeouts] {
            assert!(applied(kind) > 0, "{application}: {kind}");
        }
        // No CPU was measured over time there: that is said, and not passed over.
        let autoscalers = of_kinds(&tuning, &[Kind::ApplicationAutoscalers]);
        assert!(autoscalers.iter().all(|it| it.withheld.is_some()) && autoscalers.len() == 1, "{application}");
        assert!(tuning.figures_after.dangers.unguarded < tuning.figures_before.dangers.unguarded);
        assert_eq!(tuning.figures_after.dangers.acute(), 0, "{application}");
    }
    let mut paths = vec![folder.join("inventories/online-boutique")];
    let is_of_pod = |path: &PathBuf| path.to_string_lossy().ends_with("_metric.csv");
    let files = std::fs::read_dir(nezha).unwrap().map(|entry| entry.unwrap().path()).filter(is_of_pod);
    paths.extend(files);
    paths.sort();
    let policy = Policy { injection: enrolled(), ..Policy::default() };
    let tuning = keeps_its_promise(&paths, &inputs(&paths, policy, Some(data("scoping/online-boutique-calls.csv"))));
    println!("Nezha:\n{}", lines(&tuning).join("\n"));
    let pools = of_kinds(&tuning, &[Kind::ConnectionPools]);
    assert!(pools.iter().filter(|it| it.is_applied()).count() >= 3);
    assert!(pools.iter().any(|it| it.basis.iter().any(|line| line.contains("moments that were measured"))));
}

fn enrolled() -> meshcap::policy::InjectionPolicy {
    meshcap::policy::InjectionPolicy { enroll: [String::from("all")].into(), ..Default::default() }
}

/// Whatever is not known is said once, and why.
#[test]
fn what_is_not_known_is_said_once() {
    let paths = [data("clusters/webshop")];
    let policy = Policy { injection: enrolled(), ..Policy::default() };
    let tuning = tune(&inputs(&paths, policy, None), None);
    insta::assert_snapshot!(lines(&tuning).join("\n"));
}

/// A service that is called by those it calls.
#[test]
fn circles_of_calls_are_withheld_with_a_reason() {
    let paths = [data("clusters/guarded")];
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls.csv");
    let chain = std::fs::read_to_string(data("traffic/guarded-calls.csv")).unwrap();
    std::fs::write(&calls, format!("{chain}shop/prices,shop/stock\nshop/web,shop/web\nshop/gone,shop/nobody\n"))
        .unwrap();
    let policy = Policy::from_toml("[resilience]\nmost_amplification = 2.0").unwrap();
    let tuning = keeps_its_promise(&paths, &inputs(&paths, policy, Some(calls)));
    let retries = of_kinds(&tuning, &[Kind::Retries]);
    let of = |id: &str| retries.iter().find(|it| it.id == id).unwrap_or_else(|| panic!("{id} of {retries:?}"));
    let why = |id: &str| of(id).withheld.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(why("retries/shop/stock").contains("by those it calls"), "{}", why("retries/shop/stock"));
    assert!(of("retries/shop/orders").is_applied());
    let after = Plan::new(inputs(&paths, Policy::default(), None));
    assert!(after.resilience.guards.retries.is_empty());
}
