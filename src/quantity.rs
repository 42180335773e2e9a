//! Kubernetes' quantity grammar, both ways and exact.
//!
//! `<number><suffix>` with an optional sign, an optional fraction and one suffix: decimal `n u m k M G
//! T P E` (or none), binary `Ki Mi Gi Ti Pi Ei`, or a decimal exponent `e3`/`E-2`. As in Kubernetes,
//! amounts finer than 10⁻⁹ are rounded up (away from zero), and amounts beyond ±(2⁶³ − 1) are capped.
//! Source: `k8s.io/apimachinery/pkg/api/resource`, "Quantity".

use crate::units::{Bytes, Millicores};

/// The finest amount Kubernetes keeps: a billionth.
const NANOS_PER_UNIT: i128 = 1_000_000_000;
/// The largest amount Kubernetes keeps: 2⁶³ − 1 units.
const LARGEST_NANOS: i128 = i64::MAX as i128 * NANOS_PER_UNIT;

/// An amount of any resource, in billionths of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount {
    nanos: i128,
    family: Family,
}

/// The family of suffixes an amount was written with, kept so that it prints in the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Family {
    /// `m`, none, `k`, `M` …
    #[default]
    DecimalSi,
    /// `Ki`, `Mi` …
    BinarySi,
    /// `e3`.
    DecimalExponent,
}

/// Text that is not a quantity, or a quantity that cannot be what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not in the grammar.
    #[error(
        "{0:?} is not a Kubernetes quantity: expected a number with an optional suffix such as 250m, 1.5, 128Mi, 2G or 1e3"
    )]
    Malformed(String),
    /// Below zero where only amounts make sense.
    #[error("{0:?} is negative: expected 0 or more")]
    Negative(String),
}

const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl Amount {
    /// Reads an amount.
    ///
    /// # Errors
    /// [`QuantityError::Malformed`] when the text is not in the grammar.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse(text).ok_or_else(|| QuantityError::Malformed(shortened(text)))
    }

    /// From a whole number of units.
    #[must_use]
    pub fn from_units(units: i64, family: Family) -> Self {
        Self { nanos: i128::from(units) * NANOS_PER_UNIT, family }
    }

    /// In billionths of the unit.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    /// Whole units, rounded up as `Quantity.Value` does.
    #[must_use]
    pub fn units(self) -> i128 {
        divide_away_from_zero(self.nanos, NANOS_PER_UNIT)
    }

    /// Thousandths of the unit, rounded up as `Quantity.MilliValue` does.
    #[must_use]
    pub fn millis(self) -> i128 {
        divide_away_from_zero(self.nanos, NANOS_PER_UNIT / 1000)
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }
}

/// Canonical form: the largest suffix of the family that leaves a whole number.
impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        // As in Kubernetes, binary suffixes are for amounts of at least 1024 units.
        if self.family == Family::BinarySi
            && self.nanos.abs() >= 1024 * NANOS_PER_UNIT
            && self.nanos % NANOS_PER_UNIT == 0
        {
            let units = self.nanos / NANOS_PER_UNIT;
            let (suffix, shift) =
                BINARY.iter().rev().find(|(_, shift)| units % (1_i128 << shift) == 0).unwrap_or(&("", 0));
            return write!(f, "{}{suffix}", units >> shift);
        }
        for (suffix, exponent) in DECIMAL.iter().rev() {
            let step = 10_i128.pow((exponent + 9).unsigned_abs());
            if self.nanos % step == 0 {
                let number = self.nanos / step;
                return match (self.family, exponent) {
                    (Family::DecimalExponent, 0) => write!(f, "{number}"),
                    (Family::DecimalExponent, exponent) => write!(f, "{number}e{exponent}"),
                    _ => write!(f, "{number}{suffix}"),
                };
            }
        }
        Ok(())
    }
}

/// CPU in millicores, rounded up.
///
/// # Errors
/// [`QuantityError`] when the text is not a quantity or is negative.
pub fn parse_cpu(text: &str) -> Result<Millicores, QuantityError> {
    Ok(Millicores::new(non_negative(text)?.millis() as u64))
}

/// Memory or storage in bytes, rounded up.
///
/// # Errors
/// [`QuantityError`] when the text is not a quantity or is negative.
pub fn parse_bytes(text: &str) -> Result<Bytes, QuantityError> {
    Ok(Bytes::new(non_negative(text)?.units() as u64))
}

