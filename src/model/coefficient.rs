//! Coefficients: a number with unit, interval, provenance and range of validity.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::units::{GIB, KIB, MIB};

/// Largest coefficient, in base units: beyond it sums of products could leave the numbers.
const LARGEST: f64 = 1e15;
/// Smallest coefficient that may be divided by.
const SMALLEST: f64 = 1e-6;

/// What one of something costs, as a model card states it.
///
/// Invariant: `0 ≤ lower ≤ value ≤ upper ≤ 10¹⁵`, in the base unit of its [`Measure`].
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// Section and key in the card, e.g. `proxy_memory.per_cluster`.
    pub name: String,
    /// The best figure.
    pub value: f64,
    /// Lower end of its 90 % interval.
    pub lower: f64,
    /// Upper end of its 90 % interval.
    pub upper: f64,
    /// Unit as written in the card, e.g. `kB per cluster`.
    pub unit: String,
    /// Size of that unit in the base unit; above 0.
    pub scale: f64,
    /// Where the figure comes from.
    pub source: String,
    /// Date of the source, or of the fit.
    pub date: String,
    /// Under which conditions it was found.
    pub conditions: String,
    /// Counts between which it was observed; beyond them it is an extrapolation.
    pub range: Option<(f64, f64)>,
    /// What it measures.
    pub measure: Measure,
    /// Least and largest figure, in the base unit, that the law can use.
    pub domain: (f64, f64),
}

/// What a coefficient measures, and so in which units it may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// CPU; base unit cores.
    Cpu,
    /// Memory; base unit bytes.
    Memory,
    /// Events per second.
    Rate,
    /// A plain number.
    Ratio,
    /// Time series.
    Series,
    /// A duration; base unit seconds.
    Time,
}

/// A coefficient used beyond the counts it was observed at.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfRange {
    /// Section and key of the coefficient.
    pub coefficient: String,
    /// The count it was used with.
    pub count: f64,
    /// Least count it was observed at.
    pub from: f64,
    /// Largest count it was observed at.
    pub to: f64,
}

/// Coefficients of one law as a card lists them, to be taken one by one.
#[derive(Debug, Clone)]
pub struct CoefficientSet {
    section: String,
    entries: BTreeMap<String, Entry>,
}

/// A coefficient as written in a card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    value: f64,
    lower: f64,
    upper: f64,
    unit: String,
    source: String,
    date: String,
    conditions: String,
    range: Option<[f64; 2]>,
}

/// A coefficient that a law cannot use.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CoefficientError {
    /// The law needs it and the card does not have it.
    #[error(
        "{0} is missing: the law cannot be computed without it; add it with value, lower, upper, unit, source, date and conditions"
    )]
    Missing(String),
    /// The card has it and no law knows it.
    #[error("{0} is not a coefficient of this law: check the spelling or remove it")]
    Unknown(String),
    /// The unit is not one the law can use.
    #[error("{name} has unit {found:?}: expected {expected}")]
    Unit {
        /// The coefficient.
        name: String,
        /// Unit in the card.
        found: String,
        /// Units that would do.
        expected: String,
    },
    /// The interval is not an interval around the value.
    #[error(
        "{name} has lower {lower}, value {value}, upper {upper}: expected 0 ≤ lower ≤ value ≤ upper, none above 10¹⁵ in its base unit"
    )]
    Interval {
        /// The coefficient.
        name: String,
        /// Lower end in the card.
        lower: f64,
        /// Value in the card.
        value: f64,
        /// Upper end in the card.
        upper: f64,
    },
    /// The range of validity is not a range.
    #[error("{name} has range [{from}, {to}]: expected finite numbers with from ≤ to")]
    Range {
        /// The coefficient.
        name: String,
        /// Start in the card.
        from: f64,
        /// End in the card.
        to: f64,
    },
    /// The number has no meaning in this law.
    #[error("{name} is {value}: {expected}")]
    Domain {
        /// The coefficient.
        name: String,
        /// The end of the interval that is at fault.
        value: f64,
        /// What the law needs.
        expected: &'static str,
    },
}

impl CoefficientSet {
    /// A section of a card.
    #[must_use]
    pub fn new(section: &str, entries: BTreeMap<String, Entry>) -> Self {
        Self { section: section.to_owned(), entries }
    }

