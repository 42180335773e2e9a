//! Reads an input whole, unpacked where it is gzip.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::super::{Input, InputError};

/// Most bytes of a table, before and after unpacking.
const MOST_BYTES: u64 = 64 << 20;

/// The bytes of an input.
///
/// # Errors
/// [`InputError`] when it cannot be read or is too large.
#[expect(clippy::disallowed_methods, reason = "this is where files and standard input are opened")]
pub(super) fn whole(input: &Input) -> Result<Vec<u8>, InputError> {
    match input {
        Input::Stdin => unpacked("-", limited("-", std::io::stdin().lock())?),
        Input::Path(path) => {
            let name = path.display().to_string();
            let file = std::fs::File::open(path).map_err(|error| InputError::unreadable(&name, &error))?;
            let bytes = limited(&name, file)?;
            unpacked(&name, bytes)
        }
    }
}

/// The bytes behind gzip, or the bytes themselves.
///
/// # Errors
/// [`InputError`] when gzip is broken or holds too much.
pub(super) fn unpacked(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, InputError> {
    if bytes.starts_with(&[0x1f, 0x8b]) { limited(name, MultiGzDecoder::new(bytes.as_slice())) } else { Ok(bytes) }
}

fn limited(name: &str, reader: impl Read) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| InputError::unreadable(name, &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        let found = format!("more than {} MiB", MOST_BYTES >> 20);
        return Err(InputError::new(name, found, "a table of measurements", "give fewer rows at a time"));
    }
    Ok(bytes)
}
