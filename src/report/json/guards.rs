//! Limits, timeouts and retries of clients as they are written.

use serde::Serialize;

use super::wire::Number;
use crate::resilience::{self, Bound, PoolLimits, Routed, WeaknessKind};
use crate::units::Seconds;

/// What clients set between them and services, against what was measured.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Guards<'a> {
    /// What is wrong, the gravest first; alike ones are one.
    weaknesses: Vec<Weakness<'a>>,
    /// Pools of connections, by service.
    pools: Vec<Pool>,
    /// Timeouts, by route.
    timeouts: Vec<Timeout<'a>>,
    /// Retries, by service; empty where nobody said who calls whom.
    retries: Vec<Retry>,
    /// Full names of the services without outlier detection.
    without_outlier_detection: Vec<&'a str>,
    /// Services in the mesh without measured requests, as namespace and name.
    without_requests: Vec<String>,
    /// Services in the mesh with measured requests and no response times.
    without_response_times: Vec<String>,
    /// Services of ambient mode that no waypoint carries: nobody would follow limits, timeouts and retries of them.
    without_proxies: Vec<String>,
    /// Whether it is known who calls whom.
    calls_known: bool,
}

/// Guards that do the same harm by the same settings, or are missing in the same way.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Weakness<'a> {
    /// `refuses`, `cuts` or `multiplies` where a guard does harm, `unlimited`, `endless` or `unwatched` where it is missing.
    kind: &'static str,
    /// Whether a guard does harm, rather than being missing.
    acute: bool,
    /// Services and routes it is about, the worst first.
    subjects: &'a [String],
    /// The settings at fault.
    settings: Vec<Faulty>,
    /// Why, of the worst.
    why: &'a str,
}

/// A setting at fault; a number, or seconds where its name ends in `imeout`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Faulty {
    /// Its name in the API.
    name: &'static str,
    /// What it is.
    today: Number,
    /// What it had to be; of several subjects the strictest.
    needed: Number,
}

/// Limits of the clients of a service against what is under way.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Pool {
    /// The service, as namespace and name.
    service: String,
    /// The destination rule whose limits hold.
    destination_rule: Option<String>,
    /// Requests per second.
    requests_per_second: Number,
    /// The same in the busiest seconds.
    busiest_requests_per_second: Number,
    /// Whether these were measured as a series.
    busiest_measured: bool,
    /// Upper end of the mean response time.
    response_seconds: Number,
    /// Who holds the limits: the proxies of `callers`, a `waypoint`, or `nobody`.
    clients: &'static str,
    /// Requests under way on average in the busiest seconds, through the client that carries most.
    under_way: Number,
    /// Limits as they are; `null` for none.
    today: Limits,
    /// The retry budget that holds, with which the limit of retries does not.
    retry_budget: Option<Budget>,
    /// Why no retry budget can be set; `null` where one can.
    no_retry_budget: Option<String>,
    /// The least that holds what is under way at the client that carries most.
    needed: Limits,
}

/// A retry budget.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Budget {
    /// Part of the requests under way that may be retries, in [0, 1].
    share: Number,
    /// Retries that each client may always have under way.
    least: u64,
}

impl Budget {
    fn new(budget: resilience::Budget) -> Self {
        Self { share: Number::new(budget.share.get()), least: budget.least }
    }
}

/// Limits of a pool.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Limits {
    /// `maxConnections`.
    connections: Option<u64>,
    /// `http1MaxPendingRequests`.
    pending: Option<u64>,
    /// `http2MaxRequests`.
    requests: Option<u64>,
    /// `maxRetries`.
    retries: Option<u64>,
}

/// How long requests of a route may take, against how long they take.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Timeout<'a> {
    /// What holds: an object, with the place of the route in it from 0, or nothing.
    set_by: SetBy,
    /// Full names of the services it leads to.
    hosts: &'a [String],
    /// The measurement of the slowest of them.
    measurement: &'a str,
    /// Which of the slowest requests is looked at, in (0, 1).
    quantile: Number,
    /// Upper end of its response time.
    tail_seconds: Number,
    /// Timeout of the whole request; `null` for none.
    timeout_seconds: Option<Number>,
    /// Timeout of each attempt; `null` for none.
    per_attempt_seconds: Option<Number>,
    /// Timeouts that cut requests which would have been answered, by the names of the API.
    cutting: Vec<&'static str>,
}

/// Where a setting of a route stands.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SetBy {
    /// Kind, namespace and name; `null` where nothing is written and Istio's defaults hold.
    object: Option<String>,
    /// Place of the route in it, from 0; `null` where the object has no route of its own for it.
    route: Option<u64>,
}

