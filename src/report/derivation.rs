//! The arithmetic behind a figure, as one line.

use crate::estimate::{Basis, Estimate, Term};
use crate::units::Quantity;

use super::text::{self, Unit};

/// `60.1 MiB = 41 base + 2 workers × 0.4 + 140 clusters × 0.117`; `None` without terms.
///
/// Terms that add nothing are left out; JSON has them. Where the units of the terms differ, each
/// term names its own.
pub fn line<Q: Quantity>(estimate: &Estimate<Q>, fallback: Unit) -> Option<String> {
    let terms: Vec<&Term> = estimate.basis.terms.iter().filter(|term| term.amount != 0.0).collect();
    let first = terms.first()?;
    let shared = terms.iter().all(|term| term.unit == first.unit);
    let size = if shared { unit_size(&first.unit) } else { None };
    let total = match size {
        Some(size) => with_unit(&text::significant(estimate.value.base() / size), &first.unit),
        None => fallback.amount(estimate.value.base()),
    };
    let mut line = format!("{total} =");
    for (index, term) in terms.iter().enumerate() {
        let unit = if size.is_some() { "" } else { term.unit.as_str() };
        let sign = match (index, term.amount < 0.0) {
            (0, false) => "",
            (_, false) => " +",
            (_, true) => " −",
        };
        line.push_str(sign);
        line.push(' ');
        line.push_str(&summand(term, unit));
    }
    Some(line)
}

/// What a figure takes for granted.
pub fn assumptions(basis: &Basis) -> Option<String> {
    if basis.assumptions.is_empty() { None } else { Some(format!("Assumed: {}.", basis.assumptions.join("; "))) }
}

fn summand(term: &Term, unit: &str) -> String {
    if term.count == 1.0 {
        return format!("{} {}", with_unit(&coefficient(term.amount), unit), term.what);
    }
    let whole = term.count.fract() == 0.0 && (0.0..1e15).contains(&term.count);
    let count = if whole { text::count(term.count as u64) } else { coefficient(term.count) };
    format!("{count} {} × {}", term.what, with_unit(&coefficient(term.coefficient), unit))
}

/// A coefficient is as exact as its card: zeros at its end say nothing.
fn coefficient(number: f64) -> String {
    text::without_zeros(&text::significant(number.abs()))
}

fn with_unit(number: &str, unit: &str) -> String {
    match unit {
        "" => number.to_owned(),
        "m" => format!("{number}m"),
        unit => format!("{number} {unit}"),
    }
}

/// Base units in one of a term's unit, where that unit is known.
fn unit_size(unit: &str) -> Option<f64> {
    match unit {
        "B" | "bytes" | "cores" | "core" | "s" | "series" | "per second" | "B/s" => Some(1.0),
        "KiB" => Some(1024.0),
        "MiB" => Some(text::MIB.size),
        "GiB" => Some(text::MIB.size * 1024.0),
        "KB" | "kB" => Some(1e3),
        "MB" => Some(1e6),
        "GB" => Some(1e9),
        "m" | "millicores" | "mCPU" => Some(1e-3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Memory;

    fn check(terms: Vec<Term>, expected: Option<&str>) {
        let basis = Basis { law: "proxy memory".to_owned(), terms, assumptions: Vec::new() };
        let memory = Memory::from_mib(60.0);
        let estimate = Estimate::new(memory, memory, memory, basis);
        assert_eq!(line(&estimate, text::MIB).as_deref(), expected);
    }

    #[test]
    fn terms_read_as_a_sum() {
        check(Vec::new(), None);
        check(
            vec![
                Term::new("base", 1.0, 41.0, "MiB"),
                Term::new("clusters", 1400.0, 0.0117, "MiB"),
                Term::new("connections", 0.0, 0.02, "MiB"),
                Term::new("saved", 1.0, -2.5, "MiB"),
            ],
            Some("60.0 MiB = 41 base + 1,400 clusters × 0.0117 − 2.5 saved"),
        );
        check(
            vec![Term::new("base", 1.0, 41.0, "MiB"), Term::new("buffers", 2.0, 32.0, "KiB")],
            Some("60.0 MiB = 41 MiB base + 2 buffers × 32 KiB"),
        );
    }
}
