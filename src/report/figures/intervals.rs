//! Horizontal bars with the 90 % interval as whiskers.

use plotters::style::text_anchor::HPos;

use super::canvas::{self, Drawing, INK, MESH_SOFT, Result, WHISKER, WIDTH};
use super::scale::Scale;
use crate::report::document::Interval;

/// Where bars begin.
const LEFT: f64 = 215.0;
/// Height of a row.
const ROW: f64 = 24.0;
/// Room for the axis.
const AXIS: f64 = 48.0;

/// Draws the bars from top to bottom.
pub fn draw(axis: &str, rows: &[Interval]) -> Result<Drawing> {
    let bottom = ROW * rows.len() as f64 + 6.0;
    let largest = rows.iter().map(|row| row.upper).fold(0.0, f64::max);
    let scale = Scale::new((LEFT, f64::from(WIDTH) - 25.0), largest);
    canvas::drawing((bottom + AXIS) as i32, |canvas| {
        canvas.axis(&scale, (0.0, bottom), axis)?;
        for (index, row) in rows.iter().enumerate() {
            let middle = ROW * (index as f64 + 0.5) + 3.0;
            canvas.text(&canvas::label(&row.label), (LEFT - 8.0, middle), HPos::Right, INK)?;
            canvas.rectangle((LEFT, middle - 7.0), (scale.at(row.value), middle + 7.0), MESH_SOFT)?;
            let (lower, upper) = (scale.at(row.lower), scale.at(row.upper));
            canvas.line((lower, middle), (upper, middle), WHISKER, 1.5)?;
            for end in [lower, upper] {
                canvas.line((end, middle - 4.0), (end, middle + 4.0), WHISKER, 1.5)?;
            }
        }
        Ok(())
    })
}
