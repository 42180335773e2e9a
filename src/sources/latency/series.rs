//! Bucket series of Prometheus: grouped by metric, summed over labels, never over reporters.

use std::collections::BTreeMap;

use super::layout::{self, Contradiction};
use super::metric_name::{is_of_envoy, unit_of};
use super::native::{CUSTOM_BOUNDS, MOST_BUCKETS, Span};
use super::notes::{BUCKETS_FALL, HISTOGRAMS_LEFT_OUT, METRICS_LEFT_OUT, SAMPLES_LEFT_OUT, WHOLE_MILLISECONDS};
use super::value::{count, invalid, named, note_empty, shortened};
use super::{Context, LatencyReading};
use crate::finding::{Finding, Tally};
use crate::measurement::{Bucket, Distribution, Load, Measurement, Reporter, TimeUnit};
use crate::sources::InputError;
use crate::units::Seconds;

/// Most series of one input.
const MOST_SERIES: usize = 200_000;
/// Most memory for the series of one input, in bytes.
const MOST_BYTES: usize = 512 << 20;

/// Labels of a sample, in the order of the source.
pub(in crate::sources) type Labels = Vec<(String, String)>;

/// Histograms of a scrape or an answer, by metric and labels.
#[derive(Default)]
pub(super) struct SeriesSet {
    /// By metric (without `_bucket`), then by labels without `le`.
    series: BTreeMap<String, BTreeMap<String, Series>>,
    known: usize,
    held: usize,
    /// Series of which no sense can be made.
    left_out: Tally,
    /// Observations that are no numbers.
    not_numbers: Tally,
}

#[derive(Default)]
struct Series {
    reporter: Option<Reporter>,
    about: String,
    /// Cumulative counts by upper bound in the metric's unit.
    bounds: Vec<(f64, f64)>,
    /// Buckets that are not cumulative.
    native: Vec<Span>,
    sum: Option<f64>,
}

impl SeriesSet {
    /// Adds a cumulative bucket; the error says what is wrong.
    pub fn bucket(&mut self, metric: &str, labels: &Labels, bound: f64, counted: f64) -> Result<(), String> {
        if bound.is_nan() {
            return Err("a bucket bound that is no number".to_owned());
        }
        if !(counted >= 0.0 && counted.is_finite()) {
            return Err(format!("a bucket of {metric} that counts {counted}"));
        }
        self.hold(size_of::<(f64, f64)>())?;
        let series = self.series(metric, labels)?;
        if series.bounds.len() >= MOST_BUCKETS {
            return Err(format!("more than {MOST_BUCKETS} bucket bounds in one series of {metric}"));
        }
        series.bounds.push((bound, counted));
        Ok(())
    }

    /// Adds the buckets of a native histogram, and what it says of all its samples.
    pub fn native(
        &mut self,
        metric: &str,
        labels: &Labels,
        spans: &[Span],
        sum: Option<f64>,
        total: Option<f64>,
    ) -> Result<(), String> {
        let odd = |span: &&Span| !(span.lower <= span.upper && span.counted >= 0.0 && span.counted.is_finite());
        if let Some(Span { lower, upper, counted }) = spans.iter().find(odd) {
            return Err(format!("a bucket of {metric} from {lower} to {upper} that counts {counted}"));
        }
        let counted: f64 = spans.iter().map(|span| span.counted).sum();
        let total = total.filter(|total| total.is_finite()).unwrap_or(counted);
        if counted > total * (1.0 + 1e-9) {
            return Err(format!("buckets of {metric} that count {counted} of {total} samples"));
        }
        // What is in no bucket was no number when it was observed.
        if counted < total * (1.0 - 1e-9) {
            self.not_numbers.add(format_args!("{} of {metric}", total - counted));
        }
        self.hold(size_of_val(spans))?;
        let series = self.series(metric, labels)?;
        if series.native.len() + spans.len() > MOST_BUCKETS {
            return Err(format!("more than {MOST_BUCKETS} buckets in one series of {metric}"));
        }
        series.native.extend_from_slice(spans);
        sum.map_or(Ok(()), |sum| self.sum(metric, labels, sum))
    }

    /// Adds the sum of all values.
    pub fn sum(&mut self, metric: &str, labels: &Labels, sum: f64) -> Result<(), String> {
        self.series(metric, labels)?.sum = Some(sum);
        Ok(())
    }

    /// Leaves out a native histogram whose bounds follow no rule known here.
    pub fn unknown_schema(&mut self, metric: &str, schema: i64) {
        let custom = if schema == CUSTOM_BOUNDS { " (custom bounds, which are not in this format)" } else { "" };
        self.left_out.add(format_args!("{metric} with schema {schema}{custom}"));
    }

