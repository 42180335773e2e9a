//! HdrHistogram's binary encodings V0, V1 and V2, plain and compressed, with no trust in what they claim.
//!
//! Every length is checked against the bytes at hand before anything is set aside for it. Words are
//! big-endian; V0 and V1 hold fixed-size counts, V2 zig-zag LEB128 with runs of zeros as negatives.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::measurement::Histogram;

/// Cookies without the word size in their second nibble.
const V0: u32 = 0x1c84_9308;
const V1: u32 = 0x1c84_9301;
const V2: u32 = 0x1c84_9303;
const V0_COMPRESSED: u32 = 0x1c84_9309;
const V1_COMPRESSED: u32 = 0x1c84_9302;
const V2_COMPRESSED: u32 = 0x1c84_9304;
const WORD_SIZE: u32 = 0xf0;

/// Largest payload unpacked, in bytes: five digits over the whole range of 64 bits, in long words.
const LARGEST_PAYLOAD: u64 = 64 << 20;

/// Whether bytes begin as one of the encodings.
pub(super) fn is_encoded(bytes: &[u8]) -> bool {
    let cookie = bytes.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) & !WORD_SIZE);
    cookie.is_some_and(|cookie| [V0, V1, V2, V0_COMPRESSED, V1_COMPRESSED, V2_COMPRESSED].contains(&cookie))
}

/// A decoded payload: the histogram and what its values are to be multiplied with.
pub(super) struct Decoded {
    pub histogram: Histogram<u64>,
    pub ratio: f64,
}

/// Decodes one histogram; the error says what was found.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let mut cursor = Cursor(bytes);
    let cookie = cursor.u32()?;
    match cookie & !WORD_SIZE {
        V0_COMPRESSED | V1_COMPRESSED | V2_COMPRESSED => {
            let length = cursor.u32()? as usize;
            let packed = cursor
                .0
                .get(..length)
                .ok_or_else(|| format!("a payload of {} bytes that claims {length}", cursor.0.len()))?;
            let mut plain = Vec::new();
            let read = ZlibDecoder::new(packed).take(LARGEST_PAYLOAD + 1).read_to_end(&mut plain);
            read.map_err(|error| format!("a payload that cannot be inflated ({error})"))?;
            if plain.len() as u64 > LARGEST_PAYLOAD {
                return Err(format!("a payload of more than {} MiB", LARGEST_PAYLOAD >> 20));
            }
            uncompressed(&plain)
        }
        _ => uncompressed(bytes),
    }
}

fn uncompressed(bytes: &[u8]) -> Result<Decoded, String> {
    let mut cursor = Cursor(bytes);
    let cookie = cursor.u32()?;
    let version = cookie & !WORD_SIZE;
    let (length, offset, digits, lowest, highest, ratio) = match version {
        V1 | V2 => {
            let (length, offset, digits) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
            let (lowest, highest) = (cursor.u64()?, cursor.u64()?);
            (Some(length as usize), offset, digits, lowest, highest, f64::from_bits(cursor.u64()?))
        }
        V0 => {
            let (digits, lowest, highest) = (cursor.u32()?, cursor.u64()?, cursor.u64()?);
            cursor.u64()?;
            (None, 0, digits, lowest, highest, 1.0)
        }
        _ => return Err(format!("a cookie of {cookie:#010x}, which no version has")),
    };
    if offset != 0 {
        return Err("a shifted histogram, which cannot be read".to_owned());
    }
    if !(ratio > 0.0 && ratio.is_finite()) {
        return Err(format!("a conversion ratio of {ratio}"));
    }
    let digits = u8::try_from(digits)
        .ok()
        .filter(|digits| *digits <= 5)
        .ok_or_else(|| format!("{digits} significant digits"))?;
    if lowest == 0 || lowest > highest / 2 {
        return Err(format!("a range from {lowest} to {highest}"));
    }
    let payload = match length {
        Some(length) => cursor
            .0
            .get(..length)
            .ok_or_else(|| format!("a payload of {} bytes that claims {length}", cursor.0.len()))?,
        None => cursor.0,
    };
    let layout = Layout::new(digits, lowest);
    let mut histogram = Histogram::<u64>::new_with_bounds(lowest, lowest.saturating_mul(2), digits)
        .map_err(|error| format!("a range from {lowest} to {highest} ({error})"))?;
    histogram.auto(true);
    let mut record = |index: u64, count: u64| -> Result<(), String> {
        // The range in the header is no bound: histograms that grow by themselves write the one they began with.
        let value = layout.value(index).ok_or_else(|| format!("a count at index {index}, beyond 64 bits"))?;
        if count > 1 << 53 {
            return Err(format!("a count of {count}"));
        }
        histogram.record_n(value, count).map_err(|error| format!("a count that cannot be kept ({error})"))
    };
    if version == V2 {
        counts_v2(payload, &mut record)?;
    } else {
        counts_in_words(payload, ((cookie & WORD_SIZE) >> 4) & 0xe, &mut record)?;
    }
    Ok(Decoded { histogram, ratio })
}

