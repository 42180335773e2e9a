//! Charts: one function per figure, from data to an SVG drawing.

mod bands;
mod canvas;
mod differences;
mod headroom;
mod intervals;
mod nodes;
mod percentiles;
mod plot;
mod rates;
mod requests;
mod scale;
mod scatter;
mod stacks;
mod waves;
#[cfg(test)]
mod tests;

use super::document::{Chart, ChartData};
use super::markup::Svg;
use canvas::{Drawing, Result};

/// Draws a chart for a page; `None` where the data cannot be drawn.
pub fn draw(chart: &Chart) -> Option<Svg> {
    Some(drawing(chart).ok()?.into_svg(&chart.alt))
}

/// Draws a chart as an SVG file; `None` where the data cannot be drawn.
pub fn file(chart: &Chart) -> Option<String> {
    Some(drawing(chart).ok()?.into_file(&chart.alt))
}

fn drawing(chart: &Chart) -> Result<Drawing> {
    match &chart.data {
        ChartData::Intervals { axis, rows } => intervals::draw(axis, rows),
        ChartData::Requests { axis, rows } => requests::draw(axis, rows),
        ChartData::Nodes { cpu, memory, ceiling } => nodes::draw(cpu, memory, *ceiling),
        ChartData::Stacks(plot) => stacks::draw(plot),
        ChartData::Bands(rows) => bands::draw(rows),
        ChartData::Percentiles(plot) => percentiles::draw(plot),
        ChartData::Rates(plot) => rates::draw(plot),
        ChartData::Differences(groups) => differences::draw(groups),
        ChartData::Scatter(plot) => scatter::draw(plot),
        ChartData::Headroom(plot) => headroom::draw(plot),
        ChartData::Waves(plot) => waves::draw(plot),
    }
}
