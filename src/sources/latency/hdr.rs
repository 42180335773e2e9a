//! A single HdrHistogram in its binary encoding, or in base64 as logs hold it.
//!
//! Values have no unit; nanoseconds are taken unless another is given.

use super::super::InputError;
use super::hlog::tick;
use super::lines::Lines;
use super::payload::{self, Decoded};
use super::value::{invalid, keep, note_empty};
use super::{Context, Head, LatencyReading, Reader, Shape};
use crate::measurement::{Distribution, Load};

pub(super) const READER: Reader = Reader { kind: "hdr", timed: false, shape: Shape::Bytes { recognise, read } };

/// Largest file: one histogram of five digits in long words, in base64.
const LARGEST: usize = 96 << 20;

fn recognise(head: &Head<'_>) -> bool {
    payload::is_encoded(head.bytes) || head.first_line().starts_with("HIST")
}

fn read(context: &Context<'_>, lines: &mut Lines<'_>, reading: &mut LatencyReading) -> Result<(), InputError> {
    let bytes = lines.rest(LARGEST, "one histogram")?;
    let broken = |found: String| {
        InputError::new(
            context.name,
            found,
            "an HdrHistogram V0, V1 or V2",
            "check whether the file is cut, or fetch it again",
        )
    };
    let decoded = if payload::is_encoded(bytes) {
        payload::decode(bytes)
    } else {
        payload::base64(bytes)
            .ok_or_else(|| "characters that are no base64".to_owned())
            .and_then(|bytes| payload::decode(&bytes))
    };
    let Decoded { histogram, ratio } = decoded.map_err(broken)?;
    if histogram.is_empty() {
        note_empty(context, reading, "");
        return Ok(());
    }
    let tick = tick(context, reading) * ratio;
    let distribution = Distribution::from_histogram(histogram, tick).map_err(|error| invalid(context.name, &error))?;
    keep(context, reading, "", distribution, Load::default(), Vec::new());
    Ok(())
}
