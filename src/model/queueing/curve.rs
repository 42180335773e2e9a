//! Least squares for throughput curves `X = N / (o(N) + Σ θ_k φ_k(N))` with `θ ≥ 0`.
//!
//! At most three coefficients: every choice of which are 0 is fitted without constraints by Levenberg and
//! Marquardt's method, and the best that keeps the others positive wins.

/// A function of the concurrency.
pub(super) type Function<'a> = &'a dyn Fn(f64) -> f64;

/// The best coefficients and the sum of squared residuals of the throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Best<const K: usize> {
    pub coefficients: [f64; K],
    pub residual: f64,
}

/// Fits `points` of concurrency and throughput, all above 0; `None` where no choice makes a curve.
pub(super) fn fit<const K: usize>(
    points: &[(f64, f64)],
    offset: Function<'_>,
    basis: [Function<'_>; K],
) -> Option<Best<K>> {
    let rows: Vec<Row<K>> = points
        .iter()
        .map(|&(concurrency, throughput)| Row {
            concurrency,
            throughput,
            offset: offset(concurrency),
            columns: basis.map(|function| function(concurrency)),
        })
        .collect();
    (0..1_u32 << K)
        .filter_map(|free| fit_free(&rows, free))
        .filter(|best| best.coefficients.iter().all(|&coefficient| coefficient >= 0.0))
        .filter(|best| best.residual.is_finite())
        .min_by(|a, b| a.residual.total_cmp(&b.residual))
}

struct Row<const K: usize> {
    concurrency: f64,
    throughput: f64,
    offset: f64,
    columns: [f64; K],
}

impl<const K: usize> Row<K> {
    /// Time that all who are present take together, `N/X` of the curve.
    fn round(&self, coefficients: &[f64; K]) -> f64 {
        self.offset
            + self.columns.iter().zip(coefficients).map(|(column, coefficient)| column * coefficient).sum::<f64>()
    }
}

/// The sum of squared residuals; infinite where the curve is none.
fn residual<const K: usize>(rows: &[Row<K>], coefficients: &[f64; K]) -> f64 {
    let mut sum = 0.0;
    for row in rows {
        let round = row.round(coefficients);
        if round.is_nan() || round <= 0.0 {
            return f64::INFINITY;
        }
        sum += (row.throughput - row.concurrency / round).powi(2);
    }
    sum
}

/// Fits the coefficients whose bit is set, the others being 0.
fn fit_free<const K: usize>(rows: &[Row<K>], free: u32) -> Option<Best<K>> {
    const MOST_STEPS: u32 = 200;
    const SMALLEST_GAIN: f64 = 1e-14;
    let is_free = |k: usize| free >> k & 1 == 1;
    let mut coefficients = start(rows, is_free);
    let mut best = residual(rows, &coefficients);
    let mut damping = 1e-3;
    for _ in 0..MOST_STEPS {
        if free == 0 || best == 0.0 || damping > 1e12 {
            break;
        }
        let (mut normal, gradient) = normal_equations(rows, &coefficients, is_free);
        for (k, row) in normal.iter_mut().enumerate() {
            row[k] *= 1.0 + damping;
        }
        let step = solve(normal, gradient)?;
        let mut tried = coefficients;
        tried.iter_mut().zip(step).for_each(|(coefficient, change)| *coefficient += change);
        let reached = residual(rows, &tried);
        if reached >= best || reached.is_nan() {
            damping *= 10.0;
            continue;
        }
        let gain = (best - reached) / best;
        (coefficients, best) = (tried, reached);
        damping = (damping / 10.0).max(1e-12);
        if gain < SMALLEST_GAIN {
            break;
        }
    }
    best.is_finite().then_some(Best { coefficients, residual: best })
}

/// Positive coefficients that give each function an equal part of the mean round.
fn start<const K: usize>(rows: &[Row<K>], is_free: impl Fn(usize) -> bool) -> [f64; K] {
    let parts = (0..K).filter(|&k| is_free(k)).count().max(1) as f64;
    let mut coefficients = [0.0; K];
    for (k, coefficient) in coefficients.iter_mut().enumerate().filter(|&(k, _)| is_free(k)) {
        let rounds: f64 = rows.iter().map(|row| row.concurrency / row.throughput).sum();
        let columns: f64 = rows.iter().map(|row| row.columns.get(k).copied().unwrap_or(0.0)).sum();
        *coefficient = if columns > 0.0 { rounds / columns / parts } else { 0.0 };
    }
    coefficients
}

/// `JᵀJ` and `Jᵀr`, with ones for the coefficients that stay.
fn normal_equations<const K: usize>(
    rows: &[Row<K>],
    coefficients: &[f64; K],
    is_free: impl Fn(usize) -> bool,
) -> ([[f64; K]; K], [f64; K]) {
    let mut normal = [[0.0; K]; K];
    let mut gradient = [0.0; K];
    for row in rows {
        let round = row.round(coefficients);
        let slope = -row.concurrency / (round * round);
        let miss = row.throughput - row.concurrency / round;
        for i in (0..K).filter(|&i| is_free(i)) {
            gradient[i] += slope * row.columns[i] * miss;
            for j in (0..K).filter(|&j| is_free(j)) {
                normal[i][j] += slope * row.columns[i] * slope * row.columns[j];
            }
        }
    }
    for (k, row) in normal.iter_mut().enumerate() {
        // A coefficient that stays, or changes nothing, must not make the equations singular.
        if row[k] == 0.0 {
            row[k] = 1.0;
        }
    }
    (normal, gradient)
}

/// Solves a symmetric positive system by elimination, scaled to a diagonal of ones; `None` when singular.
fn solve<const K: usize>(matrix: [[f64; K]; K], right: [f64; K]) -> Option<[f64; K]> {
    let mut scale = [0.0; K];
    for (k, row) in matrix.iter().enumerate() {
        scale[k] = row[k].sqrt().recip();
    }
    let mut scaled = matrix;
    let mut solution = right;
    for i in 0..K {
        solution[i] *= scale[i];
        for j in 0..K {
            scaled[i][j] *= scale[i] * scale[j];
        }
    }
    for pivot in 0..K {
        let diagonal = scaled[pivot][pivot];
        if diagonal.is_nan() || diagonal <= 0.0 {
            return None;
        }
        for below in pivot + 1..K {
            let factor = scaled[below][pivot] / diagonal;
            let above = scaled[pivot];
            scaled[below].iter_mut().zip(above).for_each(|(entry, other)| *entry -= factor * other);
            solution[below] -= factor * solution[pivot];
        }
    }
    for pivot in (0..K).rev() {
        let known: f64 = (pivot + 1..K).map(|column| scaled[pivot][column] * solution[column]).sum();
        solution[pivot] = (solution[pivot] - known) / scaled[pivot][pivot];
    }
    solution.iter_mut().zip(scale).for_each(|(value, scale)| *value *= scale);
    solution.iter().all(|value| value.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: f64 = 1e-6;

    #[test]
    fn a_curve_without_noise_is_found_again() {
        for truth in [[0.01, 0.001, 0.000_01], [0.01, 0.0, 0.000_01], [0.01, 0.002, 0.0], [1e-6, 1e-5, 1e-8]] {
            let functions: [Function<'_>; 3] = [&|_| 1.0, &|n| n, &|n| n * (n - 1.0)];
            let points: Vec<(f64, f64)> = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 100.0]
                .map(|n: f64| (n, n / functions.iter().zip(truth).map(|(f, c)| f(n) * c).sum::<f64>()))
                .into();
            let found = fit(&points, &|_| 0.0, functions).unwrap().coefficients;
            for (found, expected) in found.iter().zip(truth) {
                assert!((found - expected).abs() <= TOLERANCE * truth[0], "{found} {expected}");
            }
        }
    }
}
