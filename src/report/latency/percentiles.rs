//! The percentile plot as data: enough points for a smooth curve, and no more than a page bears.

use super::amounts::alone;
use super::{CONFIDENCE, LatencyReport};
use crate::measurement::{Distribution, Measurement, Objective, QUANTILES};
use crate::report::document::{Chart, ChartData, Limit, PercentileCurve, PercentilePlot, PercentilePoint};
use crate::report::text;
use crate::units::{Quantile, Seconds};

/// Most measurements drawn beside the base: as many as there are colours that can be told apart.
const MOST_CURVES: usize = 5;
/// Most steps between the points of a curve, beside those at quantiles with a name.
const MOST_STEPS: usize = 160;
/// Steps for each factor of ten in requests beyond.
const STEPS_PER_NINE: f64 = 40.0;
/// Most objectives drawn, and most whose quantiles get points of their own.
const MOST_LIMITS: usize = 12;
/// Where the curve of a source ends that does not say how many requests it stands for.
const END_WITHOUT_COUNT: Quantile = Quantile::literal(0.999);

/// Response time against percentile of the base and the slowest measurements.
pub fn chart(report: &LatencyReport) -> Option<Chart> {
    let shown = shown(report);
    let limits: Vec<Limit> = limits(report);
    let marked: Vec<Quantile> = limits.iter().filter_map(|limit| limit.quantile).collect();
    let curves: Vec<PercentileCurve> = shown
        .iter()
        .map(|&measurement| {
            let base = is_base(report, measurement);
            let label = if base { format!("base: {}", measurement.name) } else { measurement.name.clone() };
            PercentileCurve { label, base, points: points(&measurement.distribution, &marked) }
        })
        .collect();
    let data = ChartData::Percentiles(PercentilePlot { curves, limits });
    if data.is_empty() {
        return None;
    }
    let caption = caption(report, &shown);
    Some(Chart { title: "Response time by percentile", caption, alt: alt(&shown), data })
}

fn is_base(report: &LatencyReport, measurement: &Measurement) -> bool {
    report.base.as_ref().is_some_and(|base| std::ptr::eq(base, measurement))
}

/// The base, and of the measurements those slowest at p99, in the order in which they were given.
fn shown(report: &LatencyReport) -> Vec<&Measurement> {
    let tail = |measurement: &Measurement| measurement.distribution.quantile(Quantile::literal(0.99)).value;
    let mut ranked: Vec<(usize, Seconds)> = report.measurements.iter().map(tail).enumerate().collect();
    ranked.sort_by(|a, b| b.1.as_seconds().total_cmp(&a.1.as_seconds()).then_with(|| a.0.cmp(&b.0)));
    ranked.truncate(MOST_CURVES);
    ranked.sort_by_key(|(place, _)| *place);
    report.base.iter().chain(ranked.iter().filter_map(|(place, _)| report.measurements.get(*place))).collect()
}

/// Every objective once.
fn limits(report: &LatencyReport) -> Vec<Limit> {
    let mut limits: Vec<Limit> = Vec::new();
    for (_, slo, _) in report.judged() {
        let quantile = match slo.objective {
            Objective::Quantile(quantile) => Some(quantile),
            Objective::Mean => None,
        };
        let limit = Limit { label: slo.to_string(), quantile, limit: slo.limit };
        if limits.len() < MOST_LIMITS && !limits.contains(&limit) {
            limits.push(limit);
        }
    }
    limits
}

/// The curve up to `1 − 1/n`; beyond it lies the largest sample alone, which ends the curve.
fn points(distribution: &Distribution, marked: &[Quantile]) -> Vec<PercentilePoint> {
    let samples = distribution.samples();
    let end = samples.map_or(END_WITHOUT_COUNT, |samples| quantile(1.0 - 1.0 / samples.max(1) as f64));
    let nines = -(1.0 - end.get()).max(f64::MIN_POSITIVE).log10();
    let steps = (STEPS_PER_NINE * nines).ceil().clamp(1.0, MOST_STEPS as f64);
    let even = (0..steps as usize).map(|step| quantile(1.0 - 10_f64.powf(-nines * step as f64 / steps)));
    let named = QUANTILES.iter().map(|(_, quantile)| *quantile).chain(marked.iter().copied());
    let mut quantiles: Vec<Quantile> = even.chain(named).filter(|quantile| quantile.get() < end.get()).collect();
    quantiles.push(end);
    quantiles.sort_by(|a, b| a.get().total_cmp(&b.get()));
    quantiles.dedup();
    let mut points: Vec<PercentilePoint> =
        quantiles.into_iter().map(|quantile| point(distribution, quantile)).collect();
    if samples.is_some() {
        let most = distribution.most();
        let value = Some(most.value).filter(|_| most.upper.as_seconds().is_finite());
        points.push(PercentilePoint { quantile: end, lower: most.lower, value, upper: most.upper });
    }
    points
}

fn point(distribution: &Distribution, quantile: Quantile) -> PercentilePoint {
    let bounded = distribution.quantile(quantile).upper.as_seconds().is_finite();
    let interval = distribution.interval(quantile, CONFIDENCE);
    let value = Some(interval.value).filter(|_| bounded);
    PercentilePoint { quantile, lower: interval.lower, value, upper: interval.upper }
}

/// A quantile from arithmetic that may leave [0, 1] by its rounding.
fn quantile(share: f64) -> Quantile {
    Quantile::new(share.clamp(0.0, 1.0)).unwrap_or(Quantile::ZERO)
}

