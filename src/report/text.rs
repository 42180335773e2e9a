//! Numbers and names as people read them: three significant digits, one unit for a whole column.

use crate::estimate::Estimate;
use crate::resources::Declared;
use crate::units::{Bytes, Millicores, Quantity};

/// Longest text a rendering shows; what is beyond is counted. JSON keeps all of it.
const LONGEST_TEXT: usize = 600;

/// What is written where a figure is not a number.
pub const UNKNOWN: &str = "not known";

/// A unit a whole column is written in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Its symbol; empty for plain numbers.
    pub symbol: &'static str,
    /// How many base units it has.
    pub size: f64,
    /// Whether the symbol follows without a space, as in `250m`.
    attached: bool,
}

const BYTES: [Unit; 5] =
    [Unit::plain("B", 1.0), Unit::plain("KiB", 1024.0), MIB, GIB, Unit::plain("TiB", 1024.0 * GIB.size)];
/// Mebibytes.
pub const MIB: Unit = Unit::plain("MiB", 1024.0 * 1024.0);
const GIB: Unit = Unit::plain("GiB", 1024.0 * 1024.0 * 1024.0);
/// Thousandths of a core.
pub const MILLICORES: Unit = Unit { symbol: "m", size: 0.001, attached: true };
/// Seconds.
pub const SECONDS: Unit = Unit::plain("s", 1.0);
/// Time series.
pub const SERIES: Unit = Unit::plain("series", 1.0);
/// Cores.
pub const CORES: Unit = Unit::plain("cores", 1.0);

impl Unit {
    /// A unit whose symbol follows after a space.
    pub const fn plain(symbol: &'static str, size: f64) -> Self {
        Self { symbol, size, attached: false }
    }

    /// The binary unit that suits the median of some memory amounts, in bytes.
    pub fn for_memory(amounts: impl IntoIterator<Item = f64>) -> Self {
        let median = median(amounts);
        BYTES.iter().rev().find(|unit| median >= unit.size).copied().unwrap_or(MIB)
    }

    /// Millicores or cores, whichever suits the median of some CPU amounts, in cores.
    pub fn for_cpu(amounts: impl IntoIterator<Item = f64>) -> Self {
        if median(amounts) >= 1.0 { CORES } else { MILLICORES }
    }

    /// Its name over a column: a lone `m` would be read as metres.
    pub fn heading(self) -> &'static str {
        if self == MILLICORES { "millicores" } else { self.symbol }
    }

    /// An amount given in base units, without the symbol.
    pub fn number(self, amount: f64) -> String {
        significant(amount / self.size)
    }

    /// An amount given in base units, with the symbol.
    pub fn amount(self, amount: f64) -> String {
        self.with_symbol(&self.number(amount))
    }

    /// An interval given in base units, with the symbol once: `52–71 MiB`.
    pub fn interval(self, lower: f64, upper: f64) -> String {
        self.with_symbol(&self.range(lower, upper))
    }

    /// An interval given in base units, without the symbol; one number where the ends look the same.
    pub fn range(self, lower: f64, upper: f64) -> String {
        let (lower, upper) = (self.number(lower), self.number(upper));
        if lower == upper { lower } else { format!("{lower}–{upper}") }
    }

    fn with_symbol(self, number: &str) -> String {
        if number == UNKNOWN {
            return UNKNOWN.to_owned();
        }
        let gap = if self.attached || self.symbol.is_empty() { "" } else { " " };
        format!("{number}{gap}{}", self.symbol)
    }
}

fn median(amounts: impl IntoIterator<Item = f64>) -> f64 {
    let mut amounts: Vec<f64> = amounts.into_iter().filter(|amount| amount.is_finite() && *amount > 0.0).collect();
    amounts.sort_by(f64::total_cmp);
    amounts.get(amounts.len() / 2).copied().unwrap_or(0.0)
}

