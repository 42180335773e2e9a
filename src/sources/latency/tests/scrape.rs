//! A small writer of native histograms, in each of the forms in which they are exposed.

use std::fmt::Write as _;

/// A native histogram to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Exposition {
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero: u64,
    /// Counts by index; every other one may be missing.
    pub positive: Vec<(i32, u64)>,
    pub negative: Vec<(i32, u64)>,
    /// Cumulative counts by upper bound.
    pub classic: Vec<(f64, u64)>,
    pub sum: f64,
    /// Samples that are in no bucket.
    pub beside: u64,
}

/// Runs of neighbouring indices: how many are skipped before each, and its length.
type Spans = Vec<(i32, u32)>;

impl Exposition {
    /// Of samples, as a client library sorts them into buckets.
    pub fn of(samples: &[f64], schema: i32, zero_threshold: f64) -> Self {
        let mut histogram = Self { schema, zero_threshold, sum: samples.iter().sum(), ..Self::default() };
        let mut counts = std::collections::BTreeMap::new();
        for sample in samples {
            if *sample <= zero_threshold {
                histogram.zero += 1;
            } else {
                let index = (sample.log2() * f64::from(schema).exp2()).ceil() as i32;
                *counts.entry(index).or_insert(0) += 1;
            }
        }
        histogram.positive = counts.into_iter().collect();
        histogram
    }

    fn count(&self) -> u64 {
        let sides = self.positive.iter().chain(&self.negative);
        self.zero + self.beside + sides.map(|(_, count)| count).sum::<u64>()
    }

    /// `{count:…,sum:…,schema:…,…}`
    pub fn text(&self) -> String {
        let mut text = format!(
            "{{count:{},sum:{},schema:{},zero_threshold:{},zero_count:{}",
            self.count(),
            self.sum,
            self.schema,
            self.zero_threshold,
            self.zero
        );
        for (name, side) in [("negative", &self.negative), ("positive", &self.positive)] {
            if !side.is_empty() {
                let (spans, counts) = runs(side);
                let spans: Vec<String> = spans.iter().map(|(skipped, length)| format!("{skipped}:{length}")).collect();
                let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
                let _ = write!(text, ",{name}_spans:[{}],{name}_buckets:[{}]", spans.join(","), counts.join(","));
            }
        }
        text + "}"
    }

    /// `{"count": "…", "sum": "…", "buckets": […]}`
    pub fn json(&self) -> String {
        let bound = |index: i32| (f64::from(index) * f64::from(-self.schema).exp2()).exp2();
        let mut buckets = Vec::new();
        for (index, count) in self.negative.iter().rev() {
            buckets.push(format!("[1,\"{}\",\"{}\",\"{count}\"]", -bound(*index), -bound(index - 1)));
        }
        if self.zero > 0 {
            buckets.push(format!("[3,\"{}\",\"{}\",\"{}\"]", -self.zero_threshold, self.zero_threshold, self.zero));
        }
        for (index, count) in &self.positive {
            buckets.push(format!("[0,\"{}\",\"{}\",\"{count}\"]", bound(index - 1), bound(*index)));
        }
        format!(r#"{{"count":"{}","sum":"{}","buckets":[{}]}}"#, self.count(), self.sum, buckets.join(","))
    }

    /// A `Histogram` message; counts as floating point where `float`.
    pub fn message(&self, float: bool) -> Vec<u8> {
        let mut message = if float { double(4, self.count() as f64) } else { number(1, self.count()) };
        message.extend(double(2, self.sum));
        for (bound, count) in &self.classic {
            message.extend(bytes(3, &[number(1, *count), double(2, *bound)].concat()));
        }
        message.extend(number(5, zigzag(i64::from(self.schema))));
        message.extend(double(6, self.zero_threshold));
        message.extend(if float { double(8, self.zero as f64) } else { number(7, self.zero) });
        for (side, first) in [(&self.negative, 9), (&self.positive, 12)] {
            let (spans, counts) = runs(side);
            for (skipped, length) in spans {
                let span = [number(1, zigzag(i64::from(skipped))), number(2, u64::from(length))].concat();
                message.extend(bytes(first, &span));
            }
            if float {
                let packed: Vec<u8> = counts.iter().flat_map(|count| (*count as f64).to_le_bytes()).collect();
                message.extend(bytes(first + 2, &packed));
                continue;
            }
            let mut last = 0;
            for count in counts {
                message.extend(number(first + 1, zigzag(count as i64 - last)));
                last = count as i64;
            }
        }
        message
    }
}

fn runs(side: &[(i32, u64)]) -> (Spans, Vec<u64>) {
    let mut spans = Spans::new();
    let mut next = 0;
    for (index, _) in side {
        match spans.last_mut() {
            Some((_, length)) if *index == next => *length += 1,
            _ => spans.push((index - next, 1)),
        }
        next = index + 1;
    }
    (spans, side.iter().map(|(_, count)| *count).collect())
}

/// A `MetricFamily` of histograms after its length.
pub(super) fn family(name: &str, metrics: &[Vec<u8>]) -> Vec<u8> {
    let mut family = [bytes(1, name.as_bytes()), bytes(2, b"help"), number(3, 4)].concat();
    metrics.iter().for_each(|metric| family.extend(bytes(4, metric)));
    delimited(&family)
}

pub(super) fn delimited(message: &[u8]) -> Vec<u8> {
    [varint(message.len() as u64), message.to_vec()].concat()
}

/// A `Metric` with labels and a histogram.
pub(super) fn metric(labels: &[(&str, &str)], histogram: &[u8]) -> Vec<u8> {
    let label =
        |(name, value): &(&str, &str)| bytes(1, &[bytes(1, name.as_bytes()), bytes(2, value.as_bytes())].concat());
    let mut metric: Vec<u8> = labels.iter().flat_map(label).collect();
    metric.extend(bytes(7, histogram));
    metric
}

pub(super) fn number(field: u64, number: u64) -> Vec<u8> {
    [varint(field << 3), varint(number)].concat()
}

pub(super) fn double(field: u64, number: f64) -> Vec<u8> {
    [varint(field << 3 | 1), number.to_le_bytes().to_vec()].concat()
}

pub(super) fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

pub(super) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

pub(super) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}
