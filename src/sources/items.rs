//! Cuts a stream of JSON into objects without holding the stream.
//!
//! The elements of a top-level `items` array or of a bare array come out one by one, in batches; a
//! top-level object comes out without its items. The cut follows strings and braces only: whether
//! each object is JSON is for the parser that gets it.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memmem, memrchr};

use super::head::{self, ListKind};

/// Bytes of the first read, at most.
const FIRST_CHUNK: usize = 16 << 10;

/// Sizes the splitter works with, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Read at a time, at most.
    pub(super) chunk: usize,
    /// Handed over at a time.
    pub(super) batch: usize,
    /// Largest object.
    pub(super) object: u64,
}

/// Something cut out of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A list begins; its kind where that stands before the items.
    List(ListKind),
    /// An object of a list.
    Item { range: Range<usize>, at: Position },
    /// An entry of a list that is no object.
    Stray(Position),
    /// A top-level object ends; `listed` when it was a list, whose items came before.
    Whole { bytes: Vec<u8>, at: Position, listed: bool },
    /// A bare array ends.
    ArrayEnd,
}

/// Line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// Pieces with the bytes their ranges refer to.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
}

impl Batch {
    /// The bytes of an item.
    pub(super) fn item(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

/// Why the stream cannot be cut.
#[derive(Debug)]
pub(super) enum SplitError {
    /// The reader failed.
    Io(io::Error),
    /// The stream ends inside something.
    Truncated { at: Position, inside: &'static str },
    /// A character that cannot stand there.
    Unexpected { at: Position, found: u8, expected: &'static str },
    /// An object is larger than the limit.
    TooLarge { at: Position },
}

#[derive(Clone, Copy)]
enum State {
    Between,
    Members,
    Items { in_object: bool, after_item: bool },
}

/// The splitter over a reader.
pub(super) struct Splitter<R> {
    reader: R,
    sizes: Sizes,
    state: State,
    buffer: Vec<u8>,
    /// A buffer for later.
    spare: Vec<u8>,
    /// Next byte to look at.
    pos: usize,
    /// Start of bytes that must survive the next read.
    capture: Option<usize>,
    /// End of the last item in the buffer; what lies between it and the capture can go.
    kept: usize,
    ended: bool,
    pieces: Vec<Piece>,
    shell: Vec<u8>,
    shell_at: Position,
    listed: bool,
    /// Bytes that lay before the buffer.
    removed: u64,
    /// Lines are counted up to here.
    counted: usize,
    line: u64,
    line_start: u64,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(reader: R, first_line: u64, sizes: Sizes) -> Self {
        Self {
            reader,
            sizes,
            state: State::Between,
            buffer: Vec::new(),
            spare: Vec::new(),
            pos: 0,
            capture: None,
            kept: 0,
            ended: false,
            pieces: Vec::new(),
            shell: Vec::new(),
            shell_at: Position::default(),
            listed: false,
            removed: 0,
            counted: 0,
            line: first_line,
            line_start: 0,
        }
    }

    /// The next pieces; `None` at the end of the stream.
    pub(super) fn next_batch(&mut self) -> Result<Option<Batch>, SplitError> {
        loop {
            if self.is_full() {
                return Ok(Some(self.hand_over()));
            }
            match self.state {
                State::Between => {
                    if !self.between()? {
                        return Ok((!self.pieces.is_empty()).then(|| self.hand_over()));
                    }
                }
                State::Members => self.members()?,
                State::Items { in_object, after_item } => self.item(in_object, after_item)?,
            }
        }
    }

    /// Takes back the buffer of a batch, to fill it anew.
    pub(super) fn recycle(&mut self, batch: Batch) {
        self.spare = batch.bytes;
    }

    fn is_full(&self) -> bool {
        const MOST_PIECES: usize = 16_384;
        self.kept >= self.sizes.batch || self.pieces.len() >= MOST_PIECES
    }

    fn hand_over(&mut self) -> Batch {
        self.count_lines(self.pos);
        let mut rest = std::mem::take(&mut self.spare);
        rest.clear();
        rest.extend_from_slice(self.buffer.get(self.pos..).unwrap_or_default());
        self.buffer.truncate(self.kept);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        self.removed += self.pos as u64;
        self.pos = 0;
        self.kept = 0;
        self.counted = 0;
        Batch { bytes, pieces: std::mem::take(&mut self.pieces) }
    }

    /// Reads on to the next top-level value; false at the end of the stream.
    fn between(&mut self) -> Result<bool, SplitError> {
        match self.skip_whitespace()? {
            None => return Ok(false),
            Some(b'{') => {
                self.shell_at = self.position();
                self.shell.clear();
                self.listed = false;
                self.shell.push(b'{');
                self.pos += 1;
                self.state = State::Members;
            }
            Some(b'[') => {
                self.pieces.push(Piece::List(ListKind::default()));
                self.pos += 1;
                self.state = State::Items { in_object: false, after_item: false };
            }
            Some(b'=') => self.skip_log()?,
            Some(b'-') => self.skip_marker()?,
            Some(found) => return Err(self.unexpected(found, "{ or [")),
        }
        Ok(true)
    }

    /// Members of a top-level object up to its end or its items.
    fn members(&mut self) -> Result<(), SplitError> {
        loop {
            self.capture = Some(self.pos);
            match self.skip_whitespace()? {
                None => return Err(self.truncated("an object")),
                Some(b'}') => {
                    self.pos += 1;
                    self.flush();
                    let bytes = std::mem::take(&mut self.shell);
                    self.pieces.push(Piece::Whole { bytes, at: self.shell_at, listed: self.listed });
                    self.state = State::Between;
                    return Ok(());
                }
                Some(b',') => {
                    self.pos += 1;
                    self.flush();
                    continue;
                }
                Some(b'"') => {}
                Some(found) => return Err(self.unexpected(found, "a key in double quotes, a comma or }")),
            }
            let key = self.pos - self.capture.unwrap_or(self.pos);
            self.string()?;
            let key = self.captured().get(key..).unwrap_or_default();
            let names_items = matches!(key, b"\"items\"" | b"\"Items\"");
            match self.skip_whitespace()? {
                Some(b':') => self.pos += 1,
                Some(found) => return Err(self.unexpected(found, ": after a key")),
                None => return Err(self.truncated("an object")),
            }
            let value = self.skip_whitespace()?;
            if names_items && !self.listed && value == Some(b'[') {
                self.flush();
                self.shell.extend_from_slice(b"[]");
                self.listed = true;
                self.pos += 1;
                self.pieces.push(Piece::List(head::list_kind(&self.shell)));
                self.state = State::Items { in_object: true, after_item: false };
                return Ok(());
            }
            self.value()?;
            self.flush();
            if self.shell.len() as u64 > self.sizes.object {
                return Err(SplitError::TooLarge { at: self.shell_at });
            }
        }
    }

    /// One entry of a list, or its end.
    fn item(&mut self, in_object: bool, after_item: bool) -> Result<(), SplitError> {
        let Some(byte) = self.skip_whitespace()? else { return Err(self.truncated("a list")) };
        match byte {
            b']' => {
                self.pos += 1;
                if in_object {
                    self.state = State::Members;
                } else {
                    self.pieces.push(Piece::ArrayEnd);
                    self.state = State::Between;
                }
                return Ok(());
            }
            b',' if after_item => {
                self.pos += 1;
                self.state = State::Items { in_object, after_item: false };
                return Ok(());
            }
            found if after_item => return Err(self.unexpected(found, ", or ] after an item")),
            _ => {}
        }
        let at = self.position();
        self.capture = Some(self.pos);
        self.value()?;
        let start = self.capture.take().unwrap_or(self.pos);
        if byte == b'{' {
            self.pieces.push(Piece::Item { range: start..self.pos, at });
            self.kept = self.pos;
        } else {
            self.pieces.push(Piece::Stray(at));
        }
        self.state = State::Items { in_object, after_item: true };
        Ok(())
    }

    /// Moves past one value of any kind.
    fn value(&mut self) -> Result<(), SplitError> {
        match self.peek()? {
            Some(b'{') => self.nested(b'{', b'}', "an object"),
            Some(b'[') => self.nested(b'[', b']', "an array"),
            Some(b'"') => self.string(),
            Some(found) if found == b'-' || found.is_ascii_alphanumeric() => {
                while let Some(byte) = self.peek()? {
                    if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
                        break;
                    }
                    self.pos += 1;
                }
                Ok(())
            }
            Some(found) => Err(self.unexpected(found, "a JSON value")),
            None => Err(self.truncated("an object")),
        }
    }

    /// Moves past an object or array: brackets of the other kind are left to the parser.
    fn nested(&mut self, open: u8, close: u8, inside: &'static str) -> Result<(), SplitError> {
        let mut depth = 0_u64;
        loop {
            let rest = self.buffer.get(self.pos..).unwrap_or_default();
            let Some(next) = memchr3(b'"', open, close, rest) else {
                self.pos = self.buffer.len();
                if !self.refill()? {
                    return Err(self.truncated(inside));
                }
                continue;
            };
            let byte = rest.get(next).copied().unwrap_or_default();
            self.pos += next;
            if byte == b'"' {
                self.string()?;
                continue;
            }
            self.pos += 1;
            if byte == open {
                depth += 1;
            } else {
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
        }
    }

    /// Moves past a string, from its opening quote.
    fn string(&mut self) -> Result<(), SplitError> {
        self.pos += 1;
        loop {
            let rest = self.buffer.get(self.pos..).unwrap_or_default();
            let Some(next) = memchr2(b'"', b'\\', rest) else {
                self.pos = self.buffer.len();
                if !self.refill()? {
                    return Err(self.truncated("a string"));
                }
                continue;
            };
            let escape = rest.get(next) == Some(&b'\\');
            self.pos += next + 1;
            if !escape {
                return Ok(());
            }
            if self.peek()?.is_none() {
                return Err(self.truncated("a string"));
            }
            self.pos += 1;
        }
    }

    /// Moves past the marker that people put between documents, as in YAML.
    fn skip_marker(&mut self) -> Result<(), SplitError> {
        for _ in 0..3 {
            match self.peek()? {
                Some(b'-') => self.pos += 1,
                Some(found) => return Err(self.unexpected(found, "{, [ or ---")),
                None => return Err(self.truncated("a document marker")),
            }
        }
        Ok(())
    }

    /// Moves past a log that `kubectl cluster-info dump` prints between its lists.
    fn skip_log(&mut self) -> Result<(), SplitError> {
        const START: &[u8] = b"==== START logs";
        const END: &[u8] = b"==== END logs";
        for &expected in START {
            match self.peek()? {
                Some(found) if found == expected => self.pos += 1,
                Some(found) => return Err(self.unexpected(found, "{, [ or ==== START logs")),
                None => return Err(self.truncated("a log section")),
            }
        }
        loop {
            let rest = self.buffer.get(self.pos..).unwrap_or_default();
            if let Some(found) = memmem::find(rest, END) {
                self.pos += found;
                return self.skip_line();
            }
            self.pos = self.pos.max(self.buffer.len().saturating_sub(END.len()));
            if !self.refill()? {
                return Err(self.truncated("a log section"));
            }
        }
    }

    fn skip_line(&mut self) -> Result<(), SplitError> {
        loop {
            if let Some(newline) = memchr(b'\n', self.buffer.get(self.pos..).unwrap_or_default()) {
                self.pos += newline;
                return Ok(());
            }
            self.pos = self.buffer.len();
            if !self.refill()? {
                return Ok(());
            }
        }
    }

    fn skip_whitespace(&mut self) -> Result<Option<u8>, SplitError> {
        loop {
            let rest = self.buffer.get(self.pos..).unwrap_or_default();
            match rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                Some(blank) => {
                    self.pos += blank;
                    return Ok(self.buffer.get(self.pos).copied());
                }
                None => self.pos = self.buffer.len(),
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, SplitError> {
        if self.pos >= self.buffer.len() && !self.refill()? {
            return Ok(None);
        }
        Ok(self.buffer.get(self.pos).copied())
    }

    fn captured(&self) -> &[u8] {
        self.buffer.get(self.capture.unwrap_or(self.pos)..self.pos).unwrap_or_default()
    }

    /// Moves what was captured into the shell of the top-level object.
    fn flush(&mut self) {
        let start = self.capture.take().unwrap_or(self.pos);
        self.shell.extend_from_slice(self.buffer.get(start..self.pos).unwrap_or_default());
    }

    /// Reads more; false at the end of the stream.
    fn refill(&mut self) -> Result<bool, SplitError> {
        if self.ended {
            return Ok(false);
        }
        let start = self.capture.unwrap_or(self.pos).max(self.kept);
        if (self.buffer.len() - start) as u64 > self.sizes.object {
            return Err(SplitError::TooLarge { at: self.position_of(start) });
        }
        self.drop_between_kept_and(start);
        let filled = self.buffer.len();
        // Small streams get small buffers: there may be very many of them.
        let seen = usize::try_from(self.removed).unwrap_or(usize::MAX).saturating_add(filled);
        let chunk = self.sizes.chunk.min(seen.max(FIRST_CHUNK)).max(1);
        self.buffer.resize(filled + chunk, 0);
        let read = loop {
            match self.reader.read(self.buffer.get_mut(filled..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(filled + read.as_ref().copied().unwrap_or(0));
        let read = read.map_err(SplitError::Io)?;
        self.ended = read == 0;
        Ok(read > 0)
    }

    fn drop_between_kept_and(&mut self, start: usize) {
        if start == self.kept {
            return;
        }
        self.count_lines(start);
        self.buffer.drain(self.kept..start);
        let dropped = start - self.kept;
        self.removed += dropped as u64;
        self.counted = self.kept;
        self.pos -= dropped;
        self.capture = self.capture.map(|capture| capture - dropped);
    }

    fn count_lines(&mut self, to: usize) {
        let Some(fresh) = self.buffer.get(self.counted..to) else { return };
        if let Some(last) = memrchr(b'\n', fresh) {
            self.line += memchr_iter(b'\n', fresh).count() as u64;
            self.line_start = self.removed + (self.counted + last + 1) as u64;
        }
        self.counted = to;
    }

    fn position(&mut self) -> Position {
        self.position_of(self.pos)
    }

    fn position_of(&mut self, pos: usize) -> Position {
        self.count_lines(pos);
        let column = (self.removed + pos as u64).saturating_sub(self.line_start) + 1;
        Position { line: self.line, column }
    }

    fn truncated(&mut self, inside: &'static str) -> SplitError {
        SplitError::Truncated { at: self.position(), inside }
    }

    fn unexpected(&mut self, found: u8, expected: &'static str) -> SplitError {
        SplitError::Unexpected { at: self.position(), found, expected }
    }
}
