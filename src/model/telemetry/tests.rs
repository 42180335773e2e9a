//! The laws against what was counted, and what they must obey whatever they are given.

use proptest::prelude::*;

use super::*;
use crate::card::TEST_CARD;
use crate::estimate::Estimate;
use crate::model::sum::total;
use crate::units::{DataRate, Memory, Quantity, Rate, Seconds, Series, Share};

fn laws() -> &'static Telemetry {
    &TEST_CARD.telemetry
}

fn http(peers: Count) -> Reported {
    Reported { http: peers, ..Reported::default() }
}

/// A proxy with one known peer, which always answers alike.
fn one_peer() -> SeriesLoad {
    SeriesLoad { workers: 2, server: http(Count::exact(1.0)), label_sets: Some(1.0), ..SeriesLoad::default() }
}

fn adds_up<Q: Quantity>(figure: &Estimate<Q>, scale: f64) {
    for term in &figure.basis.terms {
        assert_eq!(term.amount, term.count * term.coefficient, "{}", term.what);
    }
    let sum = total(&figure.basis.terms) * scale;
    assert!((sum - figure.value.base()).abs() <= 1e-9 * sum.abs(), "{}: {sum}", figure.basis.law);
}

/// The Istio 1.14.3 scrape: 196 of the agent, 305 of Envoy, 67 of one peer; 3 of the stats filter are not in the law.
#[test]
fn a_whole_scrape_is_met() {
    let series = laws().series.of_proxy(&one_peer());
    let target = 5.0;
    assert_eq!(series.value.count() - target, 568.0);
    let of = |family: Family| {
        series.basis.terms.iter().find(|term| term.what == family.as_str()).map_or(0.0, |term| term.amount)
    };
    let expected = [
        (Family::Requests, 1.0),
        (Family::Duration, 22.0),
        (Family::RequestSize, 22.0),
        (Family::ResponseSize, 22.0),
        (Family::Tcp, 0.0),
        (Family::Envoy, 305.0),
        (Family::Agent, 196.0),
        (Family::Target, target),
    ];
    for (family, count) in expected {
        assert_eq!(of(family), count, "{}", family.as_str());
    }
}

/// Envoy 1.40 with Istio's list: an HTTP listener has four series with two workers and six with four, a TCP one
/// one less; half of them are taken as HTTP.
#[test]
fn listeners_count_by_worker() {
    let of = |workers: u32, listeners: u64| {
        laws().series.of_proxy(&SeriesLoad { workers, listeners, ..one_peer() }).value.count()
    };
    assert_eq!(of(2, 10) - of(2, 0), 35.0);
    assert_eq!(of(4, 20) - of(4, 10), 55.0);
    assert_eq!(of(4, 0) - of(2, 0), 4.0);
}

#[test]
fn terms_add_up_to_the_value() {
    let laws = laws();
    let load = SeriesLoad { listeners: 12, client: http(Count::between(1.0, 5.0, 80.0)), ..one_peer() };
    let series = laws.series.of_proxy(&load);
    adds_up(&series, 1.0);
    adds_up(&laws.ztunnel.idle(), 1.0);
    adds_up(&laws.ztunnel.of_workload(&ZtunnelPeers { nodes: 3.0, peers: Count::exact(4.0) }), 1.0);
    let interval = Seconds::new(15.0);
    let samples = laws.scrape.samples(&series, interval);
    adds_up(&samples, 1.0);
    adds_up(&laws.scrape.cpu(&series, interval), 1.0);
    let scraped = Scraped { standard: series.clone(), other: series.clone(), interval };
    adds_up(&laws.scrape.traffic(&scraped), 1.0);
    let kept = Kept { series, samples, replaced_per_day: 0.5 };
    adds_up(&laws.prometheus.head_series(&kept), 1.0);
    adds_up(&laws.prometheus.memory(&kept), Memory::from_mib(1.0).as_bytes());
    adds_up(&laws.prometheus.disk(&kept), 1.0);
    let spans = laws.tracing.spans(Rate::per_second(400.0), Share::literal(0.1), true);
    adds_up(&spans, 1.0);
    adds_up(&laws.tracing.traffic(&spans), 1.0);
    adds_up(&laws.access_log.traffic(Rate::per_second(400.0), LogFormat::Json), 1.0);
}

/// 10 GB for 1.5 million series (prometheus issue 4553), the rule of 8 kB there, and 2.5 GB for 300,000 (Mimir).
#[test]
fn a_million_series_need_gigabytes() {
    let series = Estimate::exact(Series::new(1e6));
    let samples = laws().scrape.samples(&series, Seconds::new(15.0));
    let memory = laws().prometheus.memory(&Kept { series, samples, replaced_per_day: 0.0 });
    for gigabytes in [6.7, 8.0, 8.3] {
        assert!(memory.contains(Memory::from_megabytes(gigabytes * 1000.0)), "{memory:?}");
    }
}

/// Each pod replaced eight times a day leaves one further set of series in a head of three hours.
#[test]
fn replaced_pods_stay_in_the_head() {
    let series = Estimate::exact(Series::new(1000.0));
    let samples = laws().scrape.samples(&series, Seconds::new(15.0));
    let head = laws().prometheus.head_series(&Kept { series, samples, replaced_per_day: 8.0 });
    assert_eq!(head.value.count(), 2000.0);
    assert!(head.lower.count() < 2000.0 && head.lower.count() > 1000.0);
}

