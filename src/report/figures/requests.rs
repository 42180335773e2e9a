//! What each workload's proxy requests against what it needs.

use plotters::style::text_anchor::HPos;

use super::canvas::{self, APPS, BAD, Drawing, INK, MESH, Result, WIDTH};
use super::scale::Scale;
use crate::report::document::RequestPair;

/// Where rows begin.
const LEFT: f64 = 215.0;
/// Height of a row.
const ROW: f64 = 22.0;
/// Room for the legend.
const TOP: f64 = 26.0;
/// Room for the axis.
const AXIS: f64 = 48.0;

/// Draws a bar for the request and a dot for the need; red where the request falls short.
pub fn draw(axis: &str, rows: &[RequestPair]) -> Result<Drawing> {
    let bottom = TOP + ROW * rows.len() as f64 + 4.0;
    let largest = rows.iter().map(|row| row.needed.max(row.requested.unwrap_or(0.0))).fold(0.0, f64::max);
    let scale = Scale::new((LEFT, f64::from(WIDTH) - 25.0), largest);
    canvas::drawing((bottom + AXIS) as i32, |canvas| {
        let next = canvas.legend((LEFT, 9.0), APPS, "requested")?;
        let next = canvas.legend((next, 9.0), MESH, "needed")?;
        if rows.iter().any(|row| row.requested.unwrap_or(0.0) < row.needed) {
            canvas.legend((next, 9.0), BAD, "needed, but not requested")?;
        }
        canvas.axis(&scale, (TOP, bottom), axis)?;
        for (index, row) in rows.iter().enumerate() {
            let middle = TOP + ROW * (index as f64 + 0.5) + 2.0;
            let requested = row.requested.unwrap_or(0.0);
            let (request, need) = (scale.at(requested), scale.at(row.needed));
            canvas.text(&canvas::label(&row.label), (LEFT - 8.0, middle), HPos::Right, INK)?;
            canvas.rectangle((LEFT, middle - 6.0), (request, middle + 6.0), APPS)?;
            let short = requested < row.needed;
            if short {
                canvas.line((request, middle), (need, middle), BAD, 2.0)?;
            }
            canvas.dot((need, middle), 4.5, if short { BAD } else { MESH })?;
        }
        Ok(())
    })
}
