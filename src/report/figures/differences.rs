//! Added response time per quantile, with its interval and the figures beside it.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, BAD, Canvas, Drawing, GOOD, INK, MUTED, Result, WHISKER, WIDTH};
use super::scale::{Scale, tick_text};
use crate::measurement::percent;
use crate::report::document::{DifferenceGroup, DifferenceRow, Tone};
use crate::report::{duration, text};
use crate::units::Seconds;

/// Where intervals are drawn; figures stand right of it.
const SIDES: (f64, f64) = (70.0, WIDTH as f64 - 260.0);
/// Height of a row.
const ROW: f64 = 24.0;
/// Room for the axis.
const AXIS: f64 = 48.0;
/// Longest name over a group.
const LONGEST_NAME: usize = 80;
/// How far intervals may stretch the axis beyond the largest figure.
const STRETCH: f64 = 3.0;

/// Draws the rows of every group below its name.
pub fn draw(groups: &[DifferenceGroup]) -> Result<Drawing> {
    let lines: usize = groups.iter().map(|group| group.rows.len() + 1).sum();
    let bottom = ROW * lines as f64 + 6.0;
    let (scale, unit) = scale(groups);
    canvas::drawing((bottom + AXIS) as i32, |canvas| {
        axis(canvas, &scale, unit, bottom)?;
        let mut middle = ROW / 2.0;
        for group in groups {
            canvas.text(&text::shortened(&group.label, LONGEST_NAME), (SIDES.0, middle), HPos::Left, INK)?;
            middle += ROW;
            for one in &group.rows {
                row(canvas, &scale, middle, one)?;
                middle += ROW;
            }
        }
        Ok(())
    })
}

/// A scale that holds all figures, and the ends of intervals as far as they do not dwarf them.
fn scale(groups: &[DifferenceGroup]) -> (Scale, text::Unit) {
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let figures = || rows().map(|row| row.added.value.as_seconds()).filter(|seconds| seconds.is_finite());
    let ends = || rows().flat_map(|row| [row.added.lower, row.added.upper]).map(Seconds::as_seconds);
    let farthest = figures().map(f64::abs).fold(0.0, f64::max);
    let reach = if farthest > 0.0 { farthest * STRETCH } else { f64::MAX };
    let shown = || figures().chain(ends().filter(|end| end.is_finite()).map(|end| end.clamp(-reach, reach)));
    let (least, largest) = (shown().fold(0.0, f64::min), shown().fold(0.0, f64::max));
    let unit = duration::unit(Seconds::new(largest.max(-least)));
    (Scale::around_zero(SIDES, least, largest), unit)
}

fn axis(canvas: &Canvas<'_, '_>, scale: &Scale, unit: text::Unit, bottom: f64) -> Result<()> {
    canvas.grid(scale, (0.0, bottom), |tick| tick_text(tick / unit.size))?;
    let zero = scale.at(0.0);
    canvas.line((zero, 0.0), (zero, bottom), MUTED, 1.5)?;
    canvas.text(&format!("added response time, {}", unit.symbol), (scale.middle(), bottom + 32.0), HPos::Center, MUTED)
}

fn row(canvas: &Canvas<'_, '_>, scale: &Scale, middle: f64, row: &DifferenceRow) -> Result<()> {
    let color = color(row.tone);
    let at = |amount: Seconds| scale.at(amount.as_seconds());
    canvas.text(&format!("p{}", percent(row.quantile)), (SIDES.0 - 8.0, middle), HPos::Right, INK)?;
    let (lower, upper) = (at(row.added.lower), at(row.added.upper));
    if lower < upper {
        canvas.line((lower, middle), (upper, middle), color, 2.0)?;
    }
    // An end beyond the axis has no mark: the line runs out of the plot.
    let shown = |end: &Seconds| scale.holds(end.as_seconds());
    for end in [row.added.lower, row.added.upper].into_iter().filter(shown) {
        canvas.line((at(end), middle - 5.0), (at(end), middle + 5.0), color, 2.0)?;
    }
    canvas.dot((at(row.added.value), middle), 4.5, color)?;
    canvas.text(&row.words, (SIDES.1 + 14.0, middle), HPos::Left, INK)
}

fn color(tone: Tone) -> RGBColor {
    match tone {
        Tone::Neutral => MUTED,
        Tone::Good => GOOD,
        Tone::Caution => WHISKER,
        Tone::Bad => BAD,
    }
}