/// Three significant digits; whole numbers above a thousand are grouped: `62.4`, `0.117`, `12,345`.
pub fn significant(number: f64) -> String {
    if !number.is_finite() {
        return UNKNOWN.to_owned();
    }
    let magnitude = number.abs();
    if magnitude < 5e-7 {
        return "0".to_owned();
    }
    let digits = |magnitude: f64| (2 - magnitude.log10().floor() as i32).clamp(0, 6);
    let step = 10_f64.powi(digits(magnitude));
    let rounded = (magnitude * step).round() / step;
    let written = format!("{rounded:.*}", digits(rounded).unsigned_abs() as usize);
    let (whole, fraction) = written.split_once('.').map_or((written.as_str(), None), |(a, b)| (a, Some(b)));
    let mut text = String::from(if number < 0.0 { "−" } else { "" });
    text.push_str(&grouped(whole));
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A count with its thousands grouped: `12,345`.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A count of things: `1 pod`, `12,345 pods`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as whole percent, with one decimal below ten: `31 %`, `4.2 %`, `−5.0 %`.
pub fn percent(share: f64) -> String {
    let number = percent_number(share);
    if number == UNKNOWN { number } else { format!("{number} %") }
}

/// An interval of shares: `26–36 %`.
pub fn percent_interval(lower: f64, upper: f64) -> String {
    let (lower, upper) = (percent_number(lower), percent_number(upper));
    if lower == upper { format!("{lower} %") } else { format!("{lower}–{upper} %") }
}

/// A share in percent without the sign.
pub fn percent_number(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return UNKNOWN.to_owned();
    }
    let sign = if percent <= -0.05 { "−" } else { "" };
    let magnitude = percent.abs();
    if magnitude < 0.05 {
        "0".to_owned()
    } else if magnitude < 9.95 {
        format!("{sign}{magnitude:.1}")
    } else if magnitude < 1e15 {
        format!("{sign}{}", grouped(&format!("{magnitude:.0}")))
    } else {
        format!("{sign}{magnitude:.2e}")
    }
}

/// Memory in the unit that suits it: `62.4 MiB`.
pub fn memory(bytes: f64) -> String {
    Unit::for_memory([bytes]).amount(bytes)
}

/// CPU in the unit that suits it: `250m`, `12.3 cores`.
pub fn cpu(cores: f64) -> String {
    Unit::for_cpu([cores]).amount(cores)
}

/// Declared memory: `2 GiB`, `1.5 GiB`, since what is declared is exact.
pub fn bytes(amount: Bytes) -> String {
    without_zeros(&memory(amount.to_memory().as_bytes()))
}

/// Declared CPU: `250m`, `2 cores`.
pub fn millicores(amount: Millicores) -> String {
    let written = without_zeros(&cpu(amount.to_cores().as_cores()));
    if written == "1 cores" { "1 core".to_owned() } else { written }
}

/// Money with its hundredths; the currency is the policy's and has no name.
pub fn money(amount: f64) -> String {
    if amount.is_finite() && (0.005..1e15).contains(&amount) {
        let cents = format!("{amount:.2}");
        let (whole, fraction) = cents.split_once('.').unwrap_or((&cents, "00"));
        return format!("{}.{fraction}", grouped(whole));
    }
    significant(amount)
}

/// A written amount without the zeros that end its fraction.
pub fn without_zeros(amount: &str) -> String {
    let (number, symbol) = amount.split_once(' ').unwrap_or((amount, ""));
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    if symbol.is_empty() { number.to_owned() } else { format!("{number} {symbol}") }
}

/// The 90 % interval of an estimate in a unit.
pub fn interval<Q: Quantity>(estimate: &Estimate<Q>, unit: Unit) -> String {
    unit.interval(estimate.lower.base(), estimate.upper.base())
}

/// Declared CPU and memory: `100m, 128 MiB`; `none` where nothing is declared.
pub fn declared(amounts: &Declared) -> String {
    let parts: Vec<String> = amounts.cpu.map(millicores).into_iter().chain(amounts.memory.map(bytes)).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Text that is safe to show on one line: characters that would move the cursor, hide or reorder
/// text are replaced, white space is joined, and what is too long is cut with its count.
pub fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LONGEST_TEXT));
    let mut characters = text.chars();
    let (mut length, mut after_space) = (0, true);
    for character in characters.by_ref() {
        let character = visible(character);
        if character == ' ' && after_space {
            continue;
        }
        after_space = character == ' ';
        shown.push(character);
        length += 1;
        if length == LONGEST_TEXT {
            break;
        }
    }
    let hidden = characters.count() as u64;
    if hidden > 0 {
        shown.push_str(&format!("… ({} more)", counted(hidden, "character", "characters")));
    }
    shown.truncate(shown.trim_end().len());
    shown
}

