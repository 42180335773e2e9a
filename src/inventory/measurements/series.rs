//! Series of the pods of one workload to its demand.
//!
//! Pods are measured at moments of their own, once every so often. What they use within one step is one moment of the
//! workload: rates, CPU and memory of its pods add up, several measurements of a pod within a step are averaged first.
//! The step is the longest at which any pod is regularly measured.

use std::collections::BTreeMap;

use crate::inventory::objects::{MeasuredSeries, Point, Quantity};
use crate::inventory::{Busy, FEWEST_MOMENTS, Measured, Peaks, PodMemories, PodMemory, ResponseTimes, Tail};
use crate::units::{Cores, Memory, Rate, Seconds, Share};

/// What series tell of a workload.
pub(super) struct Told {
    pub measured: Measured,
    /// Measurements that say again what others say of the same moment.
    pub twice: u64,
    /// Whether there are several moments of something, but too few for its quantiles.
    pub thin: bool,
}

/// Puts the series of one workload together, which has so many replicas.
pub(super) fn measured(series: &[&MeasuredSeries], replicas: u64) -> Told {
    let mut all = All { series, twice: 0, thin: false };
    let inbound = all.grid(&[Quantity::InboundRps]);
    let mut total = |quantities: &[Quantity]| {
        let totals = all.grid(quantities).map(|grid| grid.totals(sum));
        totals.map(|totals| (mean(&totals), all.peaks(&totals)))
    };
    let received = total(&[Quantity::InboundRps]);
    let sent = total(&[Quantity::OutboundRps]);
    let proxied = total(&[Quantity::InboundRps, Quantity::OutboundRps]);
    let connections = total(&[Quantity::Connections]);
    let app_cpu = total(&[Quantity::AppCpu]);
    let app_memory = total(&[Quantity::AppMemory]);
    let proxy_cpu = total(&[Quantity::ProxyCpu]);
    let proxy_memory = total(&[Quantity::ProxyMemory]);
    let throttled = all.grid(&[Quantity::Throttled]).map(|grid| mean(&grid.totals(average)));
    let bytes = all.grid(&[Quantity::BytesPerRequest]).map(|grid| grid.per_request(inbound.as_ref()));
    let response = ResponseTimes {
        mean: all.grid(&[Quantity::ResponseMean]).map(|grid| Seconds::new(grid.per_request(inbound.as_ref()))),
        tail: all.tail(),
    };
    let pods =
        PodMemories { proxy: all.pods(Quantity::ProxyMemory, replicas), app: all.pods(Quantity::AppMemory, replicas) };
    let measured = Measured {
        inbound_rps: received.map(|(mean, _)| Rate::per_second(mean)),
        outbound_rps: sent.map(|(mean, _)| Rate::per_second(mean)),
        bytes_per_request: bytes.map(Memory::from_bytes),
        connections: connections.map(|(mean, _)| mean),
        app_cpu: app_cpu.map(|(mean, _)| Cores::new(mean)),
        app_memory: app_memory.map(|(mean, _)| Memory::from_bytes(mean)),
        proxy_cpu: proxy_cpu.map(|(mean, _)| Cores::new(mean)),
        proxy_memory: proxy_memory.map(|(mean, _)| Memory::from_bytes(mean)),
        throttled: throttled.and_then(|share| Share::new(share).ok()),
        response,
        busy: Busy {
            inbound_rps: busiest(received, Rate::per_second),
            outbound_rps: busiest(sent, Rate::per_second),
            proxied_rps: busiest(proxied, Rate::per_second),
            connections: busiest(connections, |number| number),
            app_cpu: busiest(app_cpu, Cores::new),
            app_memory: busiest(app_memory, Memory::from_bytes),
            proxy_cpu: busiest(proxy_cpu, Cores::new),
            proxy_memory: busiest(proxy_memory, Memory::from_bytes),
        },
        pods,
    };
    Told { measured, twice: all.twice, thin: all.thin }
}

fn busiest<T>(told: Option<(f64, Option<Peaks<f64>>)>, unit: impl Fn(f64) -> T) -> Option<Peaks<T>> {
    told?.1.map(|peaks| peaks.map(unit))
}

/// Series of one workload, and what was noticed of them.
struct All<'a> {
    series: &'a [&'a MeasuredSeries],
    twice: u64,
    thin: bool,
}

/// Whose measurements add up: a pod, or `None` for all of them; with several quantities, of each.
type Member<'a> = (Quantity, Option<&'a str>);

