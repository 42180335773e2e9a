//! A plan made by hand: a shop that joins the mesh and becomes tight on memory.
//!
//! Shared by unit and integration tests, so it names the crate from outside.

use super::meshcap;

use meshcap::estimate::{Basis, Estimate, Term};
use meshcap::finding::{Finding, FindingKind, Severity};
use meshcap::inventory::ObjectName;
use meshcap::inventory::objects::ConnectionPool;
use meshcap::mesh::{Feature, Origin, ProxyMode, Scope, VisibleConfig, WorkloadFeatures};
use meshcap::model::Retries;
use meshcap::model::telemetry::{Count, Family};
use meshcap::overhead::{CertificatePlan, ControlPlane, FeatureCost, ProxyCost};
use meshcap::placement::{Fill, Headroom, NodeFill, NodeLoss, NodesToAdd, Unplaced};
use meshcap::plan::{
    ApplicationUse, Band, CardId, Check, CheckKind, Input, Outcome, Plan, SizingVerdict, Totals, Verdict, WorkloadPlan,
};
use meshcap::policy::{FeaturePolicy, Policy};
use meshcap::resilience::{
    Carrying, Clients, EjectionCase, Guards, PoolCase, PoolLimits, Resilience, RetriesSaid, RetryCase, Routed, Split,
    TimeoutCase, Verdict as CarryingVerdict, Weakness, ZoneCase,
};
use meshcap::resources::{Declared, Resources};
use meshcap::telemetry::{
    FeatureCpu, Kept, Observability, Peers, PeersBasis, Trim, TrimKind, Volume, WorkloadTelemetry,
};
use meshcap::units::{
    Bytes, Cores, DataRate, Memory, Millicores, MoneyPerHour, Quantile, Quantity, Rate, Ratio, Seconds, Series, Share,
};

const LIMIT_BELOW_PEAK: FindingKind = FindingKind {
    id: "memory-limit-below-peak",
    severity: Severity::Error,
    meaning: "A proxy may need more memory at start than its limit allows.",
    why: "The kernel kills it, and the pod restarts until configuration happens to load with less.",
    remedy: "Raise the limit above the start-up peak, or show the proxy less configuration with a Sidecar.",
};
const TRAFFIC_ASSUMED: FindingKind = FindingKind {
    id: "traffic-assumed",
    severity: Severity::Warning,
    meaning: "The input does not say how many requests pass a proxy.",
    why: "Proxy CPU follows requests, so the figure rests on the policy's assumption.",
    remedy: "Add measured rates, or set them in the policy.",
};

