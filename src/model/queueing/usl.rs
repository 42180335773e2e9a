//! The universal scalability law: throughput against concurrency.
//!
//! **Law.** `X(N) = λN / (1 + σ(N − 1) + κN(N − 1))` with the throughput `λ` of one client, the contention
//! `σ` (share of work that is serial) and the coherency `κ` (cost of keeping all pairs in step). With
//! `κ > 0` throughput peaks at `N* = √((1 − σ)/κ)` and falls beyond.
//!
//! **Source.** N. Gunther, 1993; *Guerrilla Capacity Planning*, 2007.
//!
//! **Fit.** Least squares of throughput with `λ > 0`, `0 ≤ σ ≤ 1`, `κ ≥ 0`, at six or more different
//! concurrencies. Intervals are profile likelihoods: an end is where the best fit with that value held
//! is just as bad as 90 % allows, and stops at the constraint.
//!
//! **Assumptions.** Every point is a steady state of the same system, with errors independent and of one
//! size. `κ` is weakly identified by points below the peak: look at its interval before its value.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::curve::{self, Function};
use super::{LARGEST, QueueError, rate_in_range, within};
use crate::estimate::{Basis, Estimate};
use crate::units::{Quantity, Rate, Ratio, Seconds};

/// Different concurrencies that a fit needs.
pub const LEAST_POINTS: usize = 6;
/// Most points that a fit takes.
pub const MOST_POINTS: usize = 10_000;
/// Largest coherency looked at: throughput of two clients is then a millionth of one's.
const MOST_COHERENCY: f64 = 1e6;

/// The law with its coefficients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// `λ`, per second, above 0.
    single: f64,
    /// `σ`, in [0, 1].
    contention: f64,
    /// `κ`, at least 0.
    coherency: f64,
}

/// A throughput measured at a concurrency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadPoint {
    /// Clients, connections or threads at work; at least 1.
    pub concurrency: f64,
    /// Requests completed per second; above 0.
    pub throughput: Rate,
}

/// A fitted law with the intervals of its coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct UslFit {
    /// The law.
    pub law: Usl,
    /// `λ`, throughput of one client.
    pub single: Estimate<Rate>,
    /// `σ`, in [0, 1].
    pub contention: Estimate<Ratio>,
    /// `κ`, at least 0.
    pub coherency: Estimate<Ratio>,
    /// Where throughput peaks.
    pub peak: Peak,
    /// Root of the mean squared residual, with the degrees of freedom of the fit.
    pub residual: Rate,
}

/// Concurrency of the largest throughput, with its 90 % interval; `None` is beyond all bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Lower end; `None` when even that is without bound.
    pub lower: Option<f64>,
    /// The best figure; `None` when throughput never falls.
    pub value: Option<f64>,
    /// Upper end; `None` when the points do not show a peak.
    pub upper: Option<f64>,
}

/// Points to which no law can be fitted.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum UslError {
    /// Too few different concurrencies for three coefficients and their intervals.
    #[error("withheld: {have} of {LEAST_POINTS} load points; measure throughput at more concurrencies")]
    Withheld {
        /// Different concurrencies given.
        have: usize,
    },
    /// More points than a fit takes.
    #[error("{have} load points, more than {MOST_POINTS}; average those of the same concurrency")]
    TooMany {
        /// Points given.
        have: usize,
    },
    /// A point outside the ranges.
    #[error(transparent)]
    Point(#[from] QueueError),
    /// No curve passes near the points.
    #[error("no curve of the law fits the load points; check that throughput and concurrency belong together")]
    NoCurve,
}

impl Usl {
    /// The law with throughput `λ` of one client, contention `σ` in [0, 1] and coherency `κ` of at least 0.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`].
    pub fn new(single: Rate, contention: f64, coherency: f64) -> Result<Self, QueueError> {
        rate_in_range(single)?;
        Ok(Self {
            single: within("throughput of one client", single.as_per_second(), 1.0 / LARGEST, LARGEST)?,
            contention: within("contention", contention, 0.0, 1.0)?,
            coherency: within("coherency", coherency, 0.0, MOST_COHERENCY)?,
        })
    }