    fn hold(&mut self, bytes: usize) -> Result<(), String> {
        self.held = self.held.saturating_add(bytes);
        if self.held > MOST_BYTES {
            return Err(format!("series of more than {} MiB", MOST_BYTES >> 20));
        }
        Ok(())
    }

    fn series(&mut self, metric: &str, labels: &Labels) -> Result<&mut Series, String> {
        let mut rest: Vec<&(String, String)> =
            labels.iter().filter(|(name, _)| name != "le" && name != "__name__").collect();
        rest.sort();
        let key = rest.iter().map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>().join(",");
        if !self.series.get(metric).is_some_and(|by_labels| by_labels.contains_key(&key)) {
            self.known += 1;
            if self.known > MOST_SERIES {
                return Err(format!("more than {MOST_SERIES} series"));
            }
            self.hold(size_of::<Series>() + metric.len() + key.len())?;
        }
        let by_labels = self.series.entry(metric.to_owned()).or_default();
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
        let (mut fallen, mut others, mut left_out) = (Tally::default(), Tally::default(), self.left_out);
        let mut found = false;
        for (metric, series) in self.series {
            let has_buckets = |series: &Series| !series.bounds.is_empty() || !series.native.is_empty();
            if !series.values().any(has_buckets) {
                continue;
            }
            let Some(unit) = context.unit.filter(|_| unit_of(&metric).is_none()).or(unit_of(&metric)) else {
                others.add(if metric.is_empty() { "a metric without a name" } else { &metric });
                continue;
            };
            found = true;
            let mut groups: BTreeMap<(Option<Reporter>, String), Group> = BTreeMap::new();
            for (labels, series) in series {
                let buckets = match series.buckets(&metric, unit) {
                    Ok(buckets) => buckets,
                    Err(Contradiction::Falling) => {
                        fallen.add(format_args!("{metric}{{{}}}", shortened(&labels)));
                        continue;
                    }
                    Err(Contradiction::Negative) => {
                        let labels = shortened(&labels);
                        left_out.add(format_args!("{metric}{{{labels}}} with durations below zero"));
                        continue;
                    }
                };
                let group = groups.entry((series.reporter, series.about.clone())).or_default();
                group.buckets.extend(buckets);
                // Of numbers that are cut to whole milliseconds the sum is too small for a mean.
                let cut = !series.native.is_empty() && is_of_envoy(&metric);
                group.cut |= cut;
                let sum = series.sum.filter(|sum| sum.is_finite() && *sum >= 0.0 && !cut);
                group.sum = group.sum.zip(sum).map(|(whole, part)| whole + unit.amount(part).as_seconds());
                if group.buckets.len() > 1 << 20 {
                    group.coalesce();
                }
            }
            for ((reporter, about), group) in groups {
                keep_group(context, reading, &metric, reporter, &about, group, exact)?;
            }
        }
        let findings = [
            fallen.finding(&BUCKETS_FALL, context.name, |names| format!("counts that fall: {names}")),
            left_out.finding(&HISTOGRAMS_LEFT_OUT, context.name, |names| format!("left out: {names}")),
            self.not_numbers.finding(&SAMPLES_LEFT_OUT, context.name, |names| format!("in no bucket: {names}")),
        ];
        reading.findings.extend(findings.into_iter().flatten());
        if !found {
            let found = match (others.count(), left_out.count()) {
                (0, 0) => "no histogram".to_owned(),
                (0, _) => format!("no histogram that can be read: {}", left_out.names()),
                _ => format!("histograms of other things: {}", others.names()),
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

impl Series {
    fn buckets(&self, metric: &str, unit: TimeUnit) -> Result<Vec<Bucket>, Contradiction> {
        if self.native.is_empty() {
            return layout::classic(&self.bounds, unit);
        }
        layout::native(metric, &self.native, unit)
    }
}

struct Group {
    buckets: Vec<Bucket>,
    sum: Option<f64>,
    /// Whether samples were cut to whole milliseconds before they were counted.
    cut: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self { buckets: Vec::new(), sum: Some(0.0), cut: false }
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

fn whole_milliseconds(context: &Context<'_>, section: &str, group: &Group, weight: f64) -> Finding {
    let below: f64 =
        group.buckets.iter().filter(|bucket| bucket.lower == Seconds::ZERO).map(|bucket| bucket.weight).sum();
    let message =
        format!("{below} of {weight} requests took less than a millisecond, which is all that is known of them");
    Finding::new(&WHOLE_MILLISECONDS, named(context, section), message)
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
    if group.cut {
        reading.findings.push(whole_milliseconds(context, &section, &group, weight));
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
