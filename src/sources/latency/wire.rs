//! The wire format of Protocol Buffers: numbered fields, read where they stand.
//!
//! Nothing is set aside for what a length claims, and nothing is nested by itself: a reader steps into the
//! messages it knows.

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    /// A varint.
    Number(u64),
    /// Eight bytes.
    Double(f64),
    /// Four bytes.
    Word(u32),
    /// A text, a message, or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub fn number(self) -> Result<u64, String> {
        if let Self::Number(number) = self { Ok(number) } else { Err(self.not("a number")) }
    }

    /// A number with its sign in the lowest bit.
    pub fn signed(self) -> Result<i64, String> {
        self.number().map(zigzag)
    }

    pub fn double(self) -> Result<f64, String> {
        if let Self::Double(number) = self { Ok(number) } else { Err(self.not("eight bytes")) }
    }

    pub fn bytes(self) -> Result<&'a [u8], String> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(self.not("bytes with a length")) }
    }

    pub fn text(self) -> Result<String, String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Adds a number with sign, or many of them packed together.
    pub fn add_signed(self, numbers: &mut Vec<i64>) -> Result<(), String> {
        let Self::Bytes(mut packed) = self else {
            numbers.push(self.signed()?);
            return Ok(());
        };
        while !packed.is_empty() {
            numbers.push(zigzag(varint(&mut packed)?));
        }
        Ok(())
    }

    /// Adds eight bytes, or many of them packed together.
    pub fn add_doubles(self, numbers: &mut Vec<f64>) -> Result<(), String> {
        let Self::Bytes(packed) = self else {
            numbers.push(self.double()?);
            return Ok(());
        };
        let (words, rest) = packed.as_chunks::<8>();
        if !rest.is_empty() {
            return Err("packed numbers that are cut".to_owned());
        }
        numbers.extend(words.iter().map(|word| f64::from_le_bytes(*word)));
        Ok(())
    }

    fn not(self, expected: &str) -> String {
        let found = match self {
            Self::Number(_) => "a varint",
            Self::Double(_) => "eight bytes",
            Self::Word(_) => "four bytes",
            Self::Bytes(_) => "bytes with a length",
        };
        format!("{found} where {expected} belongs")
    }
}

/// Steps through the fields of a message.
pub(super) fn for_each<'a>(
    mut message: &'a [u8],
    mut each: impl FnMut(u64, Field<'a>) -> Result<(), String>,
) -> Result<(), String> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)?),
            1 => Field::Double(f64::from_le_bytes(*chunk(&mut message)?)),
            2 => {
                let length = varint(&mut message)?;
                let split = usize::try_from(length).ok().and_then(|length| message.split_at_checked(length));
                let Some((bytes, rest)) = split else {
                    return Err(format!("a field of {length} bytes where {} are left", message.len()));
                };
                message = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Word(u32::from_le_bytes(*chunk(&mut message)?)),
            other => return Err(format!("a field of wire type {other}")),
        };
        each(key >> 3, field)?;
    }
    Ok(())
}

fn chunk<'a, const N: usize>(bytes: &mut &'a [u8]) -> Result<&'a [u8; N], String> {
    let (chunk, rest) = bytes.split_first_chunk().ok_or("a field that is cut")?;
    *bytes = rest;
    Ok(chunk)
}

/// Seven bits a byte, lowest first; at most ten bytes.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    const LONGEST: usize = 10;
    let mut number = 0_u64;
    for place in 0..LONGEST {
        let (byte, rest) = bytes.split_first().ok_or("a number that is cut")?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(format!("a number of more than {LONGEST} bytes"))
}

fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;

    use super::*;

    fn read(message: &[u8]) -> Result<Vec<(u64, Field<'_>)>, String> {
        let mut fields = Vec::new();
        for_each(message, |number, field| {
            fields.push((number, field));
            Ok(())
        })?;
        Ok(fields)
    }

    #[test]
    fn fields_of_every_kind() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f];
        let found = read(&message).unwrap();
        let expected =
            [(1, Field::Number(150)), (2, Field::Bytes(b"hi")), (3, Field::Word(1)), (4, Field::Double(1.5))];
        assert_eq!(found, expected);
        let mut numbers = Vec::new();
        Field::Number(3).add_signed(&mut numbers).unwrap();
        Field::Bytes(&[0, 1, 2]).add_signed(&mut numbers).unwrap();
        assert_eq!(numbers, [-2, 0, -1, 1]);
    }

    #[test]
    fn claims_beyond_the_bytes_are_refused() {
        let huge = [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        assert_eq!(read(&huge).unwrap_err(), "a field of 9223372036854775808 bytes where 0 are left");
        assert_eq!(read(&[0x0b]).unwrap_err(), "a field of wire type 3");
        assert_eq!(read(&[0xff; 12]).unwrap_err(), "a number of more than 10 bytes");
        assert_eq!(read(&[0x0d, 1, 2]).unwrap_err(), "a field that is cut");
        assert_eq!(Field::Bytes(&[0; 9]).add_doubles(&mut Vec::new()).unwrap_err(), "packed numbers that are cut");
    }

    proptest! {
        #[test]
        fn any_bytes_are_fields_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&bytes);
        }
    }
}
