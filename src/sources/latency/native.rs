//! Native histograms of Prometheus: buckets whose bounds follow from a schema and an index.
//!
//! With schema `n` (−4 to 8), bucket `i` holds values above `2^((i−1)·2^−n)` up to `2^(i·2^−n)`; values near
//! zero have a bucket of their own (OpenMetrics 2.0, "Native Buckets").

/// Most buckets of one series; Envoy has 20, native histograms 160 at first.
pub(super) const MOST_BUCKETS: usize = 4_096;

/// A bucket in the unit of its metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub lower: f64,
    pub upper: f64,
    pub counted: f64,
}

/// A native histogram as it is exposed.
#[derive(Debug, Default)]
pub(super) struct Native {
    pub schema: i64,
    /// Values up to this distance from zero are counted together.
    pub zero_threshold: f64,
    pub zero: f64,
    pub positive: Side,
    pub negative: Side,
}

/// The buckets on one side of zero.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Runs of buckets: how many indices are skipped before it, and its length.
    pub spans: Vec<(i64, u64)>,
    /// One count per bucket of all runs.
    pub counts: Vec<f64>,
}

/// Bounds are given one by one rather than by a rule.
pub(super) const CUSTOM_BOUNDS: i64 = -53;
const SCHEMAS: std::ops::RangeInclusive<i64> = -4..=8;
/// Furthest index, in bits of its magnitude: beyond it no sum of skipped indices can overflow.
const FARTHEST: i64 = 1 << 40;

impl Native {
    /// Whether its bounds follow a rule known here.
    pub fn is_known(&self) -> bool {
        SCHEMAS.contains(&self.schema)
    }

    /// Its buckets that count something, from zero outwards; the error says what is wrong.
    pub fn buckets(&self) -> Result<Vec<Span>, String> {
        if !self.is_known() {
            return Err(format!("schema {}, expected −4 to 8", self.schema));
        }
        if !(self.zero_threshold >= 0.0 && self.zero_threshold.is_finite()) {
            return Err(format!("a zero threshold of {}", self.zero_threshold));
        }
        let mut buckets = Vec::new();
        let mut keep = |lower: f64, upper: f64, counted: f64| {
            if !(counted >= 0.0 && counted.is_finite()) {
                return Err(format!("a bucket that counts {counted}"));
            }
            if counted > 0.0 {
                buckets.push(Span { lower, upper, counted });
            }
            Ok(())
        };
        keep(-self.zero_threshold, self.zero_threshold, self.zero)?;
        self.positive
            .for_each(|index, counted| keep(self.bound(index - 1).min(f64::MAX), self.bound(index), counted))?;
        self.negative
            .for_each(|index, counted| keep(-self.bound(index), -self.bound(index - 1).min(f64::MAX), counted))?;
        Ok(buckets)
    }

    /// Upper bound of a bucket; infinite beyond what floating point holds.
    fn bound(&self, index: i64) -> f64 {
        (index as f64 * (-self.schema as f64).exp2()).exp2()
    }
}

impl Side {
    /// Takes counts that are given as differences, each to the one before.
    pub fn add_deltas(&mut self, deltas: &[i64]) -> Result<(), String> {
        let mut counted = 0_i64;
        for delta in deltas {
            counted = counted.checked_add(*delta).ok_or("counts beyond 64 bits")?;
            self.counts.push(counted as f64);
        }
        Ok(())
    }

    fn for_each(&self, mut each: impl FnMut(i64, f64) -> Result<(), String>) -> Result<(), String> {
        let claimed = self.spans.iter().try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length));
        if claimed != Some(self.counts.len() as u64) {
            let claimed = claimed.map_or_else(|| "more than 2⁶⁴".to_owned(), |claimed| claimed.to_string());
            return Err(format!("spans of {claimed} buckets with {} counts", self.counts.len()));
        }
        let mut counts = self.counts.iter();
        let mut index = 0_i64;
        for (skipped, length) in &self.spans {
            index = index.saturating_add(*skipped);
            if index.abs() > FARTHEST {
                return Err(format!("a bucket at index {index}"));
            }
            for counted in counts.by_ref().take(*length as usize) {
                each(index, *counted)?;
                index += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn side(spans: &[(i64, u64)], counts: &[f64]) -> Side {
        Side { spans: spans.to_vec(), counts: counts.to_vec() }
    }

    /// Bounds as the specification computes them.
    #[test]
    fn bounds_follow_from_schema_and_index() {
        for (schema, index, lower, upper) in [
            (0, 0, 0.5, 1.0),
            (0, 3, 4.0, 8.0),
            (1, 1, 1.0, std::f64::consts::SQRT_2),
            (-1, 1, 1.0, 4.0),
            (-4, 1, 1.0, 65_536.0),
            (3, 8, 1.834_008_086_409_342_4, 2.0),
            (8, -255, 0.5, 0.501_355_637_525_101_3),
            (0, 1024, 2_f64.powi(1023), f64::INFINITY),
            (0, 9999, f64::MAX, f64::INFINITY),
        ] {
            let native = Native { schema, positive: side(&[(index, 1)], &[2.0]), ..Native::default() };
            let found = native.buckets().unwrap();
            let close = |a: f64, b: f64| a == b || (a - b).abs() <= b.abs() * 1e-14;
            assert!(close(found[0].lower, lower) && close(found[0].upper, upper), "{schema} {index}: {found:?}");
        }
    }

    #[test]
    fn runs_skip_indices_and_empty_buckets_are_left_out() {
        let mut positive = side(&[(0, 2), (1, 2)], &[]);
        positive.add_deltas(&[3, -3, 2, 5]).unwrap();
        let negative = side(&[(1, 1)], &[4.0]);
        let native = Native { zero_threshold: 0.25, zero: 1.0, positive, negative, ..Native::default() };
        let span = |lower, upper, counted| Span { lower, upper, counted };
        assert_eq!(
            native.buckets().unwrap(),
            [
                span(-0.25, 0.25, 1.0),
                span(0.5, 1.0, 3.0),
                span(4.0, 8.0, 2.0),
                span(8.0, 16.0, 7.0),
                span(-2.0, -1.0, 4.0)
            ]
        );
    }

    #[test]
    fn contradictions_are_named() {
        let refuse = |native: Native, expected: &str| {
            let found = native.buckets().unwrap_err();
            assert!(found.contains(expected), "{found}");
        };
        refuse(Native { schema: 9, ..Native::default() }, "schema 9");
        refuse(Native { zero_threshold: -1.0, ..Native::default() }, "zero threshold of -1");
        refuse(Native { zero: f64::NAN, ..Native::default() }, "counts NaN");
        refuse(Native { positive: side(&[(0, 1 << 63)], &[1.0]), ..Native::default() }, "spans of 9223372036854775808");
        refuse(Native { positive: side(&[(0, u64::MAX), (0, 2)], &[1.0]), ..Native::default() }, "more than 2⁶⁴");
        refuse(Native { positive: side(&[(i64::MAX, 1)], &[1.0]), ..Native::default() }, "index 9223372036854775807");
        refuse(Native { positive: side(&[(0, 1)], &[-1.0]), ..Native::default() }, "counts -1");
        assert!(Side::default().add_deltas(&[i64::MAX, 1]).is_err());
    }
}