/// The plan.
pub fn plan() -> Plan {
    let workloads = vec![
        workload("ingress", "gateway", "Deployment", 3, ProxyMode::Gateway, 420.0),
        workload("shop", "cart", "Deployment", 12, ProxyMode::Sidecar, 120.0),
        workload("shop", "catalogue", "Deployment", 24, ProxyMode::Sidecar, 260.0),
        workload("shop", "checkout", "StatefulSet", 6, ProxyMode::Sidecar, 0.0),
        workload("stock", "ledger", "Deployment", 8, ProxyMode::Ambient, 0.0),
        workload("tools", "batch | nightly", "CronJob", 1, ProxyMode::None, 0.0),
    ];
    Plan {
        inputs: vec![Input {
            name: "cluster.json".to_owned(),
            objects: vec![("Deployment".to_owned(), 4), ("Node".to_owned(), 3), ("Pod".to_owned(), 54)],
        }],
        card: CardId {
            name: "istio-1.24".to_owned(),
            title: "Istio 1.24, published figures".to_owned(),
            date: "2024-11-05".to_owned(),
        },
        policy: Policy::default(),
        verdict: Verdict {
            outcome: Outcome::Tight,
            checks: vec![
                check(CheckKind::UnplacedPods, 0.0, 1.0, 0.0, false),
                check(CheckKind::CpuHeadroom, 0.61, 0.38, 0.2, true),
                check(CheckKind::MemoryHeadroom, 0.55, 0.27, 0.2, true),
                check(CheckKind::NodeLoss, 0.0, 4.0, 0.0, false),
            ],
            sentence: "everything fits, but losing node-b would leave 4 pods without a place: memory runs out first"
                .to_owned(),
            advice: vec![
                "add 1 node of 8 CPU / 32 GiB, or free 2.1 GiB of requests".to_owned(),
                "raise the memory limit of 6 proxies in shop/checkout".to_owned(),
            ],
        },
        totals: totals(&workloads),
        control_plane: control_plane(),
        savings: Vec::new(),
        busiest_ztunnel: None,
        cni: meshcap::mesh::CniAgents::default(),
        ztunnel: Some(proxy(2, 12.0, 0.06, Declared::default(), Declared::default())),
        telemetry: telemetry(),
        workloads,
        responses: Vec::new(),
        headroom_today: headroom(9_200, 38, false),
        headroom: headroom(14_800, 61, true),
        scenarios: meshcap::scenario::Matrix::default(),
        resilience: resilience(),
        bands: vec![
            Band {
                rule: "50–100 MB per sidecar".to_owned(),
                found: "62–78 MB".to_owned(),
                inside: Some(true),
                why: "visible configuration decides, not a constant".to_owned(),
            },
            Band {
                rule: "5–15 % of application CPU".to_owned(),
                found: "24 %".to_owned(),
                inside: Some(false),
                why: "applications here use little CPU per request".to_owned(),
            },
            Band {
                rule: "2 CPU and 4 GiB for istiod".to_owned(),
                found: "500m and 2 GiB".to_owned(),
                inside: None,
                why: "a house rule: proxies and services decide".to_owned(),
            },
        ],
        findings: vec![
            Finding::new(
                &LIMIT_BELOW_PEAK,
                "StatefulSet shop/checkout",
                "start-up peak 96.1 MiB is above the limit of 64 MiB; raise it to 128 MiB",
            )
            .counted(6),
            Finding::new(&TRAFFIC_ASSUMED, "StatefulSet shop/checkout", "assumed 50 requests per second"),
        ],
        not_modelled: vec!["the metrics backend: 41,000 further series".to_owned(), "init containers' disk".to_owned()],
    }
}

fn check(kind: CheckKind, today: f64, planned: f64, limit: f64, met: bool) -> Check {
    Check { kind, today: Some(today), planned, limit, met }
}

fn workload(namespace: &str, name: &str, kind: &str, replicas: u64, mode: ProxyMode, rps: f64) -> WorkloadPlan {
    let at_risk = name == "checkout";
    let limit = Bytes::from_mib(if at_risk { 64 } else { 1024 });
    let requests = Declared::new(Some(Millicores::new(100)), Some(Bytes::from_mib(128)));
    let limits = Declared::new(Some(Millicores::new(2000)), Some(limit));
    let clusters = if mode == ProxyMode::Gateway { 210 } else { 140 };
    let memory = 41.0 + 0.8 + clusters as f64 * 0.117;
    let cpu = 0.004 + rps.max(50.0) * 0.0002;
    WorkloadPlan {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        replicas,
        replicas_basis: "declared replicas".to_owned(),
        autoscaler: at_risk.then_some((6, 18)),
        mode,
        reason: if mode == ProxyMode::None { "a job" } else { "namespace label" }.to_owned(),
        proxy_present: mode == ProxyMode::Gateway,
        workers: if mode.runs_envoy() { 2 } else { 0 },
        rps_per_proxy: if rps > 0.0 { rps } else { 50.0 },
        rps_measured: rps > 0.0,
        visible: VisibleConfig {
            clusters,
            endpoints: clusters * 4,
            listeners: 44,
            virtual_hosts: 90,
            routes: 90,
            ..VisibleConfig::default()
        },
        scope: Scope::default(),
        features: if mode.runs_envoy() { features(name) } else { WorkloadFeatures::default() },
        inbound: Share::literal(0.5),
        feature_costs: if mode.runs_envoy() { feature_costs(cpu) } else { Vec::new() },
        proxy: mode.runs_envoy().then(|| proxy(clusters, memory, cpu, requests, limits)),
        connections_per_proxy: 20.0,
        pool: None,
        waypoint: meshcap::plan::BehindWaypoint::None,
        app_cpu: Cores::new(0.25 * replicas as f64),
        app_memory: Memory::from_mib(200.0 * replicas as f64),
        app_measured: rps > 0.0,
        sizing: if at_risk { vec![SizingVerdict::MemoryLimitBelowPeak] } else { Vec::new() },
        telemetry: mode.runs_envoy().then(|| observed(replicas as f64)),
    }
}

