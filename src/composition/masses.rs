//! Probability on the points of a grid, rounded one way.

use super::grid::{self, Place, STEPS};

/// Share of probability that is floating-point dust.
pub(super) const DUST: f64 = 1e-12;

/// Where probability goes that lies between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// To the lower one: no quantile is too high.
    Down,
    /// To both, so that the mean stays.
    Split,
    /// To the upper one: no quantile is too low.
    Up,
}

/// A distribution of durations on a grid.
///
/// Invariant: `at` adds up to `1 − open − never`, up to dust.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Masses {
    pub rounding: Rounding,
    /// Exponent of two of the grid's unit, in seconds.
    pub unit: i32,
    /// Probability at each point.
    pub at: Vec<f64>,
    /// Probability of an end of which only a lower bound is known; 0 unless rounded up.
    pub open: f64,
    /// Probability of no end at all.
    pub never: f64,
}

impl Masses {
    pub fn empty(rounding: Rounding, unit: i32) -> Self {
        Self { rounding, unit, at: Vec::new(), open: 0.0, never: 0.0 }
    }

    /// Probability of an end at a known time.
    pub fn finite(&self) -> f64 {
        (1.0 - self.open - self.never).max(0.0)
    }

    /// Probability of an end.
    pub fn ends(&self) -> f64 {
        (1.0 - self.never).max(0.0)
    }

    /// Adds probability at a point.
    pub fn add(&mut self, index: usize, mass: f64) {
        if mass <= 0.0 {
            return;
        }
        if index >= self.at.len() {
            self.at.resize(index + 1, 0.0);
        }
        if let Some(known) = self.at.get_mut(index) {
            *known += mass;
        }
    }

    /// Adds probability at a duration, rounded onto the grid.
    pub fn put(&mut self, seconds: f64, mass: f64) {
        match (grid::place(self.unit, seconds), self.rounding) {
            (Place::At(index, 0.0), _) | (Place::At(index, _), Rounding::Down) => self.add(index, mass),
            (Place::At(index, _), Rounding::Up) => self.add(index + 1, mass),
            (Place::At(index, above), Rounding::Split) => {
                self.add(index, mass * (1.0 - above));
                self.add(index + 1, mass * above);
            }
            (Place::Beyond, Rounding::Up) => self.open += mass,
            (Place::Beyond, Rounding::Down | Rounding::Split) => self.add(grid::last(self.unit), mass),
        }
    }

    /// Points with probability, lowest first: their values in seconds and how much.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.at
            .iter()
            .enumerate()
            .filter(|(_, mass)| **mass > 0.0)
            .map(|(index, mass)| (grid::value(self.unit, index), *mass))
    }

    /// The same on another grid: exact on a finer one, rounded once on a coarser one.
    pub fn on_unit(mut self, unit: i32) -> Self {
        while self.unit > unit {
            self.refine();
        }
        while self.unit < unit {
            self.coarsen();
        }
        self
    }

    fn refine(&mut self) {
        self.unit -= 1;
        let upper = self.at.split_off(self.at.len().min(STEPS));
        let mut finer = vec![0.0; if upper.is_empty() { 2 * self.at.len() } else { 2 * STEPS }];
        for (point, mass) in finer.iter_mut().step_by(2).zip(&self.at) {
            *point = *mass;
        }
        finer.extend(upper);
        self.at = finer;
    }

    fn coarsen(&mut self) {
        self.unit += 1;
        let upper = self.at.split_off(self.at.len().min(2 * STEPS));
        let mut coarser = halved(&self.at, self.rounding);
        if !upper.is_empty() {
            coarser.resize(STEPS + 1, 0.0);
            let carried = coarser.pop().unwrap_or(0.0);
            coarser.extend(upper);
            if let Some(first) = coarser.get_mut(STEPS) {
                *first += carried;
            }
        }
        self.at = coarser;
    }

    /// On the coarsest grid that keeps nine tenths of what is not zero to one step.
    pub fn settled(mut self) -> Self {
        self.cap();
        self.trim();
        let positive: f64 = self.at.iter().skip(1).sum();
        let mut below = 0.0;
        let scale = self.at.iter().enumerate().skip(1).find(|(_, mass)| {
            below += **mass;
            below >= positive * 0.1 && positive > 0.0
        });
        let value = scale.map_or(0.0, |(index, _)| grid::value(self.unit, index));
        let unit = grid::unit_for(value);
        if unit > self.unit { self.on_unit(unit) } else { self }
    }

    /// Ends the grid at its last point.
    fn cap(&mut self) {
        let last = grid::last(self.unit);
        if self.at.len() <= last + 1 {
            return;
        }
        let beyond: f64 = self.at.split_off(last + 1).iter().sum();
        match self.rounding {
            Rounding::Up => self.open += beyond,
            Rounding::Down | Rounding::Split => self.add(last, beyond),
        }
    }

    fn trim(&mut self) {
        let end = self.at.iter().rposition(|mass| *mass > 0.0).map_or(0, |last| last + 1);
        self.at.truncate(end);
    }

    /// Both on the finer of their grids.
    pub fn aligned(&self, other: &Self) -> (Self, Self) {
        let unit = self.unit.min(other.unit);
        (self.clone().on_unit(unit), other.clone().on_unit(unit))
    }

    /// The duration within which a share of all ends; infinite where less than that does.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = share - DUST;
        if wanted > self.finite() {
            return f64::INFINITY;
        }
        let mut below = 0.0;
        let mut last = None;
        for (index, mass) in self.at.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            last = Some(index);
            if below + mass >= wanted {
                return self.inside(index, ((wanted - below) / mass).clamp(0.0, 1.0));
            }
            below += mass;
        }
        last.map_or(f64::INFINITY, |last| grid::value(self.unit, last))
    }

    /// A place within the probability at a point: where it was split between points, it stands for what
    /// lies half a step to both sides.
    fn inside(&self, index: usize, share: f64) -> f64 {
        let value = grid::value(self.unit, index);
        if self.rounding != Rounding::Split {
            return value;
        }
        let below = (value - grid::value(self.unit, index.saturating_sub(1))) / 2.0;
        let above = (grid::value(self.unit, index + 1) - value) / 2.0;
        if index == 0 { value } else { value - below + share * (below + above) }
    }

    /// Share that ends within a duration.
    pub fn within(&self, seconds: f64) -> f64 {
        self.points().take_while(|(value, _)| *value <= seconds).map(|(_, mass)| mass).sum()
    }

    /// The mean in seconds; infinite where some have no end, or none that is known.
    pub fn mean(&self) -> f64 {
        if self.open + self.never > DUST {
            return f64::INFINITY;
        }
        self.points().map(|(value, mass)| value * mass).sum()
    }
}

/// Probability at whole steps put on steps twice as long.
pub(super) fn halved(at: &[f64], rounding: Rounding) -> Vec<f64> {
    let mut coarser = vec![0.0; at.len() / 2 + 1];
    for (index, pair) in at.chunks(2).enumerate() {
        let (even, odd) = (pair.first().copied().unwrap_or(0.0), pair.get(1).copied().unwrap_or(0.0));
        let (down, up) = match rounding {
            Rounding::Down => (odd, 0.0),
            Rounding::Split => (odd / 2.0, odd / 2.0),
            Rounding::Up => (0.0, odd),
        };
        for (offset, mass) in [(0, even + down), (1, up)] {
            if let Some(point) = coarser.get_mut(index + offset) {
                *point += mass;
            }
        }
    }
    coarser
}