    /// Fits the law to measured points.
    ///
    /// # Errors
    /// [`UslError::Withheld`] below six different concurrencies; see [`UslError`].
    pub fn fit(points: &[LoadPoint]) -> Result<UslFit, UslError> {
        let points = checked(points)?;
        let top = points.iter().map(|point| point.1).fold(0.0, f64::max);
        let scaled: Vec<(f64, f64)> = points.iter().map(|&(n, x)| (n, x / top)).collect();
        Fitting::of(&scaled).and_then(|fitting| fitting.result(top)).ok_or(UslError::NoCurve)
    }

    /// `λ`, the throughput of one client.
    #[must_use]
    pub fn single(&self) -> Rate {
        Rate::per_second(self.single)
    }

    /// `σ`, in [0, 1].
    #[must_use]
    pub fn contention(&self) -> f64 {
        self.contention
    }

    /// `κ`, at least 0.
    #[must_use]
    pub fn coherency(&self) -> f64 {
        self.coherency
    }

    /// Throughput at a concurrency in [1, 10¹⁵]; what lies outside counts as the nearer end, and no number
    /// as 1.
    #[must_use]
    pub fn throughput(&self, concurrency: f64) -> Rate {
        let present = in_range(concurrency);
        Rate::per_second(present / self.response(present).as_seconds())
    }

    /// Mean response time at such a concurrency, `N/X(N)` by Little's law.
    #[must_use]
    pub fn response(&self, concurrency: f64) -> Seconds {
        let present = in_range(concurrency);
        let others = present - 1.0;
        let slowdown = 1.0 + self.contention * others + self.coherency * present * others;
        Seconds::new(slowdown / self.single)
    }

    /// Concurrency of the largest throughput, at least 1; `None` when throughput never falls.
    #[must_use]
    pub fn peak(&self) -> Option<f64> {
        let peak = ((1.0 - self.contention) / self.coherency).sqrt();
        (self.coherency > 0.0).then_some(peak.max(1.0))
    }

    /// The largest throughput; without coherency it is `λ/σ`, and without contention too there is none.
    #[must_use]
    pub fn peak_throughput(&self) -> Option<Rate> {
        match self.peak() {
            Some(peak) => Some(self.throughput(peak)),
            None if self.contention > 0.0 => Some(Rate::per_second(self.single / self.contention)),
            None => None,
        }
    }
}

fn in_range(concurrency: f64) -> f64 {
    if concurrency.is_nan() { 1.0 } else { concurrency.clamp(1.0, LARGEST) }
}

/// Points as plain numbers, in order of concurrency.
fn checked(points: &[LoadPoint]) -> Result<Vec<(f64, f64)>, UslError> {
    if points.len() > MOST_POINTS {
        return Err(UslError::TooMany { have: points.len() });
    }
    let mut numbers = Vec::with_capacity(points.len());
    for point in points {
        let concurrency = within("concurrency", point.concurrency, 1.0, 1e9)?;
        numbers.push((concurrency, within("throughput", point.throughput.as_per_second(), 1.0 / LARGEST, LARGEST)?));
    }
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let have = numbers.chunk_by(|a, b| a.0 == b.0).count();
    if have < LEAST_POINTS { Err(UslError::Withheld { have }) } else { Ok(numbers) }
}

/// The best fit, and how good others have to be to belong to the interval.
///
/// The round `N/X` is linear in `θ = (1 − σ, σ, κ)/λ` with functions 1, N and N(N − 1), and the
/// constraints of the law are those of `θ ≥ 0`.
struct Fitting<'a> {
    points: &'a [(f64, f64)],
    single: f64,
    contention: f64,
    coherency: f64,
    residual: f64,
    allowed: f64,
}

const NOTHING: Function<'static> = &|_| 0.0;

