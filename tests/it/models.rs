//! Model cards against what others measured.

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
    ("istiod CPU", "Istio 1.1-1.21, performance pages", 30.0, 100.0),
    ("istiod CPU by cause", "AKS 2024, Istio 1.19, half replaced", 10.0, 100.0),
    ("istiod CPU by cause", "Istio 1.1-1.21, performance pages", 60.0, 100.0),
    ("istiod idle CPU", "Hitachi 2020, Istio 1.6.2, idle", 30.0, 100.0),
    ("istiod idle CPU", "Small meshes, idle", 500.0, 100.0),
    ("istiod memory", "Hitachi 2020, Istio 1.6.2, idle", 80.0, 80.0),
    ("istiod memory", "Issues, Istio 1.5", 20.0, 100.0),
    ("istiod memory", "Istio 1.1-1.21, performance pages", 5.0, 100.0),
    ("istiod memory", "Small meshes, idle", 150.0, 100.0),
    ("istiod memory", "istio/tools 2022, policies added", 65.0, 50.0),
    ("istiod peak memory", "AKS 2024, Istio 1.19, at capacity", 20.0, 100.0),
    ("istiod peak memory", "Hitachi 2020, Istio 1.4-1.5", 40.0, 100.0),
    ("proxy CPU", "AKS 2024, Istio 1.19", 51.0, 100.0),
    ("proxy CPU", "Envoy 1.40, measured for this project", 35.0, 75.0),
    ("proxy CPU", "Istio 1.1-1.8, performance pages", 61.0, 30.0),
    ("proxy CPU", "Istio 1.24, performance page", 1.0, 100.0),
    ("proxy CPU", "LiveWyer 2024, Istio 1.22", 50.0, 80.0),
    ("proxy CPU", "great-sidecar-debate 2025, Istio 1.25", 65.0, 40.0),
    ("proxy CPU", "istio.io issue 15335, mid-2024", 30.0, 60.0),
    ("proxy CPU", "istio/tools 2020, Istio 1.7", 25.0, 100.0),
    ("proxy CPU", "mesh-bench 2022, Istio 1.14", 50.0, 100.0),
    ("proxy memory", "AKS 2024, Istio 1.19", 20.0, 100.0),
    ("proxy memory", "Envoy without Istio", 15.0, 50.0),
    ("proxy memory", "Hitachi 2020, Istio 1.4-1.5", 20.0, 50.0),
    ("proxy memory", "Hitachi 2020, Istio 1.6.2", 6.0, 100.0),
    ("proxy memory", "Issues, Istio 1.0-1.12", 45.0, 25.0),
    ("proxy memory", "Istio 1.1-1.8, performance pages", 35.0, 50.0),
    ("proxy memory", "Istio 1.24, performance page", 3.0, 100.0),
    ("proxy memory", "LiveWyer 2024, Istio 1.22", 30.0, 100.0),
    ("proxy memory", "great-sidecar-debate 2025, Istio 1.25", 20.0, 100.0),
    ("proxy memory", "istio/tools 2020, Istio 1.7", 20.0, 100.0),
    ("proxy start-up memory", "Envoy without Istio", 10.0, 100.0),
    ("reconnection", "istio issue 35263, Istio 1.11", 15.0, 100.0),
    ("ztunnel CPU", "Istio 1.24, performance page", 3.0, 100.0),
    ("ztunnel CPU", "LiveWyer 2024, Istio 1.22", 90.0, 100.0),
    ("ztunnel CPU", "great-sidecar-debate 2025, Istio 1.25", 90.0, 100.0),
    ("ztunnel memory", "Istio 1.24, performance page", 3.0, 100.0),
    ("ztunnel memory", "LiveWyer 2024, Istio 1.22", 50.0, 80.0),
    ("ztunnel memory", "great-sidecar-debate 2025, Istio 1.25", 10.0, 100.0),
    ("ztunnel memory", "istio/ztunnel change 1024", 3.0, 100.0),
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
    let verification = verification();
    let card = ModelCard::named("istio-1.24").unwrap();
    let groups: Vec<String> =
        verification.groups.iter().map(|group| format!("{}: {}", group.quantity, group.group)).collect();
    for used in card.evidence() {
        assert!(groups.iter().any(|group| group == used), "{used} is no published group");
    }
}

/// What was not used to choose values is what tells how well the card predicts: the worst median error
/// and the least coverage it is known to have there, in per cent.
#[test]
fn predictions_are_told_apart_from_descriptions() {
    let summaries = verification().by_use();
    let known = [(UsedFor::Nothing, 50.0, 70.0), (UsedFor::Intervals, 45.0, 80.0), (UsedFor::Values, 20.0, 95.0)];
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
