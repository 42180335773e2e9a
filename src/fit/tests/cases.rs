//! Data as it comes: thin, constant, odd.

use super::*;
use crate::fit::{
    COEFFICIENT_AT_BOUND, COEFFICIENT_NOT_VARIED, COEFFICIENTS_COLLINEAR, Kept, MEASUREMENT_OUTLIER,
    MEASUREMENT_UNUSABLE, ONE_ENVIRONMENT, Outcome, QUANTITY_WITHHELD,
};

/// Messages of the findings of a kind.
fn told(fit: &Fit, kind: &crate::finding::FindingKind) -> Vec<String> {
    let of_kind = fit.findings.iter().filter(|finding| finding.kind == kind);
    of_kind.map(|finding| format!("{}: {}", finding.subject, finding.message)).collect()
}

fn origin<'a>(fit: &'a Fit, law: Law, name: &str) -> &'a Origin {
    let found = of(fit, law).coefficients.iter().find(|one| one.after.name == name);
    &found.unwrap().origin
}

#[test]
fn too_few_load_points_are_withheld_and_the_others_fitted() {
    let mut rows = measured(&truth(), "g", &memory_conditions());
    let at = |rps: f64| {
        Conditions::ProxyCpu(ProxyTraffic { rate: Rate::per_second(rps), workers: 2, ..ProxyTraffic::default() })
    };
    let few = measured(&truth(), "g", &[at(10.0), at(100.0), at(1000.0), at(3000.0)]);
    rows.extend([few.clone(), few].concat());
    let fit = fitted(&rows);
    let Outcome::Withheld(withheld) = &of(&fit, Law::ProxyCpu).outcome else { panic!("four points are not enough") };
    assert_eq!((withheld.points, withheld.needed), (4, 12));
    assert!(told(&fit, &QUANTITY_WITHHELD)[0].contains("withheld: 4 of 12 load points"), "{:?}", fit.findings);
    assert_eq!(fit.card.proxy_cpu, TEST_CARD.proxy_cpu);
    assert!(fit.is_fitted() && matches!(of(&fit, Law::ProxyMemory).outcome, Outcome::Fitted(_)));
}

#[test]
fn nothing_usable_is_nothing_fitted() {
    let mut rows = measured(&truth(), "g", &cpu_conditions());
    for (number, row) in rows.iter_mut().enumerate() {
        row.measured = [f64::NAN, 0.0, -1.0, f64::INFINITY][number % 4];
    }
    let fit = fitted(&rows);
    assert!(!fit.is_fitted() && fit.laws.is_empty());
    assert!(told(&fit, &MEASUREMENT_UNUSABLE)[0].contains("30 of 30 rows left out: row 0 (g): measured NaN"));
    assert!(!fitted(&[]).is_fitted());
}

#[test]
fn a_rate_that_is_no_number_is_left_out() {
    let mut rows = measured(&truth(), "g", &cpu_conditions());
    let Conditions::ProxyCpu(traffic) = &mut rows[3].conditions else { panic!("proxy CPU") };
    traffic.rate = Rate::per_second(f64::NAN);
    let told = told(&fitted(&rows), &MEASUREMENT_UNUSABLE);
    assert!(told[0].contains("1 of 30 rows left out") && told[0].contains("requests per second NaN"), "{told:?}");
}

#[test]
fn what_the_rows_do_not_vary_stays_as_the_card_has_it() {
    let constant = |conditions: Conditions| match conditions {
        Conditions::ProxyMemory(config) => {
            Conditions::ProxyMemory(ProxyConfig { workers: 2, listeners: 10, routes: config.clusters, ..config })
        }
        other => other,
    };
    let conditions: Vec<Conditions> = memory_conditions().into_iter().map(constant).collect();
    let fit = fitted(&measured(&truth(), "g", &conditions));
    for (name, expected) in [
        ("proxy_memory.per_worker", Kept::InStepWith(vec!["proxy_memory.base".to_owned()])),
        ("proxy_memory.startup_factor", Kept::NotVaried),
        ("proxy_memory.per_wasm_filter", Kept::NotVaried),
    ] {
        assert_eq!(origin(&fit, Law::ProxyMemory, name), &Origin::Kept(expected), "{name}");
        assert_eq!(coefficient(&fit.card, name), coefficient(&TEST_CARD, name));
    }
    assert!(matches!(origin(&fit, Law::ProxyMemory, "proxy_memory.per_route"), Origin::Kept(Kept::InStepWith(_))));
    assert!(told(&fit, &COEFFICIENTS_COLLINEAR).iter().any(|told| told.contains("proxy_memory.per_route")));
    assert!(
        told(&fit, &COEFFICIENT_NOT_VARIED)[0].contains("the rows do not vary per_wasm_filter, startup_factor: taken")
    );
    assert!(told(&fit, &ONE_ENVIRONMENT)[0].contains("leaving one group out cannot be done"));
}

