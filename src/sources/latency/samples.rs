//! Streams of single samples on their way into a histogram.

use super::super::InputError;
use super::notes::SAMPLES_LEFT_OUT;
use super::value::{keep, named, note_empty};
use super::{Context, LatencyReading, decimal};
use crate::finding::Tally;
use crate::measurement::{Load, Recorder, TimeUnit};

/// Samples of one measurement.
pub(super) struct Samples {
    recorder: Recorder,
    unit: TimeUnit,
    left_out: Tally,
    pub failures: u64,
}

impl Samples {
    pub fn new(context: &Context<'_>, unit: TimeUnit) -> Result<Self, InputError> {
        let recorder = Recorder::new().ok_or_else(|| {
            InputError::new(context.name, "no memory", "room for a histogram", "close other programs")
        })?;
        Ok(Self { recorder, unit, left_out: Tally::default(), failures: 0 })
    }

    /// Takes a number as text, without blanks around it.
    pub fn text(&mut self, text: &[u8], line: u64) {
        match decimal::number(text) {
            Some(number) => self.number(number, line),
            None => self.odd(&String::from_utf8_lossy(text), line),
        }
    }

    /// Takes a number.
    pub fn number(&mut self, number: f64, line: u64) {
        if !self.recorder.record(self.unit.amount(number)) {
            self.odd(&number.to_string(), line);
        }
    }

    fn odd(&mut self, found: &str, line: u64) {
        self.left_out.add(format_args!("{:?} on line {line}", super::value::shortened(found)));
    }

    /// Adds the measurement, or notes that there was nothing.
    pub fn keep(self, context: &Context<'_>, reading: &mut LatencyReading, section: &str, load: Load) {
        let subject = named(context, section);
        reading
            .findings
            .extend(self.left_out.finding(&SAMPLES_LEFT_OUT, &subject, |names| format!("no durations: {names}")));
        match self.recorder.finish() {
            Some(distribution) => keep(context, reading, section, distribution, load, Vec::new()),
            None => note_empty(context, reading, section),
        }
    }
}
