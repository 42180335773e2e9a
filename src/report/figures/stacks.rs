//! Bars made of parts.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, APPS, Drawing, INK, Result, SERIES, WIDTH, width};
use super::scale::Scale;
use crate::report::document::StackPlot;

/// Where bars begin.
const LEFT: f64 = 190.0;
/// Height of a row.
const ROW: f64 = 30.0;
/// Height of a line of the legend.
const LEGEND: f64 = 20.0;
/// Room for the axis.
const AXIS: f64 = 48.0;

/// Draws one bar for each row, the parts in one order and one colour each.
pub fn draw(plot: &StackPlot) -> Result<Drawing> {
    let colors: Vec<RGBColor> = std::iter::once(APPS).chain(SERIES).take(plot.parts.len()).collect();
    let right = f64::from(WIDTH) - 25.0;
    let top = LEGEND * legend_lines(&plot.parts, right) + 10.0;
    let bottom = top + ROW * plot.rows.len() as f64 + 4.0;
    let known = |amount: &f64| if amount.is_finite() { amount.max(0.0) } else { 0.0 };
    let longest = plot.rows.iter().map(|(_, amounts)| amounts.iter().map(known).sum::<f64>()).fold(0.0, f64::max);
    let scale = Scale::new((LEFT, right), longest);
    canvas::drawing((bottom + AXIS) as i32, |canvas| {
        let mut at = (LEFT, 9.0);
        for (part, color) in plot.parts.iter().zip(&colors) {
            at = placed(at, part, right);
            at.0 = canvas.legend(at, *color, part)?;
        }
        canvas.axis(&scale, (top, bottom), &plot.axis)?;
        for (index, (label, amounts)) in plot.rows.iter().enumerate() {
            let middle = top + ROW * (index as f64 + 0.5) + 2.0;
            canvas.text(&canvas::label(label), (LEFT - 8.0, middle), HPos::Right, INK)?;
            let mut from = 0.0;
            for (amount, color) in amounts.iter().map(known).zip(&colors).filter(|(amount, _)| *amount > 0.0) {
                canvas.rectangle((scale.at(from), middle - 9.0), (scale.at(from + amount), middle + 9.0), *color)?;
                from += amount;
            }
        }
        Ok(())
    })
}

/// Where an entry of the legend goes: on the next line where it does not fit.
fn placed((x, y): (f64, f64), text: &str, right: f64) -> (f64, f64) {
    if x > LEFT && x + 15.0 + width(text) > right { (LEFT, y + LEGEND) } else { (x, y) }
}

fn legend_lines(parts: &[&str], right: f64) -> f64 {
    let mut at = (LEFT, 0.0);
    for part in parts {
        at = placed(at, part, right);
        at.0 += 33.0 + width(part);
    }
    1.0 + at.1 / LEGEND
}
