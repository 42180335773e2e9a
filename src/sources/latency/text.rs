//! Durations as tools print them, and the fields of CSV records.

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
