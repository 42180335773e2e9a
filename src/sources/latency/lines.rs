//! Lines, records and pieces of a stream, handed out without a copy.

use std::io::Read;

use super::super::InputError;
use super::decimal;

/// Longest line, in bytes; an interval log line of a five-digit histogram has half a megabyte.
const LONGEST_LINE: usize = 16 << 20;
/// Size of the buffer at first. It grows with the longest line, never with what a file claims.
const BUFFER: usize = 256 << 10;

/// A stream line by line.
pub(super) struct Lines<'a> {
    name: &'a str,
    reader: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    /// What is read and not yet handed out.
    start: usize,
    end: usize,
    ended: bool,
    number: u64,
    /// Bytes handed out.
    position: u64,
    /// Most bytes that are handed out.
    limit: u64,
}

impl<'a> Lines<'a> {
    pub fn new(name: &'a str, reader: Box<dyn Read + 'a>) -> Self {
        Self {
            name,
            reader,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            ended: false,
            number: 0,
            position: 0,
            limit: u64::MAX,
        }
    }

    /// Refuses what goes on beyond so many bytes.
    pub fn stop_after(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// The next line without its end; `None` after the last.
    ///
    /// # Errors
    /// [`InputError`] when reading fails or the line is longer than any of a measurement.
    pub fn next(&mut self) -> Result<Option<&[u8]>, InputError> {
        let Some(length) = self.line_after(0)? else { return Ok(None) };
        Ok(Some(trimmed(self.take(length))))
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
        // Most records are one line without a quote, which one look shows.
        let held = self.buffer.get(self.start..self.end).unwrap_or_default();
        if let Some(end) = memchr::memchr2(b'\n', b'"', held)
            && held.get(end) == Some(&b'\n')
        {
            self.number += 1;
            return Ok(Some(trimmed(self.take(end + 1))));
        }
        let Some(mut length) = self.line_after(0)? else { return Ok(None) };
        let mut quotes = self.quotes(0, length);
        while quotes % 2 == 1 {
            let Some(longer) = self.line_after(length)? else {
                return Err(self.error(
                    "a quote that is never closed",
                    "a quoted field",
                    "check whether the file is cut",
                ));
            };
            quotes += self.quotes(length, longer);
            length = longer;
        }
        Ok(Some(trimmed(self.take(length))))
    }

    /// The next line, where it is a plain decimal and nothing else; `None` leaves it for another look.
    pub fn next_plain(&mut self) -> Option<f64> {
        let held = self.buffer.get(self.start..self.end)?;
        let (number, length) = decimal::leading(held)?;
        let end = match held.get(length..)? {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        self.number += 1;
        self.take(length + end);
        Some(number)
    }

    /// The next bytes, fewer only where the stream ends.
    ///
    /// # Errors
    /// [`InputError`] when reading fails.
    pub fn bytes(&mut self, wanted: usize) -> Result<&[u8], InputError> {
        while self.end - self.start < wanted && !self.ended {
            self.fill()?;
        }
        Ok(self.take(wanted.min(self.end - self.start)))
    }

    /// All that is left, as bytes.
    ///
    /// # Errors
    /// [`InputError`] when there is more than `limit`.
    pub fn rest(&mut self, limit: usize, what: &str) -> Result<&[u8], InputError> {
        while !self.ended && self.end - self.start <= limit {
            self.fill()?;
        }
        if self.end - self.start > limit {
            let found = format!("more than {} MiB", limit >> 20);
            return Err(InputError::new(self.name, found, what, "split the file, or give a summary instead"));
        }
        Ok(self.take(self.end - self.start))
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

    /// How many bytes were handed out.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Where the first line that begins at or after `from` ends, counted from what was handed out; `None`
    /// where nothing begins there.
    fn line_after(&mut self, from: usize) -> Result<Option<usize>, InputError> {
        let mut searched = from;
        loop {
            let held = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(found) = held.get(searched..).and_then(|bytes| memchr::memchr(b'\n', bytes)) {
                self.number += 1;
                return Ok(Some(searched + found + 1));
            }
            searched = held.len();
            if self.ended {
                self.number += u64::from(searched > from);
                return Ok((searched > from).then_some(searched));
            }
            if searched >= LONGEST_LINE {
                self.number += 1;
                let found = format!("a line of more than {} MiB", LONGEST_LINE >> 20);
                return Err(self.error(found, "lines of a measurement", "check whether this is a measurement at all"));
            }
            self.fill()?;
        }
    }

    fn quotes(&self, from: usize, to: usize) -> usize {
        let bytes = self.buffer.get(self.start + from..self.start + to).unwrap_or_default();
        memchr::memchr_iter(b'"', bytes).count()
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let start = self.start;
        self.start += length;
        self.position += length as u64;
        self.buffer.get(start..self.start).unwrap_or_default()
    }

    /// Reads more behind what is held; makes room by moving it to the front, then by doubling the buffer.
    fn fill(&mut self) -> Result<(), InputError> {
        if self.position > self.limit {
            let found = format!("more than {} MiB", self.limit >> 20);
            return Err(self.error(found, "the output of a load test", "split the file"));
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.reader.read(room) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                outcome => break outcome.map_err(|error| unreadable(self.name, &error))?,
            }
        };
        self.end += read;
        self.ended = read == 0;
        Ok(())
    }
}

fn trimmed(mut line: &[u8]) -> &[u8] {
    while let Some((b'\n' | b'\r', rest)) = line.split_last() {
        line = rest;
    }
    line
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

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader that gives a few bytes at a time.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.0.len().min(self.1).min(buffer.len());
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    impl Lines<'_> {
        fn collect_text(mut self) -> Vec<String> {
            let mut found = Vec::new();
            while let Some(line) = self.next_text().unwrap() {
                found.push(line);
            }
            found
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_standard_library(text in "[ab\"\n]{0,60}", step in 1..9_usize) {
            let mut lines = Lines::new("input", Box::new(Dribble(text.as_bytes(), step)));
            let mut found = Vec::new();
            while let Some(line) = lines.next_text().unwrap() {
                found.push(line);
            }
            prop_assert_eq!(&found, &text.lines().map(str::to_owned).collect::<Vec<_>>());
            prop_assert_eq!(lines.number(), found.len() as u64);
            prop_assert_eq!(lines.position(), text.len() as u64);
        }

        #[test]
        fn plain_numbers_are_lines(text in "[0-9.\r\n]{0,60}", step in 1..9_usize) {
            let mut lines = Lines::new("input", Box::new(Dribble(text.as_bytes(), step)));
            let mut found = Vec::new();
            loop {
                if let Some(number) = lines.next_plain() {
                    found.push(Some(number));
                } else if let Some(line) = lines.next_text().unwrap() {
                    found.push(line.parse::<f64>().ok());
                } else {
                    break;
                }
            }
            let whole = Lines::new("input", Box::new(text.as_bytes())).collect_text();
            prop_assert_eq!(found, whole.iter().map(|line| line.parse().ok()).collect::<Vec<_>>());
        }

        #[test]
        fn records_hold_whole_quotes(text in "[a\"\n]{0,40}", step in 1..9_usize) {
            let mut lines = Lines::new("input", Box::new(Dribble(text.as_bytes(), step)));
            let mut whole = String::new();
            loop {
                match lines.next_record() {
                    Ok(Some(record)) => {
                        prop_assert_eq!(memchr::memchr_iter(b'"', record).count() % 2, 0);
                        whole.push_str(std::str::from_utf8(record).unwrap());
                    }
                    Ok(None) => break,
                    Err(error) => {
                        prop_assert!(error.to_string().contains("never closed"));
                        return Ok(());
                    }
                }
            }
            // Line ends within quotes stay, those between records go.
            prop_assert_eq!(whole.replace('\n', ""), text.replace('\n', ""));
        }
    }

    #[test]
    fn a_line_that_never_ends_is_refused() {
        let mut lines = Lines::new("input", Box::new(std::io::repeat(b'x')));
        assert!(lines.next().unwrap_err().to_string().contains("input:1: found a line of more than 16 MiB"));
    }
}