    /// Coefficients that were read before, to be taken again; those of other sections are left out.
    #[must_use]
    pub(crate) fn of<'a>(section: &str, coefficients: impl IntoIterator<Item = &'a Coefficient>) -> Self {
        let entry = |coefficient: &Coefficient| {
            let key = coefficient.name.strip_prefix(section)?.strip_prefix('.')?;
            Some((key.to_owned(), coefficient.entry()))
        };
        Self::new(section, coefficients.into_iter().filter_map(entry).collect())
    }

    /// Takes a coefficient that must measure `measure` followed by `per`, such as `per cluster`.
    ///
    /// # Errors
    /// [`CoefficientError`] when it is absent, in another unit, or not an interval.
    pub fn take(&mut self, key: &str, measure: Measure, per: &str) -> Result<Coefficient, CoefficientError> {
        let name = format!("{}.{key}", self.section);
        let Some(entry) = self.entries.remove(key) else { return Err(CoefficientError::Missing(name)) };
        entry.into_coefficient(name, measure, per)
    }

    /// Ends the reading of a section.
    ///
    /// # Errors
    /// [`CoefficientError::Unknown`] when a coefficient is left that nobody took.
    pub fn finish(self) -> Result<(), CoefficientError> {
        match self.entries.into_keys().next() {
            Some(key) => Err(CoefficientError::Unknown(format!("{}.{key}", self.section))),
            None => Ok(()),
        }
    }
}

impl Entry {
    fn into_coefficient(self, name: String, measure: Measure, per: &str) -> Result<Coefficient, CoefficientError> {
        let Some(scale) = scale(&self.unit, measure, per) else {
            let expected = expected_units(measure, per);
            return Err(CoefficientError::Unit { name, found: self.unit, expected });
        };
        let (lower, value, upper) = (self.lower, self.value, self.upper);
        let ordered = 0.0 <= lower && lower <= value && value <= upper;
        let sane = upper * scale <= LARGEST;
        if !ordered || !sane {
            return Err(CoefficientError::Interval { name, lower, value, upper });
        }
        let range = self.range.map(|[from, to]| (from, to));
        if let Some((from, to)) = range
            && !(from <= to && from.is_finite() && to.is_finite())
        {
            return Err(CoefficientError::Range { name, from, to });
        }
        Ok(Coefficient {
            name,
            value: value * scale,
            lower: lower * scale,
            upper: upper * scale,
            unit: self.unit,
            scale,
            source: self.source,
            date: self.date,
            conditions: self.conditions,
            range,
            measure,
            domain: (0.0, LARGEST),
        })
    }
}

impl Coefficient {
    /// Lower end, value and upper end in the unit the card uses.
    #[must_use]
    pub fn as_written(&self) -> [f64; 3] {
        [self.lower, self.value, self.upper].map(|number| number / self.scale)
    }

    /// The same for an installation that sets it, in the base unit: known exactly.
    pub(super) fn set_to(&self, value: f64) -> Self {
        let source = "set by the installation".to_owned();
        Self { value, lower: value, upper: value, source, ..self.clone() }
    }

    /// A time worked out from others, to stand in a sum beside those of a card.
    pub(super) fn worked_out(name: &str, [lower, value, upper]: [f64; 3]) -> Self {
        let empty = String::new;
        let (unit, source, date, conditions) = (empty(), empty(), empty(), empty());
        Self {
            name: name.to_owned(),
            value,
            lower,
            upper,
            unit,
            scale: 1.0,
            source,
            date,
            conditions,
            range: None,
            measure: Measure::Time,
            domain: (0.0, LARGEST),
        }
    }

    /// The coefficient as a card would write it.
    fn entry(&self) -> Entry {
        let [lower, value, upper] = self.as_written();
        Entry {
            value,
            lower,
            upper,
            unit: self.unit.clone(),
            source: self.source.clone(),
            date: self.date.clone(),
            conditions: self.conditions.clone(),
            range: self.range.map(|(from, to)| [from, to]),
        }
    }

    /// The use of this coefficient with a count outside the range it was observed in, if so.
    #[must_use]
    pub fn outside_range(&self, count: f64) -> Option<OutOfRange> {
        let (from, to) = self.range?;
        let inside = from <= count && count <= to;
        (!inside).then(|| OutOfRange { coefficient: self.name.clone(), count, from, to })
    }

