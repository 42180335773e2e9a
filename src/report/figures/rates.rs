//! Response time against request rate: where the knee is, and what the objectives leave.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, Canvas, Drawing, INK, MUTED, Result, SERIES};
use super::plot::{Field, Legend, Plot, SIDES, Times};
use super::scale::Scale;
use crate::measurement::percent;
use crate::report::document::{Knee, RateCurve, RatePlot, RatePoint, RateSample, Span};
use crate::report::text;
use crate::units::{Quantile, Rate, Seconds};

/// Largest over least from which the vertical axis is logarithmic.
const BEND: f64 = 10.0;
/// How far intervals and objectives may stretch the vertical axis beyond the largest figure.
const STRETCH: f64 = 3.0;
/// Longest label of the knee.
const LONGEST_KNEE: usize = 60;

/// Draws a curve and its band per quantile, objectives, the knee, and what was measured.
pub fn draw(plot: &RatePlot) -> Result<Drawing> {
    let quantiles = quantiles(plot);
    let color = |quantile: Quantile| {
        let place = quantiles.iter().position(|known| *known == quantile).unwrap_or_default();
        SERIES.get(place % SERIES.len()).copied().unwrap_or(INK)
    };
    let entries = quantiles.iter().map(|quantile| (color(*quantile), format!("p{}", percent(*quantile))));
    let marker = if plot.measured.is_empty() { "" } else { "dots: measured; lines and shades: predicted" };
    let frame = Plot::new(Legend::new(entries, marker), times(plot));
    let rates = Scale::new(SIDES, largest_rate(plot));
    let field = Field { plot: &frame, across: &rates };
    canvas::drawing(frame.height(), |canvas| {
        frame.draw(canvas)?;
        canvas.axis(&rates, frame.edges(), "requests per second")?;
        if let Some(knee) = &plot.knee {
            self::knee(canvas, &rates, frame.edges(), knee)?;
        }
        plot.curves.iter().try_for_each(|curve| band(canvas, &field, curve, color(curve.quantile)))?;
        plot.curves.iter().try_for_each(|curve| line(canvas, &field, curve, color(curve.quantile)))?;
        plot.limits.iter().try_for_each(|limit| frame.limit(canvas, limit, SIDES.1, false))?;
        plot.measured.iter().try_for_each(|sample| dot(canvas, &field, sample, color(sample.quantile)))
    })
}

/// Every quantile once, the lowest first.
fn quantiles(plot: &RatePlot) -> Vec<Quantile> {
    let curves = plot.curves.iter().map(|curve| curve.quantile);
    let mut all: Vec<Quantile> = curves.chain(plot.measured.iter().map(|sample| sample.quantile)).collect();
    all.sort_by(|a, b| a.get().total_cmp(&b.get()));
    all.dedup();
    all
}

fn largest_rate(plot: &RatePlot) -> f64 {
    let curves = plot.curves.iter().flat_map(|curve| &curve.points).map(|point| point.rate);
    let knee = plot.knee.iter().map(|knee| knee.rate.value);
    let all = curves.chain(knee).chain(plot.measured.iter().map(|sample| sample.rate));
    all.map(Rate::as_per_second).filter(|rate| rate.is_finite()).fold(0.0, f64::max)
}

/// What the vertical axis must hold.
fn times(plot: &RatePlot) -> Times {
    let curves = plot.curves.iter().flat_map(|curve| &curve.points).map(|point| point.time);
    let spans: Vec<Span<Seconds>> = curves.chain(plot.measured.iter().map(|sample| sample.time)).collect();
    let positive = |seconds: &f64| *seconds > 0.0 && seconds.is_finite();
    let figures = || spans.iter().map(|span| span.value.as_seconds()).filter(positive);
    let largest = figures().fold(0.0, f64::max);
    let least = figures().fold(f64::INFINITY, f64::min);
    let uppers = spans.iter().map(|span| span.upper.as_seconds());
    let limits = plot.limits.iter().map(|limit| limit.limit.as_seconds());
    let near = |end: &f64| positive(end) && *end <= STRETCH * largest;
    Times { least, largest: uppers.chain(limits).filter(near).fold(largest, f64::max), bend: BEND }
}

/// The interval of the knee as a strip, the knee as a dashed line with its label on the side with room.
fn knee(canvas: &Canvas<'_, '_>, rates: &Scale, (top, bottom): (f64, f64), knee: &Knee) -> Result<()> {
    let at = |rate: Rate| rates.at(rate.as_per_second());
    let (lower, x, upper) = (at(knee.rate.lower), at(knee.rate.value), at(knee.rate.upper));
    if lower < upper {
        canvas.shade(&[(lower, top), (upper, top)], &[(lower, bottom), (upper, bottom)], MUTED)?;
    }
    canvas.dashed_down((x, top), (x, bottom), MUTED)?;
    let label = text::shortened(&knee.label, LONGEST_KNEE);
    let left = x - canvas::width(&label) > SIDES.0;
    let (end, anchor) = if left { (x - 6.0, HPos::Right) } else { (x + 6.0, HPos::Left) };
    canvas.text(&label, (end, top + 9.0), anchor, INK)
}

fn band(canvas: &Canvas<'_, '_>, field: &Field<'_>, curve: &RateCurve, color: RGBColor) -> Result<()> {
    let known: Vec<&RatePoint> =
        curve.points.iter().filter(|point| point.time.lower.as_seconds().is_finite()).collect();
    if known.len() < 2 || known.iter().all(|point| point.time.lower == point.time.upper) {
        return Ok(());
    }
    let edge = |end: fn(&RatePoint) -> Seconds| -> Vec<(f64, f64)> {
        known.iter().map(|point| field.at(point.rate.as_per_second(), end(point))).collect()
    };
    canvas.shade(&edge(|point| point.time.upper), &edge(|point| point.time.lower), color)
}

fn line(canvas: &Canvas<'_, '_>, field: &Field<'_>, curve: &RateCurve, color: RGBColor) -> Result<()> {
    for run in curve.points.split(|point| !point.time.value.as_seconds().is_finite()) {
        let place = |point: &RatePoint| field.at(point.rate.as_per_second(), point.time.value);
        match *run {
            [] => {}
            [ref only] => canvas.dot(place(only), 3.0, color)?,
            _ => canvas.curve(&run.iter().map(place).collect::<Vec<_>>(), color, 2.0)?,
        }
    }
    Ok(())
}

fn dot(canvas: &Canvas<'_, '_>, field: &Field<'_>, sample: &RateSample, color: RGBColor) -> Result<()> {
    if !sample.time.value.as_seconds().is_finite() {
        return Ok(());
    }
    let at = |time| field.at(sample.rate.as_per_second(), time);
    if sample.time.lower < sample.time.upper {
        canvas.line(at(sample.time.upper), at(sample.time.lower), color, 1.5)?;
    }
    canvas.dot(at(sample.time.value), 4.0, color)
}
