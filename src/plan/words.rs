//! Counts and amounts inside the sentences of a plan: three significant digits, like the report's tables.

use crate::units::MIB;

/// `1 node`, `12,345 nodes`.
pub fn count(number: u64, noun: &str) -> String {
    count_of(number, noun, &format!("{noun}s"))
}

/// The same for words whose plural is their own.
pub fn count_of(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `447m of CPU` below one core, `12.3 cores` above.
pub fn cores(cores: f64) -> String {
    if cores < 1.0 {
        format!("{}m of CPU", significant(cores * 1000.0))
    } else {
        format!("{} cores", significant(cores))
    }
}

/// `659 MiB`, `1.23 GiB`.
pub fn memory(bytes: f64) -> String {
    let mib = bytes / MIB;
    match mib {
        ..1024.0 => format!("{} MiB", significant(mib)),
        ..1_048_576.0 => format!("{} GiB", significant(mib / 1024.0)),
        _ => format!("{} TiB", significant(mib / 1_048_576.0)),
    }
}

/// Whole percent, one decimal below ten: `16 %`, `4.2 %`, `−5.0 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let sign = if percent <= -0.05 { "−" } else { "" };
    let magnitude = percent.abs();
    match magnitude {
        ..0.05 => "0 %".to_owned(),
        ..9.95 => format!("{sign}{magnitude:.1} %"),
        _ => format!("{sign}{magnitude:.0} %"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn significant(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        // Halves go up, as everywhere in the report: 3.125 is 3.13.
        ..9.995 => format!("{:.2}", (number * 100.0).round() / 100.0),
        ..99.95 => format!("{:.1}", (number * 10.0).round() / 10.0),
        _ => grouped(number.round() as u64),
    }
}

/// A name or reason that leaves room for the rest of its sentence: cut in the middle, since both ends
/// tell names apart.
pub fn shortened(text: &str, length: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= length {
        return text.to_owned();
    }
    let head = length / 2;
    let tail = characters.len().saturating_sub(length - head).saturating_add(1).min(characters.len());
    characters.iter().take(head).chain(['…'].iter()).chain(characters.iter().skip(tail)).collect()
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_three_significant_digits() {
        for (amount, words) in
            [(0.447, "447m of CPU"), (0.0704, "70.4m of CPU"), (2.0, "2.00 cores"), (1234.4, "1,234 cores")]
        {
            assert_eq!(cores(amount), words);
        }
        for (mib, words) in
            [(0.0, "0 MiB"), (659.4, "659 MiB"), (1260.0, "1.23 GiB"), (3200.0, "3.13 GiB"), (369_254.0, "361 GiB")]
        {
            assert_eq!(memory(mib * MIB), words);
        }
        for (share, words) in [(0.16, "16 %"), (-0.05, "−5.0 %"), (0.0, "0 %"), (0.0999, "10 %")] {
            assert_eq!(percent(share), words);
        }
    }

    #[test]
    fn lists_and_counts_read_as_sentences() {
        let words = |count: usize| listed(&["a", "b", "c"].map(str::to_owned)[..count]);
        assert_eq!([words(0), words(1), words(2), words(3)], ["", "a", "a and b", "a, b and c"]);
        assert_eq!(count_of(1, "proxy", "proxies"), "1 proxy");
        assert_eq!(count(12_345, "node"), "12,345 nodes");
        assert_eq!(shortened("a-very-long-namespace", 9), "a-ve…pace");
    }
}