/// 720 series a proxy, 12 lines and a span a second.
fn observed(replicas: f64) -> WorkloadTelemetry {
    let terms =
        vec![Term::new("istio_requests_total", 3.0, 1.0, "series"), Term::new("Envoy's own", 1.0, 717.0, "series")];
    WorkloadTelemetry {
        peers: Peers {
            client_http: Count::between(0.0, 2.0, 40.0),
            server_http: Count::exact(1.0),
            basis: PeersBasis::Bounds,
            ..Peers::default()
        },
        series_per_proxy: Some(around(Series::new(720.0), 0.5, "proxy series", terms)),
        volume: volume(replicas),
        cpu: feature_cpu(replicas),
    }
}

fn volume(proxies: f64) -> Volume {
    Volume {
        series: around(Series::new(720.0 * proxies), 0.5, "series", Vec::new()),
        spans: around(Rate::per_second(proxies), 0.0, "spans", Vec::new()),
        span_traffic: around(DataRate::from_bytes_per_second(970.0 * proxies), 0.5, "span traffic", Vec::new()),
        log_lines: Rate::per_second(12.0 * proxies),
        log_traffic: around(DataRate::from_bytes_per_second(3_500.0 * proxies), 0.3, "access log", Vec::new()),
    }
}

fn feature_cpu(proxies: f64) -> FeatureCpu {
    let millis = |amount: f64| around(Cores::from_millis(amount * proxies), 0.4, "feature", Vec::new());
    FeatureCpu { metrics: millis(4.0), access_log: millis(1.0), tracing: millis(0.0), scrapes: millis(0.1) }
}

fn telemetry() -> Observability {
    let series = |count: f64| around(Series::new(count), 0.5, "series", Vec::new());
    let total = Volume {
        series: around(Series::new(32_430.0), 0.5, "series", vec![Term::new("proxies", 45.0, 720.0, "series")]),
        ..volume(45.0)
    };
    Observability {
        total,
        families: vec![
            (Family::Requests, series(135.0)),
            (Family::Envoy, series(32_265.0)),
            (Family::Ztunnel, series(30.0)),
        ],
        namespaces: [("ingress".to_owned(), volume(3.0)), ("shop".to_owned(), volume(42.0))].into(),
        ztunnels: Some((3, series(10.0))),
        kept: Kept {
            samples: around(Rate::per_second(2_162.0), 0.5, "samples", Vec::new()),
            head_series: series(36_480.0),
            memory: around(
                Memory::from_mib(310.0),
                0.6,
                "Prometheus memory",
                vec![Term::new("base", 1.0, 95.0, "MiB")],
            ),
            disk: around(DataRate::from_bytes_per_second(3_459.0), 0.5, "disk", Vec::new()),
            disk_kept: around(Memory::from_mib(4_275.0), 0.5, "disk kept", Vec::new()),
            traffic: around(DataRate::from_bytes_per_second(248_000.0), 0.7, "scrape traffic", Vec::new()),
        },
        cpu: feature_cpu(45.0),
        span_price: MoneyPerHour::ZERO,
        peers_assumed: 4,
        trims: vec![Trim {
            kind: TrimKind::ProxyInternals,
            series: series(32_265.0),
            memory: around(Memory::from_mib(200.0), 0.6, "memory saved", Vec::new()),
            disk: around(DataRate::from_bytes_per_second(3_440.0), 0.5, "disk saved", Vec::new()),
            cpu: around(Cores::ZERO, 0.0, "CPU saved", Vec::new()),
        }],
        steps: Vec::new(),
        findings: Vec::new(),
    }
}

