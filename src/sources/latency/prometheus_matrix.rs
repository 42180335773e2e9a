//! What series over a range of time say of it: the increase of counters, the sum of rates.

use serde_json::Value;

use super::clock::{Time, in_unit};
use super::native::{MOST_BUCKETS, Span};
use super::value::{number, shortened};
use crate::measurement::{Period, TimeUnit};

/// How the points of a range are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Points {
    /// Counters since the start of a process: what they grew by, restarts included.
    Counters,
    /// Rates or increases, each of its own moment: their sum.
    Rates,
}

/// A value or histogram with its time.
pub(super) fn time_of(point: &Value) -> Option<Time> {
    point.get(0).and_then(number).and_then(|seconds| in_unit(seconds, TimeUnit::Seconds))
}

/// The points of a range within a period.
pub(super) fn within(points: &[Value], period: Option<Period>) -> impl Iterator<Item = &Value> {
    points
        .iter()
        .filter(move |point| period.is_none_or(|period| time_of(point).is_some_and(|time| period.spans(time.at))))
}

/// The number of a point.
pub(super) fn value(point: &Value) -> Result<f64, String> {
    point.get(1).and_then(number).ok_or_else(|| format!("{:?} as a sample", shortened(&point.to_string())))
}

/// What a series of numbers says of a range, and whether it was reset on the way.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Total {
    pub sum: f64,
    pub points: usize,
    pub reset: bool,
}

/// Adds up the points of a series; the first one is where counters are counted from.
pub(super) fn total(points: impl Iterator<Item = Result<f64, String>>, kind: Points) -> Result<Total, String> {
    let mut total = Total::default();
    let mut last = 0.0;
    for point in points {
        let point = point?;
        let fell = point < last;
        total.sum += match kind {
            Points::Rates => point,
            Points::Counters if total.points == 0 => 0.0,
            Points::Counters if fell => point,
            Points::Counters => point - last,
        };
        total.reset |= fell && total.points > 0;
        total.points += 1;
        last = point;
    }
    Ok(total)
}

/// A native histogram of an answer.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Answer {
    pub count: f64,
    pub sum: Option<f64>,
    pub spans: Vec<Span>,
}

/// `[time, {"count", "sum", "buckets": [[rule, lower, upper, count], …]}]`.
///
/// The rule says which bounds belong to a bucket (0 the upper, 1 the lower, 2 none, 3 both), which makes no
/// difference to an interval.
pub(super) fn histogram(point: &Value) -> Result<Answer, String> {
    let broken = |found: &Value| format!("{:?} as a histogram", shortened(&found.to_string()));
    let histogram = point.get(1).filter(|value| value.is_object()).ok_or_else(|| broken(point))?;
    let count = histogram.get("count").and_then(number).ok_or_else(|| broken(histogram))?;
    let mut spans = Vec::new();
    for bucket in histogram.get("buckets").and_then(Value::as_array).into_iter().flatten() {
        let odd = || format!("{:?} as a bucket", shortened(&bucket.to_string()));
        let rule = bucket.get(0).and_then(number).ok_or_else(odd)?;
        if ![0.0, 1.0, 2.0, 3.0].contains(&rule) {
            return Err(format!("a boundary rule of {rule}, expected 0 to 3"));
        }
        let bound = |index: usize| bucket.get(index).and_then(bound).ok_or_else(odd);
        let counted = bucket.get(3).and_then(number).ok_or_else(odd)?;
        spans.push(Span { lower: bound(1)?, upper: bound(2)?, counted });
    }
    Ok(Answer { count, sum: histogram.get("sum").and_then(number), spans })
}

/// A bound, which may be infinite.
fn bound(value: &Value) -> Option<f64> {
    number(value).or_else(|| value.as_str()?.parse().ok()).filter(|bound| !bound.is_nan())
}

/// Adds up histograms over a range as [`total`] does numbers. `None` where counters have but one point.
pub(super) fn histograms(
    points: impl Iterator<Item = Result<Answer, String>>,
    kind: Points,
) -> Result<(Option<Answer>, bool), String> {
    let mut whole = Answer { sum: Some(0.0), ..Answer::default() };
    let (mut last, mut reset, mut counted): (Option<Answer>, bool, bool) = (None, false, false);
    for point in points {
        let point = point?;
        let grown = match (kind, &last) {
            (Points::Rates, _) => Some(point.clone()),
            (Points::Counters, None) => None,
            (Points::Counters, Some(last)) => Some(increase(last, &point).unwrap_or_else(|| {
                reset = true;
                point.clone()
            })),
        };
        if let Some(grown) = grown {
            counted = true;
            whole.count += grown.count;
            whole.sum = whole.sum.zip(grown.sum).map(|(whole, part)| whole + part);
            whole.spans.extend(grown.spans);
            coalesce(&mut whole.spans);
            if whole.spans.len() > MOST_BUCKETS {
                return Err(format!("more than {MOST_BUCKETS} buckets over the range"));
            }
        }
        last = Some(point);
    }
    Ok((counted.then_some(whole), reset))
}

/// What a histogram grew by; `None` where it was reset.
///
/// A histogram that grows too large halves its resolution: old buckets then lie within new ones.
fn increase(last: &Answer, now: &Answer) -> Option<Answer> {
    if now.count < last.count {
        return None;
    }
    let mut spans = now.spans.clone();
    spans.sort_by(|a, b| a.lower.total_cmp(&b.lower));
    for old in last.spans.iter().filter(|old| old.counted > 0.0) {
        // Bounds computed for two schemas differ by rounding.
        let slack = old.upper.abs() * 1e-12;
        let index = spans.partition_point(|span| span.lower <= old.lower + slack).checked_sub(1)?;
        let within = spans.get_mut(index).filter(|span| old.upper <= span.upper + slack)?;
        within.counted -= old.counted;
        if within.counted < -old.counted * 1e-9 {
            return None;
        }
        within.counted = within.counted.max(0.0);
    }
    let sum = now.sum.zip(last.sum).map(|(now, last)| now - last);
    Some(Answer { count: now.count - last.count, sum, spans })
}

fn coalesce(spans: &mut Vec<Span>) {
    spans.sort_by(|a, b| a.lower.total_cmp(&b.lower).then_with(|| a.upper.total_cmp(&b.upper)));
    spans.dedup_by(|next, kept| {
        let same = next.lower == kept.lower && next.upper == kept.upper;
        if same {
            kept.counted += next.counted;
        }
        same
    });
}