/// A count of pieces (pods, GPUs), rounded up.
///
/// # Errors
/// [`QuantityError`] when the text is not a quantity or is negative.
pub fn parse_count(text: &str) -> Result<u64, QuantityError> {
    Ok(non_negative(text)?.units() as u64)
}

/// CPU as Kubernetes prints it: `250m`, `2`.
#[must_use]
pub fn print_cpu(cpu: Millicores) -> String {
    Amount { nanos: i128::from(cpu.get()) * (NANOS_PER_UNIT / 1000), family: Family::DecimalSi }.to_string()
}

/// Memory as Kubernetes prints it, in binary suffixes: `128Mi`, `1536Ki`.
#[must_use]
pub fn print_bytes(bytes: Bytes) -> String {
    Amount { nanos: i128::from(bytes.get()) * NANOS_PER_UNIT, family: Family::BinarySi }.to_string()
}

fn non_negative(text: &str) -> Result<Amount, QuantityError> {
    let amount = Amount::parse(text)?;
    if amount.is_negative() { Err(QuantityError::Negative(shortened(text))) } else { Ok(amount) }
}

fn parse(text: &str) -> Option<Amount> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (family, scale) = parse_suffix(suffix)?;
    let nanos = scaled_nanos(whole, fraction, scale);
    Some(Amount { nanos: if negative { -nanos } else { nanos }, family })
}

/// What a suffix multiplies by.
#[derive(Clone, Copy)]
enum Scale {
    Decimal(i32),
    Binary(u32),
}

fn parse_suffix(suffix: &str) -> Option<(Family, Scale)> {
    if let Some((_, shift)) = BINARY.iter().find(|(known, _)| *known == suffix) {
        return Some((Family::BinarySi, Scale::Binary(*shift)));
    }
    if let Some((_, exponent)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Family::DecimalSi, Scale::Decimal(*exponent)));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Beyond a thousand the amount is capped or rounds to a billionth whatever the number is.
    let magnitude = digits
        .trim_start_matches('0')
        .parse::<i32>()
        .map_or(if digits.trim_start_matches('0').is_empty() { 0 } else { 1000 }, |n| n.min(1000));
    Some((Family::DecimalExponent, Scale::Decimal(if exponent.starts_with('-') { -magnitude } else { magnitude })))
}

/// `whole.fraction × scale` in billionths, rounded up, capped.
fn scaled_nanos(whole: &str, fraction: &str, scale: Scale) -> i128 {
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
    if digits.iter().all(|&digit| digit == 0) {
        return 0;
    }
    let (decimal, shift) = match scale {
        Scale::Decimal(exponent) => (exponent, 0),
        Scale::Binary(shift) => (0, shift),
    };
    // The number is `digits × 10^exponent × 2^shift` units; in nanos the exponent grows by nine.
    let exponent = i64::from(decimal) + 9 - fraction.len() as i64;
    let leading = digits.iter().take_while(|&&digit| digit == 0).count();
    let significant = &digits[leading..];
    let magnitude = significant.len() as i64 + exponent;
    if magnitude > 30 {
        return LARGEST_NANOS;
    }
    // Digits far below a billionth (even times 2^60 < 10^19) only matter by being there.
    let kept = (magnitude + 20).clamp(0, significant.len() as i64) as usize;
    let mut inexact = significant[kept..].iter().any(|&digit| digit != 0);
    let mut value: BigDecimal = BigDecimal::default();
    for &digit in &significant[..kept] {
        value.multiply_add(10, u32::from(digit));
    }
    let mut exponent = exponent + (significant.len() - kept) as i64;
    for _ in 0..shift {
        value.multiply_add(2, 0);
    }
    while exponent > 0 {
        value.multiply_add(10, 0);
        exponent -= 1;
    }
    while exponent < 0 && !value.is_zero() {
        inexact |= value.divide(10) != 0;
        exponent += 1;
    }
    let nanos = value.capped().saturating_add(i128::from(inexact));
    nanos.min(LARGEST_NANOS)
}

/// A non-negative whole number of any size, little-endian in base 2³².
#[derive(Default)]
struct BigDecimal(Vec<u32>);

