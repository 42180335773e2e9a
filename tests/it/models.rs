//! Model cards against what others measured.

use std::collections::BTreeMap;

use meshcap::card::{Group, ModelCard, Summary, UsedFor, Verification, embedded, published, verify};

fn verification() -> Verification {
    let card = ModelCard::named("istio-1.24").unwrap();
    verify(&card, &published().unwrap())
}

fn in_percent(share: f64) -> f64 {
    share * 100.0
}

fn print(verification: &Verification) {
    println!("{:<22} {:<38} {:>3} {:>7} {:>7} {:>8}", "quantity", "group", "n", "MdAPE", "bias", "coverage");
    for Group { quantity, group, n, median_absolute_percentage_error, bias, coverage, .. } in &verification.groups {
        println!(
            "{quantity:<22} {group:<38} {n:>3} {:>6.1}% {:>+6.1}% {:>7.0}%",
            in_percent(*median_absolute_percentage_error),
            in_percent(*bias),
            in_percent(*coverage)
        );
    }
}

/// What each group is known to reach: the largest median error and the least coverage, in per cent.
/// A group that is not here is new, and must be looked at before it is added.
const KNOWN: &[(&str, &str, f64, f64)] = &[
    ("configuration change", "Ctrip 2022, customised", 300.0, 50.0),
    ("endpoint change", "Ctrip 2022, customised", 80.0, 0.0),
    ("endpoint change", "Istio 1.0.3, announcement", 60.0, 100.0),
    ("istiod CPU", "AKS 2024, Istio 1.19, at capacity", 10.0, 100.0),
    ("istiod CPU", "Hitachi 2020, Istio 1.4-1.5", 90.0, 0.0),
    ("istiod CPU", "Istio 1.1-1.21, performance pages", 25.0, 100.0),
    ("istiod CPU by cause", "AKS 2024, Istio 1.19, half replaced", 10.0, 100.0),
    ("istiod CPU by cause", "Istio 1.1-1.21, performance pages", 60.0, 100.0),
    ("istiod idle CPU", "Hitachi 2020, Istio 1.6.2, idle", 30.0, 100.0),
    ("istiod idle CPU", "Small meshes, idle", 280.0, 100.0),
    ("istiod idle CPU", "great-sidecar-debate 2025, Istio 1.25", 675.0, 100.0),
    ("istiod memory", "Hitachi 2020, Istio 1.6.2, idle", 70.0, 100.0),
    ("istiod memory", "Issues, Istio 1.5", 20.0, 100.0),
    ("istiod memory", "Istio 1.1-1.21, performance pages", 5.0, 100.0),
    ("istiod memory", "Small meshes, idle", 280.0, 100.0),
    ("istiod memory", "great-sidecar-debate 2025, Istio 1.25", 25.0, 100.0),
    ("istiod memory", "istio/tools 2022, policies added", 65.0, 50.0),
    ("istiod peak memory", "AKS 2024, Istio 1.19, at capacity", 20.0, 100.0),
    ("istiod peak memory", "Hitachi 2020, Istio 1.4-1.5", 50.0, 100.0),
    ("proxy CPU", "AKS 2024, Istio 1.19", 55.0, 100.0),
    ("proxy CPU", "Alauda 2022, Istio 1.12", 65.0, 0.0),
    ("proxy CPU", "Envoy 1.40.0, busy (a compiler ran beside)", 31.0, 95.0),
    ("proxy CPU", "Envoy 1.40.0, quiet", 24.0, 98.0),
    ("proxy CPU", "Istio 1.1-1.8, performance pages", 65.0, 33.0),
    ("proxy CPU", "Istio 1.24, performance page", 2.0, 100.0),
    ("proxy CPU", "LiveWyer 2024, Istio 1.22", 50.0, 87.0),
    ("proxy CPU", "great-sidecar-debate 2025, Istio 1.25", 65.0, 100.0),
    ("proxy CPU", "istio.io issue 15335, mid-2024", 30.0, 66.0),
    ("proxy CPU", "istio/tools 2020-08-12", 30.0, 100.0),
    ("proxy CPU", "istio/tools cur_2020-01-21", 20.0, 100.0),
    ("proxy CPU", "istio/tools istio1.2.0_2019-07-10", 30.0, 93.0),
    ("proxy CPU", "istio/tools istio1.2_cpu_2019-06-28", 50.0, 80.0),
    ("proxy CPU", "istio/tools istio1.2_latency_2019-06-07", 65.0, 35.0),
    ("proxy CPU", "istio/tools master_2019-11-11", 25.0, 94.0),
    ("proxy CPU", "istio/tools master_2019-12-03", 25.0, 100.0),
    ("proxy CPU", "istio/tools master_2019-12-04", 25.0, 100.0),
    ("proxy CPU", "istio/tools unlabelled_2019-12-01", 27.0, 94.0),
    ("proxy CPU", "istio/tools unlabelled_2019-12-05", 30.0, 100.0),
    ("proxy CPU", "istio/tools v12pre_2019-06-05", 80.0, 7.0),
    ("proxy CPU", "mesh-bench 2022, Istio 1.14", 50.0, 100.0),
    ("proxy memory", "AKS 2024, Istio 1.19", 20.0, 100.0),
    ("proxy memory", "Envoy 1.40.0", 20.0, 100.0),
    ("proxy memory", "Envoy without Istio", 15.0, 50.0),
    ("proxy memory", "Hitachi 2020, Istio 1.4-1.5", 20.0, 50.0),
    ("proxy memory", "Hitachi 2020, Istio 1.6.2", 10.0, 100.0),
    ("proxy memory", "Issues, Istio 1.0-1.12", 45.0, 25.0),
    ("proxy memory", "Istio 1.1-1.8, performance pages", 35.0, 50.0),
    ("proxy memory", "Istio 1.24, performance page", 3.0, 100.0),
    ("proxy memory", "LiveWyer 2024, Istio 1.22", 30.0, 100.0),
    ("proxy memory", "great-sidecar-debate 2025, Istio 1.25", 15.0, 100.0),
    ("proxy memory", "istio/tools 2020-08-12", 20.0, 100.0),
    ("proxy memory", "istio/tools istio1.2.0_2019-07-10", 70.0, 0.0),
    ("proxy start-up memory", "Envoy without Istio", 10.0, 100.0),
    ("reconnection", "istio issue 35263, Istio 1.11", 15.0, 100.0),
    ("ztunnel CPU", "Istio 1.24, performance page", 3.0, 100.0),
    ("ztunnel CPU", "LiveWyer 2024, Istio 1.22", 90.0, 100.0),
    ("ztunnel CPU", "great-sidecar-debate 2025, Istio 1.25", 85.0, 100.0),
    ("ztunnel memory", "Istio 1.24, performance page", 2.0, 100.0),
    ("ztunnel memory", "LiveWyer 2024, Istio 1.22", 50.0, 87.0),
    ("ztunnel memory", "great-sidecar-debate 2025, Istio 1.25", 15.0, 100.0),
    ("ztunnel memory", "istio/ztunnel change 1024", 2.0, 100.0),
];

