//! Bucket series of Prometheus: grouped by metric, summed over labels, never over reporters.

use std::collections::BTreeMap;

use super::notes::{BUCKETS_FALL, METRICS_LEFT_OUT};
use super::value::{count, invalid, named, note_empty};
use super::{Context, LatencyReading};
use crate::finding::Tally;
use crate::measurement::{Bucket, Distribution, Load, Measurement, Reporter, TimeUnit};
use crate::sources::InputError;
use crate::units::Seconds;

/// Most series of one input.
const MOST_SERIES: usize = 200_000;
/// Most bucket bounds of one series; Envoy has 20, native histograms 160 at first.
const MOST_BOUNDS: usize = 4_096;

/// Labels of a sample, in the order of the source.
pub(in crate::sources) type Labels = Vec<(String, String)>;

/// Histograms of a scrape or an answer, by metric and labels.
#[derive(Default)]
pub(super) struct SeriesSet {
    /// By metric (without `_bucket`), then by labels without `le`.
    series: BTreeMap<String, BTreeMap<String, Series>>,
    known: usize,
}

#[derive(Default)]
struct Series {
    reporter: Option<Reporter>,
    about: String,
    /// Cumulative counts by upper bound in the metric's unit.
    bounds: Vec<(f64, f64)>,
    /// Buckets that are not cumulative, as native histograms give.
    native: Vec<(f64, f64, f64)>,
    sum: Option<f64>,
}

impl SeriesSet {
    /// Adds a cumulative bucket; the error says what is wrong.
    pub fn bucket(&mut self, metric: &str, labels: &Labels, bound: f64, counted: f64) -> Result<(), String> {
        if bound.is_nan() {
            return Err("a bucket bound that is no number".to_owned());
        }
        let series = self.series(metric, labels)?;
        if series.bounds.len() >= MOST_BOUNDS {
            return Err(format!("more than {MOST_BOUNDS} bucket bounds in one series of {metric}"));
        }
        series.bounds.push((bound, counted));
        Ok(())
    }

    /// Adds a bucket of a native histogram.
    pub fn native(&mut self, metric: &str, labels: &Labels, bounds: (f64, f64), counted: f64) -> Result<(), String> {
        let series = self.series(metric, labels)?;
        if series.native.len() >= MOST_BOUNDS {
            return Err(format!("more than {MOST_BOUNDS} buckets in one series of {metric}"));
        }
        series.native.push((bounds.0, bounds.1, counted));
        Ok(())
    }

    /// Adds the sum of all values.
    pub fn sum(&mut self, metric: &str, labels: &Labels, sum: f64) -> Result<(), String> {
        self.series(metric, labels)?.sum = Some(sum);
        Ok(())
    }

    fn series(&mut self, metric: &str, labels: &Labels) -> Result<&mut Series, String> {
        let mut rest: Vec<&(String, String)> =
            labels.iter().filter(|(name, _)| name != "le" && name != "__name__").collect();
        rest.sort();
        let key = rest.iter().map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>().join(",");
        let by_labels = self.series.entry(metric.to_owned()).or_default();
        if !by_labels.contains_key(&key) {
            self.known += 1;
            if self.known > MOST_SERIES {
                return Err(format!("more than {MOST_SERIES} series"));
            }
        }
        Ok(by_labels.entry(key).or_insert_with(|| {
            let label =
                |wanted: &str| labels.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str());
            let reporter = match label("reporter") {
                "source" => Some(Reporter::Source),
                "destination" => Some(Reporter::Destination),
                _ => None,
            };
            let about = if reporter.is_some() { destination(&label) } else { String::new() };
            Series { reporter, about, ..Series::default() }
        }))
    }

    /// One measurement per metric of durations; per reporter and destination where Istio reports.
    ///
    /// # Errors
    /// [`InputError`] when there is no histogram of durations.
    pub fn finish(self, context: &Context<'_>, reading: &mut LatencyReading, exact: bool) -> Result<(), InputError> {
        let (mut fallen, mut others) = (Tally::default(), Tally::default());
        let mut found = false;
        for (metric, series) in self.series {
            let has_buckets = |series: &Series| !series.bounds.is_empty() || !series.native.is_empty();
            if !series.values().any(has_buckets) {
                continue;
            }
            let Some(unit) = context.unit.filter(|_| unit_of(&metric).is_none()).or(unit_of(&metric)) else {
                others.add(&metric);
                continue;
            };
            found = true;
            let mut groups: BTreeMap<(Option<Reporter>, String), Group> = BTreeMap::new();
            for (labels, series) in series {
                let Ok(buckets) = series.buckets(unit) else {
                    fallen.add(format_args!("{metric}{{{labels}}}"));
                    continue;
                };
                let group = groups.entry((series.reporter, series.about.clone())).or_default();
                group.buckets.extend(buckets);
                let sum = series.sum.filter(|sum| sum.is_finite() && *sum >= 0.0);
                group.sum = group.sum.zip(sum).map(|(whole, part)| whole + unit.amount(part).as_seconds());
                if group.buckets.len() > 1 << 20 {
                    group.coalesce();
                }
            }
            for ((reporter, about), group) in groups {
                keep_group(context, reading, &metric, reporter, &about, group, exact)?;
            }
        }
        reading
            .findings
            .extend(fallen.finding(&BUCKETS_FALL, context.name, |names| format!("counts that fall: {names}")));
        if !found {
            let found = if others.count() == 0 {
                "no histogram".to_owned()
            } else {
                format!("histograms of other things: {}", others.names())
            };
            let remedy = "give the scrape of a proxy or service, or the answer to a query for …_bucket; --unit reads a metric whose name has no unit";
            return Err(InputError::new(
                context.name,
                found,
                "a histogram of durations, such as istio_request_duration_milliseconds_bucket",
                remedy,
            ));
        }
        reading
            .findings
            .extend(others.finding(&METRICS_LEFT_OUT, context.name, |names| format!("no durations: {names}")));
        Ok(())
    }
}

