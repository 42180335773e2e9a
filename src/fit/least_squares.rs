//! Least squares with bounds, from normal equations.

/// Products of the columns of a weighted regression: `AᵀWA` and `AᵀWy`.
#[derive(Debug, Clone)]
pub(super) struct Normal {
    size: usize,
    products: Vec<f64>,
    targets: Vec<f64>,
}

/// Weight of staying where a parameter is, against a column of length 1: it decides what the rows leave open.
const INERTIA: f64 = 1e-10;
/// Gradient, against columns of length 1, that is taken as none.
const FLAT: f64 = 1e-12;

impl Normal {
    /// Without rows yet.
    pub fn new(size: usize) -> Self {
        Self { size, products: vec![0.0; size * size], targets: vec![0.0; size] }
    }

    /// Adds one row, given by its entries that are not zero, in rising order of their places.
    pub fn add(&mut self, entries: &[(usize, f64)], target: f64, weight: f64) {
        for (row, left) in entries {
            let weighted = left * weight;
            for (column, right) in entries {
                if let Some(cell) = self.products.get_mut(row * self.size + column) {
                    *cell += weighted * right;
                }
            }
            if let Some(cell) = self.targets.get_mut(*row) {
                *cell += weighted * target;
            }
        }
    }

    /// The parameters within their bounds that fit best, from where they are now.
    ///
    /// Active sets after Stark and Parker (1995): parameters at a bound are let go one by one, the steepest
    /// first, and taken back where the best fit would leave the bounds.
    pub fn solve(&self, now: &[f64], bounds: &[(f64, f64)]) -> Vec<f64> {
        let scales: Vec<f64> = (0..self.size).map(|place| self.product(place, place).sqrt()).collect();
        let length = |place: usize| scales.get(place).copied().filter(|scale| *scale > 0.0).unwrap_or(1.0);
        let scaled = Scaled {
            size: self.size,
            products: (0..self.size * self.size)
                .map(|cell| {
                    let (row, column) = (cell / self.size, cell % self.size);
                    let inertia = if row == column { INERTIA } else { 0.0 };
                    self.product(row, column) / (length(row) * length(column)) + inertia
                })
                .collect(),
            targets: (0..self.size)
                .map(|place| {
                    let target = self.targets.get(place).copied().unwrap_or(0.0);
                    target / length(place) + INERTIA * now.get(place).copied().unwrap_or(0.0) * length(place)
                })
                .collect(),
            bounds: bounds
                .iter()
                .enumerate()
                .map(|(place, (least, most))| (least * length(place), most * length(place)))
                .collect(),
        };
        let start: Vec<f64> = now.iter().enumerate().map(|(place, value)| value * length(place)).collect();
        let best = scaled.solve(&start);
        best.iter()
            .enumerate()
            .zip(bounds)
            .map(|((place, value), (least, most))| (value / length(place)).clamp(*least, *most))
            .collect()
    }

    fn product(&self, row: usize, column: usize) -> f64 {
        self.products.get(row * self.size + column).copied().unwrap_or(0.0)
    }
}

/// The same with columns of length 1.
struct Scaled {
    size: usize,
    products: Vec<f64>,
    targets: Vec<f64>,
    bounds: Vec<(f64, f64)>,
}

