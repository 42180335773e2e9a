//! hey's CSV: one row per request, in seconds.

use super::super::InputError;
use super::clock::Clock;
use super::lines::Lines;
use super::samples::Samples;
use super::text::{field, fields};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Load, TimeUnit};

pub(super) const READER: Reader = Reader { kind: "hey", timed: true, shape: Shape::Stream { recognise, read } };

fn recognise(head: &Head<'_>) -> bool {
    head.first_line().starts_with("response-time,DNS+dialup")
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let header = fields(&lines.next_text()?.unwrap_or_default());
    let status = header.iter().position(|name| name == "status-code");
    let offset = header.iter().position(|name| name == "offset");
    let mut clock = Clock::new(context);
    let mut samples = Samples::new(context, TimeUnit::Seconds)?;
    loop {
        let number = lines.number() + 1;
        let Some(record) = lines.next()? else { break };
        if record.is_empty() {
            continue;
        }
        if !clock.wants(context, number, offset.and_then(|column| field(record, column)))? {
            continue;
        }
        samples.text(field(record, 0).unwrap_or_default(), number);
        let code = status.and_then(|column| field(record, column));
        samples.failures += u64::from(code.is_some_and(|code| matches!(code.first(), Some(b'4' | b'5'))));
    }
    let load = Load { failures: Some(samples.failures), ..Load::default() };
    clock.note(context, reading, "samples");
    samples.keep(context, reading, "", load);
    Ok(())
}
