//! Service level objectives on response times.

use std::str::FromStr;

use super::{Distribution, QuantileEstimate, TimeUnit, percent, samples_needed};
use crate::units::{Quantile, Seconds, Share};

/// What an objective limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// A quantile.
    Quantile(Quantile),
    /// The mean.
    Mean,
}

/// An objective such as `p99<250ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slo {
    /// What is limited.
    pub objective: Objective,
    /// Whether the limit itself is still allowed (`<=`).
    pub inclusive: bool,
    /// The limit.
    pub limit: Seconds,
}

/// An objective that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no objective: expected a percentile, mean or max, then < or <=, then a duration with its unit, such as p99<250ms, p99.9<=1s or mean<20ms"
)]
pub struct SloError(pub String);

/// How a distribution stands to an objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SloOutcome {
    /// Whether the best figure is within the limit.
    pub met: bool,
    /// Whether all of the interval is on that side of the limit.
    pub certain: bool,
    /// What was measured.
    pub measured: QuantileEstimate,
}

impl Slo {
    /// Judges a distribution, with the 90 % interval of what it says.
    #[must_use]
    pub fn check(&self, distribution: &Distribution) -> SloOutcome {
        let measured = match self.objective {
            Objective::Mean => distribution.mean(),
            Objective::Quantile(quantile) if quantile.get() >= 1.0 => distribution.most(),
            Objective::Quantile(quantile) => distribution.interval(quantile, Share::literal(0.9)),
        };
        let outcome = self.judge(measured);
        // Beyond the largest of too few samples nothing is known: what they meet, more may miss.
        let bounded = match self.objective {
            Objective::Mean => true,
            Objective::Quantile(quantile) if quantile.get() >= 1.0 => true,
            Objective::Quantile(quantile) => {
                let needed = samples_needed(quantile, Share::literal(0.9));
                distribution.samples().is_none_or(|samples| samples >= needed)
            }
        };
        SloOutcome { certain: outcome.certain && (bounded || !outcome.met), ..outcome }
    }

    /// Judges a figure with its interval.
    #[must_use]
    pub fn judge(&self, measured: QuantileEstimate) -> SloOutcome {
        let within = |time: Seconds| if self.inclusive { time <= self.limit } else { time < self.limit };
        let met = within(measured.value);
        SloOutcome { met, certain: within(measured.lower) == met && within(measured.upper) == met, measured }
    }
}

impl std::fmt::Display for Slo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.objective {
            Objective::Mean => write!(f, "mean")?,
            Objective::Quantile(quantile) if quantile.get() >= 1.0 => write!(f, "max")?,
            Objective::Quantile(quantile) => write!(f, "p{}", percent(quantile))?,
        }
        let limit = self.limit.as_seconds();
        let unit = if limit >= 1.0 { TimeUnit::Seconds } else { TimeUnit::Milliseconds };
        let number = limit / unit.seconds();
        // Nine digits hold what was typed and hide what binary fractions add to it.
        let number = format!("{number:.9}");
        let number = number.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{}{number}{}", if self.inclusive { "<=" } else { "<" }, unit.symbol())
    }
}

impl FromStr for Slo {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        parsed(text).ok_or_else(|| SloError(text.to_owned()))
    }
}

fn parsed(text: &str) -> Option<Slo> {
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let (what, limit) = compact.split_once('<')?;
    let (inclusive, limit) = limit.strip_prefix('=').map_or((false, limit), |limit| (true, limit));
    let digits = limit.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = (limit.get(..digits)?, limit.get(digits..)?);
    let limit = TimeUnit::named(unit)?.amount(number.parse().ok()?);
    let objective = match what {
        "mean" | "avg" => Objective::Mean,
        "max" => Objective::Quantile(Quantile::literal(1.0)),
        _ => Objective::Quantile(quantile(what.strip_prefix('p')?)?),
    };
    (limit.as_seconds() > 0.0).then_some(Slo { objective, inclusive, limit })
}

/// `50` and `99.9` are per cent; `999` and `9999` are the nines people write for 99.9 and 99.99.
fn quantile(digits: &str) -> Option<Quantile> {
    if !digits.chars().all(|character| character.is_ascii_digit() || character == '.') {
        return None;
    }
    let nines = digits.len() > 2 && digits.chars().all(|digit| digit == '9');
    let share = if nines { format!("0.{digits}").parse().ok()? } else { digits.parse::<f64>().ok()? / 100.0 };
    Quantile::new(share).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Bucket;

    /// One sample of a millisecond says nothing about the 99.9th percentile of the rest.
    #[test]
    fn too_few_samples_are_not_certain() {
        for (samples, certain) in [(1_u64, false), (298, false), (299, true)] {
            let bucket = Bucket { lower: Seconds::new(0.001), upper: Seconds::new(0.001), weight: samples as f64 };
            let distribution = Distribution::from_buckets(vec![bucket], Some(samples)).unwrap();
            let outcome = "p99<1s".parse::<Slo>().unwrap().check(&distribution);
            assert_eq!((outcome.met, outcome.certain), (true, certain), "{samples}");
        }
    }

    fn check(text: &str, expected: Option<&str>) {
        let shown = text.parse::<Slo>().ok().map(|slo| slo.to_string());
        assert_eq!(shown.as_deref(), expected, "{text}");
    }

    #[test]
    fn objectives_as_people_write_them() {
        check("p99<250ms", Some("p99<250ms"));
        check("p99 < 250 ms", Some("p99<250ms"));
        check("p999<=1s", Some("p99.9<=1s"));
        check("p99.9<1500ms", Some("p99.9<1.5s"));
        check("p50<500us", Some("p50<0.5ms"));
        check("mean<20ms", Some("mean<20ms"));
        check("max<=3s", Some("max<=3s"));
        check("p100<=3s", Some("max<=3s"));
        for wrong in
            ["", "p99", "p99<250", "p101<1s", "99<1s", "p99>1s", "p99<-1s", "p99<0s", "p99<1parsec", "p<1s", "p9a<1s"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn an_interval_across_the_limit_is_not_certain() {
        let bucket = Bucket { lower: Seconds::new(0.2), upper: Seconds::new(0.3), weight: 1000.0 };
        let distribution = Distribution::from_buckets(vec![bucket], Some(1000)).unwrap();
        for (slo, met, certain) in [
            ("p99<250ms", false, false),
            ("p10<250ms", true, false),
            ("p99<200ms", false, true),
            ("p99<400ms", true, true),
        ] {
            let outcome = slo.parse::<Slo>().unwrap().check(&distribution);
            assert_eq!((outcome.met, outcome.certain), (met, certain), "{slo}: {outcome:?}");
        }
    }
}