/// Checkout logs every request, the others do what the policy assumes.
fn features(name: &str) -> WorkloadFeatures {
    let mut features = WorkloadFeatures::by_policy(&FeaturePolicy::default());
    if name == "checkout" {
        features.origins.push(Origin {
            feature: Feature::AccessLog,
            setting: "every request".to_owned(),
            from: "Telemetry shop/<logs>".to_owned(),
            is_read: true,
        });
    }
    features
}

fn feature_costs(cpu: f64) -> Vec<FeatureCost> {
    let tenth = Estimate::new(
        Cores::new(cpu * 0.08),
        Cores::new(cpu * 0.1),
        Cores::new(cpu * 0.12),
        Basis { law: "proxy CPU of a feature".to_owned(), ..Basis::default() },
    );
    [Feature::Mtls, Feature::Metrics].map(|feature| FeatureCost { feature, cpu: tenth.clone(), memory: None }).to_vec()
}

fn proxy(clusters: u64, mib: f64, cores: f64, requests: Declared, limits: Declared) -> ProxyCost {
    let memory_terms = vec![
        Term::new("base", 1.0, 41.0, "MiB"),
        Term::new("workers", 2.0, 0.4, "MiB"),
        Term::new("clusters", clusters as f64, 0.117, "MiB"),
    ];
    let cpu_terms = vec![
        Term::new("idle", 1.0, 0.004, "cores"),
        Term::new("requests/s", (cores - 0.004) / 0.0002, 0.0002, "cores"),
    ];
    ProxyCost {
        memory: around(Memory::from_mib(mib), 0.15, "proxy memory", memory_terms),
        startup_memory: around(Memory::from_mib(mib * 1.4), 0.2, "start-up peak", Vec::new()),
        cpu: around(Cores::new(cores), 0.3, "proxy CPU", cpu_terms),
        memory_needed: Bytes::holding(Memory::from_mib(mib * 1.4 * 1.2)),
        memory_limit_needed: Bytes::holding(Memory::from_mib(mib * 1.4 * 1.2)),
        measured: None,
        cpu_needed: Millicores::holding(Cores::new(cores * 1.3)),
        requests,
        limits,
    }
}

fn around<Q: Quantity>(value: Q, share: f64, law: &str, terms: Vec<Term>) -> Estimate<Q> {
    let end = |factor: f64| Q::from_base(value.base() * factor);
    let basis = Basis { law: law.to_owned(), terms, assumptions: vec!["two worker threads".to_owned()] };
    Estimate::new(end(1.0 - share), value, end(1.0 + share), basis)
}

fn totals(workloads: &[WorkloadPlan]) -> Totals {
    let replicated = |workload: &WorkloadPlan| Some((workload.proxy.clone()?, workload.replicas as f64));
    let proxies: Vec<(ProxyCost, f64)> = workloads.iter().filter_map(replicated).collect();
    let memory: Vec<_> = proxies.iter().map(|(proxy, replicas)| proxy.memory.scaled(*replicas)).collect();
    let cpu: Vec<_> = proxies.iter().map(|(proxy, replicas)| proxy.cpu.scaled(*replicas)).collect();
    Totals {
        nodes: 3,
        pods: 54,
        finished_pods: 1,
        workloads: 6,
        proxies: 45,
        planned_proxies: 42,
        ambient_pods: 8,
        ztunnels: 3,
        proxy_memory: Estimate::sum(&memory),
        proxy_cpu: Estimate::sum(&cpu),
        app_cpu: Cores::new(13.5),
        app_memory: Memory::from_mib(10_800.0),
        app_measured_share: 0.5,
        application_use: ApplicationUse::default(),
        memory_overhead: Some(around(Ratio::new(0.248), 0.15, "", Vec::new())),
        cpu_overhead: Some(around(Ratio::new(0.134), 0.3, "", Vec::new())),
        proxy_cpu_requested: Cores::new(4.5),
        proxy_memory_requested: Memory::from_mib(5_760.0),
        cpu_wasted: Cores::new(2.1),
        memory_wasted: Memory::from_mib(512.0),
        cpu_missing: Cores::new(0.3),
        memory_missing: Memory::from_mib(128.0),
        proxies_at_risk: 6,
        memory_check: None,
    }
}