/// How to read it, and what is not in it.
fn caption(report: &LatencyReport, shown: &[&Measurement]) -> String {
    let mut sentences = vec![
        "Shades are 90 % intervals. A curve ends at its largest sample, where the samples do: of a thousand requests \
         nothing is known beyond 99.9 %."
            .to_owned(),
    ];
    let all = report.measurements.len() as u64;
    let drawn = shown.iter().filter(|measurement| !is_base(report, measurement)).count() as u64;
    if drawn < all {
        let (drawn, all) = (text::count(drawn), text::counted(all, "measurement", "measurements"));
        sentences.push(format!("Of {all} the {drawn} slowest at p99 are drawn; the table has the others."));
    }
    if shown.iter().any(|measurement| measurement.distribution.samples().is_none()) {
        sentences.push("A source that does not say how many requests it stands for is drawn up to 99.9 %.".to_owned());
    }
    let open = |measurement: &&Measurement| measurement.distribution.most().upper.as_seconds().is_infinite();
    if shown.iter().any(open) {
        sentences.push(
            "A line stops where its source has a lower bound only; the shade above it reaches to the edge.".to_owned(),
        );
    }
    if !limits(report).is_empty() {
        sentences.push("Red dots are objectives: a curve meets one if it passes below it.".to_owned());
    }
    sentences.join(" ")
}

/// The named quantiles of every curve in words.
fn alt(shown: &[&Measurement]) -> String {
    let curves: Vec<String> = shown
        .iter()
        .map(|measurement| {
            let figures = QUANTILES.map(|(_, quantile)| {
                let name = crate::measurement::percent(quantile);
                format!("p{name} {}", alone(&measurement.distribution.quantile(quantile)))
            });
            format!("{}: {}", measurement.name, figures.join(", "))
        })
        .collect();
    format!("Response time by percentile. {}.", curves.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::{Bucket, Load, Recorder};

    fn measured(name: &str, distribution: Distribution) -> Measurement {
        Measurement {
            name: name.to_owned(),
            format: "csv",
            distribution,
            load: Load::default(),
            stated: Vec::new(),
            reported: None,
        }
    }

    fn bucket(lower: f64, upper: f64, weight: f64) -> Bucket {
        Bucket { lower: Seconds::new(lower), upper: Seconds::new(upper), weight }
    }

    fn samples(millis: impl IntoIterator<Item = f64>) -> Distribution {
        let mut recorder = Recorder::new().unwrap();
        for one in millis {
            assert!(recorder.record(Seconds::from_millis(one)));
        }
        recorder.finish().unwrap()
    }

    fn plot(measurements: Vec<Measurement>) -> (Chart, PercentilePlot) {
        let report = LatencyReport { measurements, ..LatencyReport::default() };
        let chart = chart(&report).unwrap();
        let ChartData::Percentiles(plot) = chart.data.clone() else { panic!("{chart:?}") };
        (chart, plot)
    }

    fn points_of(distribution: Distribution) -> Vec<PercentilePoint> {
        plot(vec![measured("one", distribution)]).1.curves.swap_remove(0).points
    }

    #[test]
    fn curves_rise_and_end_where_the_samples_do() {
        for (distribution, last) in [
            (samples([5.0]), 0.0),
            (samples((1..=1000).map(f64::from)), 0.999),
            (Distribution::from_buckets(vec![bucket(0.0, 0.1, 1e9)], Some(1_000_000_000)).unwrap(), 1.0 - 1e-9),
            (Distribution::from_buckets(vec![bucket(0.0, 0.1, 1.0)], None).unwrap(), 0.999),
        ] {
            let points = points_of(distribution);
            assert!((2..=200).contains(&points.len()), "{}", points.len());
            assert!((points.last().unwrap().quantile.get() - last).abs() < 1e-12, "{last}");
            for pair in points.windows(2) {
                assert!(pair[0].quantile <= pair[1].quantile && pair[0].value <= pair[1].value, "{pair:?}");
            }
            for point in &points {
                let value = point.value.unwrap();
                assert!(point.lower <= value && value <= point.upper, "{point:?}");
            }
        }
    }

    #[test]
    fn figures_of_the_table_are_on_the_curve() {
        let distribution = samples((1..=5000).map(f64::from));
        let points = points_of(distribution.clone());
        for (_, quantile) in QUANTILES {
            let point = points.iter().find(|point| point.quantile == quantile).unwrap();
            assert_eq!(point.value, Some(distribution.quantile(quantile).value));
        }
        assert_eq!(points.last().unwrap().value, Some(Seconds::new(5.0)));
    }

    #[test]
    fn an_open_bucket_has_no_line() {
        let buckets = vec![bucket(0.0, 0.1, 900.0), bucket(0.1, f64::INFINITY, 100.0)];
        let points = points_of(Distribution::from_buckets(buckets, Some(1000)).unwrap());
        let at = |quantile: f64| points.iter().find(|point| point.quantile.get() == quantile).unwrap();
        assert!(at(0.5).value.is_some());
        assert_eq!((at(0.99).value, at(0.99).lower.as_seconds()), (None, 0.1));
        assert!(at(0.99).upper.as_seconds().is_infinite());
    }

    #[test]
    fn the_rest_is_folded_and_said() {
        let many = (1..=40).map(|number| measured(&format!("run-{number}"), samples([f64::from(number)])));
        let (chart, plot) = plot(many.collect());
        let labels: Vec<&str> = plot.curves.iter().map(|curve| curve.label.as_str()).collect();
        assert_eq!(labels, ["run-36", "run-37", "run-38", "run-39", "run-40"]);
        assert!(chart.caption.contains("Of 40 measurements the 5 slowest at p99 are drawn"), "{}", chart.caption);
    }
}
