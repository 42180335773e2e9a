//! Predictions against closed forms, and what they obey.

use proptest::prelude::*;

use super::*;
use crate::card::TEST_CARD;
use crate::measurement::{Distribution, Load, Measurement, QUANTILES, Recorder, Slo};
use crate::model::Features;
use crate::model::queueing::{Arrivals, Knee};
use crate::units::{Bytes, Cores, Rate, Seconds, Share};

fn measurement(name: &str, distribution: Distribution) -> Measurement {
    let (load, stated, reported) = (Load::default(), Vec::new(), None);
    Measurement { name: name.to_owned(), format: "test", distribution, load, stated, reported }
}

/// A thousand and one times between 1 and 3 milliseconds.
fn base() -> Measurement {
    let mut recorder = Recorder::new().unwrap();
    for step in 0..=1000 {
        assert!(recorder.record(Seconds::from_millis(1.0 + f64::from(step) / 500.0)));
    }
    measurement("base", recorder.finish().unwrap())
}

fn traffic(rate: f64) -> Traffic {
    let features = Features::default();
    Traffic {
        rate: Rate::per_second(rate),
        connections: 32,
        arrivals: Arrivals::Independent,
        payload: Bytes::new(1024),
        features,
        workers: 2,
        cpu_limit: None,
    }
}

fn at(mode: Mode, traffic: &Traffic) -> Prediction {
    predict(&base(), mode, traffic, &[], &TEST_CARD).unwrap()
}

/// What istio.io prints for 1.24 at 1000 requests a second: ambient adds 0.11, a waypoint 0.38, sidecars
/// 0.47 ms at p90, each inside the interval.
#[test]
fn additions_are_those_of_the_performance_page() {
    for (mode, millis) in [(Mode::AmbientL4, 0.11), (Mode::AmbientWaypoint, 0.38), (Mode::Sidecar, 0.47)] {
        let added = at(mode, &traffic(1000.0)).quantiles[1].difference;
        let measured = Seconds::from_millis(millis);
        assert!(added.lower < measured && measured < added.upper, "{mode:?}: {added:?}");
        assert!((added.value / measured - 1.0).abs() < 0.4, "{mode:?}: {added:?}");
    }
}

/// With hardly any load two proxies add twice the median time for which one works, or a little more: the sum of two
/// log-normal variables has its median above the sum of theirs.
#[test]
fn without_load_only_work_is_added() {
    let prediction = at(Mode::Sidecar, &traffic(10.0));
    let [client, server] = &prediction.hops[..] else { panic!("{:?}", prediction.hops) };
    assert_eq!(client.service, server.service);
    let work = client.service.value + server.service.value;
    let median = prediction.added.quantile(QUANTILES[0].1).value;
    assert!((1.0..1.1).contains(&(median / work)), "{median:?} {work:?}");
}

#[test]
fn a_load_that_no_worker_carries_is_refused_and_said() {
    let refused = predict(&base(), Mode::Sidecar, &traffic(50_000.0), &[], &TEST_CARD).unwrap_err();
    let finding = saturated("base", &refused);
    assert_eq!(finding.kind.id, "latency-beyond-saturation");
    assert!(finding.message.contains("unstable"), "{}", finding.message);
    // A CPU limit below what the rate needs is saturation too.
    let limited = Traffic { cpu_limit: Some(Cores::new(0.1)), ..traffic(1000.0) };
    assert!(predict(&base(), Mode::Sidecar, &limited, &[], &TEST_CARD).is_err());
}

#[test]
fn near_its_limit_a_proxy_stands_still_for_tens_of_milliseconds() {
    let limited = Traffic { cpu_limit: Some(Cores::new(0.3)), ..traffic(1000.0) };
    let (free, stopped) = (at(Mode::ServerSidecar, &traffic(1000.0)), at(Mode::ServerSidecar, &limited));
    let p99 = |prediction: &Prediction| prediction.quantiles[2].with_mesh.value.as_seconds();
    assert!(p99(&stopped) > p99(&free) + 0.005, "{} {}", p99(&stopped), p99(&free));
    assert!(stopped.findings.iter().any(|finding| finding.kind.id == "latency-near-cpu-limit"));
}

/// What a proxy uses while idle is steady: few requests are not stopped at a limit that is hardly used.
#[test]
fn an_idle_proxy_is_not_throttled() {
    for rate in [0.001, 1.0, 20.0] {
        let prediction = at(Mode::ServerSidecar, &Traffic { cpu_limit: Some(Cores::new(2.0)), ..traffic(rate) });
        let (_, most) = prediction.hops[0].throttled;
        assert!(most.get() < 1e-6, "{rate}: {most:?}");
    }
}

#[test]
fn objectives_are_judged_by_the_prediction() {
    let slos: Vec<Slo> = ["p99<2ms", "p99<50ms", "mean<50ms", "p95<50ms"].map(|text| text.parse().unwrap()).to_vec();
    let prediction = predict(&base(), Mode::Sidecar, &traffic(100.0), &slos, &TEST_CARD).unwrap();
    let met: Vec<bool> = prediction.outcomes.iter().map(|(_, outcome)| outcome.met).collect();
    assert_eq!(met, [false, true, true, true]);
}

