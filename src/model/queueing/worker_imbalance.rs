//! Worker imbalance: the largest share of connections that falls on one worker.
//!
//! **Law.** Each of `c` connections goes to one of `w` workers, all equally likely; counts are
//! multinomial and the largest of them decides how early the proxy saturates. With `X_i` independent
//! Poisson variables of any common mean,
//!
//! `P(max ≤ m) = P(ΣX = c | all X_i ≤ m) · P(X ≤ m)^w / P(ΣX = c)`
//!
//! **Source.** B. Levin, 1981, for the representation. Envoy's threading model: the kernel gives a new
//! connection to any worker, and it stays there for life.
//!
//! **Method.** Up to [`EXACT`] connections the first factor is a power of a polynomial, all of whose terms
//! are positive. Beyond, it is the saddlepoint approximation with its second-order term, good to half a
//! per cent of a chance. Beyond 400 connections a worker counts are normal, and the deviations from `1/w`
//! found there shrink with the root of the connections, good to 2.5 % of a deviation.
//!
//! **Assumptions.** Connections alike and independent. Envoy's `exact_balance` evens them out; it does
//! not even out what they carry.

use statrs::function::gamma::ln_gamma;

use crate::units::{Quantile, Share};

use super::{LARGEST, MOST_SERVERS, QueueError, share, within};

/// Most connections for which every chance is exact.
pub const EXACT: u64 = 200;
/// Connections a worker beyond which their number is normal.
const NORMAL: f64 = 400.0;
/// Chances that the largest count is larger still end here.
const NEGLIGIBLE: f64 = 1e-13;

/// How unevenly connections fall on workers.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerImbalance {
    connections: f64,
    workers: f64,
    /// Connections whose counts were worked out: all, or as many as make counts normal.
    counted: f64,
    /// The least count that the largest can be.
    first: f64,
    /// Chance that the largest count is at most `first`, `first + 1`, …; ends in 1.
    within: Vec<f64>,
}

impl WorkerImbalance {
    /// Connections, at least 1 and at most 10¹⁵, on worker threads.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`].
    pub fn new(connections: u64, workers: u32) -> Result<Self, QueueError> {
        let number = within("number of connections", connections as f64, 1.0, LARGEST)?;
        let bins = within("number of workers", f64::from(workers), 1.0, f64::from(MOST_SERVERS))?;
        let counted = number.min((NORMAL * bins).max(EXACT as f64));
        let first = (counted / bins).ceil();
        let chances = if workers == 1 {
            vec![1.0]
        } else if connections <= EXACT {
            chances(first, counted, |most| exactly_within(connections as usize, workers, most as usize))
        } else {
            // Each search begins where the last one ended, for the chances change slowly.
            let mut log_rate = 0.0;
            chances(first, counted, |most| nearly_within(counted, bins, most, &mut log_rate))
        };
        let first = if workers == 1 { counted } else { first };
        Ok(Self { connections: number, workers: bins, counted, first, within: chances })
    }

    /// Mean of the largest share, in [1/w, 1].
    #[must_use]
    pub fn mean_largest_share(&self) -> Share {
        let beyond: f64 = self.within.iter().map(|chance| 1.0 - chance).sum();
        self.share_of(self.first + beyond)
    }

    /// The largest share, not exceeded with a chance of `quantile`; in [1/w, 1].
    #[must_use]
    pub fn largest_share(&self, quantile: Quantile) -> Share {
        let last = self.within.len().saturating_sub(1);
        let above = self.within.partition_point(|&chance| chance < quantile.get()).min(last);
        self.share_of(self.first + above as f64)
    }

    /// Chance that no worker gets more than so many connections.
    #[must_use]
    pub fn chance_within(&self, connections: u64) -> Share {
        /// Counts are whole but for rounding.
        const ROUNDING: f64 = 1e-6;
        let even = 1.0 / self.workers;
        let of_counted = even + (connections as f64 / self.connections - even) / self.narrowing();
        let above = (of_counted * self.counted + ROUNDING).floor() - self.first;
        if above < 0.0 {
            return Share::ZERO;
        }
        share(self.within.get(above as usize).copied().unwrap_or(1.0))
    }

    /// The share of a count among those counted, drawn nearer to `1/w` when there are more.
    fn share_of(&self, count: f64) -> Share {
        let even = 1.0 / self.workers;
        share(even + (count / self.counted - even) * self.narrowing())
    }

    /// Deviations of normal counts from `1/w` shrink with the root of their sum.
    fn narrowing(&self) -> f64 {
        (self.counted / self.connections).sqrt()
    }
}

/// Chances that the largest count is at most each number from `first` upwards, until it surely is.
fn chances(first: f64, connections: f64, mut chance: impl FnMut(f64) -> f64) -> Vec<f64> {
    let mut within: Vec<f64> = Vec::new();
    let mut most = first;
    while most < connections {
        let so_far = within.last().copied().unwrap_or(0.0);
        let next = chance(most).clamp(so_far, 1.0);
        if 1.0 - next < NEGLIGIBLE {
            break;
        }
        within.push(next);
        most += 1.0;
    }
    within.push(1.0);
    within
}

