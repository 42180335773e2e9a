//! From quantities to places: scales with round ticks.

use super::super::text::{count, significant};

/// A scale between two places, in CSS pixels; values beyond its ends stay at them.
pub struct Scale {
    from: f64,
    to: f64,
    /// Values at the ends; their logarithms where it is logarithmic.
    ends: (f64, f64),
    logarithmic: bool,
    ticks: Vec<f64>,
}

/// Rounding, which must not push a round value beyond a mark or an end.
const DUST: f64 = 1e-9;
/// Most steps of a linear scale.
const MOST_STEPS: f64 = 6.0;
/// Most ticks between powers of ten.
const MOST_MARKS: usize = 9;

impl Scale {
    /// A linear scale from zero to a round number that holds `largest`.
    pub fn new(places: (f64, f64), largest: f64) -> Self {
        Self::around_zero(places, 0.0, largest)
    }

    /// A linear scale between round numbers that holds zero and everything from `least` to `largest`.
    pub fn around_zero((from, to): (f64, f64), least: f64, largest: f64) -> Self {
        // What is larger cannot be told apart from infinity once it is added up.
        const LARGEST: f64 = 1e300;
        let known = |end: f64| if end.is_finite() { end.clamp(-LARGEST, LARGEST) } else { 0.0 };
        let (least, largest) = (known(least).min(0.0), known(largest).max(0.0));
        let (least, largest) = if largest - least > 0.0 { (least, largest) } else { (0.0, 1.0) };
        let step = round_step((largest - least) / MOST_STEPS);
        let steps = |end: f64| (end / step).ceil().clamp(0.0, 2.0 * MOST_STEPS) as i32;
        let (first, last) = (-steps(-least), steps(largest));
        let ticks: Vec<f64> = (first..=last).map(|index| step * f64::from(index)).collect();
        Self { from, to, ends: (step * f64::from(first), step * f64::from(last)), logarithmic: false, ticks }
    }

    /// A logarithmic scale between round numbers around two positive values.
    pub fn logarithmic((from, to): (f64, f64), least: f64, largest: f64) -> Self {
        let known = |end: f64| end.is_finite() && end > 0.0;
        let largest = if known(largest) { largest } else { 1.0 };
        let least = if known(least) && least < largest { least } else { largest / 10.0 };
        let below = marks(least, largest).filter(|mark| *mark <= least * (1.0 + DUST)).last().unwrap_or(least);
        let above = marks(least, largest).find(|mark| *mark >= largest * (1.0 - DUST)).unwrap_or(largest);
        let inside = |mark: &f64| (below..=above).contains(mark);
        let all: Vec<f64> = marks(least, largest).filter(inside).collect();
        let ticks = if all.len() <= MOST_MARKS {
            all
        } else {
            let powers: Vec<f64> = powers(least, largest).filter(inside).collect();
            let every = powers.len().div_ceil(MOST_MARKS).max(1);
            powers.into_iter().step_by(every).collect()
        };
        Self { from, to, ends: (below.log10(), above.log10()), logarithmic: true, ticks }
    }

    /// A linear scale between exact ends, with ticks of the caller's.
    pub fn exact((from, to): (f64, f64), ends: (f64, f64), ticks: Vec<f64>) -> Self {
        Self { from, to, ends, logarithmic: false, ticks }
    }

    /// Where a value is.
    pub fn at(&self, value: f64) -> f64 {
        let share = self.share(value);
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.from + share * (self.to - self.from)
    }

    /// Whether a value lies beyond the upper end.
    pub fn is_beyond(&self, value: f64) -> bool {
        self.share(value) > 1.0 + DUST
    }

    /// Whether a value lies between the ends.
    pub fn holds(&self, value: f64) -> bool {
        (-DUST..=1.0 + DUST).contains(&self.share(value))
    }

    /// How far along the scale a value is; 0 and 1 at its ends.
    fn share(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value };
        (value - self.ends.0) / (self.ends.1 - self.ends.0)
    }

    /// The place in the middle.
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// Round values to mark.
    pub fn ticks(&self) -> impl Iterator<Item = f64> {
        self.ticks.iter().copied()
    }
}

/// The smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is no less.
fn round_step(rough: f64) -> f64 {
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|round| round * decade).find(|step| *step >= rough);
    step.unwrap_or(rough).max(f64::MIN_POSITIVE)
}

/// Powers of ten around two values.
fn powers(least: f64, largest: f64) -> impl Iterator<Item = f64> {
    let (first, last) = (least.log10().floor() as i32, largest.log10().ceil() as i32);
    (first..=last).map(|power| 10_f64.powi(power))
}

/// 1, 2 and 5 times the powers of ten around two values.
fn marks(least: f64, largest: f64) -> impl Iterator<Item = f64> {
    powers(least, largest).flat_map(|power| [power, 2.0 * power, 5.0 * power])
}

/// A tick in base units.
pub fn tick_text(tick: f64) -> String {
    if tick >= 0.0 && tick.fract() == 0.0 && tick < 1e15 {
        return count(tick as u64);
    }
    let written = significant(tick);
    if written.contains('.') { written.trim_end_matches('0').trim_end_matches('.').to_owned() } else { written }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn linear_scales_end_on_a_round_number() {
        for (largest, ticks) in [(0.0, 6), (37.0, 5), (100.0, 6), (1e11, 6), (0.003, 7)] {
            let scale = Scale::new((0.0, 100.0), largest);
            assert_eq!(scale.ticks().count(), ticks, "{largest}");
            assert!(scale.at(largest) <= 100.0);
        }
        let ticks: Vec<String> = Scale::around_zero((0.0, 1.0), -0.3, 1.1).ticks().map(tick_text).collect();
        assert_eq!(ticks, ["−0.5", "−0.25", "0", "0.25", "0.5", "0.75", "1", "1.25"]);
    }

    #[test]
    fn ticks_are_written_short() {
        for (tick, text) in [(2.5, "2.5"), (1500.0, "1,500"), (0.0, "0"), (-100.0, "−100"), (-0.25, "−0.25")] {
            assert_eq!(tick_text(tick), text);
        }
    }

    #[test]
    fn logarithmic_scales_have_ticks_at_one_two_and_five() {
        for (least, largest, ticks) in [
            (0.003, 0.04, vec![0.002, 0.005, 0.01, 0.02, 0.05]),
            (0.001, 0.01, vec![0.001, 0.002, 0.005, 0.01]),
            (1e-6, 10.0, vec![1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0]),
            (1.0, 1.0, vec![0.1, 0.2, 0.5, 1.0]),
        ] {
            let found: Vec<f64> = Scale::logarithmic((0.0, 1.0), least, largest).ticks().collect();
            let close = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 1e-9;
            assert!(found.len() == ticks.len() && found.iter().zip(&ticks).all(close), "{least}..{largest}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn every_place_is_on_the_drawing(least in any::<f64>(), largest in any::<f64>(), value in any::<f64>()) {
            for scale in [
                Scale::around_zero((300.0, 10.0), least, largest),
                Scale::logarithmic((300.0, 10.0), least, largest),
            ] {
                prop_assert!((10.0..=300.0).contains(&scale.at(value)), "{}", scale.at(value));
                prop_assert!(scale.ticks().count() <= 30);
            }
        }
    }
}