#[test]
fn the_card_is_as_good_as_it_is_known_to_be() {
    let verification = verification();
    print(&verification);
    let names: Vec<_> = verification.groups.iter().map(|group| (&*group.quantity, &*group.group)).collect();
    let known: Vec<_> = KNOWN.iter().map(|&(quantity, group, ..)| (quantity, group)).collect();
    assert_eq!(names, known);
    for (group, &(_, _, worst_error, least_coverage)) in verification.groups.iter().zip(KNOWN) {
        let error = in_percent(group.median_absolute_percentage_error);
        let coverage = in_percent(group.coverage);
        assert!(error <= worst_error, "{} {}: {error:.1} % median error", group.quantity, group.group);
        assert!(coverage >= least_coverage, "{} {}: {coverage:.0} % covered", group.quantity, group.group);
    }
}

#[test]
fn intervals_cover_most_rows_of_recent_versions() {
    let verification = verification();
    let recent = |group: &&Group| ["1.19", "1.22", "1.24", "1.25"].iter().any(|version| group.group.contains(version));
    for (quantity, least) in
        [("proxy memory", 0.85), ("proxy CPU", 0.65), ("istiod peak memory", 0.85), ("ztunnel", 0.85)]
    {
        let groups = verification.groups.iter().filter(recent).filter(|group| group.quantity.starts_with(quantity));
        let (mut rows, mut covered) = (0.0, 0.0);
        for group in groups {
            rows += group.n as f64;
            covered += group.coverage * group.n as f64;
        }
        assert!(rows > 0.0, "{quantity} has no recent rows");
        println!("{quantity}: {:.0} % of {rows} recent rows covered", in_percent(covered / rows));
        assert!(
            covered / rows >= least,
            "{quantity}: {:.0} % of {rows} recent rows covered",
            in_percent(covered / rows)
        );
    }
}

