//! Protobuf scrapes of Prometheus: `io.prometheus.client.MetricFamily` messages, each after its length.
//!
//! Native histograms are exposed in this form alone. A message may hold classic buckets of the same
//! requests beside them; the native ones are finer and taken. Fields are those of `metrics.proto` of
//! Prometheus' client model, which has none for custom bounds.

use super::super::InputError;
use super::lines::Lines;
use super::native::Native;
use super::series::{Labels, SeriesSet};
use super::wire::{self, Field, for_each};
use super::{Context, Head, LatencyReading, Reader, Shape};

pub(super) const READER: Reader = Reader { kind: "prometheus", timed: false, shape: Shape::Bytes { recognise, read } };

/// Largest message: a family of ten thousand series with all labels of Istio has a quarter of it.
const LARGEST_MESSAGE: u64 = 64 << 20;
/// Types of families that are histograms: counted since the start, and of the moment.
const HISTOGRAM: u64 = 4;
const GAUGE_HISTOGRAM: u64 = 5;

/// A length, then a name as field 1, then help, type or a metric.
fn recognise(head: &Head<'_>) -> bool {
    let mut bytes = head.bytes;
    let Ok(length) = wire::varint(&mut bytes) else { return false };
    let Some((0x0a, rest)) = bytes.split_first() else { return false };
    bytes = rest;
    let Ok(named) = wire::varint(&mut bytes) else { return false };
    let Some((name, rest)) = usize::try_from(named).ok().and_then(|named| bytes.split_at_checked(named)) else {
        return false;
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'-' | b'/');
    named > 0 && named < length && name.iter().all(is_name) && matches!(rest.first(), Some(0x12 | 0x18 | 0x22 | 0x2a))
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut set = SeriesSet::default();
    loop {
        let at = lines.position();
        let broken = |found: String| {
            InputError::new(
                format!("{}, message at byte {at}", context.name),
                found,
                "a MetricFamily of Prometheus after its length",
                "check whether the scrape is cut, or fetch it again",
            )
        };
        let Some(length) = length(lines, &broken)? else { break };
        if length > LARGEST_MESSAGE {
            return Err(broken(format!("a message of {length} bytes")));
        }
        let message = lines.bytes(length as usize)?;
        if (message.len() as u64) < length {
            return Err(broken(format!("the end of the file {} bytes into a message of {length}", message.len())));
        }
        family(&mut set, message).map_err(broken)?;
    }
    set.finish(context, reading, true)
}

/// The length before a message; `None` at the end of the stream.
fn length(lines: &mut Lines<'_>, broken: &impl Fn(String) -> InputError) -> Result<Option<u64>, InputError> {
    const LONGEST: usize = 10;
    let mut bytes = Vec::with_capacity(LONGEST);
    while bytes.last().is_none_or(|byte| byte & 0x80 != 0) && bytes.len() < LONGEST {
        match lines.bytes(1)?.first() {
            Some(byte) => bytes.push(*byte),
            None if bytes.is_empty() => return Ok(None),
            None => break,
        }
    }
    wire::varint(&mut bytes.as_slice()).map(Some).map_err(broken)
}

fn family(set: &mut SeriesSet, message: &[u8]) -> Result<(), String> {
    let (mut name, mut kind) = (String::new(), 0);
    for_each(message, |number, field| {
        match number {
            1 => name = field.text()?,
            3 => kind = field.number()?,
            _ => {}
        }
        Ok(())
    })?;
    if !matches!(kind, HISTOGRAM | GAUGE_HISTOGRAM) {
        return Ok(());
    }
    for_each(message, |number, field| if number == 4 { metric(set, &name, field.bytes()?) } else { Ok(()) })
        .map_err(|error| format!("{error} in {name}"))
}

fn metric(set: &mut SeriesSet, name: &str, message: &[u8]) -> Result<(), String> {
    let mut labels = Labels::new();
    let mut found = None;
    for_each(message, |number, field| {
        match number {
            1 => labels.push(label(field.bytes()?)?),
            7 => found = Some(histogram(field.bytes()?)?),
            _ => {}
        }
        Ok(())
    })?;
    let Some(Exposed { native, classic, count, sum }) = found else { return Ok(()) };
    if native.is_known() && is_native(&native) {
        return set.native(name, &labels, &native.buckets()?, sum, Some(count));
    }
    if classic.is_empty() && is_native(&native) {
        set.unknown_schema(name, native.schema);
        return Ok(());
    }
    let open_end = !classic.is_empty() && !classic.iter().any(|(bound, _)| *bound == f64::INFINITY);
    for (bound, counted) in classic.into_iter().chain(open_end.then_some((f64::INFINITY, count))) {
        set.bucket(name, &labels, bound, counted)?;
    }
    sum.map_or(Ok(()), |sum| set.sum(name, &labels, sum))
}

/// As Prometheus decides it: a histogram without samples says so by an empty span or a zero threshold.
fn is_native(native: &Native) -> bool {
    !native.positive.spans.is_empty()
        || !native.negative.spans.is_empty()
        || native.zero_threshold > 0.0
        || native.zero > 0.0
}

fn label(message: &[u8]) -> Result<(String, String), String> {
    let mut label = (String::new(), String::new());
    for_each(message, |number, field| {
        match number {
            1 => label.0 = field.text()?,
            2 => label.1 = field.text()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(label)
}

/// A histogram as it stands in a message.
struct Exposed {
    native: Native,
    /// Cumulative counts by upper bound.
    classic: Vec<(f64, f64)>,
    count: f64,
    sum: Option<f64>,
}

fn histogram(message: &[u8]) -> Result<Exposed, String> {
    let mut exposed = Exposed { native: Native::default(), classic: Vec::new(), count: 0.0, sum: None };
    let (mut positive, mut negative) = (Vec::new(), Vec::new());
    let native = &mut exposed.native;
    for_each(message, |number, field| {
        match number {
            1 => exposed.count = exposed.count.max(field.number()? as f64),
            // Counts as floating point take the place of whole ones.
            4 => exposed.count = exposed.count.max(field.double()?),
            2 => exposed.sum = Some(field.double()?),
            3 => exposed.classic.push(bucket(field.bytes()?)?),
            5 => native.schema = field.signed()?,
            6 => native.zero_threshold = field.double()?,
            7 => native.zero = native.zero.max(field.number()? as f64),
            8 => native.zero = native.zero.max(field.double()?),
            9 => native.negative.spans.push(span(field.bytes()?)?),
            10 => field.add_signed(&mut negative)?,
            11 => field.add_doubles(&mut native.negative.counts)?,
            12 => native.positive.spans.push(span(field.bytes()?)?),
            13 => field.add_signed(&mut positive)?,
            14 => field.add_doubles(&mut native.positive.counts)?,
            _ => {}
        }
        Ok(())
    })?;
    native.positive.add_deltas(&positive)?;
    native.negative.add_deltas(&negative)?;
    Ok(exposed)
}

fn bucket(message: &[u8]) -> Result<(f64, f64), String> {
    let (mut bound, mut counted) = (f64::INFINITY, 0.0_f64);
    for_each(message, |number, field| {
        match number {
            1 => counted = counted.max(field.number()? as f64),
            4 => counted = counted.max(field.double()?),
            2 => bound = field.double()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok((bound, counted))
}

fn span(message: &[u8]) -> Result<(i64, u64), String> {
    let mut span = (0, 0);
    for_each(message, |number, field: Field<'_>| {
        match number {
            1 => span.0 = field.signed()?,
            2 => span.1 = field.number()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(span)
}
