//! Robust regression on relative residuals.
//!
//! Residuals are taken against the prediction, so that a small figure counts as much as a large one; Huber's
//! weights (1964) keep a row that is far off from drawing the others along. Where CPU comes from several
//! groups each has a speed of its own, `ln s ~ N(0, τ²)`, and exponent and factors are shared. Laws that are
//! no straight lines in a coefficient are linearised again and again (Gauss-Newton).

use super::least_squares::Normal;
use super::problem::{Problem, is_amount};

/// Residual, in units of the scale, beyond which a row counts less: 95 % efficient where errors are normal.
const HUBER: f64 = 1.345;
/// Scale of normal residuals against the median of their sizes.
const MEDIAN_TO_SCALE: f64 = 1.482_602_218_505_602;
/// Residuals below this share of the figure are rounding.
const ROUNDING: f64 = 1e-6;
/// Least prediction a residual is taken against, as a share of what was measured.
const LEAST_PREDICTED: f64 = 0.1;
/// τ: by how much speeds of groups differ before they are known, as a logarithm.
const SPEED_SPREAD: f64 = 0.5;
/// Slowest and fastest group, as logarithms.
const SPEED_BOUNDS: (f64, f64) = (-4.6, 4.6);
/// Most rounds of weights at one linearisation, and of linearisations.
const MOST_ROUNDS: usize = 60;
/// Change of every prediction, as a share, that ends the search for figures that are kept ...
pub(super) const FINE: f64 = 1e-10;
/// ... and for those that only judge rows left out.
pub(super) const COARSE: f64 = 1e-5;

/// A law near some values of its coefficients: a straight line in each that is free.
pub(super) struct Linear<'a> {
    problem: &'a Problem<'a>,
    measured: Vec<f64>,
    /// Predictions at `at`.
    predicted: Vec<f64>,
    /// Growth of the predictions with every free coefficient.
    columns: Vec<Vec<f64>>,
    /// Free coefficients, then the logarithms of speeds.
    at: Vec<f64>,
    bounds: Vec<(f64, f64)>,
}

/// Where a regression ended.
pub(super) struct Settled {
    /// Free coefficients, then the logarithms of speeds.
    pub at: Vec<f64>,
    /// Scale of the relative residuals.
    pub scale: f64,
}

/// A fitted law.
pub(super) struct Solution<'a> {
    /// Every coefficient of the law, the spread left out.
    pub values: Vec<f64>,
    /// Logarithm of the speed of every group; empty where they have none.
    pub speeds: Vec<f64>,
    /// Scale of the relative residuals.
    pub scale: f64,
    /// (measured − predicted) ÷ predicted, per row, with the group's speed.
    pub residuals: Vec<f64>,
    /// The law near these values.
    pub linear: Linear<'a>,
}

/// Fits the free coefficients of a problem, from some values on, until predictions change by less than a share.
pub(super) fn solve<'a>(problem: &'a Problem<'a>, free: &[usize], start: &[f64], settled_at: f64) -> Solution<'a> {
    let mut values = start.to_vec();
    let mut speeds = vec![0.0; problem.speeds()];
    let mut miss = f64::INFINITY;
    let mut best = None;
    let once = vec![1.0; problem.rows.len()];
    let mut slopes = None;
    for round in 0..MOST_ROUNDS {
        let linear = Linear::new(problem, free, &values, &speeds, &mut slopes);
        let against = if round == 0 { Against::Measured } else { Against::Predicted };
        let settled = linear.settle(&once, None, against, settled_at, true);
        let (mut next_values, mut next_speeds) = unpack(&values, free, &settled.at);
        let mut predicted = with_speeds(problem, &next_values, &next_speeds);
        let mut next_miss = mean_miss(&linear.measured, &predicted);
        // A straight line taken too far makes it worse: half of the way then.
        for _ in 0..MOST_ROUNDS {
            if next_miss <= 1.2 * miss + ROUNDING {
                break;
            }
            next_values = halfway(&values, &next_values);
            next_speeds = halfway(&speeds, &next_speeds);
            predicted = with_speeds(problem, &next_values, &next_speeds);
            next_miss = mean_miss(&linear.measured, &predicted);
        }
        let moved =
            linear.predicted.iter().zip(&predicted).map(|(was, is)| (is / was.max(f64::MIN_POSITIVE) - 1.0).abs());
        let still = moved.fold(0.0, f64::max) < settled_at;
        (values, speeds, miss) = (next_values, next_speeds, next_miss);
        best = Some(settled);
        if still && round > 0 {
            break;
        }
    }
    let linear = Linear::new(problem, free, &values, &speeds, &mut slopes);
    let residuals: Vec<f64> = linear
        .measured
        .iter()
        .zip(&linear.predicted)
        .map(|(measured, predicted)| residual(*measured, *predicted))
        .collect();
    let scale = best.map_or(ROUNDING, |settled| settled.scale);
    Solution { values, speeds, scale, residuals, linear }
}