#[test]
fn every_embedded_card_can_be_verified() {
    let measurements = published().unwrap();
    for (name, _) in embedded() {
        let verification = verify(&ModelCard::named(name).unwrap(), &measurements);
        let rows: usize = verification.groups.iter().map(|group| group.n).sum();
        assert_eq!(rows, measurements.len(), "{name} left rows out");
    }
}

#[test]
fn a_card_was_made_from_rows_that_exist() {
    let groups: Vec<String> =
        verification().groups.iter().map(|group| format!("{}: {}", group.quantity, group.group)).collect();
    for (name, _) in embedded() {
        let card = ModelCard::named(name).unwrap();
        for used in card.evidence() {
            assert!(groups.iter().any(|group| group == used), "{name}: {used} is no published group");
        }
    }
}

/// Figure and interval against published scale tests of istiod: idle, serving a scoped mesh, and pushing at capacity.
#[test]
fn memory_of_istiod_is_within_a_factor_of_two_of_scale_tests() {
    let scale_tests = ["Hitachi 2020", "AKS 2024", "performance pages"];
    for (name, _) in embedded() {
        let verification = verify(&ModelCard::named(name).unwrap(), &published().unwrap());
        let memory = verification
            .groups
            .iter()
            .filter(|group| group.quantity.contains("istiod") && group.quantity.contains("memory"));
        let groups: Vec<_> = memory
            .filter(|group| scale_tests.iter().any(|test| group.group.starts_with(test) || group.group.ends_with(test)))
            .collect();
        assert_eq!(groups.iter().map(|group| group.n).sum::<usize>(), 15, "{name}");
        for (group, row) in groups.iter().flat_map(|group| group.rows.iter().map(move |row| (group, row))) {
            let ratio = row.predicted.value / row.measured;
            let inside = (row.predicted.lower..=row.predicted.upper).contains(&row.measured);
            println!("{name}: {}, {}: {ratio:.2} times, inside: {inside}", group.group, row.label);
            assert!((0.5..=2.0).contains(&ratio), "{name}: {}, {}: {ratio:.2} times", group.group, row.label);
            assert!(inside, "{name}: {}, {}: {row:?}", group.group, row.label);
        }
    }
}

#[test]
fn the_ambient_card_describes_ambient_in_three_environments() {
    let verification = verify(&ModelCard::named("istio-ambient-1.24").unwrap(), &published().unwrap());
    let ambient = verification.groups.iter().filter(|group| {
        group.quantity.starts_with("ztunnel")
            || (group.quantity == "proxy CPU" && group.group.contains("sidecar-debate"))
    });
    for group in ambient {
        let (error, coverage) = (in_percent(group.median_absolute_percentage_error), in_percent(group.coverage));
        println!("{}, {}: {error:.0} %, {coverage:.0} % covered", group.quantity, group.group);
        assert!(coverage >= 100.0, "{}, {}: {coverage:.0} % covered", group.quantity, group.group);
        assert!(error <= 140.0, "{}, {}: {error:.0} %", group.quantity, group.group);
    }
}