fn pairs(concurrency: f64) -> f64 {
    concurrency * (concurrency - 1.0)
}

impl<'a> Fitting<'a> {
    fn of(points: &'a [(f64, f64)]) -> Option<Self> {
        /// Residuals below this share of the top throughput are rounding.
        const ROUNDING: f64 = 1e-9;
        let best = curve::fit(points, NOTHING, [&|_| 1.0, &|n| n, &pairs])?;
        let [parallel, serial, crosstalk] = best.coefficients;
        let round = parallel + serial;
        let freedom = points.len() as f64 - 3.0;
        let student = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.95);
        let rounding = ROUNDING * ROUNDING * points.len() as f64;
        let allowed = best.residual.max(rounding) * (1.0 + student * student / freedom);
        (round > 0.0).then_some(Self {
            points,
            single: 1.0 / round,
            contention: serial / round,
            coherency: crosstalk / round,
            residual: best.residual,
            allowed,
        })
    }

    fn result(&self, top: f64) -> Option<UslFit> {
        let law = Usl::new(
            Rate::per_second(self.single * top),
            self.contention.clamp(0.0, 1.0),
            self.coherency.clamp(0.0, MOST_COHERENCY),
        )
        .ok()?;
        let (slow, fast) = self.ends(self.single, 0.0, f64::MAX, &|single| self.with_single(single));
        let (free, bound) = self.ends(self.contention, 0.0, 1.0, &|contention| self.with_contention(contention));
        let (loose, tight) =
            self.ends(self.coherency, 0.0, MOST_COHERENCY, &|coherency| self.with_coherency(coherency));
        let bend = law.peak().map_or(0.0, |peak| peak.powi(-2));
        let (flat, sharp) = self.ends(bend, 0.0, 1.0, &|bend| self.with_bend(bend));
        let at_bend = |bend: f64| (bend > 0.0).then(|| bend.sqrt().recip());
        let freedom = self.points.len() as f64 - 3.0;
        Some(UslFit {
            law,
            single: estimate(slow * top, law.single, fast * top),
            contention: estimate(free, law.contention, bound),
            coherency: estimate(loose, law.coherency, tight),
            peak: Peak { lower: at_bend(sharp), value: law.peak(), upper: at_bend(flat) },
            residual: Rate::per_second((self.residual / freedom).sqrt() * top),
        })
    }

    /// Ends of the interval of a coefficient, given the least residual with the coefficient held.
    fn ends(&self, value: f64, least: f64, most: f64, residual: &dyn Fn(f64) -> Option<f64>) -> (f64, f64) {
        let is_allowed = |held: f64| residual(held).is_some_and(|residual| residual <= self.allowed);
        let lower = if is_allowed(least) { least } else { crossing(least, value, |held| !is_allowed(held)) };
        let mut beyond = value.max(1e-12);
        while is_allowed(beyond) && beyond < most {
            beyond = (2.0 * beyond).min(most);
        }
        let upper = if is_allowed(beyond) { beyond } else { crossing(value, beyond, is_allowed) };
        (lower, upper)
    }

    fn with_single(&self, single: f64) -> Option<f64> {
        let round = 1.0 / single;
        let free = curve::fit(self.points, &|_| round, [&|n| n - 1.0, &pairs]);
        let free = free.filter(|best| best.coefficients[0] <= round).map(|best| best.residual);
        let all_serial = curve::fit(self.points, &|n| round * n, [&pairs]).map(|best| best.residual);
        [free, all_serial].into_iter().flatten().min_by(f64::total_cmp)
    }

    fn with_contention(&self, contention: f64) -> Option<f64> {
        let amdahl = |n: f64| 1.0 + contention * (n - 1.0);
        curve::fit(self.points, NOTHING, [&amdahl, &pairs]).map(|best| best.residual)
    }

    fn with_coherency(&self, coherency: f64) -> Option<f64> {
        let parallel = |n: f64| 1.0 + coherency * pairs(n);
        let serial = |n: f64| n + coherency * pairs(n);
        curve::fit(self.points, NOTHING, [&parallel, &serial]).map(|best| best.residual)
    }

    /// With `1/N*²` held, so that `κ = (1 − σ)/N*²`.
    fn with_bend(&self, bend: f64) -> Option<f64> {
        let parallel = |n: f64| 1.0 + bend * pairs(n);
        curve::fit(self.points, NOTHING, [&parallel, &|n| n]).map(|best| best.residual)
    }
}

