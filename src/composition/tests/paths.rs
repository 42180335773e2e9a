//! Call graphs: their response times, expected calls and contributions, and what is refused.

use std::collections::BTreeMap;

use super::*;
use crate::composition::{Backoff, Call, CallGraph, GraphError, Path, Retry, Service, Step};
use crate::measurement::Slo;
use crate::units::Share;

fn service(time: Spread, steps: Vec<Vec<Call>>) -> Service {
    let steps = steps.into_iter().map(|calls| Step { calls }).collect();
    Service { time, includes_callees: false, steps }
}

fn graph(services: Vec<(&str, Service)>) -> Result<CallGraph, GraphError> {
    let root = services[0].0.to_owned();
    CallGraph::new(root, services.into_iter().map(|(name, one)| (name.to_owned(), one)).collect())
}

fn constant(time: f64) -> Spread {
    Spread::constant(millis(time)).unwrap()
}

fn part<'a>(path: &'a Path, name: &str) -> &'a super::super::Part {
    path.parts.iter().find(|part| part.service == name).unwrap()
}

/// web 1 ms, then cart (2 ms) beside stock (5 ms), then twice db (3 ms): 1 + 5 + 6 = 12 ms.
#[test]
fn steps_follow_each_other_and_calls_within_a_step_do_not() {
    let twice = Call { times: 2.0, ..Call::to("db") };
    let path = graph(vec![
        ("web", service(constant(1.0), vec![vec![Call::to("cart"), Call::to("stock")], vec![twice]])),
        ("cart", service(constant(2.0), vec![])),
        ("stock", service(constant(5.0), vec![])),
        ("db", service(constant(3.0), vec![])),
    ]);
    let path = path.unwrap().compose("test").unwrap();
    let median = path.response.quantile(Quantile::literal(0.5)).unwrap();
    for found in [median.independent, median.comonotone, median.interval] {
        let (lower, _, upper) = seconds(found);
        assert!(lower <= 0.012 && 0.012 <= upper && upper < lower * 1.02, "{found:?}");
    }
    let order: Vec<&str> = path.parts.iter().map(|part| part.service.as_str()).collect();
    assert_eq!(order, ["db", "stock", "web", "cart"]);
    let saves = |name: &str| part(&path, name).saves.unwrap().mean.as_seconds();
    for (name, expected) in [("db", 0.006), ("stock", 0.003), ("web", 0.001), ("cart", 0.0)] {
        assert!((saves(name) - expected).abs() < 1e-5, "{name}: {}", saves(name));
    }
    assert_eq!(part(&path, "db").calls.value, 2.0);
    assert!(path.findings.is_empty(), "{:?}", path.findings);
}

#[test]
fn expected_calls_multiply_along_the_graph() {
    let half = Call { chance: Share::literal(0.5), times: 3.0, ..Call::to("cart") };
    let fan = Call { fan_out: 10, ..Call::to("db") };
    let retried = Call {
        retry: Some(Retry { attempts: 2, per_try: None, backoff: Backoff::None, failing: Share::literal(0.25) }),
        ..Call::to("db")
    };
    let path = graph(vec![
        ("web", service(constant(1.0), vec![vec![half], vec![retried]])),
        ("cart", service(constant(1.0), vec![vec![fan]])),
        ("db", service(constant(1.0), vec![])),
    ]);
    let path = path.unwrap().compose("test").unwrap();
    assert_eq!(part(&path, "web").calls.value, 1.0);
    assert_eq!(part(&path, "cart").calls.value, 1.5);
    assert!((part(&path, "db").calls.value - 16.25).abs() < 1e-9);
    assert!((path.response.failed().value.get() - 0.0625).abs() < 1e-9);
}