fn control_plane() -> ControlPlane {
    let terms = vec![Term::new("base", 1.0, 120.0, "MiB"), Term::new("proxies", 48.0, 1.1, "MiB")];
    ControlPlane {
        proxies: 48,
        clusters: None,
        cpu: around(Cores::new(0.21), 0.4, "istiod CPU", Vec::new()),
        memory: around(Memory::from_mib(172.8), 0.3, "istiod memory", terms),
        measured: None,
        replicas: 2,
        cpu_request: Millicores::new(500),
        memory_request: Bytes::from_gib(2),
        csr_per_second: 0.001_1,
        certificates: CertificatePlan {
            holders: 48,
            ttl: Seconds::from_hours(24.0),
            grace_ratio: Share::literal(0.5),
            from: "assumed by policy".to_owned(),
            restart: None,
        },
        infeasible: None,
        deployed: Some((1, Declared::new(Some(Millicores::new(100)), Some(Bytes::from_mib(128))))),
        memory_limit: None,
        operation: None,
    }
}

fn resilience() -> Resilience {
    let carrying = |replicas, rps: f64, used: f64, verdict, why: &str| Carrying {
        replicas,
        most_replicas: replicas,
        load: around(Rate::per_second(rps), 0.0, "requests of a destination", Vec::new()),
        per_replica: Some(around(Rate::per_second(rps / replicas as f64), 0.0, "requests of a replica", Vec::new())),
        against_today: Some(around(Ratio::new(1.5), 0.0, "load of a replica against today", Vec::new())),
        utilization: Some(around(Ratio::new(used), 0.0, "CPU over what is requested", Vec::new())),
        needed: Some(replicas + 1),
        verdict,
        why: why.to_owned(),
    };
    let host = "cart.shop.svc.cluster.local".to_owned();
    Resilience {
        guards: guards(),
        splits: vec![Split {
            route: "VirtualService shop/cart".to_owned(),
            host: host.clone(),
            subset: Some("v2".to_owned()),
            workloads: vec!["Deployment shop/cart".to_owned()],
            share: Estimate::new(Ratio::ZERO, Ratio::new(0.1), Ratio::new(1.0), Basis::default()),
            mirrored: false,
            conditions: vec!["headers"],
            carrying: carrying(2, 144.0, 0.9, CarryingVerdict::Tight, "90 % of requested CPU, above 80 %"),
        }],
        ejections: vec![EjectionCase {
            rule: "shop/cart".to_owned(),
            host: host.clone(),
            subset: None,
            port: None,
            hosts: 12,
            most_percent: 50,
            min_health_percent: 0,
            at_once: 6,
            gone: 6,
            carrying: carrying(6, 1440.0, 1.4, CarryingVerdict::Cannot, "140 % of requested CPU, limited to 100 %"),
        }],
        zones: vec![ZoneCase {
            host,
            preference: "failover",
            lost: Some("zone-1".to_owned()),
            pods: vec![("zone-1".to_owned(), 8), ("zone-2".to_owned(), 4)],
            busiest: Some("zone-2".to_owned()),
            carrying: carrying(4, 1440.0, 0.7, CarryingVerdict::Carries, "70 % of requested CPU"),
        }],
        outside: 0,
        findings: Vec::new(),
    }
}