#[test]
fn a_row_that_is_far_off_is_named_and_counts_little() {
    let mut rows = with_noise(measured(&truth(), "g", &memory_conditions()), 0.01, 1);
    rows[7].measured *= 5.0;
    let fit = fitted(&rows);
    let told = told(&fit, &MEASUREMENT_OUTLIER);
    assert!(told[0].contains("row 7 (g)"), "{told:?}");
    for name in ["proxy_memory.base", "proxy_memory.per_route"] {
        let (found, expected) = (coefficient(&fit.card, name).value, coefficient(&truth(), name).value);
        assert!((found / expected - 1.0).abs() < 0.03, "{name}: {found} found, {expected} true");
    }
}

#[test]
fn a_saving_is_no_cost() {
    let cheaper = |row: Measurement| match row.conditions {
        Conditions::ProxyCpu(traffic) if traffic.features.access_log == Share::ONE => {
            Measurement { measured: 0.8 * row.measured, ..row }
        }
        _ => row,
    };
    let rows: Vec<Measurement> = measured(&truth(), "g", &cpu_conditions()).into_iter().map(cheaper).collect();
    let fit = fitted(&with_noise(rows, 0.02, 5));
    let factor = coefficient(&fit.card, "proxy_cpu.access_log_factor");
    assert_eq!((factor.lower, factor.value), (1.0, 1.0));
    assert!(factor.upper > 1.0, "noise is known to hide something: {factor:?}");
    assert!(told(&fit, &COEFFICIENT_AT_BOUND)[0].contains("access_log_factor: the rows would have it beyond 1"));
}

#[test]
fn groups_are_left_out_one_by_one() {
    let mut rows = Vec::new();
    for (number, group) in ["a", "b", "c", "d"].iter().enumerate() {
        rows.extend(with_noise(measured(&truth(), group, &memory_conditions()), 0.02, number as u64));
    }
    let fit = fitted(&rows);
    let Outcome::Fitted(fitting) = &of(&fit, Law::ProxyMemory).outcome else { panic!("four groups are enough") };
    assert_eq!(
        fitting.left_out.iter().map(|one| (one.group.as_str(), one.n)).collect::<Vec<_>>(),
        [("a", 30), ("b", 30), ("c", 30), ("d", 30)]
    );
    for score in fitting.left_out.iter().map(|one| one.score.unwrap()) {
        assert!(score.median < 0.03 && score.coverage > 0.7, "{score:?}");
    }
    let holdout = fitting.holdout.as_ref().unwrap();
    assert_eq!((holdout.fitted_on, holdout.within.unwrap().n), (90, 30));
}

#[test]
fn figures_carry_their_source_date_and_counts() {
    let fit = fitted(&measured(&truth(), "a mesh", &memory_conditions()));
    let clusters = coefficient(&fit.card, "proxy_memory.per_endpoint");
    assert_eq!((clusters.source.as_str(), clusters.date.as_str()), ("a card", "2026-08-01"));
    assert!(clusters.conditions.contains("a mesh; 30 rows at 30 load points"), "{}", clusters.conditions);
    assert_eq!(clusters.range, Some((9.0, 20_000.0)));
    let settings = Settings { measured_on: Some("2026-09-09".to_owned()), ..Settings::default() };
    let dated = super::fit(&TEST_CARD, &measured(&truth(), "g", &memory_conditions()), &settings);
    assert_eq!(coefficient(&dated.card, "proxy_memory.base").date, "2026-09-09");
}
