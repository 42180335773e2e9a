//! Lines of a stream, and durations as tools print them.

use std::io::{BufRead, Read};

use super::super::InputError;

/// Longest line, in bytes; an interval log line of a five-digit histogram has half a megabyte.
const LONGEST_LINE: u64 = 16 << 20;

/// A stream line by line.
pub(super) struct Lines<'a> {
    name: &'a str,
    reader: Box<dyn BufRead + 'a>,
    line: Vec<u8>,
    number: u64,
}

impl<'a> Lines<'a> {
    pub fn new(name: &'a str, reader: Box<dyn BufRead + 'a>) -> Self {
        Self { name, reader, line: Vec::new(), number: 0 }
    }

    /// The next line without its end; `None` after the last.
    ///
    /// # Errors
    /// [`InputError`] when reading fails or the line is longer than any of a measurement.
    pub fn next(&mut self) -> Result<Option<&[u8]>, InputError> {
        self.line.clear();
        if self.extend()? == 0 {
            return Ok(None);
        }
        self.trim();
        Ok(Some(&self.line))
    }

    /// The next line as text; bytes that are none are replaced.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn next_text(&mut self) -> Result<Option<String>, InputError> {
        Ok(self.next()?.map(|line| String::from_utf8_lossy(line).into_owned()))
    }

    /// The next CSV record: a line, and those after it while a quote is open.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, InputError> {
        self.line.clear();
        loop {
            let read = self.extend()?;
            let open = memchr::memchr_iter(b'"', &self.line).count() % 2 == 1;
            if read == 0 && self.line.is_empty() {
                return Ok(None);
            }
            if read == 0 && open {
                return Err(self.error(
                    "a quote that is never closed",
                    "a quoted field",
                    "check whether the file is cut",
                ));
            }
            if !open {
                self.trim();
                return Ok(Some(&self.line));
            }
        }
    }

    /// All that is left, as bytes.
    ///
    /// # Errors
    /// [`InputError`] when there is more than `limit`.
    pub fn rest(&mut self, limit: u64, what: &str) -> Result<Vec<u8>, InputError> {
        let mut bytes = Vec::new();
        let name = self.name;
        self.reader.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
        if bytes.len() as u64 > limit {
            let found = format!("more than {} MiB", limit >> 20);
            return Err(InputError::new(name, found, what, "split the file, or give a summary instead"));
        }
        Ok(bytes)
    }

    /// An error at the line last read.
    pub fn error(
        &self,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> InputError {
        InputError::new(self.place(), found, expected, remedy)
    }

    /// File and line last read.
    pub fn place(&self) -> String {
        format!("{}:{}", self.name, self.number)
    }

    /// The number of the line last read, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn extend(&mut self) -> Result<usize, InputError> {
        let room = LONGEST_LINE.saturating_sub(self.line.len() as u64);
        let read = self
            .reader
            .by_ref()
            .take(room)
            .read_until(b'\n', &mut self.line)
            .map_err(|error| unreadable(self.name, &error))?;
        self.number += u64::from(read > 0);
        if self.line.len() as u64 >= LONGEST_LINE {
            let found = format!("a line of more than {} MiB", LONGEST_LINE >> 20);
            return Err(self.error(found, "lines of a measurement", "check whether this is a measurement at all"));
        }
        Ok(read)
    }

    fn trim(&mut self) {
        while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.pop();
        }
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> InputError {
    let Some(known) = error.get_ref().and_then(|inner| inner.downcast_ref::<super::open::Exhausted>()) else {
        return InputError::new(
            name,
            format!("a read error ({error})"),
            "a whole file",
            "check whether the file is cut, or fetch it again",
        );
    };
    InputError::new(name, known.to_string(), "a measurement", "split the file")
}

/// A quantity of time as printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sources) struct Amount {
    pub seconds: f64,
    /// Half of the last printed digit, in seconds.
    pub resolution: f64,
}

/// A duration with units: `2.24ms`, `567.173µs`, `5m0s`, `1.02s`, `0s 001ms 000us`, `16.1834 secs`.
/// `None` for anything else, such as `-nan` or a number without a unit.
pub(in crate::sources) fn duration(text: &str) -> Option<Amount> {
    let mut rest = text.trim();
    let mut whole: Option<Amount> = None;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|character: char| !character.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" | "sec" | "secs" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let part = Amount { seconds: scaled(number.parse().ok()?, seconds), resolution: half_digit(number) * seconds };
        let sum = whole.map_or(0.0, |whole| whole.seconds) + part.seconds;
        whole = Some(Amount { seconds: sum, resolution: part.resolution });
        rest = after.trim_start();
    }
    whole.filter(|whole| whole.seconds.is_finite())
}

/// A number of units below one second is divided, so that `5ms` is exactly 0.005 s.
fn scaled(number: f64, unit: f64) -> f64 {
    if unit < 1.0 { number / (1.0 / unit).round() } else { number * unit }
}

/// Half of the last printed digit of a number: 0.005 for `1.25`.
pub(super) fn half_digit(number: &str) -> f64 {
    let decimals = number.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(20));
    0.5 * 10_f64.powi(-(decimals as i32))
}

/// The fields of a CSV record without quotes around them; `""` within quotes is one quote.
pub(in crate::sources) fn fields(record: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = record.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => push(&mut fields, character),
        }
    }
    fields
}

fn push(fields: &mut [String], character: char) {
    if let Some(field) = fields.last_mut() {
        field.push(character);
    }
}

/// One field of a CSV record, as the bytes between its commas; quotes around it are taken off.
pub(super) fn field(record: &[u8], index: usize) -> Option<&[u8]> {
    let (mut start, mut number, mut quoted) = (0, 0, false);
    for position in memchr::memchr2_iter(b',', b'"', record) {
        if record.get(position) == Some(&b'"') {
            quoted = !quoted;
        } else if !quoted {
            if number == index {
                return record.get(start..position).map(unquoted);
            }
            number += 1;
            start = position + 1;
        }
    }
    (number == index).then(|| record.get(start..)).flatten().map(unquoted)
}

fn unquoted(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field)
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn durations_as_tools_print_them() {
        for (text, seconds, resolution) in [
            ("567us", 567e-6, 0.5e-6),
            ("2.24ms", 0.00224, 5e-6),
            ("1.02s", 1.02, 5e-3),
            ("5m0s", 300.0, 0.5),
            ("567.173µs", 567.173e-6, 5e-10),
            ("0s 001ms 816us", 0.001_816, 0.5e-6),
            ("16.1834 secs", 16.1834, 5e-5),
            ("0.000180007s", 0.000_180_007, 5e-10),
            ("1.05m", 63.0, 0.3),
        ] {
            let found = duration(text).unwrap();
            assert!((found.seconds - seconds).abs() < 1e-12, "{text}: {found:?}");
            assert!((found.resolution - resolution).abs() < 1e-12, "{text}: {found:?}");
        }
        for wrong in ["", "-nan", "12", "ms", "-5ms", "5 parsec", "1.2.3s", "1e999s", "N/A"] {
            assert!(duration(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn quoted_fields() {
        let record = "a,\"b, \"\"c\"\"\",,d";
        assert_eq!(fields(record), ["a", "b, \"c\"", "", "d"]);
        assert_eq!(field(record.as_bytes(), 3), Some(&b"d"[..]));
        assert_eq!(field(record.as_bytes(), 2), Some(&b""[..]));
        assert_eq!(field(record.as_bytes(), 4), None);
    }
}
