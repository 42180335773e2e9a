//! Decimal numbers, several times faster than the standard library where they are plain, and the same to the bit.

/// Powers of ten that floating point holds exactly, as far as sixteen digits can need them.
const POWERS: [f64; 17] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16];
/// Up to here every whole number is exact: 2⁵³.
const EXACT: u64 = 1 << 53;

/// A number as the standard library reads it; `None` for anything that is none.
pub(super) fn number(text: &[u8]) -> Option<f64> {
    plain(text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

/// `20`, `20.125`, `.5`, `5.`: digits and at most one point.
fn plain(text: &[u8]) -> Option<f64> {
    leading(text).filter(|(_, length)| *length == text.len()).map(|(number, _)| number)
}

/// The plain decimal with which bytes begin, and its length.
///
/// Digits up to 2⁵³ and powers of ten up to 10²² are exact in floating point, so that their quotient is
/// rounded once and right (Clinger, 1990).
pub(super) fn leading(bytes: &[u8]) -> Option<(f64, usize)> {
    let (mut digits, mut length, mut point) = (0_u64, 0_usize, None);
    // Sixteen digits and a point; eighteen bytes fit in 64 bits and show that a number goes on.
    for byte in bytes.iter().take(POWERS.len() + 1) {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(length);
        } else {
            break;
        }
        length += 1;
    }
    let decimals = point.map_or(0, |point| length - point - 1);
    let any = length > usize::from(point.is_some());
    if !any || length > POWERS.len() || digits > EXACT {
        return None;
    }
    Some((digits as f64 / POWERS.get(decimals)?, length))
}

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees(text: &str) {
        let slow: Option<f64> = text.parse().ok();
        assert_eq!(number(text.as_bytes()).map(f64::to_bits), slow.map(f64::to_bits), "{text}");
        if let Some(plain) = plain(text.as_bytes()) {
            assert_eq!(Some(plain.to_bits()), slow.map(f64::to_bits), "{text}");
        }
    }

    #[test]
    fn edges() {
        for text in [
            "",
            ".",
            "5.",
            ".5",
            "-5",
            "+5",
            "1e3",
            "NaN",
            "inf",
            "9007199254740992",
            "9007199254740993",
            "99999999999999999",
            "0.0000000000000001",
            "0.00000000000000001",
            "1.2.3",
            "1 ",
            "１",
            "0x10",
            "1_0",
            "00000000000000.50",
        ] {
            agrees(text);
        }
        assert_eq!(plain(b"17.123456"), Some(17.123_456));
        assert_eq!(plain(b"9007199254740993"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn plain_decimals_agree_to_the_bit(text in "[0-9]{0,12}\\.?[0-9]{0,12}") {
            agrees(&text);
        }

        #[test]
        fn printed_numbers_agree_to_the_bit(number in prop::num::f64::NORMAL, decimals in 0..12_usize) {
            agrees(&format!("{number:.decimals$}"));
            agrees(&number.to_string());
        }

        #[test]
        fn any_text_agrees(text in "[0-9.eE+-]{0,20}") {
            agrees(&text);
        }
    }
}
