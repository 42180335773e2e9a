//! Predicted against measured: how far a card's laws are from published figures.

use std::collections::BTreeMap;

use super::{Conditions, Measurement, ModelCard, UsedFor};
use crate::estimate::Estimate;
use crate::model::{Convergence, Merged};
use crate::units::Quantity;

/// How a card stands with a set of measurements.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verification {
    /// One entry per quantity and group, by name.
    pub groups: Vec<Group>,
}

/// How a card stands with the measurements of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What was measured.
    pub quantity: String,
    /// Source and version.
    pub group: String,
    /// What its rows decided in the card.
    pub used_for: UsedFor,
    /// Rows; at least 1.
    pub n: usize,
    /// Median of |predicted − measured| ÷ measured; 0.1 is 10 %.
    pub median_absolute_percentage_error: f64,
    /// Median of (predicted − measured) ÷ measured; negative where the card predicts too little.
    pub bias: f64,
    /// Share of rows whose measured value lies in the predicted 90 % interval, in [0, 1].
    pub coverage: f64,
    /// The rows, in the order of the data.
    pub rows: Vec<Row>,
}

/// How a card stands with all rows that decided the same in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// What they decided.
    pub used_for: UsedFor,
    /// Rows; at least 1.
    pub n: usize,
    /// Median of |predicted − measured| ÷ measured.
    pub median_absolute_percentage_error: f64,
    /// Share of rows inside the predicted 90 % interval, in [0, 1].
    pub coverage: f64,
}

impl Verification {
    /// Rows the card was not made from apart from those it was.
    #[must_use]
    pub fn by_use(&self) -> Vec<Summary> {
        let of = |used_for: UsedFor| {
            let groups = self.groups.iter().filter(move |group| group.used_for == used_for);
            let rows: Vec<&Row> = groups.flat_map(|group| &group.rows).collect();
            (!rows.is_empty()).then(|| Summary {
                used_for,
                n: rows.len(),
                median_absolute_percentage_error: median(rows.iter().map(|row| row.signed_error.abs())),
                coverage: coverage(rows),
            })
        };
        UsedFor::ALL.into_iter().filter_map(of).collect()
    }
}

/// One measurement and its prediction, in the base unit (bytes, cores, seconds).
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which row of the source.
    pub label: String,
    /// What was measured.
    pub measured: f64,
    /// What the card predicts.
    pub predicted: Interval,
    /// (predicted − measured) ÷ measured.
    pub signed_error: f64,
}

/// A predicted figure with its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// The figure.
    pub value: f64,
    /// Upper end.
    pub upper: f64,
}

/// Sets a card against measurements, grouped by quantity and source.
#[must_use]
pub fn verify(card: &ModelCard, measurements: &[Measurement]) -> Verification {
    let mut groups: BTreeMap<(&str, &str), Vec<Row>> = BTreeMap::new();
    for measurement in measurements {
        let rows = groups.entry((&measurement.quantity, &measurement.group)).or_default();
        rows.push(compare(card, measurement));
    }
    let groups = groups
        .into_iter()
        .map(|((quantity, group), rows)| Group::of(quantity, group, card.used_for(quantity, group), rows))
        .collect();
    Verification { groups }
}

fn compare(card: &ModelCard, measurement: &Measurement) -> Row {
    let predicted = predict(card, &measurement.conditions);
    let measured = measurement.measured;
    let signed_error = (predicted.value - measured) / measured;
    Row { label: measurement.label.clone(), measured, predicted, signed_error }
}

/// What a card predicts under some conditions, in the base unit of the quantity.
#[must_use]
pub fn predict(card: &ModelCard, conditions: &Conditions) -> Interval {
    match conditions {
        Conditions::ProxyMemory(config) => card.proxy_memory.steady(config).into(),
        Conditions::ProxyStartupMemory(config) => card.proxy_memory.startup(config).into(),
        Conditions::ProxyCpu(traffic) => card.proxy_cpu.usage(traffic).into(),
        Conditions::IstiodMemory(load) => card.istiod_memory.steady(load).into(),
        Conditions::IstiodPeakMemory(load) => card.istiod_memory.peak(load).into(),
        Conditions::IstiodIdleCpu => card.istiod_cpu.idle(1).into(),
        Conditions::IstiodCpu(load) => card.istiod_cpu.pushing(1, load).into(),
        Conditions::IstiodWork(load, rates) => {
            let pushed = rates.pushed(load.proxies, &card.istiod_limits);
            card.istiod_work.usage(1, load, &pushed.work).into()
        }
        Conditions::EndpointChange(fleet, push) => {
            convergence(card).endpoint_change(*fleet, push, &alone(card)).time.into()
        }
        Conditions::ConfigChange(fleet, push) => {
            convergence(card).config_change(*fleet, push, &alone(card)).time.into()
        }
        Conditions::Reconnection(fleet, push) => convergence(card).reconnect(*fleet, push).time.into(),
        Conditions::ZtunnelMemory(load) => card.ztunnel.memory(load).into(),
        Conditions::ZtunnelCpu(load) => card.ztunnel.cpu(load).into(),
    }
}

