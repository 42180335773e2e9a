//! Charts: one function per figure, from data to an SVG drawing.

mod bands;
mod canvas;
mod differences;
mod intervals;
mod nodes;
mod percentiles;
mod plot;
mod rates;
mod requests;
mod scale;

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
        ChartData::Bands(rows) => bands::draw(rows),
        ChartData::Percentiles(plot) => percentiles::draw(plot),
        ChartData::Rates(plot) => rates::draw(plot),
        ChartData::Differences(groups) => differences::draw(groups),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{BandInterval, Interval, NodeShare, RequestPair};

    fn check(data: ChartData, parts: &[&str]) {
        let chart = Chart { title: "Title", caption: String::new(), alt: "said \"in\" words".to_owned(), data };
        let svg = draw(&chart).unwrap();
        let svg = svg.as_str();
        assert!(svg.starts_with("<svg viewBox=\"0 0 "), "{svg}");
        assert!(svg.contains("role=\"img\" aria-label=\"said &quot;in&quot; words\""), "{svg}");
        for part in parts {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("<script"));
    }

    fn interval(label: &str, value: f64) -> Interval {
        Interval { label: label.to_owned(), lower: value * 0.8, value, upper: value * 1.2 }
    }

    #[test]
    fn figures_name_their_axes_and_escape_their_labels() {
        let rows = vec![interval("shop", 12.0), interval("<script>&", 3.0)];
        check(
            ChartData::Intervals { axis: "memory, MiB".to_owned(), rows },
            &["memory, MiB", "shop", "&lt;script&gt;&amp;"],
        );
        let pair = |requested| RequestPair { label: "shop/cart".to_owned(), requested, needed: 60.0 };
        let rows = vec![pair(Some(128.0)), pair(None)];
        check(
            ChartData::Requests { axis: "one proxy, MiB".to_owned(), rows },
            &["one proxy, MiB", "requested", "needed"],
        );
        let shares = vec![NodeShare { apps: 0.6, mesh: 0.1 }; 3];
        check(
            ChartData::Nodes { cpu: shares.clone(), memory: shares, ceiling: 0.8 },
            &["CPU", "Memory", "share of allocatable, %", "policy"],
        );
        let figure = interval("CPU overhead", 24.0);
        check(ChartData::Bands(vec![BandInterval { figure, unit: "%", low: 5.0, high: 15.0 }]), &["CPU overhead", "%"]);
    }

    #[test]
    fn nothing_to_scale_by_is_still_a_chart() {
        let rows = vec![interval("none", 0.0)];
        check(ChartData::Intervals { axis: "memory, MiB".to_owned(), rows }, &["none"]);
        let overcommitted = vec![NodeShare { apps: 40.0, mesh: 0.0 }];
        check(ChartData::Nodes { cpu: overcommitted.clone(), memory: overcommitted, ceiling: 0.8 }, &["CPU"]);
    }
}