/// Logarithms of measured over predicted, per group of a quantity.
type Ratios = BTreeMap<String, Vec<f64>>;

/// The p-quantile, interpolated; 0 for none.
fn quantile(numbers: &[f64], p: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = p * (sorted.len().saturating_sub(1)) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
    at(below) + (at(above) - at(below)) * place.fract()
}

/// How far rows of another group may lie, by the rule that the card's notes state.
fn ends(groups: &Ratios) -> (f64, f64) {
    let middle = |ratios: &Vec<f64>| quantile(ratios, 0.5);
    let deviations: Vec<f64> =
        groups.values().flat_map(|ratios| ratios.iter().map(|ratio| (ratio - middle(ratios)).abs())).collect();
    let within = if deviations.is_empty() { 0.25 } else { quantile(&deviations, 0.9) };
    let mut medians: Vec<f64> = groups.values().map(middle).collect();
    medians.push(0.0);
    (quantile(&medians, 0.05) - within, quantile(&medians, 0.95) + within)
}

/// The generic card covers what was published, and its rule covers environments it was not chosen from.
#[test]
fn the_generic_card_covers_environments_that_are_left_out() {
    let verification = verify(&ModelCard::named("generic").unwrap(), &published().unwrap());
    let (mut rows, mut inside) = (0, 0.0);
    let mut laws: BTreeMap<&str, Ratios> = BTreeMap::new();
    for group in &verification.groups {
        rows += group.n;
        inside += group.coverage * group.n as f64;
        let ratios = group.rows.iter().map(|row| (row.measured / row.predicted.value).ln()).collect();
        laws.entry(&group.quantity).or_default().insert(group.group.clone(), ratios);
    }
    let coverage = inside / rows as f64;
    println!("generic covers {:.1} % of {rows} rows", in_percent(coverage));
    assert!(coverage >= 0.9, "{:.1} % of all rows", in_percent(coverage));
    let mut left_out = 0;
    for (quantity, groups) in &laws {
        for (group, ratios) in groups {
            let mut others = groups.clone();
            others.remove(group);
            let (lower, upper) = ends(&others);
            left_out += ratios.iter().filter(|ratio| (lower..=upper).contains(*ratio)).count();
        }
        let (lower, upper) = ends(groups);
        println!("{quantity}: {:.2} to {:.2} times the figure", lower.exp(), upper.exp());
    }
    let share = left_out as f64 / rows as f64;
    println!("left out as a whole: {:.1} %", in_percent(share));
    assert!((0.85..=0.97).contains(&share), "{:.1} % of groups left out", in_percent(share));
}

/// What was not used to choose values is what tells how well the card predicts: the worst median error
/// and the least coverage it is known to have there, in per cent.
#[test]
fn predictions_are_told_apart_from_descriptions() {
    let summaries = verification().by_use();
    let known = [(UsedFor::Nothing, 30.0, 85.0), (UsedFor::Intervals, 30.0, 90.0), (UsedFor::Values, 20.0, 95.0)];
    assert_eq!(summaries.len(), known.len());
    for (summary, (used_for, worst_error, least_coverage)) in summaries.iter().zip(known) {
        let &Summary { n, median_absolute_percentage_error, coverage, .. } = summary;
        println!(
            "{used_for}: {n} rows, {:.0} %, {:.0} %",
            in_percent(median_absolute_percentage_error),
            in_percent(coverage)
        );
        assert_eq!(summary.used_for, used_for);
        assert!(in_percent(median_absolute_percentage_error) <= worst_error, "{summary:?}");
        assert!(in_percent(coverage) >= least_coverage, "{summary:?}");
    }
}
