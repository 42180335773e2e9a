//! Figures against the ranges the field quotes, each row on its own scale.

use plotters::style::text_anchor::HPos;

use super::canvas::{self, BAND, Canvas, Drawing, INK, LINE, MUTED, Result, WHISKER, WIDTH};
use super::scale::Scale;
use crate::report::document::BandInterval;
use crate::report::text;

/// Where scales begin.
const LEFT: f64 = 215.0;
/// Height of a row with its own scale.
const ROW: f64 = 54.0;

/// Draws one row per figure.
pub fn draw(rows: &[BandInterval]) -> Result<Drawing> {
    canvas::drawing((ROW * rows.len() as f64) as i32, |canvas| {
        rows.iter().enumerate().try_for_each(|(index, row)| band(canvas, ROW * index as f64, row))
    })
}

fn band(canvas: &Canvas<'_, '_>, top: f64, row: &BandInterval) -> Result<()> {
    let figure = &row.figure;
    let right = f64::from(WIDTH) - 25.0;
    let scale = Scale::new((LEFT, right), figure.upper.max(row.high) * 1.05);
    let middle = top + 16.0;
    let title = format!("{}, {}", figure.label, row.unit);
    canvas.text(&canvas::label(&title), (LEFT - 8.0, middle), HPos::Right, INK)?;
    canvas.rectangle((scale.at(row.low), middle - 10.0), (scale.at(row.high), middle + 10.0), BAND)?;
    canvas.line((LEFT, middle), (right, middle), LINE, 1.0)?;
    let (lower, upper) = (scale.at(figure.lower), scale.at(figure.upper));
    // A figure known exactly has no whiskers.
    if lower < upper {
        canvas.line((lower, middle), (upper, middle), WHISKER, 2.0)?;
        for end in [lower, upper] {
            canvas.line((end, middle - 5.0), (end, middle + 5.0), WHISKER, 2.0)?;
        }
    }
    canvas.dot((scale.at(figure.value), middle), 4.5, WHISKER)?;
    for value in [0.0, row.low, row.high] {
        canvas.text(&short(value), (scale.at(value), middle + 20.0), HPos::Center, MUTED)?;
    }
    Ok(())
}

/// Ends of quoted ranges are round.
fn short(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
        text::count(value as u64)
    } else {
        text::significant(value)
    }
}