/// How often requests to a service are sent again, and what chains of callers make of that.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Retry {
    /// The service, as namespace and name.
    service: String,
    /// Where it is set.
    set_by: Vec<SetBy>,
    /// Retries of a failed request, the most of its routes.
    attempts: u64,
    /// Who says so: `routes`, `mesh` (`defaultHttpRetryPolicy`) or, with Istio's default, `default`.
    said_by: &'static str,
    /// The retry budget of those who call it; `null` without one, or where it is not known how much is under way.
    retry_budget: Option<Budget>,
    /// Attempts that callers make of one request when all fail, with the budget.
    times: Number,
    /// Retried calls on the longest chain through it.
    chain: u32,
    /// Attempts that the worst chain through it makes of one request when all fail.
    worst: Number,
    /// Retries with which no chain through it exceeds the policy's bound.
    allowed: u64,
    /// Whether it is called by those it calls.
    in_circle: bool,
}

impl<'a> Guards<'a> {
    /// All of them.
    pub fn new(found: &'a resilience::Guards) -> Self {
        Self {
            weaknesses: found.weaknesses.iter().map(Weakness::new).collect(),
            pools: found.pools.iter().map(Pool::new).collect(),
            timeouts: found.timeouts.iter().map(Timeout::new).collect(),
            retries: found.retries.iter().map(Retry::new).collect(),
            without_outlier_detection: found.unwatched.iter().map(|case| case.host.as_str()).collect(),
            without_requests: names(&found.without_requests),
            without_response_times: names(&found.without_times),
            without_proxies: names(&found.without_proxies),
            calls_known: found.calls_known,
        }
    }
}

impl<'a> Weakness<'a> {
    fn new(weakness: &'a resilience::Weakness) -> Self {
        let number = |bound: Bound| match bound {
            Bound::Count(number) => Number::new(number as f64),
            Bound::Time(time) => seconds(time),
        };
        let faulty =
            |it: &resilience::Faulty| Faulty { name: it.name, today: number(it.today), needed: number(it.needed) };
        Self {
            kind: match weakness.kind {
                WeaknessKind::Refuses => "refuses",
                WeaknessKind::Cuts => "cuts",
                WeaknessKind::Multiplies => "multiplies",
                WeaknessKind::Unlimited => "unlimited",
                WeaknessKind::Endless => "endless",
                WeaknessKind::Unwatched => "unwatched",
            },
            acute: weakness.kind.is_acute(),
            subjects: &weakness.subjects,
            settings: weakness.settings.iter().map(faulty).collect(),
            why: &weakness.why,
        }
    }
}

impl Pool {
    fn new(case: &resilience::PoolCase) -> Self {
        let today = &case.today;
        let PoolLimits { connections, requests, retries } = case.needed;
        Self {
            service: case.service.to_string(),
            destination_rule: case.rule.as_ref().map(ToString::to_string),
            requests_per_second: Number::new(case.rate.as_per_second()),
            busiest_requests_per_second: Number::new(case.busiest.as_per_second()),
            busiest_measured: case.busiest_measured,
            response_seconds: seconds(case.response),
            clients: case.clients.as_str(),
            under_way: Number::new(case.mean),
            today: Limits {
                connections: today.max_connections,
                pending: today.max_pending,
                requests: today.max_requests,
                retries: today.max_retries,
            },
            retry_budget: case.budget.map(Budget::new),
            no_retry_budget: case.no_budget.clone(),
            needed: Limits {
                connections: Some(connections),
                pending: Some(requests),
                requests: Some(requests),
                retries: Some(retries),
            },
        }
    }
}

impl<'a> Timeout<'a> {
    fn new(case: &'a resilience::TimeoutCase) -> Self {
        Self {
            set_by: SetBy::new(&case.place),
            hosts: &case.hosts,
            measurement: &case.measurement,
            quantile: Number::new(case.quantile.get()),
            tail_seconds: seconds(case.tail),
            timeout_seconds: case.timeout.map(seconds),
            per_attempt_seconds: case.per_attempt.map(seconds),
            cutting: case.cutting(),
        }
    }
}

impl SetBy {
    fn new(place: &Routed) -> Self {
        let (object, route) = match place {
            Routed::By { service, index } => (Some(format!("VirtualService {service}")), Some(*index as u64)),
            Routed::ByWildcard { service } => (Some(format!("VirtualService {service}")), None),
            Routed::ByApi { kind, route, index } => (Some(format!("{kind} {route}")), Some(*index as u64)),
            Routed::Nowhere => (None, None),
        };
        Self { object, route }
    }
}

impl Retry {
    fn new(case: &resilience::RetryCase) -> Self {
        Self {
            service: case.service.to_string(),
            set_by: case.places.iter().map(SetBy::new).collect(),
            attempts: case.attempts,
            said_by: case.said.as_str(),
            retry_budget: case.budget.map(Budget::new),
            times: Number::new(case.times.as_number()),
            chain: case.chain,
            worst: Number::new(case.worst.as_number()),
            allowed: case.allowed,
            in_circle: case.in_circle,
        }
    }
}

fn names(services: &[impl ToString]) -> Vec<String> {
    services.iter().map(ToString::to_string).collect()
}

fn seconds(time: Seconds) -> Number {
    Number::new(time.as_seconds())
}
