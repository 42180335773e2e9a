use super::*;
use proptest::prelude::*;

use crate::report::document::{
    BandInterval, DifferenceGroup, DifferenceRow, HeadroomBar, HeadroomPlot, Interval, Knee, Limit, NodeShare,
    PercentileCurve, PercentilePlot, PercentilePoint, RateCurve, RatePlot, RatePoint, RateSample, RequestPair,
    ScatterPlot, ScatterPoint, ScatterSeries, Span, StackPlot, Tone,
};
use crate::units::{Quantile, Rate, Seconds};

fn check(data: ChartData, parts: &[&str]) {
    let chart = Chart { title: "Title", caption: String::new(), alt: "said \"in\" words".to_owned(), data };
    let svg = draw(&chart).unwrap();
    let svg = svg.as_str();
    assert!(svg.starts_with("<svg viewBox=\"0 0 "), "{svg}");
    assert!(svg.contains("role=\"img\" aria-label=\"said &quot;in&quot; words\""), "{svg}");
    for part in parts {
        assert!(svg.contains(part), "{part} is not in {svg}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<script"), "{svg}");
    assert!(!svg.contains('\u{202e}'), "{svg}");
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
    check(ChartData::Requests { axis: "one proxy, MiB".to_owned(), rows }, &["one proxy, MiB", "requested", "needed"]);
    let shares = vec![NodeShare { apps: 0.6, mesh: 0.1 }; 3];
    check(
        ChartData::Nodes { cpu: shares.clone(), memory: shares, ceiling: 0.8 },
        &["CPU", "Memory", "share of allocatable, %", "policy"],
    );
    let rows = vec![("sidecar", vec![12.0, 3.0]), ("none", vec![12.0, 0.0])];
    let plot = StackPlot { axis: "memory, GiB".to_owned(), parts: vec!["applications", "sidecars"], rows };
    check(ChartData::Stacks(plot), &["memory, GiB", "applications", "sidecars", "sidecar", "none"]);
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

#[test]
fn headroom_is_drawn_from_zero_and_cut_at_nothing_left() {
    let bar = |label: &str, cpu, unplaced| HeadroomBar { label: label.to_owned(), cpu, memory: 0.4, unplaced };
    let rows = vec![bar("as planned", 0.3, 0), bar(HOSTILE, -7.0, 12), bar("empty", f64::MAX, 0)];
    check(
        ChartData::Headroom(HeadroomPlot { rows, target: Some(0.2) }),
        &["as planned", "12 without a node", "share of allocatable, %", "least the policy allows, 20 %"],
    );
    check(ChartData::Headroom(HeadroomPlot { rows: vec![bar("full", 0.0, 0)], target: None }), &["full"]);
}

const HOSTILE: &str = "</svg><script>alert(1)</script>\" onload='x' \u{202e}&";

fn span(value: f64) -> Span<Seconds> {
    Span { lower: Seconds::new(value * 0.9), value: Seconds::new(value), upper: Seconds::new(value * 1.2) }
}

fn point(quantile: f64, value: Option<f64>, upper: f64) -> PercentilePoint {
    let value = value.map(Seconds::new);
    let lower = value.unwrap_or(Seconds::new(0.1));
    PercentilePoint { quantile: Quantile::new(quantile).unwrap(), lower, value, upper: Seconds::new(upper) }
}

fn percentiles(points: &[PercentilePoint], limits: Vec<Limit>) -> ChartData {
    let curve = |label: &str, base| PercentileCurve { label: label.to_owned(), base, points: points.to_vec() };
    ChartData::Percentiles(PercentilePlot { curves: vec![curve("base: plain", true), curve(HOSTILE, false)], limits })
}

fn limit(label: &str, quantile: Option<f64>, limit: f64) -> Limit {
    let quantile = quantile.map(|quantile| Quantile::new(quantile).unwrap());
    Limit { label: label.to_owned(), quantile, limit: Seconds::new(limit) }
}

#[test]
fn percentiles_stand_on_the_axis_of_nines() {
    let points = [
        point(0.0, Some(0.001), 0.001),
        point(0.5, Some(0.002), 0.003),
        point(0.99, Some(0.004), 0.006),
        point(0.9999, Some(0.009), 0.01),
    ];
    let limits =
        vec![limit("p99<5ms", Some(0.99), 0.005), limit("max<1s", Some(1.0), 1.0), limit(HOSTILE, None, 0.007)];
    let parts = [
        "response time, ms",
        ">\n0\n<",
        ">\n50\n<",
        ">\n90\n<",
        ">\n99\n<",
        ">\n99.9\n<",
        ">\n99.99\n<",
        "p99&lt;5ms",
        "↑ max&lt;1s",
        "&lt;/svg&gt;",
        "<polygon",
    ];
    check(percentiles(&points, limits), &parts);
}

#[test]
fn a_wide_range_of_times_is_logarithmic() {
    let points = [point(0.5, Some(0.001), 0.001), point(0.999, Some(2.0), 2.0)];
    check(percentiles(&points, Vec::new()), &["response time, logarithmic", "10 ms", "100 ms", "1 s"]);
}

#[test]
fn a_lone_sample_and_an_open_bucket_are_drawn() {
    check(percentiles(&[point(0.0, Some(0.005), 0.005); 2], Vec::new()), &["<circle", ">\n90\n<"]);
    let open = [point(0.0, Some(0.05), 0.05), point(0.9, None, f64::INFINITY), point(0.99, None, f64::INFINITY)];
    check(percentiles(&open, Vec::new()), &["<polygon"]);
    check(percentiles(&[point(0.5, None, f64::INFINITY)], Vec::new()), &["response time"]);
}

/// A sweep of an M/M/1 queue of 1,000 requests per second.
fn sweep() -> RatePlot {
    let curve = |quantile: f64| {
        let time = |rate: f64| if rate < 1000.0 { -(1.0 - quantile).ln() / (1000.0 - rate) } else { f64::INFINITY };
        let points = (0..=20).map(|step| {
            let rate = 50.0 * f64::from(step);
            RatePoint { rate: Rate::per_second(rate), time: span(time(rate)) }
        });
        RateCurve { quantile: Quantile::new(quantile).unwrap(), points: points.collect() }
    };
    let sample =
        |rate, time| RateSample { rate: Rate::per_second(rate), quantile: Quantile::literal(0.99), time: span(time) };
    RatePlot {
        curves: vec![curve(0.5), curve(0.9), curve(0.99)],
        limits: vec![limit("p99<25ms", Some(0.99), 0.025)],
        knee: Some(Knee {
            label: "knee at 800 requests/s [750–860]".to_owned(),
            rate: Span {
                lower: Rate::per_second(750.0),
                value: Rate::per_second(800.0),
                upper: Rate::per_second(860.0),
            },
        }),
        measured: vec![sample(200.0, 0.0061), sample(600.0, 0.0119), sample(900.0, 0.049)],
    }
}

#[test]
fn a_sweep_shows_quantiles_knee_objective_and_measurements() {
    let parts = [
        "requests per second",
        "response time, logarithmic",
        "p50",
        "p90",
        "p99",
        "p99&lt;25ms",
        "knee at 800 requests/s [750–860]",
        "dots: measured",
        "1,000",
    ];
    check(ChartData::Rates(sweep()), &parts);
    let plain = RatePlot { knee: None, measured: Vec::new(), limits: Vec::new(), ..sweep() };
    check(ChartData::Rates(plain), &["requests per second"]);
    check(ChartData::Rates(RatePlot::default()), &["requests per second"]);
}

fn differences(label: &str, rows: &[(f64, f64, f64, f64)]) -> ChartData {
    let row = |(quantile, lower, value, upper): &(f64, f64, f64, f64)| DifferenceRow {
        quantile: Quantile::new(*quantile).unwrap(),
        added: Span { lower: Seconds::new(*lower), value: Seconds::new(*value), upper: Seconds::new(*upper) },
        tone: Tone::Caution,
        words: label.to_owned(),
    };
    ChartData::Differences(vec![DifferenceGroup { label: label.to_owned(), rows: rows.iter().map(row).collect() }])
}

#[test]
fn differences_stand_around_zero() {
    let infinite = f64::INFINITY;
    let rows = [(0.5, 0.0002, 0.0005, 0.0008), (0.99, -0.001, 0.002, 0.004), (0.999, -infinite, 0.003, infinite)];
    check(
        differences(HOSTILE, &rows),
        &["added response time, ms", "p50", "p99.9", "&lt;/svg&gt;", ">\n0\n<", ">\n−1\n<"],
    );
    check(differences("same", &[(0.5, 0.0, 0.0, 0.0)]), &["added response time"]);
}

proptest! {
    #[test]
    fn any_number_can_be_drawn(a in any::<f64>(), b in any::<f64>(), c in any::<f64>(), q in 0.0..=1.0_f64, label in any::<String>()) {
        let points = [point(0.0, Some(a), b), point(q, Some(b), c), point(q, None, a)];
        check(percentiles(&points, vec![limit(&label, Some(q), c)]), &[]);
        let time = Span { lower: Seconds::new(a), value: Seconds::new(b), upper: Seconds::new(c) };
        let rate = Rate::per_second(c);
        let points = vec![RatePoint { rate, time }, RatePoint { rate: Rate::per_second(a), time }];
        let quantile = Quantile::new(q).unwrap();
        let knee = Some(Knee { label: label.clone(), rate: Span { lower: rate, value: rate, upper: Rate::per_second(b) } });
        let measured = vec![RateSample { rate, quantile, time }];
        let limits = vec![limit(&label, None, a)];
        check(ChartData::Rates(RatePlot { curves: vec![RateCurve { quantile, points }], limits, knee, measured }), &[]);
        check(differences("label", &[(q, a, b, c)]), &[]);
        check(scatter(&[(a, b, c, q)]), &[]);
    }
}

fn scatter(points: &[(f64, f64, f64, f64)]) -> ChartData {
    let point = |&(measured, lower, value, upper): &(f64, f64, f64, f64)| ScatterPoint {
        measured,
        predicted: Span { lower, value, upper },
    };
    let series = |index: usize| ScatterSeries {
        label: format!("group {index} {HOSTILE}"),
        points: points.iter().map(point).collect(),
    };
    ChartData::Scatter(ScatterPlot { unit: "MiB", series: (0..17).map(series).collect() })
}

#[test]
fn predictions_are_drawn_against_what_was_measured() {
    check(
        scatter(&[(60.0, 40.0, 61.0, 80.0), (500.0, 300.0, 450.0, 700.0)]),
        &["predicted, MiB", "measured, MiB", "group 16", "<circle", "<polygon", "#B85C12"],
    );
    check(scatter(&[]), &["measured, MiB"]);
    check(ChartData::Scatter(ScatterPlot::default()), &["measured"]);
}

#[test]
fn a_file_is_a_drawing_of_its_own() {
    let chart =
        Chart { title: "Title", caption: String::new(), alt: HOSTILE.to_owned(), data: ChartData::Rates(sweep()) };
    let file = file(&chart).unwrap();
    assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\""), "{file}");
    assert!(file.contains("prefers-color-scheme: dark") && file.trim_end().ends_with("</svg>"));
    assert!(!file.contains("<script") && !file.contains("url("));
}
