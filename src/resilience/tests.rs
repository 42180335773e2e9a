//! Small meshes, and what is said of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Inputs, Resilience, Traffic, assess};
use crate::inventory::objects::{
    Destination, Distribution, GatewayRoute, HttpRoute, LocalityBalancing, Mirror, OutlierDetection, RouteMatch,
    RouteParent, Subset, TrafficPolicy, TrafficSettings,
};
use crate::inventory::{
    Autoscaler, Container, DestinationRule, Inventory, Labels, Measured, Node, ObjectName, Place, Pod, PodLife,
    PodPhase, PodSpec, ReplicasBasis, Service, VirtualService, Workload, WorkloadId,
};
use crate::mesh::{Membership, Mesh, ProxyMode};
use crate::policy::Policy;
use crate::profile;
use crate::units::{Cores, Millicores, Rate, Share};

fn labels(text: &[(&str, &str)]) -> Labels {
    text.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// A version of `reviews`: its replicas, what all of them take, and what that costs them in cores.
fn version(name: &str, replicas: u64, rps: Option<f64>, cores: Option<f64>) -> Workload {
    let mut container = Container { name: "app".to_owned(), ..Container::default() };
    container.resources.requests.cpu = Some(Millicores::new(500));
    container.resources.limits.cpu = Some(Millicores::new(1000));
    Workload {
        id: WorkloadId::new("shop", "Deployment", &format!("reviews-{name}")),
        replicas,
        replicas_basis: ReplicasBasis::Declared,
        autoscaler: None,
        labels: labels(&[("app", "reviews"), ("version", name)]).into(),
        annotations: Arc::default(),
        spec: PodSpec { containers: vec![container], ..PodSpec::default() }.into(),
        measured: Measured {
            inbound_rps: rps.map(Rate::per_second),
            app_cpu: cores.map(Cores::new),
            ..Measured::default()
        },
        pods: 0..0,
    }
}

fn service(name: &str) -> Service {
    Service { name: ObjectName::new("shop", name), selector: labels(&[("app", name)]), ..Service::default() }
}

fn rule(subsets: &[&str], outliers: Option<OutlierDetection>) -> DestinationRule {
    let subset =
        |name: &&str| Subset { name: (*name).to_owned(), labels: labels(&[("version", name)]), ..Subset::default() };
    let settings = TrafficSettings { outliers, ..TrafficSettings::default() };
    DestinationRule {
        name: ObjectName::new("shop", "reviews"),
        host: "reviews".to_owned(),
        subsets: subsets.iter().map(subset).collect(),
        policy: TrafficPolicy { settings, ports: BTreeMap::new() },
        ..DestinationRule::default()
    }
}

fn to(subset: &str, weight: Option<u64>) -> Destination {
    Destination { host: "reviews".to_owned(), subset: Some(subset.to_owned()), weight, ..Destination::default() }
}

fn copied(subset: &str, share: f64) -> Destination {
    Destination { mirror: Some(Mirror { share: Share::new(share).unwrap() }), ..to(subset, None) }
}

fn all(destinations: Vec<Destination>) -> HttpRoute {
    HttpRoute { destinations, ..HttpRoute::default() }
}

fn some(destinations: Vec<Destination>) -> HttpRoute {
    let matches = vec![RouteMatch { conditions: vec!["headers"], ..RouteMatch::default() }];
    HttpRoute { matches, destinations, ..HttpRoute::default() }
}

fn virtual_service(http: Vec<HttpRoute>) -> VirtualService {
    VirtualService {
        name: ObjectName::new("shop", "reviews"),
        hosts: vec!["reviews".to_owned()],
        http,
        ..VirtualService::default()
    }
}

fn mesh(workloads: Vec<Workload>, rules: Vec<DestinationRule>, routes: Vec<VirtualService>) -> Inventory {
    let mut inventory = Inventory { workloads, services: vec![service("reviews")], ..Inventory::default() };
    inventory.istio.destination_rules = rules;
    inventory.istio.virtual_services = routes;
    inventory
}

fn assessed(inventory: &Inventory) -> Resilience {
    let mode = ProxyMode::Sidecar;
    let member = Membership { mode, today: mode, reason: String::new(), proxy: None };
    let mesh = Mesh { members: vec![member; inventory.workloads.len()], ..Mesh::default() };
    let policy = Policy::default();
    let profiles = profile::observe(inventory, &policy.traffic);
    assess(&Inputs { inventory, mesh: &mesh, profiles: &profiles, policy: &policy, traffic: &Traffic::default() })
}

/// Splits as `subset: lower..value..upper of so many replicas: verdict`.
#[track_caller]
fn check(inventory: &Inventory, expected: &[&str], findings: &[&str]) {
    let assessed = assessed(inventory);
    let line = |split: &super::Split| {
        let load = &split.carrying.load;
        format!(
            "{}: {:.0}..{:.0}..{:.0} of {} replicas: {}{}",
            split.subset.as_deref().unwrap_or(&split.host),
            load.lower.as_per_second(),
            load.value.as_per_second(),
            load.upper.as_per_second(),
            split.carrying.replicas,
            split.carrying.verdict.as_str(),
            if split.mirrored { ", copies" } else { "" },
        )
    };
    assert_eq!(assessed.splits.iter().map(line).collect::<Vec<_>>(), expected);
    assert_eq!(assessed.findings.iter().map(|it| it.kind.id).collect::<Vec<_>>(), findings);
    for split in &assessed.splits {
        let total: f64 = split.carrying.load.basis.terms.iter().map(|term| term.amount).sum();
        assert!((total - split.carrying.load.value.as_per_second()).abs() < 1e-6, "{split:?}");
    }
}

/// 9 replicas of v1 take 900 rps at 2 ms each; one of v2 takes none yet.
fn canary() -> Vec<Workload> {
    vec![version("v1", 9, Some(900.0), Some(1.8)), version("v2", 1, Some(0.0), Some(0.0))]
}

#[test]
fn a_canary_is_judged_by_cpu_and_not_by_its_percentage() {
    let split = |weight| virtual_service(vec![all(vec![to("v1", Some(100 - weight)), to("v2", Some(weight))])]);
    let with = |weight| mesh(canary(), vec![rule(&["v1", "v2"], None)], vec![split(weight)]);
    // 90 rps × 2 ms = 180m of 500m; 270 rps need 540m, above the request; 540 rps 1080m, above the limit.
    check(&with(10), &["v1: 810..810..810 of 9 replicas: carries", "v2: 90..90..90 of 1 replicas: carries"], &[]);
    check(&with(30), &["v1: 630..630..630 of 9 replicas: carries", "v2: 270..270..270 of 1 replicas: tight"], &[]);
    check(&with(60), &["v1: 360..360..360 of 9 replicas: carries", "v2: 540..540..540 of 1 replicas: cannot"], &[]);
    check(&with(0), &["v1: 900..900..900 of 9 replicas: carries", "v2: 0..0..0 of 1 replicas: carries"], &[]);
}

#[test]
fn an_autoscaler_makes_it_tight_where_it_could_not() {
    let mut workloads = canary();
    workloads[1].autoscaler = Some(Autoscaler { min_replicas: 1, max_replicas: 5, ..Autoscaler::default() });
    let routes = vec![virtual_service(vec![all(vec![to("v1", Some(40)), to("v2", Some(60))])])];
    check(
        &mesh(workloads, vec![rule(&["v1", "v2"], None)], routes),
        &["v1: 360..360..360 of 9 replicas: carries", "v2: 540..540..540 of 1 replicas: tight"],
        &[],
    );
}

#[test]
fn without_measurements_only_the_ratio_is_judged() {
    let workloads = || vec![version("v1", 3, None, None), version("v2", 1, None, None)];
    let split = |weight| virtual_service(vec![all(vec![to("v1", Some(100 - weight)), to("v2", Some(weight))])]);
    let with = |weight| mesh(workloads(), vec![rule(&["v1", "v2"], None)], vec![split(weight)]);
    // The policy's 50 through each proxy: 25 come in.
    check(&with(25), &["v1: 75..75..75 of 3 replicas: carries", "v2: 25..25..25 of 1 replicas: carries"], &[]);
    check(&with(50), &["v1: 50..50..50 of 3 replicas: carries", "v2: 50..50..50 of 1 replicas: unknown"], &[]);
}

#[test]
fn requests_that_meet_a_condition_make_an_interval() {
    let routes = vec![virtual_service(vec![some(vec![to("v2", None)]), all(vec![to("v1", None)])])];
    check(
        &mesh(canary(), vec![rule(&["v1", "v2"], None)], routes),
        &["v1: 0..900..900 of 9 replicas: carries", "v2: 0..0..900 of 1 replicas: unknown"],
        &[],
    );
}

#[test]
fn what_stands_behind_a_rule_for_all_gets_nothing() {
    let routes = vec![virtual_service(vec![all(vec![to("v1", None)]), some(vec![to("v2", None)])])];
    check(&mesh(canary(), vec![rule(&["v1", "v2"], None)], routes), &["v1: 900..900..900 of 9 replicas: carries"], &[]);
}

#[test]
fn copies_are_load_as_well() {
    let routes = vec![virtual_service(vec![all(vec![to("v1", None), copied("v2", 0.2)])])];
    check(
        &mesh(canary(), vec![rule(&["v1", "v2"], None)], routes),
        &["v1: 900..900..900 of 9 replicas: carries", "v2: 180..180..180 of 1 replicas: carries, copies"],
        &[],
    );
}

#[test]
fn subsets_without_pods_or_definition_and_odd_weights_are_findings() {
    let odd = vec![to("v1", Some(50)), to("v3", Some(10)), to("v4", Some(20))];
    let routes = vec![virtual_service(vec![all(odd)])];
    check(
        &mesh(canary(), vec![rule(&["v1", "v3"], None)], routes),
        &["v1: 562..562..562 of 9 replicas: carries", "v3: 112..112..112 of 0 replicas: cannot"],
        &["subset-not-defined", "subset-without-pods", "weights-not-100"],
    );
}

#[test]
fn hosts_that_nobody_knows_are_findings() {
    let elsewhere =
        |host: &str, weight| Destination { host: host.to_owned(), weight: Some(weight), ..Destination::default() };
    let routes = vec![virtual_service(vec![all(vec![elsewhere("ghost", 50), elsewhere("empty", 50)])])];
    let mut inventory = mesh(canary(), vec![], routes);
    inventory.services.push(service("empty"));
    check(&inventory, &[], &["route-to-empty-service", "route-to-unknown-host"]);
}

#[test]
fn a_delegate_speaks_for_its_root() {
    let root = HttpRoute { delegate: Some(ObjectName::new("shop", "inner")), ..HttpRoute::default() };
    let inner = VirtualService {
        name: ObjectName::new("shop", "inner"),
        http: vec![all(vec![to("v1", Some(90)), to("v2", Some(10))])],
        ..VirtualService::default()
    };
    check(
        &mesh(canary(), vec![rule(&["v1", "v2"], None)], vec![virtual_service(vec![root]), inner]),
        &["v1: 810..810..810 of 9 replicas: carries", "v2: 90..90..90 of 1 replicas: carries"],
        &[],
    );
}

#[test]
fn routes_of_the_gateway_api_divide_by_service() {
    let backend = |name: &str, weight| Destination {
        host: format!("{name}.shop.svc.cluster.local"),
        weight,
        ..Destination::default()
    };
    let mut inventory = mesh(canary(), vec![], vec![]);
    for name in ["v1", "v2"] {
        let selector = labels(&[("app", "reviews"), ("version", name)]);
        inventory.services.push(Service { selector, ..service(&format!("reviews-{name}")) });
    }
    inventory.istio.routes = vec![GatewayRoute {
        kind: "HTTPRoute",
        name: ObjectName::new("shop", "reviews"),
        parents: vec![RouteParent::Service(ObjectName::new("shop", "reviews"))],
        rules: vec![all(vec![backend("reviews-v1", Some(3)), backend("reviews-v2", None)])],
        ..GatewayRoute::default()
    }];
    check(
        &inventory,
        &[
            "reviews-v1.shop.svc.cluster.local: 675..675..675 of 9 replicas: carries",
            "reviews-v2.shop.svc.cluster.local: 225..225..225 of 1 replicas: tight",
        ],
        &[],
    );
}

/// Ejection as `subset at once/gone of hosts: left: verdict`.
#[track_caller]
fn check_ejection(replicas: u64, outliers: OutlierDetection, expected: &str, findings: &[&str]) {
    // 2 ms a request and 100 rps each: 40 % of what is requested.
    let rps = replicas as f64 * 100.0;
    let workloads = vec![version("v1", replicas, Some(rps), Some(rps * 0.002))];
    let assessed = assessed(&mesh(workloads, vec![rule(&[], Some(outliers))], vec![]));
    let lines: Vec<_> = assessed
        .ejections
        .iter()
        .map(|it| {
            let used = it.carrying.utilization.as_ref().map_or(0.0, |it| it.value.as_number() * 100.0);
            format!("{}/{} of {}: {used:.0} %, {}", it.at_once, it.gone, it.hosts, it.carrying.verdict.as_str())
        })
        .collect();
    assert_eq!(lines, [expected]);
    assert_eq!(assessed.findings.iter().map(|it| it.kind.id).collect::<Vec<_>>(), findings);
}

#[test]
fn the_rest_must_carry_what_ejected_hosts_did() {
    let most = |percent| OutlierDetection { max_ejection_percent: Some(percent), ..OutlierDetection::default() };
    check_ejection(20, OutlierDetection::default(), "2/2 of 20: 44 %, carries", &[]);
    check_ejection(4, most(50), "2/2 of 4: 80 %, carries", &[]);
    check_ejection(10, most(60), "6/6 of 10: 100 %, tight", &[]);
    check_ejection(10, most(90), "9/9 of 10: 400 %, cannot", &[]);
    check_ejection(3, OutlierDetection::default(), "0/1 of 3: 60 %, carries", &["never-ejects"]);
    check_ejection(4, most(100), "4/4 of 4: 0 %, cannot", &["ejects-all-hosts"]);
    let healthy = OutlierDetection { min_health_percent: Some(50), ..most(100) };
    check_ejection(4, healthy, "4/2 of 4: 80 %, carries", &[]);
}

#[test]
fn a_count_of_zero_turns_ejection_off() {
    let off = OutlierDetection { consecutive_5xx: Some(0), ..OutlierDetection::default() };
    let workloads = vec![version("v1", 2, None, None)];
    assert!(assessed(&mesh(workloads, vec![rule(&[], Some(off))], vec![])).ejections.is_empty());
}

/// `reviews` with so many pods in each zone, all of them callers too; 100 rps each at 2 ms.
fn zoned(pods: &[(&str, usize)], rules: Vec<DestinationRule>) -> Inventory {
    let replicas: usize = pods.iter().map(|(_, count)| count).sum();
    let rps = replicas as f64 * 100.0;
    let mut inventory = mesh(vec![version("v1", replicas as u64, Some(rps), Some(rps * 0.002))], rules, vec![]);
    for (zone, count) in pods {
        let node = inventory.nodes.len();
        inventory.nodes.push(Node {
            name: (*zone).into(),
            labels: labels(&[("topology.kubernetes.io/zone", zone), ("topology.kubernetes.io/region", "eu")]),
            ..Node::default()
        });
        for index in 0..*count {
            inventory.pods.push(Pod {
                name: ObjectName::new("shop", &format!("{zone}-{index}")),
                workload: 0,
                labels: Arc::default(),
                annotations: Arc::default(),
                spec: Arc::default(),
                place: Place::On(node),
                phase: PodPhase::Running,
                listed: true,
                terminating: false,
                life: PodLife::default(),
                siblings: None,
            });
        }
    }
    inventory.workloads[0].pods = 0..inventory.pods.len();
    inventory
}

/// Zones as `preference, without X: busiest Y at Z %: verdict`.
#[track_caller]
fn check_zones(inventory: &Inventory, expected: &[&str]) {
    let line = |it: &super::ZoneCase| {
        let used = it.carrying.utilization.as_ref().map_or(0.0, |it| it.value.as_number() * 100.0);
        let lost = it.lost.as_deref().unwrap_or("none");
        let busiest = it.busiest.as_deref().unwrap_or("none");
        format!("{}, without {lost}: {busiest} at {used:.0} %, {}", it.preference, it.carrying.verdict.as_str())
    };
    assert_eq!(assessed(inventory).zones.iter().map(line).collect::<Vec<_>>(), expected);
}

#[test]
fn the_zone_with_most_pods_is_the_one_to_fear() {
    // 6 pods at 40 %: without the 3 of a, the others are at 80 %.
    check_zones(&zoned(&[("a", 3), ("b", 2), ("c", 1)], vec![]), &["none, without a: b at 80 %, carries"]);
    check_zones(&zoned(&[("a", 4), ("b", 1)], vec![]), &["none, without a: b at 200 %, tight"]);
    check_zones(&zoned(&[("a", 4), ("b", 0)], vec![]), &["none, without a: none at 0 %, cannot"]);
    check_zones(&zoned(&[("a", 4)], vec![]), &[]);
}

#[test]
fn callers_that_stay_in_their_zone_load_it_unevenly() {
    let mut inventory = zoned(&[("a", 2), ("b", 2), ("c", 2)], vec![rule(&[], Some(OutlierDetection::default()))]);
    check_zones(&inventory, &["failover, without a: b at 60 %, carries"]);
    // Two further callers in b: half of those left ask there.
    inventory.workloads.push(Workload { pods: 6..8, ..version("caller", 2, None, None) });
    inventory.workloads[1].labels = labels(&[("app", "caller")]).into();
    for index in 6..8 {
        let pod =
            Pod { name: ObjectName::new("shop", &format!("caller-{index}")), workload: 1, ..inventory.pods[2].clone() };
        inventory.pods.push(pod);
    }
    check_zones(&inventory, &["failover, without a: b at 80 %, carries"]);
}

#[test]
fn weights_by_zone_are_judged_against_the_pods_there() {
    let mut weighted = rule(&[], None);
    weighted.policy.settings.locality = Some(LocalityBalancing {
        distribute: vec![Distribution {
            from: "eu/*".to_owned(),
            to: [("eu/a".to_owned(), 10), ("eu/b".to_owned(), 90)].into(),
        }],
        ..LocalityBalancing::default()
    });
    check_zones(
        &zoned(&[("a", 2), ("b", 2)], vec![weighted]),
        &["distribute, without none: b at 72 %, carries", "distribute, without a: b at 80 %, carries"],
    );
}