/// What residuals are taken against.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    /// The measured figure, while predictions are far off.
    Measured,
    /// The predicted figure.
    Predicted,
}

impl<'a> Linear<'a> {
    /// `slopes` are kept from one linearisation to the next where the law is a straight line in all of them.
    fn new(
        problem: &'a Problem<'a>,
        free: &[usize],
        values: &[f64],
        speeds: &[f64],
        slopes: &mut Option<Vec<Vec<f64>>>,
    ) -> Self {
        let plain = problem.predicted(values);
        let straight = free.iter().all(|place| problem.coefficients.get(*place).is_some_and(is_amount));
        let derivatives = || free.iter().map(|place| problem.derivative(*place, values, &plain)).collect::<Vec<_>>();
        let known = if straight { slopes.take() } else { None }.unwrap_or_else(derivatives);
        let factors: Vec<f64> = problem.group.iter().map(|group| speed(speeds, *group)).collect();
        let fast = |column: &[f64]| -> Vec<f64> { column.iter().zip(&factors).map(|(a, b)| a * b).collect() };
        let columns = known.iter().map(|column| fast(column)).collect();
        *slopes = Some(known);
        let own = |place: &usize| values.get(*place).copied().unwrap_or(0.0);
        let domain = |place: &usize| problem.coefficients.get(*place).map_or((0.0, 0.0), |one| one.domain);
        Self {
            problem,
            measured: problem.measured(),
            predicted: fast(&plain),
            columns,
            at: free.iter().map(own).chain(speeds.iter().copied()).collect(),
            bounds: free.iter().map(domain).chain(speeds.iter().map(|_| SPEED_BOUNDS)).collect(),
        }
    }

    /// How many coefficients are free.
    pub fn free(&self) -> usize {
        self.columns.len()
    }

    /// Which free coefficients make no difference to any row here.
    pub fn without_effect(&self) -> Vec<usize> {
        let flat = |column: &[f64]| column.iter().all(|slope| *slope == 0.0);
        self.columns.iter().enumerate().filter(|(_, column)| flat(column)).map(|(place, _)| place).collect()
    }

    /// The free coefficients with rows that count several times or not at all, at a scale that is known; without
    /// bounds they say how far noise alone would take them.
    pub fn resampled(&self, times: &[f64], scale: f64, bounded: bool) -> Vec<f64> {
        let mut settled = self.settle(times, Some(scale), Against::Predicted, COARSE, bounded);
        settled.at.truncate(self.free());
        settled.at
    }

    /// Weights and best fit in turn, until neither changes.
    fn settle(
        &self,
        times: &[f64],
        scale: Option<f64>,
        mut against: Against,
        settled_at: f64,
        bounded: bool,
    ) -> Settled {
        let open = vec![(f64::NEG_INFINITY, f64::INFINITY); self.bounds.len()];
        let bounds = if bounded { &self.bounds } else { &open };
        let mut at = self.at.clone();
        let mut predicted = self.predicted.clone();
        let mut residuals = self.residuals(&predicted, against);
        let most = if scale.is_some() { 5 } else { MOST_ROUNDS };
        for _ in 0..most {
            let now = scale.unwrap_or_else(|| self.scale_of(&residuals));
            let next = self.normal(&predicted, &residuals, times, now, against).solve(&at, bounds);
            let moved = self.predict(&next);
            let largest = predicted
                .iter()
                .zip(&moved)
                .map(|(was, is)| (is - was).abs() / was.abs().max(f64::MIN_POSITIVE))
                .fold(0.0, f64::max);
            (at, predicted) = (next, moved);
            let settled = largest < settled_at && against == Against::Predicted;
            against = Against::Predicted;
            residuals = self.residuals(&predicted, against);
            if settled {
                break;
            }
        }
        Settled { at, scale: scale.unwrap_or_else(|| self.scale_of(&residuals)) }
    }