impl Scaled {
    fn solve(&self, start: &[f64]) -> Vec<f64> {
        let mut point: Vec<f64> =
            start.iter().zip(&self.bounds).map(|(value, (least, most))| value.clamp(*least, *most)).collect();
        let mut free: Vec<usize> = (0..self.size).filter(|place| self.is_inside(&point, *place)).collect();
        // Every round frees one parameter or ends; rounding alone could make it come back.
        for _ in 0..8 * (self.size + 1) {
            self.settle(&mut point, &mut free);
            let steepest = (0..self.size)
                .filter(|place| !free.contains(place))
                .map(|place| (place, self.pull(&point, place)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            match steepest {
                Some((place, pull)) if pull > FLAT => free.push(place),
                _ => break,
            }
            free.sort_unstable();
        }
        point
    }

    /// Moves the free parameters to their best fit; those that would leave their bounds stop there.
    fn settle(&self, point: &mut [f64], free: &mut Vec<usize>) {
        while !free.is_empty() {
            let Some(best) = self.best(point, free) else { return };
            let share = free
                .iter()
                .zip(&best)
                .map(|(place, target)| self.share_of_way(*place, point.get(*place).copied().unwrap_or(0.0), *target))
                .fold(1.0, f64::min);
            for (place, target) in free.iter().zip(&best) {
                if let Some(value) = point.get_mut(*place) {
                    *value += share * (target - *value);
                }
            }
            if share >= 1.0 {
                return;
            }
            let stopped = |place: &usize, target: &f64, point: &[f64]| {
                let (least, most) = self.bounds.get(*place).copied().unwrap_or((0.0, 0.0));
                let value = point.get(*place).copied().unwrap_or(0.0);
                let near = 1e-12 * (most - least).min(1.0);
                (*target < least && value <= least + near) || (*target > most && value >= most - near)
            };
            let kept: Vec<usize> = free
                .iter()
                .zip(&best)
                .filter(|(place, target)| !stopped(place, target, point))
                .map(|(p, _)| *p)
                .collect();
            if kept.len() == free.len() {
                return;
            }
            for place in free.iter().filter(|place| !kept.contains(place)) {
                if let (Some(value), Some((least, most))) = (point.get_mut(*place), self.bounds.get(*place)) {
                    *value = if *value - least <= most - *value { *least } else { *most };
                }
            }
            *free = kept;
        }
    }

    /// Which share of the way to a target lies within the bounds, in [0, 1].
    fn share_of_way(&self, place: usize, from: f64, to: f64) -> f64 {
        let (least, most) = self.bounds.get(place).copied().unwrap_or((0.0, 0.0));
        let end = if to < least {
            least
        } else if to > most {
            most
        } else {
            return 1.0;
        };
        if to == from { 1.0 } else { ((end - from) / (to - from)).clamp(0.0, 1.0) }
    }

    /// How strongly a parameter at a bound is drawn inside.
    fn pull(&self, point: &[f64], place: usize) -> f64 {
        let product: f64 = point.iter().enumerate().map(|(other, value)| self.product(place, other) * value).sum();
        let gradient = self.targets.get(place).copied().unwrap_or(0.0) - product;
        let (least, most) = self.bounds.get(place).copied().unwrap_or((0.0, 0.0));
        let value = point.get(place).copied().unwrap_or(0.0);
        if least >= most {
            0.0
        } else if value <= least {
            gradient
        } else if value >= most {
            -gradient
        } else {
            gradient.abs()
        }
    }

    fn is_inside(&self, point: &[f64], place: usize) -> bool {
        let (Some(value), Some((least, most))) = (point.get(place), self.bounds.get(place)) else { return false };
        least < value && value < most
    }

    fn product(&self, row: usize, column: usize) -> f64 {
        self.products.get(row * self.size + column).copied().unwrap_or(0.0)
    }

    /// Best fit of the free parameters while the others stay; by Cholesky.
    fn best(&self, point: &[f64], free: &[usize]) -> Option<Vec<f64>> {
        let count = free.len();
        let fixed = |place: usize| -> f64 {
            let others = point.iter().enumerate().filter(|(other, _)| !free.contains(other));
            others.map(|(other, value)| self.product(place, other) * value).sum()
        };
        let mut right: Vec<f64> =
            free.iter().map(|place| self.targets.get(*place).copied().unwrap_or(0.0) - fixed(*place)).collect();
        let mut lower = vec![0.0_f64; count * count];
        for row in 0..count {
            for column in 0..=row {
                let known: f64 =
                    (0..column).map(|k| cell(&lower, count, row, k) * cell(&lower, count, column, k)).sum();
                let product = self.product(*free.get(row)?, *free.get(column)?) - known;
                let entry = if row == column {
                    (product > 0.0).then(|| product.sqrt())?
                } else {
                    product / cell(&lower, count, column, column)
                };
                *lower.get_mut(row * count + column)? = entry;
            }
        }
        for row in 0..count {
            let known: f64 = (0..row).map(|k| cell(&lower, count, row, k) * right.get(k).copied().unwrap_or(0.0)).sum();
            let value = right.get_mut(row)?;
            *value = (*value - known) / cell(&lower, count, row, row);
        }
        for row in (0..count).rev() {
            let known: f64 =
                (row + 1..count).map(|k| cell(&lower, count, k, row) * right.get(k).copied().unwrap_or(0.0)).sum();
            let value = right.get_mut(row)?;
            *value = (*value - known) / cell(&lower, count, row, row);
        }
        right.iter().all(|value| value.is_finite()).then_some(right)
    }
}

fn cell(matrix: &[f64], width: usize, row: usize, column: usize) -> f64 {
    matrix.get(row * width + column).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(rows: &[(Vec<f64>, f64)]) -> Normal {
        let mut normal = Normal::new(rows[0].0.len());
        for (columns, target) in rows {
            let entries: Vec<(usize, f64)> = columns.iter().copied().enumerate().collect();
            normal.add(&entries, *target, 1.0);
        }
        normal
    }

    fn error(rows: &[(Vec<f64>, f64)], point: &[f64]) -> f64 {
        let predicted = |columns: &[f64]| -> f64 { columns.iter().zip(point).map(|(a, b)| a * b).sum() };
        rows.iter().map(|(columns, target)| (target - predicted(columns)).powi(2)).sum()
    }

    #[test]
    fn a_line_is_found_and_a_falling_one_ends_at_its_bound() {
        let line = |slope: f64| -> Vec<(Vec<f64>, f64)> {
            (0..5).map(|x| (vec![1.0, f64::from(x)], 10.0 + slope * f64::from(x))).collect()
        };
        let bounds = [(0.0, 1e15), (0.0, 1e15)];
        let rising = normal(&line(2.0)).solve(&[0.0, 0.0], &bounds);
        assert!((rising[0] - 10.0).abs() < 1e-6 && (rising[1] - 2.0).abs() < 1e-6, "{rising:?}");
        let falling = normal(&line(-2.0)).solve(&[0.0, 0.0], &bounds);
        assert!((falling[0] - 6.0).abs() < 1e-6 && falling[1] == 0.0, "{falling:?}");
    }

    #[test]
    fn what_no_row_decides_stays_where_it_is() {
        let rows = [(vec![1.0, 0.0], 3.0), (vec![1.0, 0.0], 3.0)];
        let solved = normal(&rows).solve(&[1.0, 7.0], &[(0.0, 10.0), (0.0, 10.0)]);
        assert!((solved[0] - 3.0).abs() < 1e-6 && (solved[1] - 7.0).abs() < 1e-9, "{solved:?}");
    }

    proptest! {
        /// No small move within the bounds makes the fit better.
        #[test]
        fn the_best_point_is_within_bounds_and_best(
            cells in proptest::collection::vec(-3.0..3.0f64, 32), targets in proptest::collection::vec(-5.0..5.0f64, 8),
            start in proptest::collection::vec(0.0..1.0f64, 4),
        ) {
            let rows: Vec<(Vec<f64>, f64)> = cells.chunks(4).map(<[f64]>::to_vec).zip(targets).collect();
            let bounds = [(0.0, 1.0), (0.0, 1e15), (0.2, 0.9), (0.0, 0.5)];
            let best = normal(&rows).solve(&start, &bounds);
            let least = error(&rows, &best);
            for (place, (low, high)) in bounds.iter().enumerate() {
                prop_assert!(*low <= best[place] && best[place] <= *high);
                for step in [-1e-3, 1e-3] {
                    let mut moved = best.clone();
                    moved[place] = (moved[place] + step).clamp(*low, *high);
                    prop_assert!(error(&rows, &moved) >= least - 1e-6, "{best:?} against {moved:?}");
                }
            }
        }
    }
}