/// istio.io's line of 287 and 298 bytes at both proxies: 1000 requests a second make 25 GB a day at each.
#[test]
fn a_day_of_log_is_known() {
    let day = laws().access_log.traffic(Rate::per_second(1000.0), LogFormat::Text).value.per_day();
    assert!((day.as_bytes() / 25.3e9 - 1.0).abs() < 0.01, "{day:?}");
    let json = laws().access_log.traffic(Rate::per_second(1000.0), LogFormat::Json).value.per_day();
    assert!(json > day * 2.0);
}

/// A passage is a span; at 1 % of 1000 requests a second that is ten.
#[test]
fn spans_follow_sampling() {
    let spans = |sampling, gateway| laws().tracing.spans(Rate::per_second(1000.0), sampling, gateway);
    assert_eq!(spans(Share::literal(0.01), false).value.as_per_second(), 10.0);
    assert_eq!(spans(Share::ZERO, false).upper, Rate::ZERO);
    assert_eq!(spans(Share::literal(0.01), true).upper.as_per_second(), 20.0);
}

prop_compose! {
    fn any_count()(a in any::<f64>(), b in 0.0..1e4, c in any::<f64>()) -> Count {
        Count::between(a, b, c)
    }
}

prop_compose! {
    fn any_metric()(is_on: bool, outcome: bool, peer: bool) -> Metric {
        Metric { is_on, outcome, peer }
    }
}

prop_compose! {
    fn any_metrics()(
        requests in any_metric(), duration in any_metric(), request_size in any_metric(),
        response_size in any_metric(), tcp in any_metric(),
    ) -> Metrics {
        Metrics { requests, duration, request_size, response_size, tcp }
    }
}

prop_compose! {
    fn any_side()(http in any_count(), tcp in any_count(), metrics in any_metrics()) -> Reported {
        Reported { http, tcp, metrics }
    }
}

prop_compose! {
    fn any_load()(
        workers: u32, listeners: u64, client in any_side(), server in any_side(),
        label_sets in prop_oneof![Just(None), any::<f64>().prop_map(Some)],
    ) -> SeriesLoad {
        SeriesLoad { workers, listeners, client, server, label_sets }
    }
}

/// Every metric of a side, one after the other, left out.
fn with_less(metrics: Metrics) -> [Metrics; 7] {
    [
        Metrics { requests: Metric::OFF, ..metrics },
        Metrics { duration: Metric::OFF, ..metrics },
        Metrics { request_size: Metric::OFF, ..metrics },
        Metrics { response_size: Metric::OFF, ..metrics },
        Metrics { tcp: Metric::OFF, ..metrics },
        metrics.each(|metric| Metric { outcome: false, ..metric }),
        metrics.each(|metric| Metric { peer: false, ..metric }),
    ]
}

proptest! {
    #[test]
    fn any_load_has_a_finite_ordered_interval(load in any_load()) {
        let series = laws().series.of_proxy(&load);
        prop_assert!(0.0 <= series.lower.count() && series.lower <= series.value && series.value <= series.upper);
        prop_assert!(series.upper.count().is_finite());
        let [lower, value, upper] = laws().series.ends(&load);
        prop_assert!((value - series.value.count()).abs() <= 1e-9 * value);
        prop_assert!(lower <= value && value <= upper);
        let families: f64 = Family::ALL
            .into_iter()
            .map(|family| laws().series.ends_of(&load, |it| it == family)[1])
            .sum();
        prop_assert!((families - value).abs() <= 1e-9 * value, "families add up");
    }

    #[test]
    fn more_peers_are_never_fewer_series(load in any_load(), more in 0.0..1e6) {
        let mut larger = load;
        larger.client.http = load.client.http + Count::exact(more);
        larger.server.tcp = load.server.tcp + Count::exact(more);
        let (before, after) = (laws().series.ends(&load), laws().series.ends(&larger));
        prop_assert!(before[1] <= after[1] * (1.0 + 1e-12));
        prop_assert!(before[2] <= after[2] * (1.0 + 1e-9));
    }

    #[test]
    fn leaving_out_never_adds(load in any_load()) {
        let [_, before, _] = laws().series.ends(&load);
        for metrics in with_less(load.client.metrics) {
            let mut less = load;
            less.client.metrics = metrics;
            let [_, after, _] = laws().series.ends(&less);
            prop_assert!(after <= before * (1.0 + 1e-12), "{metrics:?}");
        }
    }

    #[test]
    fn whatever_is_kept_stays_finite(count in any::<f64>(), seconds in any::<f64>(), replaced in any::<f64>()) {
        let series = Estimate::exact(Series::new(crate::model::bounded(count)));
        let samples = laws().scrape.samples(&series, Seconds::new(seconds));
        let kept = Kept { series, samples, replaced_per_day: replaced };
        let memory = laws().prometheus.memory(&kept);
        prop_assert!(memory.lower <= memory.value && memory.value <= memory.upper);
        prop_assert!(memory.upper.base().is_finite());
        prop_assert!(laws().prometheus.disk(&kept).upper >= DataRate::ZERO);
    }
}
