//! Series to demand: what adds up, what does not, and laws.

use proptest::prelude::*;

use super::series::measured;
use crate::inventory::Measured;
use crate::inventory::objects::{MeasuredSeries, Point, Quantity};
use crate::units::Seconds;

fn series(pod: Option<&str>, quantity: Quantity, points: &[(f64, f64)]) -> MeasuredSeries {
    MeasuredSeries {
        namespace: Some("shop".into()),
        workload: Some("cart".into()),
        pod: pod.map(Into::into),
        kind: None,
        quantity,
        points: points.iter().map(|(at, value)| Point { at: Seconds::new(*at), value: *value }).collect(),
    }
}

/// So many moments a minute apart, each with its value.
fn minutes(count: u32, value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    (0..count).map(|at| (1.6e9 + 60.0 * f64::from(at), value(f64::from(at)))).collect()
}

fn told(all: &[MeasuredSeries]) -> Measured {
    measured(&all.iter().collect::<Vec<_>>(), 2).measured
}

fn rate(measured: &Measured) -> f64 {
    measured.inbound_rps.unwrap().as_per_second()
}

#[test]
fn pods_of_a_moment_add_up() {
    // The second pod is measured twenty seconds later, and a little off its rhythm.
    let first = minutes(40, |_| 10.0);
    let second: Vec<(f64, f64)> =
        first.iter().enumerate().map(|(at, (time, _))| (time + 20.0 + 0.3 * (at % 5) as f64, 5.0)).collect();
    let all = [
        series(Some("a"), Quantity::InboundRps, &first),
        series(Some("b"), Quantity::InboundRps, &second),
        series(Some("a"), Quantity::OutboundRps, &minutes(40, |at| if at == 7.0 { 30.0 } else { 1.0 })),
    ];
    let measured = told(&all);
    assert!((rate(&measured) - 15.0).abs() < 1e-9);
    let peaks = measured.busy.inbound_rps.unwrap();
    assert_eq!(peaks.moments, 40);
    assert!((peaks.span.as_seconds() - 39.0 * 60.0).abs() < 10.0, "{:?}", peaks.span);
    assert!((peaks.largest.as_per_second() - 15.0).abs() < 1e-9);
    let proxied = measured.busy.proxied_rps.unwrap();
    assert!((proxied.p95.as_per_second() - 16.0).abs() < 1e-9);
    assert!((proxied.largest.as_per_second() - 45.0).abs() < 1e-9);
}

#[test]
fn a_pod_that_is_measured_more_often_counts_once_a_moment() {
    let often: Vec<(f64, f64)> = (0..160).map(|at| (15.0 * f64::from(at), f64::from(at % 4))).collect();
    let seldom: Vec<(f64, f64)> = (0..40).map(|at| (60.0 * f64::from(at), 1.0)).collect();
    let all = [series(Some("a"), Quantity::AppCpu, &often), series(Some("b"), Quantity::AppCpu, &seldom)];
    let measured = told(&all);
    assert!((measured.app_cpu.unwrap().as_cores() - 2.5).abs() < 0.1, "{:?}", measured.app_cpu);
    assert!(measured.busy.app_cpu.unwrap().moments <= 41);
}

#[test]
fn quantiles_of_response_times_are_never_averaged() {
    let quiet = minutes(100, |_| 0.1);
    let slow = minutes(100, |at| if at < 2.0 { 3.0 } else { 0.2 });
    let all = [
        series(Some("a"), Quantity::ResponseQuantile(990), &quiet),
        series(Some("b"), Quantity::ResponseQuantile(990), &slow),
        series(Some("a"), Quantity::ResponseQuantile(500), &minutes(100, |_| 0.01)),
        series(Some("a"), Quantity::ResponseMean, &minutes(100, |at| if at < 10.0 { 1.0 } else { 0.1 })),
        series(Some("a"), Quantity::InboundRps, &minutes(100, |at| if at < 10.0 { 90.0 } else { 1.0 })),
    ];
    let response = told(&all).response;
    let tail = response.tail.unwrap();
    assert!((tail.quantile.get() - 0.99).abs() < 1e-12 && tail.moments == 100);
    assert!((tail.at_most.as_seconds() - 3.0).abs() < 1e-12);
    // 900 requests a second of 1 s, 90 of 0.1 s.
    assert!((response.mean.unwrap().as_seconds() - 909.0 / 990.0).abs() < 1e-9, "{:?}", response.mean);
}

