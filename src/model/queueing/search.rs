//! Where a falling tail or a rising curve reaches a level, by doubling and bisection.

/// Relative width at which a search ends.
const PRECISION: f64 = 1e-13;
/// Steps after which it ends in any case: enough to halve the whole range of floating point.
const MOST_STEPS: u32 = 2_200;

/// The least `x ≥ 0` at which a tail probability, falling from 1 at 0, is at most `level`.
///
/// 0 for a level of 1 or more; infinite for a level of 0 or less.
pub(super) fn where_tail_falls_to(level: f64, tail: impl Fn(f64) -> f64) -> f64 {
    if level >= 1.0 {
        return 0.0;
    }
    if level <= 0.0 || level.is_nan() {
        return f64::INFINITY;
    }
    let mut low = 0.0;
    let mut high = 1.0;
    while tail(high) > level {
        low = high;
        high *= 2.0;
        if high > f64::MAX / 2.0 {
            return f64::INFINITY;
        }
    }
    halfway(low, high, |x| tail(x) > level).1
}

/// Narrows `(low, high)` while `is_before` holds at `low` and not at `high`.
pub(super) fn halfway(mut low: f64, mut high: f64, is_before: impl Fn(f64) -> bool) -> (f64, f64) {
    for _ in 0..MOST_STEPS {
        let middle = low + (high - low) / 2.0;
        let is_narrow = high - low <= PRECISION * high.abs();
        if is_narrow || middle <= low || middle >= high {
            break;
        }
        if is_before(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_tail_is_inverted() {
        for level in [0.999, 0.5, 0.01, 1e-9, 1e-300] {
            let found = where_tail_falls_to(level, |x| (-x).exp());
            assert!((found + level.ln()).abs() <= 1e-9 * found, "{level}: {found}");
        }
    }

    #[test]
    fn levels_at_and_beyond_the_ends_have_an_answer() {
        let tail = |x: f64| (-x).exp();
        for (level, expected) in [(1.0, 0.0), (2.0, 0.0), (0.0, f64::INFINITY), (f64::NAN, f64::INFINITY)] {
            assert_eq!(where_tail_falls_to(level, tail), expected, "{level}");
        }
        assert_eq!(where_tail_falls_to(0.5, |_| 1.0), f64::INFINITY);
    }
}