impl<'a> All<'a> {
    /// The measurements of some quantities, moment by moment; `None` where there are none.
    fn grid(&mut self, quantities: &[Quantity]) -> Option<Grid<'a>> {
        Grid::new(self.members(quantities))
    }

    /// The measurements of some quantities by whose they are, ordered by time.
    fn members(&mut self, quantities: &[Quantity]) -> BTreeMap<Member<'a>, Vec<Point>> {
        let mut members: BTreeMap<Member<'a>, Vec<Point>> = BTreeMap::new();
        for series in self.series.iter().filter(|it| quantities.contains(&it.quantity)) {
            let points = series.points.iter().filter(|point| is_possible(series.quantity, point));
            members.entry((series.quantity, series.pod.as_deref())).or_default().extend(points);
        }
        members.retain(|_, points| !points.is_empty());
        for quantity in quantities {
            // A workload as a whole stands for its pods.
            if members.contains_key(&(*quantity, None)) {
                let parts = members.iter().filter(|((of, pod), _)| of == quantity && pod.is_some());
                self.twice += parts.map(|(_, points)| points.len() as u64).sum::<u64>();
                members.retain(|(of, pod), _| of != quantity || pod.is_none());
            }
        }
        for points in members.values_mut() {
            points.sort_by(|a, b| a.at.as_seconds().total_cmp(&b.at.as_seconds()).then(a.value.total_cmp(&b.value)));
            self.twice += points.windows(2).filter(|pair| matches!(pair, [a, b] if a.at == b.at)).count() as u64;
        }
        members
    }

    /// Memory of single pods, of all that were measured at any time; where only their sum was, each has its part.
    fn pods(&self, quantity: Quantity, replicas: u64) -> Option<PodMemory> {
        // What is said twice was counted when the totals were made.
        let mut again = Self { series: self.series, twice: 0, thin: false };
        let members = again.members(&[quantity]);
        let is_sum = members.contains_key(&(quantity, None));
        let parts = if is_sum { replicas as f64 } else { 1.0 };
        let samples = members.values().flatten().map(|point| point.value / parts).collect();
        let pods = (!is_sum).then_some(members.len() as u64);
        let totals = Grid::new(members)?.totals(sum);
        PodMemory::of(samples, totals.values.len() as u64, pods, totals.span())
    }

    /// High quantiles of totals; `None` where there are too few.
    fn peaks(&mut self, totals: &Totals) -> Option<Peaks<f64>> {
        let moments = totals.values.len() as u64;
        if moments < FEWEST_MOMENTS {
            self.thin |= moments > 1;
            return None;
        }
        let mut sorted: Vec<f64> = totals.values.values().copied().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Peaks {
            p95: quantile(&sorted, 0.95)?,
            p99: quantile(&sorted, 0.99)?,
            largest: *sorted.last()?,
            moments,
            span: totals.span(),
        })
    }

    /// The largest stated quantile of response times: of the slowest pod of each moment.
    fn tail(&mut self) -> Option<Tail> {
        let stated = self.series.iter().filter_map(|it| match it.quantity {
            Quantity::ResponseQuantile(thousandths) if !it.points.is_empty() => Some(thousandths),
            _ => None,
        });
        let thousandths = stated.max()?;
        let slowest = self.grid(&[Quantity::ResponseQuantile(thousandths)])?.totals(largest);
        let mut sorted: Vec<f64> = slowest.values.values().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let moments = sorted.len() as u64;
        let at_most = if moments < FEWEST_MOMENTS { *sorted.last()? } else { quantile(&sorted, 0.99)? };
        let quantile = Share::new(f64::from(thousandths) / 1000.0).ok()?;
        Some(Tail { quantile, at_most: Seconds::new(at_most), moments })
    }
}

/// Readers refuse other numbers; programs that hand over series of their own may not.
fn is_possible(quantity: Quantity, point: &Point) -> bool {
    let most = if quantity == Quantity::Throttled { 1.0 } else { f64::MAX };
    point.at.as_seconds().is_finite() && (0.0..=most).contains(&point.value)
}

/// Measurements by moments of equal distance.
struct Grid<'a> {
    step: f64,
    /// The earliest moment.
    start: f64,
    members: BTreeMap<Member<'a>, BTreeMap<i64, Mean>>,
}

/// Values at moments.
struct Totals {
    step: f64,
    values: BTreeMap<i64, f64>,
}

