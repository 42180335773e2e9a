//! Response time against percentile, on the axis of nines HdrHistogram users know.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, Canvas, Drawing, MUTED, Result, SERIES};
use super::plot::{Field, Legend, Plot, SIDES, Times};
use super::scale::Scale;
use crate::report::document::{PercentileCurve, PercentilePlot, PercentilePoint};
use crate::report::text;
use crate::units::{Quantile, Seconds};

/// Largest over median from which the vertical axis is logarithmic.
const BEND: f64 = 20.0;
/// How far intervals and objectives may stretch the vertical axis beyond the largest figure.
const STRETCH: f64 = 2.0;
/// Room above the largest figure for shades without an upper end.
const OPEN: f64 = 1.5;
/// Least the horizontal axis shows: to 90 %.
const LEAST_NINES: f64 = 1.0;

/// Longest name in the legend.
const LONGEST_NAME: usize = 44;
/// Name of the horizontal axis.
const AXIS: &str = "percentile, % (with each step ten times fewer requests lie beyond)";

/// Draws a curve and its band per measurement, and the objectives.
pub fn draw(plot: &PercentilePlot) -> Result<Drawing> {
    let curves: Vec<(RGBColor, &PercentileCurve)> = colored(&plot.curves);
    let legend =
        Legend::new(curves.iter().map(|(color, curve)| (*color, text::shortened(&curve.label, LONGEST_NAME))), "");
    let frame = Plot::new(legend, times(plot));
    let nines = axis(plot);
    let field = Field { plot: &frame, across: &nines };
    canvas::drawing(frame.height(), |canvas| {
        frame.draw(canvas)?;
        canvas.grid(&nines, frame.edges(), percent_at)?;
        canvas.text(AXIS, (nines.middle(), frame.edges().1 + 32.0), HPos::Center, MUTED)?;
        curves.iter().try_for_each(|(color, curve)| band(canvas, &field, curve, *color))?;
        curves.iter().try_for_each(|(color, curve)| line(canvas, &field, curve, *color))?;
        plot.limits.iter().try_for_each(|limit| {
            let right = limit.quantile.map_or(SIDES.1, |quantile| nines.at(nines_of(quantile)));
            frame.limit(canvas, limit, right, limit.quantile.is_some())
        })
    })
}

/// The base is grey; the others have a colour each.
fn colored(curves: &[PercentileCurve]) -> Vec<(RGBColor, &PercentileCurve)> {
    let mut colors = SERIES.iter().cycle().copied();
    curves.iter().map(|curve| (if curve.base { MUTED } else { colors.next().unwrap_or(MUTED) }, curve)).collect()
}

/// `−log₁₀(1 − q)`: 1 for 90 %, 2 for 99 %.
fn nines_of(quantile: Quantile) -> f64 {
    // Beyond twelve nines floating point has no digits left.
    const MOST: f64 = 12.0;
    let nines = -(1.0 - quantile.get()).log10();
    if nines.is_finite() { nines.clamp(0.0, MOST) } else { MOST }
}

/// The axis ends with the longest curve, or the highest objective below 100 %.
fn axis(plot: &PercentilePlot) -> Scale {
    let curves = plot.curves.iter().filter_map(|curve| curve.points.last()).map(|point| point.quantile);
    let limits = plot.limits.iter().filter_map(|limit| limit.quantile).filter(|quantile| quantile.get() < 1.0);
    let end = curves.chain(limits).map(nines_of).fold(LEAST_NINES, f64::max);
    let median = nines_of(Quantile::literal(0.5));
    let ticks = [0.0, median].into_iter().chain((1..=end as u32).map(f64::from));
    Scale::exact(SIDES, (0.0, end), ticks.collect())
}

/// `0`, `50`, `90`, `99`, `99.9`, …
fn percent_at(nines: f64) -> String {
    if nines.fract() != 0.0 {
        return format!("{:.0}", (1.0 - 10_f64.powf(-nines)) * 100.0);
    }
    match nines as usize {
        0 => "0".to_owned(),
        1 => "90".to_owned(),
        2 => "99".to_owned(),
        more => format!("99.{}", "9".repeat(more - 2)),
    }
}

/// What the vertical axis must hold.
fn times(plot: &PercentilePlot) -> Times {
    let points = || plot.curves.iter().flat_map(|curve| &curve.points);
    let positive = |seconds: &f64| *seconds > 0.0 && seconds.is_finite();
    let largest_of = |all: &mut dyn Iterator<Item = f64>| all.filter(positive).fold(0.0, f64::max);
    let figure = |point: &PercentilePoint| point.value.unwrap_or(point.lower).as_seconds();
    let figures = largest_of(&mut points().map(figure));
    let near = |end: &f64| *end <= STRETCH * figures;
    let ends = largest_of(&mut points().map(|point| point.upper.as_seconds()).filter(near));
    let limits = largest_of(&mut plot.limits.iter().map(|limit| limit.limit.as_seconds()).filter(near));
    let upper_half = points().filter(|point| point.quantile.get() >= 0.5).map(figure);
    let median = upper_half.filter(positive).fold(f64::INFINITY, f64::min);
    let bend = median.is_finite() && figures / median > BEND;
    let least = points().map(figure).filter(positive).fold(f64::INFINITY, f64::min);
    let open = points().any(|point| point.upper.as_seconds().is_infinite());
    let largest = figures.max(ends).max(limits) * if open { OPEN } else { 1.0 };
    Times { least, largest, bend: if bend { 1.0 } else { f64::INFINITY } }
}

fn band(canvas: &Canvas<'_, '_>, field: &Field<'_>, curve: &PercentileCurve, color: RGBColor) -> Result<()> {
    if curve.points.len() < 2 || curve.points.iter().all(|point| point.lower == point.upper) {
        return Ok(());
    }
    let edge = |end: fn(&PercentilePoint) -> Seconds| -> Vec<(f64, f64)> {
        curve.points.iter().map(|point| field.at(nines_of(point.quantile), end(point))).collect()
    };
    canvas.shade(&edge(|point| point.upper), &edge(|point| point.lower), color)
}

/// The figures, broken where there are none; a dot where the curve ends.
fn line(canvas: &Canvas<'_, '_>, field: &Field<'_>, curve: &PercentileCurve, color: RGBColor) -> Result<()> {
    let place = |point: &PercentilePoint| point.value.map(|value| field.at(nines_of(point.quantile), value));
    for run in curve.points.split(|point| point.value.is_none()) {
        let places: Vec<(f64, f64)> = run.iter().filter_map(place).collect();
        if places.len() > 1 {
            canvas.curve(&places, color, 2.0)?;
        }
        if let Some(end) = places.last() {
            canvas.dot(*end, 3.5, color)?;
        }
    }
    Ok(())
}
