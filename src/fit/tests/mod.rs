//! Fits of measurements whose truth is known.

mod cases;
mod laws;

use super::numbers::Numbers;
use super::{Fit, FittedCoefficient, Law, LawFit, Origin, Settings, fit};
use crate::card::{Conditions, Measurement, ModelCard, TEST_CARD, predict};
use crate::model::{Coefficient, Features, ProxyConfig, ProxyTraffic};
use crate::units::{Rate, Share};

/// Proxies that differ in every count.
fn memory_conditions() -> Vec<Conditions> {
    let small =
        ProxyConfig { workers: 2, clusters: 20, endpoints: 30, listeners: 10, routes: 15, ..Default::default() };
    let mut configs = Vec::new();
    for (workers, size) in [(1, 1), (2, 4), (2, 10), (4, 20), (8, 40), (3, 25)] {
        let clusters = 30 * size;
        configs.push(ProxyConfig { workers, clusters, endpoints: 2 * clusters, routes: clusters, ..small });
        configs.push(ProxyConfig {
            workers,
            clusters,
            plain_clusters: clusters / 2,
            endpoints: 9 * size * size,
            ..small
        });
        configs.push(ProxyConfig { workers, listeners: 5 * size, routes: 300 * size, ..small });
        configs.push(ProxyConfig { workers, connections: 50.0 * size as f64, clusters: 7 * size * size, ..small });
        configs.push(ProxyConfig { workers, listeners: 11 * size, endpoints: 500 * size, ..small });
    }
    configs.into_iter().map(Conditions::ProxyMemory).collect()
}

/// Loads that differ in rate, workers and two features.
fn cpu_conditions() -> Vec<Conditions> {
    let mut traffic = Vec::new();
    for rps in [10.0, 60.0, 300.0, 1000.0, 2500.0, 4500.0] {
        for (workers, mtls, log) in
            [(1, true, false), (2, false, false), (4, true, true), (2, true, false), (8, false, true)]
        {
            let share = |on: bool| if on { Share::ONE } else { Share::ZERO };
            let features = Features { mtls: share(mtls), access_log: share(log), ..Features::default() };
            traffic.push(ProxyTraffic { rate: Rate::per_second(rps), workers, features, ..ProxyTraffic::default() });
        }
    }
    traffic.into_iter().map(Conditions::ProxyCpu).collect()
}

/// What a card predicts for some conditions, as if it had been measured.
fn measured(card: &ModelCard, group: &str, conditions: &[Conditions]) -> Vec<Measurement> {
    let row = |(number, conditions): (usize, &Conditions)| Measurement {
        label: format!("row {number}"),
        quantity: conditions.quantity().to_owned(),
        group: group.to_owned(),
        conditions: *conditions,
        measured: predict(card, conditions).value,
        source: "a card".to_owned(),
        date: "2026-08-01".to_owned(),
    };
    conditions.iter().enumerate().map(row).collect()
}

/// The default card with other figures for some coefficients, by name and factor.
fn other_card(factors: &[(&str, f64)]) -> ModelCard {
    let replaced = |coefficient: &&Coefficient| factors.iter().find(|(name, _)| *name == coefficient.name);
    let changed: Vec<Coefficient> = TEST_CARD
        .coefficients()
        .into_iter()
        .filter_map(|one| {
            let (_, factor) = replaced(&one)?;
            let value = one.value * factor;
            Some(Coefficient { lower: value, value, upper: value, ..one.clone() })
        })
        .collect();
    TEST_CARD.with_coefficients(&changed).unwrap()
}

/// A card that differs from the default one in what memory and CPU cost.
fn truth() -> ModelCard {
    other_card(&[
        ("proxy_memory.base", 1.3),
        ("proxy_memory.per_worker", 20.0),
        ("proxy_memory.per_cluster", 0.7),
        ("proxy_memory.per_plain_cluster", 0.6),
        ("proxy_memory.per_cluster_worker", 1.5),
        ("proxy_memory.per_endpoint", 2.0),
        ("proxy_memory.per_listener", 0.5),
        ("proxy_memory.per_route", 1.2),
        ("proxy_memory.per_connection", 1.1),
        ("proxy_cpu.idle", 0.5),
        ("proxy_cpu.requests", 1.7),
        ("proxy_cpu.wake_up", 0.8),
        ("proxy_cpu.sharing_rate", 1.4),
        ("proxy_cpu.mtls_factor", 1.2),
        ("proxy_cpu.access_log_factor", 1.1),
    ])
}

/// Every figure a little off, by a seed.
fn with_noise(mut rows: Vec<Measurement>, relative: f64, seed: u64) -> Vec<Measurement> {
    let mut numbers = Numbers::new(seed);
    for row in &mut rows {
        // The sum of twelve uniform numbers is nearly normal, with variance 1.
        let sum: f64 = (0..12).map(|_| numbers.below(1_000_000) as f64 / 1e6).sum();
        row.measured *= 1.0 + relative * (sum - 6.0);
    }
    rows
}

fn fitted(rows: &[Measurement]) -> Fit {
    fit(&TEST_CARD, rows, &Settings::default())
}

fn of(fit: &Fit, law: Law) -> &LawFit {
    fit.laws.iter().find(|one| one.law == law).unwrap()
}

/// The coefficients that the rows decided, the spread left out.
fn decided(law: &LawFit) -> impl Iterator<Item = &FittedCoefficient> {
    law.coefficients.iter().filter(|one| one.origin == Origin::Fitted && !one.after.name.ends_with(".spread"))
}

fn coefficient<'a>(card: &'a ModelCard, name: &str) -> &'a Coefficient {
    card.coefficients().into_iter().find(|one| one.name == name).unwrap()
}