#[test]
fn what_is_said_twice_counts_once() {
    let once = series(Some("a"), Quantity::AppCpu, &minutes(40, |_| 0.5));
    let whole = series(None, Quantity::AppCpu, &minutes(40, |_| 0.7));
    let again = [once.clone(), once.clone()];
    let found = measured(&again.iter().collect::<Vec<_>>(), 2);
    assert!((found.measured.app_cpu.unwrap().as_cores() - 0.5).abs() < 1e-12);
    assert_eq!(found.twice, 40);
    let found = measured(&[&once, &whole], 2);
    assert!((found.measured.app_cpu.unwrap().as_cores() - 0.7).abs() < 1e-12);
    assert_eq!(found.twice, 40);
}

#[test]
fn few_moments_have_a_mean_and_no_quantiles() {
    for (count, thin, peaks) in [(1, false, false), (29, true, false), (30, false, true)] {
        let it = series(None, Quantity::InboundRps, &minutes(count, |at| at));
        let found = measured(&[&it], 2);
        assert_eq!((found.thin, found.measured.busy.inbound_rps.is_some()), (thin, peaks), "{count}");
        assert!((rate(&found.measured) - f64::from(count - 1) / 2.0).abs() < 1e-9);
    }
}

/// Numbers that no reader hands over.
#[test]
fn impossible_measurements_are_left_out() {
    let mut points = minutes(40, |_| 2.0);
    points.extend([(f64::NAN, 1.0), (1.6e9, f64::NAN), (1.6e9, -1.0), (f64::INFINITY, 1.0), (1.6e9, f64::INFINITY)]);
    let measured = told(&[series(None, Quantity::InboundRps, &points)]);
    assert!((rate(&measured) - 2.0).abs() < 1e-12);
    let far = [(-9e15, 1.0), (0.0, 2.0), (1e-9, 3.0), (9e15, 4.0)];
    assert!(told(&[series(None, Quantity::InboundRps, &far)]).inbound_rps.is_some());
    let none = told(&[series(None, Quantity::Throttled, &[(0.0, 1.5)])]);
    assert_eq!(none, Measured::default());
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(0.0..1e4_f64, 30..200)
}

fn peaks_of(values: &[f64]) -> (f64, f64, f64, f64) {
    let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(at, value)| (at as f64 * 15.0, *value)).collect();
    let measured = told(&[series(None, Quantity::InboundRps, &points)]);
    let peaks = measured.busy.inbound_rps.unwrap().map(|rate| rate.as_per_second());
    (rate(&measured), peaks.p95, peaks.p99, peaks.largest)
}

proptest! {
    #[test]
    fn peaks_are_in_order_and_were_measured(values in values()) {
        let (mean, p95, p99, largest) = peaks_of(&values);
        prop_assert!(mean <= largest && p95 <= p99 && p99 <= largest);
        prop_assert!(values.contains(&p95) && values.contains(&p99));
        let within = values.iter().filter(|value| **value <= p95).count() as f64;
        prop_assert!(within >= 0.95 * values.len() as f64);
    }

    /// Further busy moments never lower what is known of the busiest.
    #[test]
    fn more_load_never_lowers_the_peaks(values in values(), further in proptest::collection::vec(0.0..1e4_f64, 1..50)) {
        let before = peaks_of(&values);
        let busier: Vec<f64> = values.iter().copied().chain(further.iter().map(|more| before.2 + more)).collect();
        let after = peaks_of(&busier);
        prop_assert!(after.1 >= before.1 && after.2 >= before.2 && after.3 >= before.3);
    }

    #[test]
    fn order_does_not_matter(values in values()) {
        let forward: Vec<(f64, f64)> = values.iter().enumerate().map(|(at, value)| (at as f64, *value)).collect();
        let backward: Vec<(f64, f64)> = forward.iter().rev().copied().collect();
        let one = told(&[series(None, Quantity::AppCpu, &forward)]);
        prop_assert_eq!(one, told(&[series(None, Quantity::AppCpu, &backward)]));
    }
}
