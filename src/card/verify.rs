//! Predicted against measured: how far a card's laws are from published figures.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Largest |predicted − measured| ÷ measured.
    pub worst_error: f64,
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

/// Share of the measurements of some groups that lie inside their predicted 90 % interval, in [0, 1]; 0 of none.
#[must_use]
pub fn share_covered<'a>(groups: impl IntoIterator<Item = &'a Group>) -> f64 {
    let add = |(inside, rows): (f64, f64), group: &Group| {
        let n = group.n as f64;
        (inside + group.coverage * n, rows + n)
    };
    let (inside, rows) = groups.into_iter().fold((0.0, 0.0), add);
    inside / rows.max(1.0)
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

/// Sets a card against published measurements, grouped by quantity and source.
#[must_use]
pub fn verify(card: &ModelCard, published: &[Measurement]) -> Verification {
    grouped(card, published, |row| Some(card.used_for(&row.quantity, &row.group)))
}

/// Sets a card against measurements of someone's own, whatever their groups are called.
///
/// A group of a published name is that group. Another one of which half the rows are published too, known by figure
/// and load, counts as what those decided in the card: a table the card was made from is no test of it, under any name.
#[must_use]
pub fn verify_own(card: &ModelCard, own: &[Measurement], published: &[Measurement]) -> Verification {
    let names: BTreeSet<(&str, &str)> = published.iter().map(|row| (&*row.quantity, &*row.group)).collect();
    let mut known: BTreeMap<&str, Vec<&Measurement>> = BTreeMap::new();
    for row in published {
        known.entry(&row.quantity).or_default().push(row);
    }
    grouped(card, own, |row| {
        if names.contains(&(&*row.quantity, &*row.group)) {
            return Some(card.used_for(&row.quantity, &row.group));
        }
        let alike = known.get(row.quantity.as_str()).into_iter().flatten().filter(|published| is_alike(row, published));
        let distance = |published: &&&Measurement| (published.measured - row.measured).abs();
        let closest = alike.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        Some(card.used_for(&closest.quantity, &closest.group))
    })
}

/// Whether two rows are the same run, with rounding: the same figure under the same load.
fn is_alike(a: &Measurement, b: &Measurement) -> bool {
    const FIGURE: f64 = 0.0005;
    const LOAD: f64 = 0.02;
    let close = |a: f64, b: f64, share: f64| (a - b).abs() <= share * a.abs().max(b.abs());
    close(a.measured, b.measured, FIGURE) && close(a.conditions.load(), b.conditions.load(), LOAD)
}

/// Groups rows; `decided` says what a row that is published decided in the card.
fn grouped(card: &ModelCard, rows: &[Measurement], decided: impl Fn(&Measurement) -> Option<UsedFor>) -> Verification {
    let mut groups: BTreeMap<(&str, &str), Gathered> = BTreeMap::new();
    for row in rows {
        let gathered = groups.entry((&row.quantity, &row.group)).or_default();
        gathered.decided.extend(decided(row));
        gathered.rows.push(compare(card, row));
    }
    let groups = groups.into_iter().map(|((quantity, group), gathered)| gathered.into_group(quantity, group));
    Verification { groups: groups.collect() }
}

/// Rows of a group, and what those that are published decided.
#[derive(Default)]
struct Gathered {
    decided: Vec<UsedFor>,
    rows: Vec<Row>,
}

impl Gathered {
    fn into_group(self, quantity: &str, group: &str) -> Group {
        let is_known = 2 * self.decided.len() >= self.rows.len();
        let used_for = self.decided.into_iter().max().filter(|_| is_known).unwrap_or_default();
        Group::of(quantity, group, used_for, self.rows)
    }
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
            worst_error: rows.iter().map(|row| row.signed_error.abs()).fold(0.0, f64::max),
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
    fn a_published_row_is_known_under_any_name() {
        let card = &*super::super::TEST_CARD;
        let published = super::super::published().unwrap();
        let of = |group: &str| published.iter().find(|row| row.quantity == "proxy CPU" && row.group == group).unwrap();
        for (group, used_for) in [
            ("Istio 1.24, performance page", UsedFor::Values),
            ("mesh-bench 2022, Istio 1.14", UsedFor::Intervals),
            ("istio/tools v12pre_2019-06-05", UsedFor::Nothing),
        ] {
            let renamed = Measurement { group: "mine".to_owned(), ..of(group).clone() };
            let [judged] = &*verify_own(card, std::slice::from_ref(&renamed), &published).groups else {
                panic!("one group")
            };
            assert_eq!((judged.group.as_str(), judged.used_for), ("mine", used_for), "{group}");
            let other = Measurement { measured: renamed.measured * 1.37, ..renamed };
            assert_eq!(verify_own(card, &[other], &published).groups[0].used_for, UsedFor::Nothing, "{group}");
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
        assert_eq!((group.n, group.coverage, group.worst_error), (4, 0.75, 0.4));
        assert!((group.bias - 0.05).abs() < 1e-12, "{}", group.bias);
        assert!((group.median_absolute_percentage_error - 0.25).abs() < 1e-12);
        let used = Group { used_for: UsedFor::Values, ..group.clone() };
        let summaries = Verification { groups: vec![used.clone(), group, used] }.by_use();
        let counts: Vec<_> = summaries.iter().map(|summary| (summary.used_for, summary.n, summary.coverage)).collect();
        assert_eq!(counts, [(UsedFor::Nothing, 4, 0.75), (UsedFor::Values, 8, 0.75)]);
    }
}