/// Chance that no count exceeds `most`, by multiplying out.
fn exactly_within(connections: usize, workers: u32, most: usize) -> f64 {
    let mean = connections as f64 / f64::from(workers);
    let one: Vec<f64> = poisson(mean).take(most.min(connections) + 1).collect();
    let all = power(&one, workers, connections);
    let any = poisson(connections as f64).nth(connections).unwrap_or(1.0);
    all.get(connections).map_or(0.0, |chance| chance / any)
}

/// Chances of 0, 1, 2, … of a Poisson variable.
fn poisson(mean: f64) -> impl Iterator<Item = f64> {
    let none = (-mean).exp();
    (1_u32..).scan(none, move |chance, next| {
        let now = *chance;
        *chance *= mean / f64::from(next);
        Some(now)
    })
}

/// A polynomial to a power, without what exceeds a degree.
fn power(base: &[f64], exponent: u32, degree: usize) -> Vec<f64> {
    let mut result = vec![1.0];
    let mut square = base.to_vec();
    let mut left = exponent;
    loop {
        if left & 1 == 1 {
            result = product(&result, &square, degree);
        }
        left >>= 1;
        if left == 0 {
            return result;
        }
        square = product(&square, &square, degree);
    }
}

fn product(left: &[f64], right: &[f64], degree: usize) -> Vec<f64> {
    let length = (left.len() + right.len()).saturating_sub(1).min(degree + 1);
    let mut result = vec![0.0; length];
    for (power, factor) in left.iter().enumerate() {
        for (sum, other) in result.iter_mut().skip(power).zip(right) {
            *sum += factor * other;
        }
    }
    result
}

/// Chance that no count exceeds `most`, by a saddlepoint: the common mean of the Poisson variables is
/// chosen such that, cut at `most`, they expect `c` in all. `log_rate` is where the search for that mean begins, and then where it ended.
fn nearly_within(connections: f64, workers: f64, most: f64, log_rate: &mut f64) -> f64 {
    let even = connections / workers;
    if most < even {
        return 0.0;
    }
    if most == even {
        // All counts are alike.
        return (ln_gamma(connections + 1.0) - connections * workers.ln() - workers * ln_gamma(most + 1.0)).exp();
    }
    let cut = tilted(even, most, *log_rate);
    *log_rate = cut.rate.ln();
    let variance = cut.second;
    let curvature = cut.fourth / (variance * variance) - 3.0;
    let skewness = cut.third * cut.third / (variance * variance * variance);
    let second_order = 1.0 + (curvature / 8.0 - 5.0 * skewness / 24.0) / workers;
    // The e^{−λ} of both sides cancel and are left out.
    let log_chance = workers * cut.log_mass - connections * (workers * cut.rate).ln() + ln_gamma(connections + 1.0)
        - 0.5 * (std::f64::consts::TAU * workers * variance).ln();
    (log_chance.exp() * second_order.max(0.0)).min(1.0)
}