/// Where a condition that holds at `low` ceases to hold on the way to `high`.
fn crossing(low: f64, high: f64, is_before: impl Fn(f64) -> bool) -> f64 {
    /// Ends of intervals are printed with three digits at most.
    const STEPS: usize = 24;
    let (mut low, mut high) = (low, high);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if is_before(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

fn estimate<Q: Quantity>(lower: f64, value: f64, upper: f64) -> Estimate<Q> {
    let basis = Basis {
        law: "universal scalability law".to_owned(),
        terms: Vec::new(),
        assumptions: vec!["errors of the load points are independent and of one size".to_owned()],
    };
    Estimate::new(Q::from_base(lower), Q::from_base(value), Q::from_base(upper), basis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(pairs: &[(f64, f64)]) -> Vec<LoadPoint> {
        pairs
            .iter()
            .map(|&(concurrency, throughput)| LoadPoint { concurrency, throughput: Rate::per_second(throughput) })
            .collect()
    }

    fn assert_near(found: f64, expected: f64, tolerance: f64, what: &str) {
        assert!((found / expected - 1.0).abs() <= tolerance, "{what}: {found} is not {expected}");
    }

    /// B. Schwartz, *Practical Scalability Analysis with the Universal Scalability Law*, 2015: a benchmark
    /// by Cisco, with the coefficients printed there.
    #[test]
    fn the_cisco_benchmark_is_met() {
        const PRINTED: f64 = 2e-4;
        let throughput = [
            955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7,
            9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806.0,
            12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39,
        ];
        let measured: Vec<(f64, f64)> = (1_u32..).map(f64::from).zip(throughput).collect();
        let fit = Usl::fit(&points(&measured)).unwrap();
        assert_near(fit.law.contention(), 0.026_715_91, PRINTED, "contention");
        assert_near(fit.law.coherency(), 7.690_945e-4, PRINTED, "coherency");
        assert_near(fit.law.single().as_per_second(), 995.648_6, PRINTED, "single");
        assert_near(fit.law.peak().unwrap(), 35.57, 1e-3, "peak");
        assert_near(fit.law.peak_throughput().unwrap().as_per_second(), 12_341.0, 1e-3, "peak throughput");
        let peak = fit.peak;
        assert!(peak.lower.unwrap() > 30.0 && peak.upper.unwrap() < 42.0, "{peak:?}");
    }

    /// SPEC SDM91 on a Sun SPARCcenter 2000 (SDET scripts per hour), fitted by S. Möding's R package:
    /// σ = 0.0277285 ± 0.0091217, κ = 0.0001044 ± 0.0000199 (standard errors).
    #[test]
    fn the_sdet_benchmark_is_met() {
        const PRINTED: f64 = 1e-3;
        let measured = [
            (1.0, 64.9),
            (18.0, 995.9),
            (36.0, 1652.4),
            (72.0, 1853.2),
            (108.0, 1828.9),
            (144.0, 1775.0),
            (216.0, 1702.2),
        ];
        let fit = Usl::fit(&points(&measured)).unwrap();
        assert_near(fit.law.contention(), 0.027_728_5, PRINTED, "contention");
        assert_near(fit.law.coherency(), 0.000_104_4, PRINTED, "coherency");
        // Profiles lean, but their width is that of the standard errors at 4 degrees of freedom.
        const STUDENT: f64 = 2.132;
        let width = fit.contention.upper - fit.contention.lower;
        assert_near(width.as_number(), 2.0 * STUDENT * 0.009_121_7, 0.25, "width of contention");
        let width = fit.coherency.upper - fit.coherency.lower;
        assert_near(width.as_number(), 2.0 * STUDENT * 0.000_019_9, 0.25, "width of coherency");
    }

    #[test]
    fn five_load_points_are_withheld() {
        let few = [(1.0, 10.0), (2.0, 19.0), (4.0, 35.0), (8.0, 60.0), (16.0, 90.0), (16.0, 91.0)];
        let error = Usl::fit(&points(&few)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "withheld: 5 of 6 load points; measure throughput at more concurrencies",
            "{error:?}"
        );
        assert_eq!(Usl::fit(&[]).unwrap_err(), UslError::Withheld { have: 0 });
    }

    #[test]
    fn a_straight_line_has_no_peak_and_says_so() {
        let line: Vec<(f64, f64)> = (1..=8).map(f64::from).map(|n| (n, 100.0 * n)).collect();
        let fit = Usl::fit(&points(&line)).unwrap();
        assert!(fit.law.contention() < 1e-6 && fit.law.coherency() < 1e-6, "{fit:?}");
        assert_eq!(fit.peak.upper, None);
        // Better than linear is not in the law; its constraint holds.
        let superlinear: Vec<(f64, f64)> = (1..=8).map(f64::from).map(|n| (n, 100.0 * n.powf(1.2))).collect();
        let fit = Usl::fit(&points(&superlinear)).unwrap();
        assert_eq!((fit.law.contention(), fit.law.coherency()), (0.0, 0.0));
    }

    #[test]
    fn odd_points_are_errors() {
        for (concurrency, throughput, names) in
            [(0.0, 1.0, "concurrency of 0"), (f64::NAN, 1.0, "concurrency of NaN"), (1.0, 0.0, "throughput of 0")]
        {
            let error = Usl::fit(&points(&[(concurrency, throughput)])).unwrap_err().to_string();
            assert!(error.starts_with(names), "{error}");
        }
        let many = vec![LoadPoint { concurrency: 1.0, throughput: Rate::per_second(1.0) }; MOST_POINTS + 1];
        assert_eq!(Usl::fit(&many).unwrap_err(), UslError::TooMany { have: MOST_POINTS + 1 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn intervals_hold_their_value(
            throughputs in proptest::collection::vec(1e-12..1e12_f64, 6..12),
            stride in 1.0..1e5_f64,
        ) {
            let measured: Vec<(f64, f64)> =
                throughputs.iter().zip(0_u32..).map(|(&x, n)| (1.0 + stride * f64::from(n), x)).collect();
            if let Ok(fit) = Usl::fit(&points(&measured)) {
                for estimate in [&fit.contention, &fit.coherency] {
                    prop_assert!(estimate.contains(estimate.value) && estimate.upper.as_number().is_finite());
                }
                prop_assert!((0.0..=1.0).contains(&fit.contention.upper.as_number()));
                for concurrency in [0.0, 1e9, f64::MAX, f64::INFINITY, f64::NAN] {
                    prop_assert!(fit.law.throughput(concurrency).as_per_second() >= 0.0, "{concurrency}");
                }
            }
        }

        #[test]
        fn a_law_with_little_noise_is_found_again(
            contention in 0.001..0.5_f64, coherency in 1e-5..1e-2_f64, single in 0.1..1e5_f64,
        ) {
            let law = Usl::new(Rate::per_second(single), contention, coherency).unwrap();
            let measured: Vec<(f64, f64)> = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]
                .map(|n| (n, law.throughput(n).as_per_second()))
                .into();
            let fit = Usl::fit(&points(&measured)).unwrap();
            prop_assert!((fit.law.contention() - contention).abs() < 1e-4, "{fit:?}");
            prop_assert!((fit.law.coherency() / coherency - 1.0).abs() < 1e-2, "{fit:?}");
        }
    }
}
