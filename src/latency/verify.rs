//! The latency law against published response times: as the card has it, and fitted to each environment.

use std::collections::BTreeMap;

use super::hop::{Choice, Station};
use super::predict::{Answers, middle, stations};
use super::published::{LatencyRow, PRINTED};
use crate::card::{Group, Interval, ModelCard, Row};
use crate::composition::Spread;
use crate::units::Share;

/// Names of the quantiles of [`PRINTED`].
const NAMES: [&str; 3] = ["p50", "p90", "p99"];
/// Rounds in which the speed of an environment is found.
const ROUNDS: u32 = 4;
/// Least rows of an environment that are fitted; as many are judged.
const LEAST_ROWS: usize = 3;
/// Share of fitted rows that the interval holds.
const COVERED: f64 = 0.9;

/// How the law stands with the rows of one study.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// The study and how it sent requests.
    pub group: String,
    /// What proxies add at p50, p90 and p99, by the card alone; percentiles nobody printed are left out.
    pub card: Vec<Group>,
    /// The same with the speed of the environment known; `None` where there are too few rows.
    pub fitted: Option<Fitted>,
    /// Rows at which a proxy would saturate by the card: nothing is predicted for them.
    pub saturated: usize,
}

/// An environment whose speed was found from every other row.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// How many times as long as the card says a request takes there.
    pub speed: f64,
    /// The rows in between, which the fit has not seen.
    pub unseen: Vec<Group>,
    /// Rows in between at which a proxy of that speed would saturate: nothing is predicted for them.
    pub saturated: usize,
}

/// Sets a card against rows: what the proxies add at p50, p90 and p99, by environment.
///
/// Twice: by the card alone, and with every other row used to find how fast that environment is, one number
/// for all its rows, and how far rows lie from that; then the rows in between judge. Rows at which nothing
/// was added are not counted.
#[must_use]
pub fn verify(card: &ModelCard, rows: &[LatencyRow]) -> Vec<Environment> {
    let mut environments: BTreeMap<&str, Vec<&LatencyRow>> = BTreeMap::new();
    for row in rows {
        environments.entry(&row.group).or_default().push(row);
    }
    each(environments.into_iter().collect(), |(group, rows)| {
        let cases: Vec<Case<'_>> = rows.iter().filter_map(|row| Case::new(row, card)).collect();
        let saturated = rows.len() - cases.len();
        let by_card = judged(card, group, "", &cases, |case| case.answers(None));
        let (fitted, unseen) = halves(cases);
        let fitted = (fitted.len() >= LEAST_ROWS).then(|| {
            let speed = Speed::of(&fitted);
            let all = unseen.len();
            let carried: Vec<Case<'_>> = unseen.into_iter().filter(|case| case.carries(speed)).collect();
            let saturated = all - carried.len();
            let unseen = judged(card, group, ", speed fitted", &carried, |case| case.answers(Some(speed)));
            Fitted { speed: speed.factor, unseen, saturated }
        });
        Environment { group: group.to_owned(), card: by_card, fitted, saturated }
    })
}

/// Every other row: those to fit, and those to judge.
fn halves(cases: Vec<Case<'_>>) -> (Vec<Case<'_>>, Vec<Case<'_>>) {
    let (mut even, mut odd) = (Vec::new(), Vec::new());
    for (index, case) in cases.into_iter().enumerate() {
        if index % 2 == 0 { even.push(case) } else { odd.push(case) }
    }
    (even, odd)
}

/// A row with the proxies of its path at the card's figures.
struct Case<'a> {
    row: &'a LatencyRow,
    base: Spread,
    stations: Vec<Station>,
}

/// How fast an environment is against the card, and how far its rows lie from that.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Speed {
    factor: f64,
    within: Share,
}

impl<'a> Case<'a> {
    /// `None` where a proxy saturates.
    fn new(row: &'a LatencyRow, card: &ModelCard) -> Option<Self> {
        let stations = stations(row.mode, &row.traffic, card).ok()?;
        let carried = stations.iter().all(|station| station.carries(Choice::BEST));
        carried.then(|| Self { row, base: Spread::of(&row.baseline), stations })
    }

