//! JMeter results (JTL) as CSV and XML: elapsed milliseconds per sample.
//!
//! All samples count, failed ones too, as in JMeter's own reports. In XML, samples within samples are
//! parts of the outer one and left out.

use memchr::memmem;

use super::super::InputError;
use super::clock::Clock;
use super::lines::Lines;
use super::samples::Samples;
use super::text::{field, fields};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Load, TimeUnit};

pub(super) const CSV: Reader =
    Reader { kind: "jmeter", timed: true, shape: Shape::Stream { recognise: recognise_csv, read: read_csv } };
pub(super) const XML: Reader =
    Reader { kind: "jmeter", timed: true, shape: Shape::Stream { recognise: recognise_xml, read: read_xml } };

fn recognise_csv(head: &Head<'_>) -> bool {
    let names: Vec<&str> = head.first_line().split(',').collect();
    names.contains(&"timeStamp") && names.contains(&"elapsed")
}

fn read_csv(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let header = fields(&lines.next_text()?.unwrap_or_default());
    let column = |name: &str| header.iter().position(|title| title == name);
    let elapsed = column("elapsed").ok_or_else(|| {
        lines.error("no column \"elapsed\"", "the CSV header of JMeter", "save results with field names")
    })?;
    let (success, start) = (column("success"), column("timeStamp"));
    let mut clock = Clock::new(context);
    let mut samples = Samples::new(context, TimeUnit::Milliseconds)?;
    loop {
        let number = lines.number() + 1;
        let Some(record) = lines.next_record()? else { break };
        if record.is_empty() {
            continue;
        }
        if clock.is_set() && !clock.wants(context, number, start.and_then(|column| field(record, column)))? {
            continue;
        }
        samples.text(field(record, elapsed).unwrap_or_default(), number);
        samples.failures += u64::from(success.and_then(|column| field(record, column)) == Some(b"false"));
    }
    finish(context, reading, samples, &clock);
    Ok(())
}

fn recognise_xml(head: &Head<'_>) -> bool {
    head.text.contains("<testResults")
}

fn read_xml(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let mut samples = Samples::new(context, TimeUnit::Milliseconds)?;
    let mut clock = Clock::new(context);
    let mut depth = 0_u64;
    let mut complete = false;
    loop {
        let number = lines.number() + 1;
        let Some(line) = lines.next()? else { break };
        let mut rest = line;
        while let Some(start) = memchr::memchr(b'<', rest) {
            rest = rest.get(start + 1..).unwrap_or_default();
            let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
            let tag = rest.get(..end).unwrap_or_default();
            let is = |name: &[u8]| {
                tag.strip_prefix(name).is_some_and(|after| after.first().is_none_or(u8::is_ascii_whitespace))
            };
            if is(b"httpSample") || is(b"sample") {
                if depth == 0 && clock.wants(context, number, attribute(tag, " ts=\""))? {
                    samples.text(attribute(tag, " t=\"").unwrap_or_default(), number);
                    samples.failures += u64::from(attribute(tag, " s=\"") == Some(b"false"));
                }
                depth += u64::from(!tag.ends_with(b"/"));
            } else if is(b"/httpSample") || is(b"/sample") {
                depth = depth.saturating_sub(1);
            }
            complete |= is(b"/testResults");
            rest = rest.get(end..).unwrap_or_default();
        }
    }
    if !complete {
        return Err(lines.error(
            "the end of the file",
            "</testResults>",
            "the test was stopped or the file is cut; fetch it again",
        ));
    }
    finish(context, reading, samples, &clock);
    Ok(())
}

fn attribute<'a>(tag: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let start = memmem::find(tag, name.as_bytes())? + name.len();
    let rest = tag.get(start..)?;
    rest.get(..memchr::memchr(b'"', rest)?)
}

fn finish(context: &Context<'_>, reading: &mut LatencyReading, samples: Samples, clock: &Clock) {
    clock.note(context, reading, "samples");
    let load = Load { failures: Some(samples.failures), ..Load::default() };
    samples.keep(context, reading, "", load);
}