/// A Poisson variable cut at a largest count, with its central moments.
struct Cut {
    rate: f64,
    /// `ln Σ_{j ≤ m} λʲ/j!`
    log_mass: f64,
    first: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

/// The cut Poisson variable whose mean is `mean`, which lies below `most`.
fn tilted(mean: f64, most: f64, log_rate: f64) -> Cut {
    const MOST_STEPS: u32 = 60;
    // Cutting lowers the mean, so that the rate lies above it.
    let (mut low, mut high) = (mean.ln(), f64::INFINITY);
    let mut log_rate = log_rate.max(low);
    let mut cut = Cut::at(log_rate.exp(), most, mean);
    for _ in 0..MOST_STEPS {
        let miss = cut.first;
        if miss.abs() <= 1e-9 * mean {
            break;
        }
        if miss < 0.0 {
            low = log_rate;
        } else {
            high = log_rate;
        }
        let newton = log_rate - miss / cut.second;
        log_rate = if newton > low && newton < high && newton - log_rate < 1.0 {
            newton
        } else if high.is_finite() {
            f64::midpoint(low, high)
        } else {
            log_rate + 1.0
        };
        cut = Cut::at(log_rate.exp(), most, mean);
    }
    cut
}

impl Cut {
    /// Moments about `centre`.
    fn at(rate: f64, most: f64, centre: f64) -> Self {
        const NOTHING: f64 = 1e-16;
        let mode = rate.floor().min(most);
        let mut sums = [0.0; 5];
        let mut add = |count: f64, chance: f64| {
            let mut moment = chance;
            for sum in &mut sums {
                *sum += moment;
                moment *= count - centre;
            }
        };
        let (mut count, mut chance) = (mode, 1.0);
        while count >= 0.0 && chance > NOTHING {
            add(count, chance);
            chance *= count / rate;
            count -= 1.0;
        }
        (count, chance) = (mode + 1.0, rate / (mode + 1.0));
        while count <= most && chance > NOTHING {
            add(count, chance);
            count += 1.0;
            chance *= rate / count;
        }
        let [mass, first, second, third, fourth] = sums;
        let log_mass = mass.ln() + mode * rate.ln() - ln_gamma(mode + 1.0);
        Self { rate, log_mass, first: first / mass, second: second / mass, third: third / mass, fourth: fourth / mass }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOLERANCE: f64 = 1e-9;

    fn imbalance(connections: u64, workers: u32) -> WorkerImbalance {
        WorkerImbalance::new(connections, workers).unwrap()
    }

    #[test]
    fn few_connections_meet_counting_by_hand() {
        // 2 on 3: together in 3 of 9 cases. 3 on 2: all together in 2 of 8. 4 on 2: 6 of 16 are even.
        for (connections, workers, most, expected) in
            [(2, 3, 1, 2.0 / 3.0), (3, 2, 2, 6.0 / 8.0), (4, 2, 2, 6.0 / 16.0), (4, 2, 1, 0.0), (5, 1, 4, 0.0)]
        {
            let found = imbalance(connections, workers).chance_within(most).get();
            assert!((found - expected).abs() < TOLERANCE, "{connections} on {workers}: {found}");
        }
        assert!((imbalance(2, 3).mean_largest_share().get() - 2.0 / 3.0).abs() < TOLERANCE);
        assert!((imbalance(3, 2).mean_largest_share().get() - 2.25 / 3.0).abs() < TOLERANCE);
        assert_eq!(imbalance(7, 1).mean_largest_share(), Share::literal(1.0));
    }

    /// People needed for even odds that `k` of them share a birthday: 23, 88, 187, 313, 460, 623, 798,
    /// 985, 1181 (Levin, 1981; OEIS A014088). From 313 on it is the saddlepoint that meets them.
    #[test]
    fn birthdays_are_shared() {
        for (people, together) in
            [(23, 2), (88, 3), (187, 4), (313, 5), (460, 6), (623, 7), (798, 8), (985, 9), (1181, 10)]
        {
            let apart = |people| imbalance(people, 365).chance_within(together - 1).get();
            assert!(apart(people) <= 0.5 && apart(people - 1) > 0.5, "{people}: {}", apart(people));
        }
    }

    #[test]
    fn the_methods_agree_where_they_meet() {
        for (workers, most) in [(2, 104), (2, 115), (3, 70), (3, 80), (8, 33), (8, 40), (64, 8), (64, 10), (1000, 3)] {
            let exact = exactly_within(EXACT as usize, workers, most);
            let near = nearly_within(EXACT as f64, f64::from(workers), most as f64, &mut 0.0);
            assert!((near - exact).abs() < 4e-3, "{workers} workers, {most}: {exact} {near}");
        }
    }

    /// Mean of the largest of 2, 3, 5, 10 and 100 normal variables: 0.56419, 0.84628, 1.16296, 1.53875,
    /// 2.50759 (H. Harter, 1961).
    #[test]
    fn normal_order_statistics_meet_their_table() {
        const CLAIMED: f64 = 0.025;
        let connections = 10_f64.powi(14);
        for (workers, expected) in [(2, 0.56419), (3, 0.84628), (5, 1.16296), (10, 1.53875), (100, 2.50759)] {
            let share = imbalance(connections as u64, workers).mean_largest_share().get();
            let workers = f64::from(workers);
            let deviations = (share - 1.0 / workers) * (connections * workers).sqrt();
            assert!((deviations / expected - 1.0).abs() < CLAIMED, "{workers}: {deviations}");
        }
    }

    #[test]
    fn huge_numbers_have_answers() {
        for (connections, workers) in [(1, 1_000_000), (1_000_000_000_000_000, 2), (300, 1_000_000), (1_000_000, 1_000)]
        {
            let share = imbalance(connections, workers).mean_largest_share().get();
            assert!(share >= 1.0 / f64::from(workers) && share <= 1.0, "{connections} {workers}: {share}");
        }
        for (connections, workers) in [(0, 2), (u64::MAX, 2), (2, 0), (2, u32::MAX)] {
            assert!(WorkerImbalance::new(connections, workers).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn shares_lie_between_even_and_all(connections in 1_u64..5_000, workers in 1_u32..300, q in 0.0..=1.0_f64) {
            let imbalance = imbalance(connections, workers);
            let mean = imbalance.mean_largest_share().get();
            let even = (connections as f64 / f64::from(workers)).ceil() / connections as f64;
            prop_assert!(even - TOLERANCE <= mean && mean <= 1.0);
            let quantile = imbalance.largest_share(Share::new(q).unwrap());
            prop_assert!(imbalance.largest_share(Share::ZERO) <= quantile);
            prop_assert!(quantile <= imbalance.largest_share(Share::literal(1.0)));
        }

        #[test]
        fn more_connections_even_out(connections in 1_u64..2_000, workers in 1_u32..64) {
            let share = |connections| imbalance(connections, workers).mean_largest_share().get();
            // Below one connection a worker the largest count is at least 1, of more.
            prop_assert!(share(2 * connections) <= share(connections) + 1e-6);
        }
    }
}