    /// The same coefficient, checked to lie above zero.
    ///
    /// # Errors
    /// [`CoefficientError::Domain`] when its lower end is below [`SMALLEST`].
    pub(crate) fn above_zero(self) -> Result<Self, CoefficientError> {
        if self.lower >= SMALLEST {
            return Ok(self.at_least(SMALLEST));
        }
        Err(CoefficientError::Domain {
            value: self.lower,
            name: self.name,
            expected: "expected a lower end of 0.000001 or more",
        })
    }

    /// The same coefficient, checked to be a factor that does not shrink what it multiplies.
    ///
    /// # Errors
    /// [`CoefficientError::Domain`] when its lower end is below 1.
    pub(crate) fn at_least_one(self) -> Result<Self, CoefficientError> {
        if self.lower >= 1.0 {
            return Ok(self.at_least(1.0));
        }
        Err(CoefficientError::Domain {
            value: self.lower,
            name: self.name,
            expected: "expected a factor of 1 or more: it costs, it never saves",
        })
    }

    /// The same coefficient, checked to lie in (0, 1].
    ///
    /// # Errors
    /// [`CoefficientError::Domain`] when an end of its interval lies outside.
    pub(crate) fn at_most_one(self) -> Result<Self, CoefficientError> {
        self.above_zero()?.at_most(1.0, "expected an upper end of at most 1")
    }

    /// The same coefficient, checked not to exceed a limit, which `expected` names.
    ///
    /// # Errors
    /// [`CoefficientError::Domain`] when the upper end of its interval does.
    pub(crate) fn at_most(self, limit: f64, expected: &'static str) -> Result<Self, CoefficientError> {
        if self.upper <= limit {
            let (least, _) = self.domain;
            return Ok(Self { domain: (least, limit), ..self });
        }
        Err(CoefficientError::Domain { value: self.upper, name: self.name, expected })
    }

    fn at_least(self, least: f64) -> Self {
        let (_, largest) = self.domain;
        Self { domain: (least, largest), ..self }
    }
}

/// Unit names per measure, each with its size in the base unit: the one place units are converted.
const fn units(measure: Measure) -> &'static [(&'static str, f64)] {
    match measure {
        Measure::Cpu => &[("cores", 1.0), ("millicores", 1e-3)],
        Measure::Memory => {
            &[("bytes", 1.0), ("kB", 1e3), ("KiB", KIB), ("MB", 1e6), ("MiB", MIB), ("GB", 1e9), ("GiB", GIB)]
        }
        Measure::Rate => &[("rps", 1.0)],
        Measure::Ratio => &[("ratio", 1.0)],
        Measure::Series => &[("series", 1.0)],
        Measure::Time => &[("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("min", 60.0), ("h", 3600.0)],
    }
}

/// Size of a unit in the base unit of a measure, if the text is such a unit followed by `per`.
pub(crate) fn scale(text: &str, measure: Measure, per: &str) -> Option<f64> {
    let (unit, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (_, scale) = units(measure).iter().find(|(name, _)| *name == unit)?;
    (rest == per).then_some(*scale)
}

pub(crate) fn expected_units(measure: Measure, per: &str) -> String {
    let names: Vec<&str> = units(measure).iter().map(|(name, _)| *name).collect();
    let sep = if per.is_empty() { "" } else { " " };
    format!("{}{sep}{per}", names.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_to_the_base_unit() {
        for (text, measure, per, expected) in [
            ("kB per cluster", Measure::Memory, "per cluster", Some(1e3)),
            ("MiB", Measure::Memory, "", Some(MIB)),
            ("millicores per proxy", Measure::Cpu, "per proxy", Some(1e-3)),
            ("cores at 1000 rps", Measure::Cpu, "at 1000 rps", Some(1.0)),
            ("kB per listener", Measure::Memory, "per cluster", None),
            ("us per series", Measure::Time, "per series", Some(1e-6)),
            ("cores", Measure::Memory, "", None),
            ("Kb", Measure::Memory, "", None),
            ("", Measure::Ratio, "", None),
        ] {
            assert_eq!(scale(text, measure, per), expected, "{text}");
        }
    }
}