impl BigDecimal {
    fn is_zero(&self) -> bool {
        self.0.iter().all(|&limb| limb == 0)
    }

    fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// Divides and returns the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut remainder = 0_u64;
        for limb in self.0.iter_mut().rev() {
            let dividend = (remainder << 32) | u64::from(*limb);
            *limb = (dividend / u64::from(divisor)) as u32;
            remainder = dividend % u64::from(divisor);
        }
        remainder as u32
    }

    /// The number, or a value above every cap.
    fn capped(&self) -> i128 {
        if self.0.iter().skip(3).any(|&limb| limb != 0) {
            return LARGEST_NANOS;
        }
        self.0.iter().take(3).rev().fold(0, |number, &limb| (number << 32) | i128::from(limb))
    }
}

fn divide_away_from_zero(number: i128, divisor: i128) -> i128 {
    let quotient = number / divisor;
    if number % divisor == 0 { quotient } else { quotient + number.signum() }
}

/// The text for a message, cut where it is absurdly long.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_manifests_say() {
        for (text, millicores) in [
            ("100m", 100),
            ("1", 1000),
            ("0.1", 100),
            (".5", 500),
            ("5.", 5000),
            ("+2", 2000),
            ("1500000n", 2),
            ("1u", 1),
            ("0.0001", 1),
            ("2k", 2_000_000),
            ("1e2", 100_000),
            ("1E-1", 100),
            ("0", 0),
            ("-0", 0),
        ] {
            assert_eq!(parse_cpu(text), Ok(Millicores::new(millicores)), "{text}");
        }
        for (text, bytes) in [
            ("128Mi", 134_217_728),
            ("1Gi", 1_073_741_824),
            ("200M", 200_000_000),
            ("3977956Ki", 4_073_426_944),
            ("1.5Gi", 1_610_612_736),
            ("0.5Ki", 512),
            ("128974848", 128_974_848),
            ("129e6", 129_000_000),
            ("123Mi", 128_974_848),
            ("128974848000m", 128_974_848),
            ("1E", 1_000_000_000_000_000_000),
            ("1Ei", 1_152_921_504_606_846_976),
            ("9223372036854775807", 9_223_372_036_854_775_807),
            ("100E", 9_223_372_036_854_775_807),
            ("1e1000000000000", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(parse_bytes(text), Ok(Bytes::new(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_what_kubernetes_refuses() {
        for text in
            ["", "m", ".", "1.2.3", "1 Gi", "1gi", "1K", "0x10", "1e", "1e+", "--1", "1Mi5", "NaN", "１", "1,5", "5i"]
        {
            assert!(matches!(Amount::parse(text), Err(QuantityError::Malformed(_))), "{text}");
        }
        assert!(matches!(parse_cpu("-1"), Err(QuantityError::Negative(_))));
    }

    #[test]
    fn rounds_up_below_a_billionth() {
        assert_eq!(Amount::parse("0.1n").map(Amount::nanos), Ok(1));
        assert_eq!(Amount::parse("-0.1n").map(Amount::nanos), Ok(-1));
        assert_eq!(Amount::parse("1e-1000").map(Amount::nanos), Ok(1));
        assert_eq!(Amount::parse("5u").map(Amount::nanos), Ok(5000));
    }

    /// Canonical forms as `Quantity.String` gives them.
    #[test]
    fn prints_canonical_forms() {
        for (text, canonical) in [
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            ("1024Ki", "1Mi"),
            ("1.5Gi", "1536Mi"),
            ("2000k", "2M"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("100e1", "1e3"),
            ("0", "0"),
            ("-1.5Gi", "-1536Mi"),
            ("1u", "1u"),
        ] {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()), Ok(canonical.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(nanos in -(LARGEST_NANOS)..LARGEST_NANOS, family in 0..3) {
            let family = [Family::DecimalSi, Family::BinarySi, Family::DecimalExponent][family as usize];
            let amount = Amount { nanos, family };
            let back = Amount::parse(&amount.to_string()).map(Amount::nanos);
            prop_assert_eq!(back, Ok(nanos));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}|[-+]?[0-9.]{0,40}[numkKMGTPEei]{0,3}[-+]?[0-9]{0,12}") {
            if let Ok(amount) = Amount::parse(&text) {
                prop_assert!(amount.nanos().abs() <= LARGEST_NANOS);
            }
        }
    }
}