/// A pool that is too small, three routes without a timeout, and default retries down a chain of three.
fn guards() -> Guards {
    let of = |name: &str| ObjectName { namespace: "shop".into(), name: name.into() };
    let host = |name: &str| format!("{name}.shop.svc.cluster.local");
    let timeout = |name: &str, millis: f64| TimeoutCase {
        place: Routed::Nowhere,
        hosts: vec![host(name)],
        measurement: format!("shop/{name}"),
        quantile: Quantile::literal(0.999),
        tail: Seconds::from_millis(millis),
        timeout: None,
        per_attempt: None,
        repeats: Retries::new(0),
        says_retries: false,
        unknown: Vec::new(),
    };
    let retry = |name: &str| RetryCase {
        service: of(name),
        host: host(name),
        places: vec![Routed::Nowhere],
        attempts: 2,
        said: RetriesSaid::Nowhere,
        budget: None,
        times: Ratio::new(3.0),
        chain: 3,
        worst: Ratio::new(27.0),
        allowed: 1,
        in_circle: false,
    };
    let mut guards = Guards {
        pools: vec![PoolCase {
            service: of("cart"),
            rule: Some(of("cart")),
            rate: Rate::per_second(1440.0),
            busiest: Rate::per_second(2880.0),
            busiest_measured: false,
            response: Seconds::from_millis(12.0),
            response_is: "the mean of shop/cart".to_owned(),
            pods: 12,
            clients: Clients::Callers,
            workers: 2,
            mean: 34.6,
            today: ConnectionPool { max_connections: Some(64), max_requests: Some(40), ..ConnectionPool::default() },
            budget: None,
            no_budget: None,
            needed: PoolLimits { connections: 192, requests: 58, retries: 12 },
        }],
        timeouts: vec![timeout("cart", 181.0), timeout("catalogue", 90.0), timeout("checkout", 640.0)],
        retries: vec![retry("cart"), retry("catalogue"), retry("checkout")],
        without_times: vec![of("search")],
        calls_known: true,
        ..Guards::default()
    };
    guards.weaknesses = Weakness::all(&guards, Ratio::new(10.0));
    guards
}

fn headroom(cpu: u64, memory_gib: u64, after: bool) -> Headroom {
    let fill = |part: u64| Fill {
        allocatable: Resources::new(Millicores::new(7_900 * part), Bytes::from_gib(28 * part)),
        allocatable_pods: 110 * part,
        requested: Resources::new(Millicores::new(cpu * part / 3), Bytes::from_gib(memory_gib * part / 3)),
        pods: 18 * part,
        stranded_cpu: Millicores::new(if after { 1_200 } else { 0 }),
        stranded_memory: Bytes::ZERO,
        usable_pods: if after { 31 } else { 74 } * part / 3,
    };
    let node = |name: &str, zone: &str| NodeFill {
        name: name.to_owned(),
        zone: zone.to_owned(),
        fill: fill(1),
        mesh: Resources::new(Millicores::new(1_500), Bytes::from_mib(1_920)),
        schedulable: name != "node-c",
    };
    Headroom {
        cluster: Some(fill(3)),
        zones: vec![("zone-1".to_owned(), fill(2)), ("zone-2".to_owned(), fill(1))],
        nodes: vec![node("node-a", "zone-1"), node("node-b", "zone-1"), node("node-c", "zone-2")],
        unplaced: if after {
            let pod = ObjectName { namespace: "shop".into(), name: "checkout-5".into() };
            vec![Unplaced { pod, reason: "memory on 2 nodes, unschedulable 1".to_owned() }]
        } else {
            Vec::new()
        },
        worst_node_loss: Some(NodeLoss {
            node: "node-b".to_owned(),
            displaced: 18,
            unplaced: if after { 4 } else { 0 },
        }),
        nodes_to_add: NodesToAdd {
            count: u64::from(after),
            pool: "8 CPU / 32 GiB".to_owned(),
            reason: if after { "node loss" } else { "" }.to_owned(),
            price: MoneyPerHour::new(if after { 0.39 } else { 0.0 }),
            infeasible: None,
        },
        binding: if after { "memory" } else { "cpu" }.to_owned(),
        findings: Vec::new(),
    }
}