fn convergence(card: &ModelCard) -> Convergence<'_> {
    Convergence { work: &card.istiod_work, limits: &card.istiod_limits }
}

fn alone(card: &ModelCard) -> Merged {
    Merged::alone(card.istiod_limits.debounce_quiet())
}

/// The value of [`predict`] alone, for those who ask for it a million times.
#[must_use]
pub fn figure(card: &ModelCard, conditions: &Conditions) -> f64 {
    match conditions {
        Conditions::ProxyMemory(config) => card.proxy_memory.figure(config).base(),
        Conditions::ProxyCpu(traffic) => card.proxy_cpu.figure(traffic).base(),
        _ => predict(card, conditions).value,
    }
}

impl<Q: Quantity> From<Estimate<Q>> for Interval {
    fn from(estimate: Estimate<Q>) -> Self {
        Self { lower: estimate.lower.base(), value: estimate.value.base(), upper: estimate.upper.base() }
    }
}

impl Group {
    /// Sums rows up.
    #[must_use]
    pub fn of(quantity: &str, group: &str, used_for: UsedFor, rows: Vec<Row>) -> Self {
        Self {
            quantity: quantity.to_owned(),
            group: group.to_owned(),
            used_for,
            n: rows.len(),
            median_absolute_percentage_error: median(rows.iter().map(|row| row.signed_error.abs())),
            bias: median(rows.iter().map(|row| row.signed_error)),
            coverage: coverage(&rows),
            rows,
        }
    }
}

/// Share of rows inside their interval; 0 for none.
fn coverage<'a>(rows: impl IntoIterator<Item = &'a Row>) -> f64 {
    let (mut count, mut covered) = (0_u64, 0_u64);
    for row in rows {
        count += 1;
        covered += u64::from((row.predicted.lower..=row.predicted.upper).contains(&row.measured));
    }
    covered as f64 / count.max(1) as f64
}

/// The middle number, or the mean of the two in the middle; 0 for none.
fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(0.0);
    let lower = if sorted.len().is_multiple_of(2) { middle.checked_sub(1).and_then(|i| sorted.get(i)) } else { None };
    lower.map_or(upper, |lower| f64::midpoint(*lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        for (numbers, expected) in
            [(&[][..], 0.0), (&[3.0], 3.0), (&[3.0, 1.0], 2.0), (&[9.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5)]
        {
            assert_eq!(median(numbers.iter().copied()), expected, "{numbers:?}");
        }
    }

    #[test]
    fn errors_are_counted_by_sign_and_size() {
        let row = |error: f64, inside: bool| Row {
            label: String::new(),
            measured: 1.0,
            predicted: Interval { lower: if inside { 0.5 } else { 1.1 }, value: 1.0 + error, upper: 2.0 },
            signed_error: error,
        };
        let group = Group::of(
            "q",
            "g",
            UsedFor::Nothing,
            vec![row(-0.1, true), row(0.2, true), row(0.3, false), row(-0.4, true)],
        );
        assert_eq!((group.n, group.coverage), (4, 0.75));
        assert!((group.bias - 0.05).abs() < 1e-12, "{}", group.bias);
        assert!((group.median_absolute_percentage_error - 0.25).abs() < 1e-12);
        let used = Group { used_for: UsedFor::Values, ..group.clone() };
        let summaries = Verification { groups: vec![used.clone(), group, used] }.by_use();
        let counts: Vec<_> = summaries.iter().map(|summary| (summary.used_for, summary.n, summary.coverage)).collect();
        assert_eq!(counts, [(UsedFor::Nothing, 4, 0.75), (UsedFor::Values, 8, 0.75)]);
    }
}