    /// The weighted rows, and how little is known of speeds beforehand.
    fn normal(&self, predicted: &[f64], residuals: &[f64], times: &[f64], scale: f64, against: Against) -> Normal {
        let mut normal = Normal::new(self.at.len());
        let mut entries = Vec::with_capacity(self.columns.len() + 1);
        for (row, measured) in self.measured.iter().enumerate() {
            let count = times.get(row).copied().unwrap_or(0.0);
            if count <= 0.0 {
                continue;
            }
            let size = match against {
                Against::Measured => *measured,
                Against::Predicted => denominator(*measured, predicted.get(row).copied().unwrap_or(0.0)),
            };
            let weight = match against {
                Against::Measured => count,
                Against::Predicted => count * huber(residuals.get(row).copied().unwrap_or(0.0) / scale),
            };
            entries.clear();
            let mut target = measured - self.predicted.get(row).copied().unwrap_or(0.0);
            for (place, column) in self.columns.iter().enumerate() {
                let slope = column.get(row).copied().unwrap_or(0.0);
                if slope != 0.0 {
                    target += slope * self.at.get(place).copied().unwrap_or(0.0);
                    entries.push((place, slope / size));
                }
            }
            if let Some((place, slope)) = self.speed_entry(row) {
                target += slope * self.at.get(place).copied().unwrap_or(0.0);
                entries.push((place, slope / size));
            }
            normal.add(&entries, target / size, weight);
        }
        for place in self.columns.len()..self.at.len() {
            normal.add(&[(place, 1.0)], 0.0, (scale / SPEED_SPREAD).powi(2));
        }
        normal
    }

    /// Parameter and slope of the speed of a row's group.
    fn speed_entry(&self, row: usize) -> Option<(usize, f64)> {
        let group = *self.problem.group.get(row)?;
        let place = self.columns.len() + group;
        (place < self.at.len()).then_some((place, *self.predicted.get(row)?))
    }

    fn predict(&self, at: &[f64]) -> Vec<f64> {
        let moved: Vec<f64> = at.iter().zip(&self.at).map(|(is, was)| is - was).collect();
        let by = |place: usize| moved.get(place).copied().unwrap_or(0.0);
        let of_row = |(row, predicted): (usize, &f64)| {
            let columns = self.columns.iter().enumerate();
            let grown: f64 = columns.map(|(place, column)| column.get(row).copied().unwrap_or(0.0) * by(place)).sum();
            let speed = self.speed_entry(row).map_or(0.0, |(place, slope)| slope * by(place));
            predicted + grown + speed
        };
        self.predicted.iter().enumerate().map(of_row).collect()
    }

    fn residuals(&self, predicted: &[f64], against: Against) -> Vec<f64> {
        let of = |(measured, predicted): (&f64, &f64)| match against {
            Against::Measured => (measured - predicted) / measured,
            Against::Predicted => residual(*measured, *predicted),
        };
        self.measured.iter().zip(predicted).map(of).collect()
    }

    /// Scale of residuals by their median size, more where few rows are left over to show it.
    fn scale_of(&self, residuals: &[f64]) -> f64 {
        let (rows, used) = (residuals.len() as f64, self.at.len() as f64);
        let mut sizes: Vec<f64> = residuals.iter().map(|one| one.abs()).collect();
        let middle = sizes.len() / 2;
        if sizes.is_empty() {
            return ROUNDING;
        }
        let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
        let lost = (rows / (rows - used).max(1.0)).sqrt();
        (MEDIAN_TO_SCALE * *median * lost).max(ROUNDING)
    }
}

/// (measured − predicted) ÷ predicted.
fn residual(measured: f64, predicted: f64) -> f64 {
    (measured - predicted) / denominator(measured, predicted)
}

fn denominator(measured: f64, predicted: f64) -> f64 {
    predicted.max(measured * LEAST_PREDICTED)
}

/// Weight of a row whose residual is so many scales long, in (0, 1].
pub(super) fn huber(scales: f64) -> f64 {
    let size = scales.abs();
    if size <= HUBER { 1.0 } else { HUBER / size }
}

/// Factor by which a group's cores are slower than the card's.
pub(super) fn speed(speeds: &[f64], group: usize) -> f64 {
    speeds.get(group).map_or(1.0, |speed| speed.exp())
}

fn with_speeds(problem: &Problem<'_>, values: &[f64], speeds: &[f64]) -> Vec<f64> {
    let plain = problem.predicted(values);
    plain.iter().zip(&problem.group).map(|(predicted, group)| predicted * speed(speeds, *group)).collect()
}

fn mean_miss(measured: &[f64], predicted: &[f64]) -> f64 {
    let misses = measured.iter().zip(predicted).map(|(measured, predicted)| residual(*measured, *predicted).abs());
    misses.sum::<f64>() / measured.len().max(1) as f64
}

fn unpack(values: &[f64], free: &[usize], at: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut all = values.to_vec();
    for (place, value) in free.iter().zip(at) {
        if let Some(cell) = all.get_mut(*place) {
            *cell = *value;
        }
    }
    (all, at.iter().skip(free.len()).copied().collect())
}

fn halfway(from: &[f64], to: &[f64]) -> Vec<f64> {
    from.iter().zip(to).map(|(from, to)| f64::midpoint(*from, *to)).collect()
}