#[test]
fn an_optional_call_fails_no_request() {
    let call = |optional| Call { timeout: Some(millis(10.0)), optional, ..Call::to("slow") };
    let composed = |optional| {
        let services = vec![
            ("web", service(constant(1.0), vec![vec![call(optional)]])),
            ("slow", service(exponential(0.005), vec![])),
        ];
        graph(services).unwrap().compose("test").unwrap()
    };
    let (needed, optional) = (composed(false), composed(true));
    let cut = (-2.0_f64).exp();
    assert!((needed.response.failed().value.get() / cut - 1.0).abs() < 0.02);
    assert_eq!(optional.response.failed().upper, Share::ZERO);
    assert!(needed.findings.iter().any(|finding| finding.kind.id == "path-requests-fail"));
    let slo: Slo = "p95<20ms".parse().unwrap();
    assert!(!needed.response.check(&slo).met && optional.response.check(&slo).met);
    let most = optional.response.quantile(Quantile::literal(0.999)).unwrap().interval;
    assert!(most.upper < millis(11.2), "{most:?}");
}

#[test]
fn what_was_measured_with_its_calls_is_not_added_again() {
    let measured = Service { includes_callees: true, ..service(constant(8.0), vec![vec![Call::to("db")]]) };
    let path = graph(vec![
        ("web", service(constant(1.0), vec![vec![Call::to("cart")]])),
        ("cart", measured),
        ("db", service(constant(3.0), vec![])),
    ]);
    let path = path.unwrap().compose("test").unwrap();
    let (lower, _, upper) = seconds(path.response.quantile(Quantile::literal(0.5)).unwrap().interval);
    assert!(lower <= 0.009 && (0.009..0.0092).contains(&upper), "{lower} {upper}");
    assert_eq!(part(&path, "db").calls.value, 1.0);
    assert!(path.findings[0].message.contains("cart"), "{:?}", path.findings);
}

/// A chain of exponentials is Erlang, and comonotone a multiple of one of them.
#[test]
fn a_chain_is_the_sum_of_its_hops() {
    use statrs::distribution::{ContinuousCDF, Gamma};
    let names = ["a", "b", "c", "d"];
    let hop = |index: usize| {
        let calls = names.get(index + 1).map(|next| vec![Call::to(*next)]).into_iter().collect();
        (names[index], service(exponential(0.01), calls))
    };
    let path = graph((0..4).map(hop).collect()).unwrap().compose("test").unwrap();
    let erlang = Gamma::new(4.0, 100.0).unwrap();
    check("independent", &path.response.independent, 5, |q| erlang.inverse_cdf(q));
    check("comonotone", &path.response.comonotone, 5, |q| -0.04 * (1.0 - q).ln());
    let p99 = path.response.quantile(Quantile::literal(0.99)).unwrap();
    assert_eq!(p99.interval.value, p99.independent.value);
    assert!(p99.interval.lower <= p99.independent.lower && p99.interval.upper >= p99.comonotone.upper);
}

#[test]
fn what_is_no_call_graph_is_refused() {
    let to = |name: &str| vec![vec![Call::to(name)]];
    let refuse = |services: Vec<(&str, Service)>, expected: &str| {
        let message = graph(services).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    refuse(vec![("a", service(Spread::zero(), to("b")))], "\"b\", called by a");
    let circle = vec![
        ("a", service(Spread::zero(), to("b"))),
        ("b", service(Spread::zero(), to("c"))),
        ("c", service(Spread::zero(), to("b"))),
    ];
    refuse(circle, "a circle of calls b → c → b");
    let many = Call { times: f64::NAN, ..Call::to("b") };
    refuse(
        vec![("a", service(Spread::zero(), vec![vec![many]])), ("b", service(Spread::zero(), vec![]))],
        "a number of NaN",
    );
    let none = Call { fan_out: 0, ..Call::to("b") };
    refuse(
        vec![("a", service(Spread::zero(), vec![vec![none]])), ("b", service(Spread::zero(), vec![]))],
        "a fan-out of 0",
    );
    assert!(CallGraph::new("a", BTreeMap::new()).is_err());
    let names: Vec<String> = (0..100).map(|number| format!("s{number:03}")).collect();
    let deep = names.iter().enumerate().map(|(index, name)| {
        let calls = names.get(index + 1).map(|next| vec![Call::to(next.clone())]).into_iter().collect();
        (name.as_str(), service(Spread::zero(), calls))
    });
    refuse(deep.collect(), "more than 64 calls within one another");
}