/// Counts with runs of zeros, each a zig-zag LEB128 number of at most nine bytes.
fn counts_v2(payload: &[u8], record: &mut impl FnMut(u64, u64) -> Result<(), String>) -> Result<(), String> {
    let mut index = 0_u64;
    let mut bytes = payload.iter();
    while !bytes.as_slice().is_empty() {
        let mut number = 0_u64;
        for place in 0.. {
            let byte = *bytes.next().ok_or("a count that is cut")?;
            if place == 8 {
                number |= u64::from(byte) << 56;
                break;
            }
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let count = (number >> 1) as i64 ^ -((number & 1) as i64);
        if count < 0 {
            index = index.saturating_add(count.unsigned_abs());
        } else {
            if count > 0 {
                record(index, count.unsigned_abs())?;
            }
            index = index.saturating_add(1);
        }
    }
    Ok(())
}

fn counts_in_words(
    payload: &[u8],
    size: u32,
    record: &mut impl FnMut(u64, u64) -> Result<(), String>,
) -> Result<(), String> {
    if !matches!(size, 2 | 4 | 8) {
        return Err(format!("words of {size} bytes"));
    }
    for (index, word) in payload.chunks_exact(size as usize).enumerate() {
        let count = word.iter().fold(0_u64, |count, byte| count << 8 | u64::from(*byte));
        if count > 0 {
            record(index as u64, count)?;
        }
    }
    Ok(())
}

/// Which value an index stands for: buckets of doubling width, each of so many linear parts.
struct Layout {
    /// log₂ of the smallest unit.
    unit: u32,
    /// log₂ of half the parts of a bucket.
    half: u32,
}

impl Layout {
    fn new(digits: u8, lowest: u64) -> Self {
        // So many parts that 2·10^digits still has a resolution of one unit.
        let parts = (2 * 10_u64.pow(u32::from(digits))).next_power_of_two();
        Self { unit: lowest.max(1).ilog2(), half: parts.ilog2().max(1) - 1 }
    }

    fn value(&self, index: u64) -> Option<u64> {
        let half = 1_u64 << self.half;
        let (bucket, part) = match (index >> self.half).checked_sub(1) {
            Some(bucket) => (bucket, (index & (half - 1)) + half),
            None => (0, index),
        };
        let shift = u32::try_from(bucket).ok()?.checked_add(self.unit)?;
        (shift < part.leading_zeros()).then(|| part << shift)
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn u32(&mut self) -> Result<u32, String> {
        let (word, rest) = self.0.split_first_chunk::<4>().ok_or("a header that is cut")?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*word))
    }

    fn u64(&mut self) -> Result<u64, String> {
        let (word, rest) = self.0.split_first_chunk::<8>().ok_or("a header that is cut")?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*word))
    }
}

/// Decodes standard base64, padded or not; `None` for any other character.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len() as u32);
        let [_, first, second, third] = bits.to_be_bytes();
        bytes.extend([first, second, third].into_iter().take(group.len() - 1));
    }
    Some(bytes)
}
