//! From the buckets of a series to those of a distribution.

use super::metric_name::is_of_envoy;
use super::native::Span;
use crate::measurement::{Bucket, TimeUnit};

/// Why a series has no buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// Counts that are cumulative go down.
    Falling,
    /// Durations below zero are counted.
    Negative,
}

/// Buckets of cumulative counts by upper bound.
pub(super) fn classic(bounds: &[(f64, f64)], unit: TimeUnit) -> Result<Vec<Bucket>, Contradiction> {
    let mut bounds = bounds.to_vec();
    bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut buckets = Vec::with_capacity(bounds.len());
    let (mut below, mut counted) = (0.0, 0.0);
    for (bound, total) in bounds {
        // Rates carry the dust of floating point.
        if !total.is_finite() || total < counted * (1.0 - 1e-9) {
            return Err(Contradiction::Falling);
        }
        let weight = (total - counted).max(0.0);
        if bound < 0.0 && weight > 0.0 {
            return Err(Contradiction::Negative);
        }
        buckets.push(bucket(below, bound, weight, unit));
        (below, counted) = (bound, total.max(counted));
    }
    Ok(buckets)
}

/// Buckets that stand for themselves. The one around zero holds durations from zero on.
pub(super) fn native(metric: &str, spans: &[Span], unit: TimeUnit) -> Result<Vec<Bucket>, Contradiction> {
    if spans.iter().any(|span| span.upper < 0.0 && span.counted > 0.0) {
        return Err(Contradiction::Negative);
    }
    let whole = is_of_envoy(metric);
    let bounds = |span: &Span| if whole { before_rounding(span) } else { (span.lower, span.upper) };
    let of = |span: &Span| {
        let (lower, upper) = bounds(span);
        bucket(lower, upper, span.counted, unit)
    };
    Ok(spans.iter().map(of).collect())
}

/// The durations that end in a bucket once they are cut to whole numbers: `n` stands for `[n, n + 1)`.
fn before_rounding(span: &Span) -> (f64, f64) {
    let (least, most) = ((span.lower.max(-1.0).floor() + 1.0).max(0.0), span.upper.floor());
    // Without a whole number in it, a bucket was filled by something else.
    if least <= most { (if span.lower < 0.0 { 0.0 } else { least }, most + 1.0) } else { (span.lower, span.upper) }
}

fn bucket(lower: f64, upper: f64, weight: f64, unit: TimeUnit) -> Bucket {
    let end = |bound: f64| unit.amount(bound.max(0.0));
    Bucket { lower: end(lower), upper: end(upper), weight }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn ends(buckets: &[Bucket]) -> Vec<(f64, f64)> {
        buckets.iter().map(|bucket| (bucket.lower.as_seconds(), bucket.upper.as_seconds())).collect()
    }

    #[test]
    fn whole_milliseconds_stand_for_all_that_were_cut_to_them() {
        let span = |lower, upper| Span { lower, upper, counted: 1.0 };
        let spans = [span(-0.5, 0.5), span(0.957, 1.0), span(3.67, 4.0), span(10.37, 10.83), span(14.67, 16.0)];
        let found = ends(&native("envoy_http_downstream_rq_time", &spans, TimeUnit::Milliseconds).unwrap());
        assert_eq!(found, [(0.0, 0.001), (0.001, 0.002), (0.004, 0.005), (10.37 / 1e3, 10.83 / 1e3), (0.015, 0.017)]);
        let found = ends(&native("t_seconds", &spans[..2], TimeUnit::Seconds).unwrap());
        assert_eq!(found, [(0.0, 0.5), (0.957, 1.0)]);
    }

    #[test]
    fn durations_below_zero_are_refused_where_they_are_counted() {
        let span = |counted| Span { lower: -2.0, upper: -1.0, counted };
        assert_eq!(native("t_seconds", &[span(1.0)], TimeUnit::Seconds), Err(Contradiction::Negative));
        assert!(native("t_seconds", &[span(0.0)], TimeUnit::Seconds).is_ok());
        assert_eq!(classic(&[(-1.0, 2.0), (1.0, 3.0)], TimeUnit::Seconds), Err(Contradiction::Negative));
        assert!(classic(&[(-1.0, 0.0), (1.0, 3.0)], TimeUnit::Seconds).is_ok());
        assert_eq!(classic(&[(1.0, 3.0), (2.0, 2.0)], TimeUnit::Seconds), Err(Contradiction::Falling));
    }
}