fn visible(character: char) -> char {
    let hides = matches!(character,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    match character {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        _ if hides || character.is_control() => '\u{fffd}',
        _ => character,
    }
}

/// A name cut in the middle to at most `length` characters: both ends tell names apart.
pub fn shortened(name: &str, length: usize) -> String {
    let characters: Vec<char> = clean(name).chars().collect();
    if characters.len() <= length || length < 3 {
        return characters.into_iter().take(length).collect();
    }
    let head = length / 2;
    let tail = characters.len().saturating_sub(length - head - 1);
    characters.iter().take(head).chain(['…'].iter()).chain(characters.iter().skip(tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_keep_three_significant_digits() {
        for (number, text) in [
            (0.0, "0"),
            (62.4375, "62.4"),
            (99.96, "100"),
            (999.6, "1,000"),
            (0.117, "0.117"),
            (0.000_04, "0.000040"),
            (-2.346, "−2.35"),
            (1_234_567.8, "1,234,568"),
            (1.0, "1.00"),
            (f64::NAN, UNKNOWN),
            (f64::INFINITY, UNKNOWN),
        ] {
            assert_eq!(significant(number), text, "{number}");
        }
    }

    #[test]
    fn shares_are_percent() {
        for (share, text) in
            [(0.31, "31 %"), (0.042, "4.2 %"), (-0.05, "−5.0 %"), (0.0, "0 %"), (12.5, "1,250 %"), (0.0999, "10 %")]
        {
            assert_eq!(percent(share), text, "{share}");
        }
        assert_eq!(percent_interval(0.26, 0.36), "26–36 %");
    }

    #[test]
    fn amounts_choose_their_unit() {
        assert_eq!(memory(62.4 * MIB.size), "62.4 MiB");
        assert_eq!(memory(20.0 * GIB.size), "20.0 GiB");
        assert_eq!(bytes(Bytes::from_gib(2)), "2 GiB");
        assert_eq!(bytes(Bytes::from_mib(1536)), "1.5 GiB");
        assert_eq!(bytes(Bytes::ZERO), "0 MiB");
        assert_eq!(millicores(Millicores::new(100)), "100m");
        assert_eq!(millicores(Millicores::new(1000)), "1 core");
        assert_eq!(money(1234.5), "1,234.50");
        assert_eq!(cpu(0.25), "250m");
        assert_eq!(cpu(12.34), "12.3 cores");
        assert_eq!(MIB.interval(52.0 * MIB.size, 71.0 * MIB.size), "52.0–71.0 MiB");
        assert_eq!(Unit::for_memory([40.0 * MIB.size, 60.0 * MIB.size, 20.0 * GIB.size]), MIB);
    }

    #[test]
    fn text_stays_on_its_line() {
        for (text, shown) in [
            ("plain", "plain"),
            ("two\nlines\t here", "two lines here"),
            ("\u{1b}[31mred", "\u{fffd}[31mred"),
            ("abc\u{202e}def", "abc\u{fffd}def"),
            ("nul\0", "nul\u{fffd}"),
        ] {
            assert_eq!(clean(text), shown);
        }
        assert!(clean(&"x".repeat(700)).ends_with("… (100 characters more)"));
        assert_eq!(shortened("a-very-long-namespace", 9), "a-ve…pace");
    }

    proptest! {
        #[test]
        fn any_text_becomes_short_and_printable(text in any::<String>(), length in 0_usize..80) {
            let shown = clean(&text);
            prop_assert!(shown.chars().count() <= LONGEST_TEXT + 40);
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert!(shortened(&text, length).chars().count() <= length);
        }

        #[test]
        fn any_number_can_be_written(number in any::<f64>()) {
            prop_assert!(!significant(number).is_empty());
            prop_assert!(!percent(number).contains("inf"));
        }
    }
}
