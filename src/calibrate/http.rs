//! As much of HTTP/1.1 as the load generator, the backend and Envoy's admin interface speak.

use std::io::{self, BufRead, Error, ErrorKind, Read};

/// Most bytes of a head; Envoy adds some hundred to a request.
const MOST_HEAD: u64 = 64 << 10;

/// The head of a request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Its first line.
    pub first: String,
    /// How its body ends.
    pub body: Body,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// After so many bytes.
    Sized(u64),
    /// With a chunk of no bytes.
    Chunked,
}

impl Head {
    /// Reads a head; `None` when the connection ended before it.
    ///
    /// # Errors
    /// What reading fails with, or [`ErrorKind::InvalidData`] for what is no head.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut left = MOST_HEAD;
        let first = line(reader, &mut left)?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut body = Body::Sized(0);
        loop {
            let line = line(reader, &mut left)?;
            let field = line.trim_end();
            if field.is_empty() {
                let ended = line.is_empty();
                return if ended {
                    Err(wrong("a head that is cut off"))
                } else {
                    Ok(Some(Self { first: first.trim_end().to_owned(), body }))
                };
            }
            let (name, value) = field.split_once(':').ok_or_else(|| wrong("a header without a colon"))?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                body = Body::Sized(value.parse().map_err(|_| wrong("a content-length that is no number"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
                body = Body::Chunked;
            }
        }
    }

    /// The status of an answer; 0 where there is none.
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

impl Body {
    /// Reads the body and hands it over piece by piece.
    ///
    /// # Errors
    /// What reading fails with, or [`ErrorKind::InvalidData`] for broken chunks.
    pub fn read(self, reader: &mut impl BufRead, mut sink: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Self::Sized(bytes) => pass(reader, bytes, &mut sink),
            Self::Chunked => loop {
                let size = line(reader, &mut { MOST_HEAD })?;
                let size = size.trim_end().split(';').next().unwrap_or_default();
                let size = u64::from_str_radix(size, 16).map_err(|_| wrong("a chunk without a size"))?;
                pass(reader, size, &mut sink)?;
                line(reader, &mut { MOST_HEAD })?;
                if size == 0 {
                    return Ok(());
                }
            },
        }
    }
}

/// One line with its end; empty at the end of input.
fn line(reader: &mut impl BufRead, left: &mut u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.by_ref().take(*left).read_until(b'\n', &mut bytes)?;
    *left -= bytes.len() as u64;
    if *left == 0 {
        return Err(wrong("a head of more than 64 KiB"));
    }
    String::from_utf8(bytes).map_err(|_| wrong("a head that is no text"))
}

/// Hands over so many bytes.
fn pass(reader: &mut impl BufRead, mut bytes: u64, sink: &mut impl FnMut(&[u8])) -> io::Result<()> {
    while bytes > 0 {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Err(Error::new(ErrorKind::UnexpectedEof, "a body that is cut off"));
        }
        let taken = buffer.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
        let (piece, _) = buffer.split_at(taken);
        sink(piece);
        reader.consume(taken);
        bytes -= taken as u64;
    }
    Ok(())
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(mut text: &[u8]) -> io::Result<Option<(u16, String)>> {
        let Some(head) = Head::read(&mut text)? else { return Ok(None) };
        let mut body = Vec::new();
        head.body.read(&mut text, |piece| body.extend_from_slice(piece))?;
        Ok(Some((head.status(), String::from_utf8_lossy(&body).into_owned())))
    }

    #[test]
    fn bodies_end_where_they_say() {
        let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef";
        assert_eq!(read(sized).unwrap(), Some((200, "abc".to_owned())));
        let chunked =
            b"HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(read(chunked).unwrap(), Some((503, "abc0123456789".to_owned())));
        assert_eq!(read(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap(), Some((0, String::new())));
        assert_eq!(read(b"").unwrap(), None);
    }

    #[test]
    fn what_is_broken_is_an_error() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nhost: a\r\n",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text:?}");
        }
        let endless = vec![b'a'; 1 << 20];
        assert!(read(&endless).unwrap_err().to_string().contains("64 KiB"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
