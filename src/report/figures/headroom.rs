//! What stays free in one scenario after the other: a bar for CPU and one for memory.

use plotters::style::text_anchor::HPos;

use super::canvas::{self, APPS, BAD, Drawing, INK, MESH, MUTED, Result, WIDTH};
use super::scale::Scale;
use crate::report::document::HeadroomPlot;
use crate::report::text;

/// Where bars begin, and where what stands beside them begins.
const SIDES: (f64, f64) = (215.0, WIDTH as f64 - 130.0);
/// Height of a row.
const ROW: f64 = 34.0;
/// Room for the legend.
const TOP: f64 = 26.0;
/// Room for the axis.
const AXIS: f64 = 48.0;
/// Bars end here: what is more overcommitted is cut.
const LEAST: f64 = -1.0;

/// Draws two bars for each scenario, from zero; the target is a dashed line.
pub fn draw(plot: &HeadroomPlot) -> Result<Drawing> {
    let bottom = TOP + ROW * plot.rows.len() as f64 + 4.0;
    let shares = || plot.rows.iter().flat_map(|row| [row.cpu, row.memory]).chain(plot.target);
    let least = shares().fold(0.0, f64::min).max(LEAST);
    let largest = shares().fold(0.0, f64::max).min(1.0);
    let scale = Scale::around_zero(SIDES, least, largest.max(0.01));
    canvas::drawing((bottom + AXIS) as i32, |canvas| {
        let next = canvas.legend((SIDES.0, 9.0), MESH, "CPU free")?;
        let next = canvas.legend((next, 9.0), APPS, "memory free")?;
        if let Some(target) = plot.target {
            canvas.legend((next, 9.0), BAD, &format!("least the policy allows, {}", text::percent(target)))?;
        }
        canvas.grid(&scale, (TOP, bottom), text::percent_number)?;
        let zero = scale.at(0.0);
        for (index, row) in plot.rows.iter().enumerate() {
            let middle = TOP + ROW * (index as f64 + 0.5) + 2.0;
            canvas.text(&canvas::label(&row.label), (SIDES.0 - 8.0, middle), HPos::Right, INK)?;
            for (share, color, top) in [(row.cpu, MESH, middle - 12.0), (row.memory, APPS, middle + 1.0)] {
                let at = scale.at(share.clamp(LEAST, 1.0));
                canvas.rectangle((zero.min(at), top), (zero.max(at), top + 11.0), color)?;
            }
            if row.unplaced > 0 {
                let words = format!("{} without a node", text::count(row.unplaced));
                canvas.text(&words, (SIDES.1 + 10.0, middle), HPos::Left, BAD)?;
            }
        }
        canvas.line((zero, TOP), (zero, bottom), MUTED, 1.5)?;
        if let Some(target) = plot.target {
            canvas.dashed_down((scale.at(target), TOP), (scale.at(target), bottom), BAD)?;
        }
        canvas.text("share of allocatable, %", (scale.middle(), bottom + 32.0), HPos::Center, MUTED)
    })
}
