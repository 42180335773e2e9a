//! A course over time: pods that start, end and wait, and below what stays free.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, APPS, BAD, Canvas, Drawing, INK, LINE, MESH, MESH_SOFT, MUTED, Result, WIDTH};
use super::scale::{Scale, tick_text};
use crate::report::document::{WavePlot, WavePoint};
use crate::report::text;

/// Where plots begin and end.
const SIDES: (f64, f64) = (70.0, WIDTH as f64 - 25.0);
/// Top and bottom of the upper and of the lower plot.
const PODS: (f64, f64) = (52.0, 190.0);
const FREE: (f64, f64) = (244.0, 344.0);
/// Height of all.
const HEIGHT: f64 = 392.0;
/// Headroom below this is cut.
const LEAST: f64 = -1.0;

/// Draws both plots over one axis of time.
pub fn draw(plot: &WavePlot) -> Result<Drawing> {
    let end = plot.points.last().map_or(0.0, |point| point.at.as_seconds());
    let (unit, size) = unit(end);
    let across = Scale::new(SIDES, end / size);
    let at = |point: &WavePoint| across.at(point.at.as_seconds() / size);
    canvas::drawing(HEIGHT as i32, |canvas| {
        let next = canvas.legend((SIDES.0, 9.0), MESH, "starting")?;
        let next = canvas.legend((next, 9.0), MESH_SOFT, "ending")?;
        canvas.legend((next, 9.0), BAD, "without a node, or not let go by a budget")?;
        canvas.text("Pods", (SIDES.0, PODS.0 - 16.0), HPos::Left, INK)?;
        canvas.text("Free on nodes that take pods, % of all", (SIDES.0, FREE.0 - 34.0), HPos::Left, INK)?;
        let next = canvas.legend((SIDES.0, FREE.0 - 14.0), MESH, "CPU")?;
        canvas.legend((next, FREE.0 - 14.0), APPS, "memory")?;
        canvas.grid(&across, (PODS.0, PODS.1), |_| String::new())?;
        canvas.grid(&across, (FREE.0, FREE.1), tick_text)?;
        pods(canvas, plot, at)?;
        free(canvas, plot, at)?;
        canvas.text(&format!("time, {unit}"), (across.middle(), FREE.1 + 32.0), HPos::Center, MUTED)
    })
}

/// The unit in which a duration is written on the axis, and its size in seconds.
fn unit(end: f64) -> (&'static str, f64) {
    match end {
        end if end < 300.0 => ("s", 1.0),
        end if end < 10_800.0 => ("min", 60.0),
        _ => ("h", 3_600.0),
    }
}

fn pods(canvas: &Canvas<'_, '_>, plot: &WavePlot, at: impl Fn(&WavePoint) -> f64) -> Result<()> {
    let most = plot.points.iter().map(|point| (point.starting + point.ending).max(point.held)).max().unwrap_or(0);
    let up = Scale::new((PODS.1, PODS.0), most as f64);
    // There are no halves of pods.
    ruled(canvas, &up, |tick| if tick.fract() == 0.0 { tick_text(tick) } else { String::new() })?;
    let height = |pods: u64| up.at(pods as f64);
    for pair in plot.points.windows(2) {
        let [point, next] = pair else { continue };
        let (left, right) = (at(point), at(next));
        let (lower, upper) = (height(point.starting), height(point.starting + point.ending));
        canvas.rectangle((left, lower), (right, PODS.1), MESH)?;
        canvas.rectangle((left, upper), (right, lower), MESH_SOFT)?;
    }
    stepped(canvas, plot, &at, BAD, |point| height(point.held))
}

fn free(canvas: &Canvas<'_, '_>, plot: &WavePlot, at: impl Fn(&WavePoint) -> f64) -> Result<()> {
    let shares = || plot.points.iter().flat_map(|point| [point.cpu, point.memory]);
    let least = shares().fold(0.0, f64::min).max(LEAST);
    let up = Scale::around_zero((FREE.1, FREE.0), least, shares().fold(0.01, f64::max).min(1.0));
    ruled(canvas, &up, text::percent_number)?;
    stepped(canvas, plot, &at, APPS, |point| up.at(point.memory.max(LEAST)))?;
    stepped(canvas, plot, &at, MESH, |point| up.at(point.cpu.max(LEAST)))
}

fn ruled(canvas: &Canvas<'_, '_>, up: &Scale, words: impl Fn(f64) -> String) -> Result<()> {
    up.ticks().try_for_each(|tick| {
        canvas.line((SIDES.0, up.at(tick)), (SIDES.1, up.at(tick)), LINE, 1.0)?;
        canvas.text(&words(tick), (SIDES.0 - 8.0, up.at(tick)), HPos::Right, MUTED)
    })
}

/// A line that keeps its height until the next moment.
fn stepped(
    canvas: &Canvas<'_, '_>,
    plot: &WavePlot,
    at: impl Fn(&WavePoint) -> f64,
    color: RGBColor,
    height: impl Fn(&WavePoint) -> f64,
) -> Result<()> {
    let mut corners: Vec<(f64, f64)> = Vec::with_capacity(2 * plot.points.len());
    for point in &plot.points {
        if let Some((_, before)) = corners.last().copied() {
            corners.push((at(point), before));
        }
        corners.push((at(point), height(point)));
    }
    match corners.len() {
        0 | 1 => Ok(()),
        _ => canvas.curve(&corners, color, 2.0),
    }
}
