//! Predicted against measured: how far predictions are from the line on which they are right.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, Canvas, Drawing, INK, LINE, MUTED, Result, SERIES};
use super::plot::SIDES;
use super::scale::{Scale, tick_text};
use crate::report::document::{ScatterPlot, ScatterPoint, Span};
use crate::report::text;

/// Height of the plot itself.
const HEIGHT: f64 = 460.0;
/// Height of a row of the legend.
const ROW: f64 = 20.0;
/// Room for the title of the vertical axis.
const TITLE: f64 = 30.0;
/// Room for the horizontal axis.
const AXIS: f64 = 48.0;
/// Longest name in the legend.
const LONGEST: usize = 46;
/// Size of a mark.
const RADIUS: f64 = 3.2;

/// How a group is told apart: five colours, and a shape for every five groups.
#[derive(Clone, Copy)]
struct Mark {
    color: RGBColor,
    shape: Shape,
}

#[derive(Clone, Copy)]
enum Shape {
    Dot,
    Square,
    Up,
    Down,
}

const SHAPES: [Shape; 4] = [Shape::Dot, Shape::Square, Shape::Up, Shape::Down];

/// Draws every point with its interval, and the line on which predictions are right.
pub fn draw(plot: &ScatterPlot) -> Result<Drawing> {
    let names = names(plot);
    let legend_rows = names.len();
    let top = ROW * legend_rows as f64 + TITLE;
    let bottom = top + HEIGHT;
    let (least, largest) = ends(plot);
    let across = Scale::logarithmic(SIDES, least, largest);
    let up = Scale::logarithmic((bottom, top), least, largest);
    canvas::drawing((bottom + AXIS) as i32, |canvas| {
        for (index, row) in names.iter().enumerate() {
            for (x, name, mark) in row {
                let y = 9.0 + ROW * index as f64;
                self::mark(canvas, (x + 5.0, y), *mark, 4.5)?;
                canvas.text(name, (x + 15.0, y), HPos::Left, MUTED)?;
            }
        }
        canvas.text(&format!("predicted, {}", plot.unit), (SIDES.0, top - 14.0), HPos::Left, MUTED)?;
        for tick in up.ticks() {
            let y = up.at(tick);
            canvas.line((SIDES.0, y), (SIDES.1, y), LINE, 1.0)?;
            canvas.text(&tick_text(tick), (SIDES.0 - 8.0, y), HPos::Right, MUTED)?;
        }
        canvas.axis(&across, (top, bottom), &format!("measured, {}", plot.unit))?;
        canvas.dashed_between((SIDES.0, bottom), (SIDES.1, top), MUTED)?;
        let place = |point: &ScatterPoint, predicted: f64| (across.at(point.measured), up.at(predicted));
        let marked = || plot.series.iter().enumerate().map(|(index, series)| (of(index), &series.points));
        for (mark, points) in marked() {
            for point in points.iter().filter(|point| is_drawable(point)) {
                let Span { lower, upper, .. } = point.predicted;
                canvas.line(place(point, lower), place(point, upper), mark.color, 0.5)?;
            }
        }
        for (mark, points) in marked() {
            for point in points.iter().filter(|point| is_drawable(point)) {
                self::mark(canvas, place(point, point.predicted.value), mark, RADIUS)?;
            }
        }
        Ok(())
    })
}

fn of(index: usize) -> Mark {
    let color = SERIES.get(index % SERIES.len()).copied().unwrap_or(INK);
    let shape = SHAPES.get(index / SERIES.len() % SHAPES.len()).copied().unwrap_or(Shape::Dot);
    Mark { color, shape }
}

fn mark(canvas: &Canvas<'_, '_>, (x, y): (f64, f64), Mark { color, shape }: Mark, radius: f64) -> Result<()> {
    match shape {
        Shape::Dot => canvas.dot((x, y), radius, color),
        Shape::Square => canvas.rectangle((x - radius, y - radius), (x + radius, y + radius), color),
        Shape::Up => canvas.triangle((x, y), radius * 1.2, true, color),
        Shape::Down => canvas.triangle((x, y), radius * 1.2, false, color),
    }
}

/// Rows of the legend: where each name begins, the name, and its mark.
fn names(plot: &ScatterPlot) -> Vec<Vec<(f64, String, Mark)>> {
    let mut rows: Vec<Vec<(f64, String, Mark)>> = Vec::new();
    let mut right = f64::INFINITY;
    for (index, series) in plot.series.iter().enumerate() {
        let name = text::shortened(&series.label, LONGEST);
        let wide = 33.0 + canvas::width(&name);
        if right + wide > SIDES.1 {
            rows.push(Vec::new());
            right = SIDES.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((right, name, of(index)));
        }
        right += wide;
    }
    rows
}

/// What both axes must hold: every figure, and intervals within reach of them.
fn ends(plot: &ScatterPlot) -> (f64, f64) {
    const REACH: f64 = 3.0;
    let points = || plot.series.iter().flat_map(|series| &series.points).filter(|point| is_drawable(point));
    let figures = || points().flat_map(|point| [point.measured, point.predicted.value]);
    let (least, largest) = (figures().fold(f64::INFINITY, f64::min), figures().fold(0.0, f64::max));
    let intervals = || points().flat_map(|point| [point.predicted.lower, point.predicted.upper]);
    let lower = intervals().filter(|end| *end * REACH >= least).fold(least, f64::min);
    let upper = intervals().filter(|end| *end <= largest * REACH).fold(largest, f64::max);
    (lower, upper)
}

/// Nothing at or below zero has a place on a logarithmic scale.
fn is_drawable(point: &ScatterPoint) -> bool {
    let is_positive = |number: f64| number.is_finite() && number > 0.0;
    is_positive(point.measured) && is_positive(point.predicted.value)
}