impl Totals {
    /// From the first moment to the last.
    fn span(&self) -> Seconds {
        let ends = self.values.keys().next().zip(self.values.keys().next_back());
        Seconds::new(ends.map_or(0.0, |(first, last)| (last - first) as f64 * self.step))
    }
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn get(self) -> f64 {
        self.sum / self.count.max(1.0)
    }
}

impl<'a> Grid<'a> {
    /// Of the points of each member, ordered by time, none without any.
    fn new(members: BTreeMap<Member<'a>, Vec<Point>>) -> Option<Self> {
        let step = step(members.values().map(Vec::as_slice));
        let firsts = members.values().filter_map(|points| points.first()).map(|point| point.at.as_seconds());
        let start = firsts.min_by(f64::total_cmp)?;
        let members = members.into_iter().map(|(member, points)| (member, moments(&points, start, step))).collect();
        Some(Self { step, start, members })
    }

    /// What the members together make of each moment.
    fn totals(&self, combine: fn(&[f64]) -> f64) -> Totals {
        let mut values: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (moment, mean) in self.members.values().flatten() {
            values.entry(*moment).or_default().push(mean.get());
        }
        Totals {
            step: self.step,
            values: values.into_iter().map(|(moment, values)| (moment, combine(&values))).collect(),
        }
    }

    /// The mean over requests of what is measured per request: each moment of a pod weighs what it received then,
    /// where that is known of it; alike where it is known of none.
    fn per_request(&self, received: Option<&Grid<'a>>) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        let (mut plain, mut count) = (0.0, 0.0);
        for ((_, pod), moments) in &self.members {
            for (moment, mean) in moments {
                let at = self.start + *moment as f64 * self.step;
                let weight = received.and_then(|grid| grid.at((Quantity::InboundRps, *pod), at)).unwrap_or(0.0);
                sum += weight * mean.get();
                weights += weight;
                plain += mean.get();
                count += 1.0;
            }
        }
        if weights > 0.0 { sum / weights } else { plain / f64::max(count, 1.0) }
    }

    fn at(&self, member: Member<'a>, time: f64) -> Option<f64> {
        let moment = index(time - self.start, self.step);
        self.members.get(&member)?.get(&moment).map(|mean| mean.get())
    }
}

/// The points of a member by moments, counted from its own first one: a pod is measured in a rhythm of its own.
fn moments(points: &[Point], start: f64, step: f64) -> BTreeMap<i64, Mean> {
    let first = points.first().map_or(start, |point| point.at.as_seconds());
    let offset = index(first - start, step);
    let mut moments: BTreeMap<i64, Mean> = BTreeMap::new();
    for point in points {
        let moment = offset.saturating_add(index(point.at.as_seconds() - first, step));
        let mean = moments.entry(moment).or_default();
        mean.sum += point.value;
        mean.count += 1.0;
    }
    moments
}

fn index(distance: f64, step: f64) -> i64 {
    if step > 0.0 { (distance / step).round() as i64 } else { 0 }
}

/// The longest usual distance between measurements of a member, of those that have a tenth of what the largest has;
/// 0 where nothing was measured twice.
fn step<'p>(members: impl Iterator<Item = &'p [Point]>) -> f64 {
    let distances = members.map(|points| {
        let pairs = points.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(b.at.as_seconds() - a.at.as_seconds()),
            _ => None,
        });
        let mut distances: Vec<f64> = pairs.filter(|distance| *distance > 0.0).collect();
        distances.sort_by(f64::total_cmp);
        distances
    });
    let distances: Vec<Vec<f64>> = distances.collect();
    let most = distances.iter().map(Vec::len).max().unwrap_or(0);
    let regular = distances.iter().filter(|it| it.len() * 10 >= most);
    regular.filter_map(|it| usual(it)).fold(0.0, f64::max)
}

/// The mean of the sorted distances that are within a quarter of their median: gaps do not count, and jitter evens out.
fn usual(distances: &[f64]) -> Option<f64> {
    let median = quantile(distances, 0.5)?;
    let near: Vec<f64> = distances.iter().copied().filter(|it| (it - median).abs() <= 0.25 * median).collect();
    Some(average(&near))
}

/// The smallest value that a share of the sorted values does not exceed (nearest rank).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

fn mean(totals: &Totals) -> f64 {
    average(&totals.values.values().copied().collect::<Vec<f64>>())
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn average(values: &[f64]) -> f64 {
    sum(values) / values.len().max(1) as f64
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