    /// Whether proxies of that speed can do the work.
    fn carries(&self, speed: Speed) -> bool {
        self.stations.iter().all(|station| station.clone().rescaled(speed.factor, Share::ZERO).carries(Choice::BEST))
    }

    /// Predicted additions at every quantile, at the speed of an environment if it is known.
    fn answers(&self, speed: Option<Speed>) -> Option<[Interval; 3]> {
        let stations: Vec<Station> = match speed {
            None => self.stations.clone(),
            Some(Speed { factor, within }) => {
                self.stations.iter().map(|station| station.clone().rescaled(factor, within)).collect()
            }
        };
        let answers = Answers::new(&self.base, &stations).ok()?;
        Some(PRINTED.map(|quantile| {
            let difference = answers.at(&self.row.baseline, quantile).difference;
            let [lower, value, upper] =
                [difference.lower, difference.value, difference.upper].map(|end| end.as_seconds());
            Interval { lower, value, upper }
        }))
    }

    /// Measured over predicted at every quantile, without intervals.
    fn ratios(&self, factor: f64) -> Option<Vec<f64>> {
        let stations: Vec<Station> =
            self.stations.iter().map(|station| station.clone().rescaled(factor, Share::ZERO)).collect();
        let whole = self.base.middle().then(&middle(&stations, Choice::BEST).ok()?);
        let pairs = PRINTED.iter().zip(self.row.added());
        Some(
            pairs
                .filter_map(|(quantile, measured)| {
                    let base = self.row.baseline.quantile(*quantile).value;
                    let predicted = whole.quantile(*quantile) - base;
                    measured.map(|measured| measured / predicted)
                })
                .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
                .collect(),
        )
    }
}

impl Speed {
    /// The factor at which half of the additions are predicted too large: the median moves least for odd rows.
    fn of(cases: &[Case<'_>]) -> Self {
        let mut factor = 1.0;
        let mut ratios = Vec::new();
        for round in 0..=ROUNDS {
            ratios = cases.iter().filter_map(|case| case.ratios(factor)).flatten().collect();
            ratios.sort_by(f64::total_cmp);
            if round < ROUNDS {
                factor *= median(&ratios).clamp(0.2, 5.0);
            }
        }
        let mut misses: Vec<f64> = ratios.iter().map(|ratio| (ratio - 1.0).abs()).collect();
        misses.sort_by(f64::total_cmp);
        // The rank of conformal prediction: one more row than there are.
        let rank = (COVERED * (misses.len() + 1) as f64).ceil() as usize;
        let within = misses.get(rank.saturating_sub(1)).or(misses.last()).copied().unwrap_or(1.0);
        Self { factor, within: Share::new(within.clamp(0.0, 1.0)).unwrap_or(Share::literal(1.0)) }
    }
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(1.0)
}

fn judged(
    card: &ModelCard,
    group: &str,
    how: &str,
    cases: &[Case<'_>],
    answers: impl Fn(&Case<'_>) -> Option<[Interval; 3]>,
) -> Vec<Group> {
    let mut rows: [Vec<Row>; 3] = Default::default();
    for case in cases {
        let Some(predicted) = answers(case) else { continue };
        for ((rows, predicted), measured) in rows.iter_mut().zip(predicted).zip(case.row.added()) {
            let Some(measured) = measured else { continue };
            let measured = measured.as_seconds();
            let signed_error = (predicted.value - measured) / measured;
            rows.push(Row { label: case.row.label.clone(), measured, predicted, signed_error });
        }
    }
    rows.into_iter()
        .zip(NAMES)
        .filter(|(rows, _)| !rows.is_empty())
        .map(|(rows, name)| Group::of(&format!("added {name}{how}"), group, card.used_for("latency", group), rows))
        .collect()
}

/// Work on every item, on several cores where that is built in; results in the order of the items.
#[cfg(feature = "parallel")]
fn each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    items.into_par_iter().map(work).collect()
}

#[cfg(not(feature = "parallel"))]
fn each<T, R>(items: Vec<T>, work: impl Fn(T) -> R) -> Vec<R> {
    items.into_iter().map(work).collect()
}