/// Where requests went, as Istio's labels say.
fn destination<'a>(label: &impl Fn(&str) -> &'a str) -> String {
    let (workload, namespace) = (label("destination_workload"), label("destination_workload_namespace"));
    if workload.is_empty() || workload == "unknown" {
        return label("destination_service").to_owned();
    }
    format!("{namespace}/{workload}")
}

struct Group {
    buckets: Vec<Bucket>,
    sum: Option<f64>,
}

impl Default for Group {
    fn default() -> Self {
        Self { buckets: Vec::new(), sum: Some(0.0) }
    }
}

impl Group {
    /// Adds up buckets with the same bounds, so that thousands of series stay small.
    fn coalesce(&mut self) {
        let mut merged: BTreeMap<(u64, u64), Bucket> = BTreeMap::new();
        for bucket in self.buckets.drain(..) {
            let ends = (bucket.lower.as_seconds().to_bits(), bucket.upper.as_seconds().to_bits());
            merged.entry(ends).and_modify(|known| known.weight += bucket.weight).or_insert(bucket);
        }
        self.buckets = merged.into_values().collect();
    }
}

fn keep_group(
    context: &Context<'_>,
    reading: &mut LatencyReading,
    metric: &str,
    reporter: Option<Reporter>,
    about: &str,
    group: Group,
    exact: bool,
) -> Result<(), InputError> {
    let section = match reporter {
        None => metric.to_owned(),
        Some(Reporter::Source) => format!("{metric} to {about} (reporter source)"),
        Some(Reporter::Destination) => format!("{metric} to {about} (reporter destination)"),
    };
    let weight: f64 = group.buckets.iter().map(|bucket| bucket.weight).sum();
    if weight <= 0.0 {
        note_empty(context, reading, &section);
        return Ok(());
    }
    let samples = count(weight).filter(|samples| exact && *samples > 0);
    let mut distribution = Distribution::from_buckets(group.buckets, samples)
        .map_err(|error| invalid(format!("{}, metric {metric}", context.name), &error))?;
    // A sum that starts before the counts do has no meaning as a mean; where all is counted it has.
    if let Some(sum) = group.sum.filter(|sum| *sum > 0.0 && samples.is_some()) {
        distribution = distribution.with_sum(Seconds::new(sum));
    }
    let name = named(context, &section);
    let reported = reporter.map(|reporter| (reporter, format!("{metric} {about}")));
    let load = Load::default();
    reading.measurements.push(Measurement {
        name,
        format: context.kind,
        distribution,
        load,
        stated: Vec::new(),
        reported,
    });
    Ok(())
}

/// Counts that are not cumulative, contradict each other, or have bounds that repeat.
struct Contradiction;

impl Series {
    fn buckets(&self, unit: TimeUnit) -> Result<Vec<Bucket>, Contradiction> {
        let bucket = |lower: f64, upper: f64, weight: f64| {
            let ends = |bound: f64| unit.amount(bound.max(0.0));
            Bucket { lower: ends(lower), upper: ends(upper), weight }
        };
        if !self.native.is_empty() {
            let odd = |&(lower, upper, counted): &(f64, f64, f64)| !(lower <= upper && counted >= 0.0);
            if self.native.iter().any(odd) {
                return Err(Contradiction);
            }
            return Ok(self.native.iter().map(|&(lower, upper, counted)| bucket(lower, upper, counted)).collect());
        }
        let mut bounds = self.bounds.clone();
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut buckets = Vec::with_capacity(bounds.len());
        let (mut below, mut counted) = (0.0, 0.0);
        for (bound, total) in bounds {
            // Rates carry the dust of floating point.
            if !total.is_finite() || total < counted * (1.0 - 1e-9) {
                return Err(Contradiction);
            }
            buckets.push(bucket(below, bound, (total - counted).max(0.0)));
            (below, counted) = (bound, total.max(counted));
        }
        Ok(buckets)
    }
}

/// The unit in a metric's name: Prometheus' base unit, or the milliseconds of Istio and Envoy.
pub(super) fn unit_of(metric: &str) -> Option<TimeUnit> {
    let ends = |ending: &str| metric.ends_with(ending);
    match () {
        () if ends("_seconds") => Some(TimeUnit::Seconds),
        () if ends("_milliseconds") || ends("_ms") || ends("_millis") => Some(TimeUnit::Milliseconds),
        () if ends("_microseconds") || ends("_us") => Some(TimeUnit::Microseconds),
        () if ends("_nanoseconds") || ends("_ns") => Some(TimeUnit::Nanoseconds),
        // Envoy's timers are milliseconds and say so only in their help.
        () if metric.contains("envoy_") && (ends("_time") || ends("_duration")) => Some(TimeUnit::Milliseconds),
        () => None,
    }
}