#[test]
fn the_knee_is_where_the_quantile_crosses_the_objective() {
    let slo: Slo = "p99<4ms".parse().unwrap();
    let swept = sweep(&base(), Mode::ServerSidecar, &traffic(100.0), &[slo], &TEST_CARD).unwrap();
    let Knee::At(knee) = swept.knees[0].value else { panic!("{:?}", swept.knees) };
    assert!(knee < swept.saturation);
    let p99 = |rate: f64| at(Mode::ServerSidecar, &traffic(rate)).quantiles[2].with_mesh.value;
    assert!(p99(knee.as_per_second() * 0.98) < slo.limit && slo.limit < p99(knee.as_per_second() * 1.02));
    assert!(
        swept.points.windows(2).all(|pair| pair[0].rate < pair[1].rate && pair[0].utilization <= pair[1].utilization)
    );
    let impossible: Slo = "p99<1ms".parse().unwrap();
    let swept = sweep(&base(), Mode::ServerSidecar, &traffic(100.0), &[impossible], &TEST_CARD).unwrap();
    assert_eq!(swept.knees[0].value, Knee::MissedWhenIdle);
}

/// A prediction taken for a measurement gives back the figures it was made from.
#[test]
fn what_was_put_on_top_is_extracted_again() {
    let load = traffic(200.0);
    let meshed = measurement("meshed", at(Mode::Sidecar, &load).distribution);
    let found = extract(&base(), &meshed, Mode::Sidecar, &load, &TEST_CARD).unwrap();
    let card: Vec<f64> = TEST_CARD.proxy_latency.coefficients().iter().map(|coefficient| coefficient.value).collect();
    assert!((found.time_per_cpu[1] / card[0] - 1.0).abs() < 0.02, "{:?}", found.time_per_cpu);
    assert!((found.variation[1] / card[1] - 1.0).abs() < 0.5, "{:?}", found.variation);
    assert!(found.time_per_cpu[0] <= found.time_per_cpu[1] && found.time_per_cpu[1] <= found.time_per_cpu[2]);
}

#[test]
fn a_mesh_that_is_not_slower_and_thin_data_are_refused() {
    let load = traffic(200.0);
    assert!(matches!(extract(&base(), &base(), Mode::Sidecar, &load, &TEST_CARD), Err(ExtractError::NotSlower { .. })));
    let mut recorder = Recorder::new().unwrap();
    assert!(recorder.record(Seconds::from_millis(9.0)));
    let thin = measurement("thin", recorder.finish().unwrap());
    let refused = extract(&base(), &thin, Mode::Sidecar, &load, &TEST_CARD).unwrap_err();
    assert_eq!(refused, ExtractError::TooFewSamples { name: "thin".to_owned(), samples: 1, needed: 299 });
}

/// The card alone predicts unseen bare metal and virtual machines; with the speed of an environment known the other
/// half of its rows is met to a fifth. The whole table is printed by `meshcap models verify`.
#[test]
fn published_response_times_are_met_as_the_readme_says() {
    let chosen = ["istio/tools istio1.2.0_2019-07-10, connections in step", "Istio 1.24.0 page, staggered"];
    let rows: Vec<_> =
        published::rows().unwrap().into_iter().filter(|row| chosen.contains(&row.group.as_str())).collect();
    let environments = verify(&TEST_CARD, &rows);
    assert_eq!(environments.len(), chosen.len());
    for environment in environments {
        for group in &environment.card {
            assert!(group.median_absolute_percentage_error < 0.4, "{}: {group:?}", environment.group);
        }
        let fitted = environment.fitted.unwrap();
        assert!((0.5..2.0).contains(&fitted.speed), "{}: {}", environment.group, fitted.speed);
        assert!(fitted.unseen.iter().all(|group| group.n > 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_load_is_predicted_or_refused(
        rate in 0.0..20_000.0_f64, connections in 1_u64..500, workers in 1_u32..9, spread in 0.0..=1.0_f64,
        limit in proptest::option::of(0.05..4.0_f64), independent: bool, payload in 0_u64..1_000_000, mode in 0_usize..5,
    ) {
        let arrivals = if independent { Arrivals::Independent } else { Arrivals::Rounds(Share::new(spread).unwrap()) };
        let load = Traffic {
            rate: Rate::per_second(rate), connections, workers, arrivals, payload: Bytes::new(payload),
            cpu_limit: limit.map(Cores::new), ..traffic(0.0)
        };
        if let Ok(prediction) = predict(&base(), Mode::ALL[mode], &load, &[], &TEST_CARD) {
            for predicted in &prediction.quantiles {
                let found = predicted.with_mesh;
                prop_assert!(found.lower <= found.value && found.value <= found.upper, "{predicted:?}");
                prop_assert!(predicted.base.lower <= found.upper);
            }
            let rising = prediction.quantiles.windows(2).all(|pair| pair[0].with_mesh.value <= pair[1].with_mesh.value);
            prop_assert!(rising);
        }
    }
}
