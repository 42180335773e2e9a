//! The sum of two independent durations.
//!
//! On a grid whose steps double with every octave, the sum is taken octave by octave of the larger
//! duration: the smaller one is put on that octave's step, and two arrays with equal steps are convolved.
//! As steps are powers of two, a sum is rounded once, whatever the way. Short arrays are convolved term by
//! term, long ones by a Fourier transform, whose error is dust of 10⁻¹⁵ of the probability convolved.

use realfft::RealFftPlanner;

use super::grid::STEPS;
use super::masses::{Masses, halved};

/// Below this product of lengths the sum term by term is faster.
const FEW_TERMS: usize = 12_000;

/// Convolves; keeps what it prepared for transforms of each length.
pub(super) struct Convolver {
    planner: RealFftPlanner<f64>,
}

impl Convolver {
    pub fn new() -> Self {
        Self { planner: RealFftPlanner::new() }
    }

    /// The distribution of the sum; it has no end where either has none.
    pub fn sum(&mut self, a: &Masses, b: &Masses) -> Masses {
        let (a, b) = a.aligned(b);
        let mut sum = Masses::empty(a.rounding, a.unit);
        sum.never = 1.0 - a.ends() * b.ends();
        sum.open = (a.ends() * b.ends() - a.finite() * b.finite()).max(0.0);
        let octaves = a.at.len().max(b.at.len()).div_ceil(STEPS);
        let (mut below_a, mut below_b) = (part(&a.at, 0, 2 * STEPS).to_vec(), part(&b.at, 0, 2 * STEPS).to_vec());
        let linear = self.convolved(&below_a, &below_b);
        spill(&mut sum, 0, 0, &linear);
        for octave in 1..octaves.saturating_sub(1) {
            (below_a, below_b) = (halved(&below_a, a.rounding), halved(&below_b, b.rounding));
            let start = (octave + 1) * STEPS;
            let (block_a, block_b) = (part(&a.at, start, STEPS), part(&b.at, start, STEPS));
            let from_b = self.convolved(&below_a, block_b);
            spill(&mut sum, octave, STEPS, &from_b);
            append(&mut below_b, block_b);
            let from_a = self.convolved(block_a, &below_b);
            spill(&mut sum, octave, STEPS, &from_a);
            append(&mut below_a, block_a);
        }
        sum
    }

    /// `r[n] = Σ x[i]·y[n − i]`; empty where either is nothing.
    fn convolved(&mut self, x: &[f64], y: &[f64]) -> Vec<f64> {
        let (Some((start_x, x)), Some((start_y, y))) = (support(x), support(y)) else { return Vec::new() };
        let mut result = vec![0.0; start_x + start_y];
        if x.len() * y.len() <= FEW_TERMS {
            result.extend(term_by_term(x, y));
        } else {
            result.extend(self.transformed(x, y).unwrap_or_else(|| term_by_term(x, y)));
        }
        result
    }

    /// By Fourier transform; `None` never happens in practice, as all lengths are made to fit.
    fn transformed(&mut self, x: &[f64], y: &[f64]) -> Option<Vec<f64>> {
        let wanted = x.len() + y.len() - 1;
        let length = fast_length(wanted);
        let (forward, inverse) = (self.planner.plan_fft_forward(length), self.planner.plan_fft_inverse(length));
        let spectrum = |values: &[f64]| {
            let (mut input, mut output) = (forward.make_input_vec(), forward.make_output_vec());
            input.iter_mut().zip(values).for_each(|(place, value)| *place = *value);
            forward.process(&mut input, &mut output).ok().map(|()| output)
        };
        let mut product = spectrum(x)?;
        product.iter_mut().zip(spectrum(y)?).for_each(|(a, b)| *a *= b);
        // Of real arrays the first and last of an even length are real, but for dust.
        product.first_mut()?.im = 0.0;
        product.last_mut()?.im = 0.0;
        let mut result = inverse.make_output_vec();
        inverse.process(&mut product, &mut result).ok()?;
        result.truncate(wanted);
        let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        clean(&mut result, norm(x) * norm(y) * length as f64, x.iter().sum::<f64>() * y.iter().sum::<f64>());
        Some(result)
    }
}

/// Removes the dust of a transform and makes the rest add up to what it must.
fn clean(result: &mut [f64], scale: f64, total: f64) {
    const DUST: f64 = 4.0 * f64::EPSILON;
    result.iter_mut().for_each(|mass| *mass = if *mass < scale * DUST { 0.0 } else { *mass });
    let sum: f64 = result.iter().sum();
    if sum > 0.0 {
        result.iter_mut().for_each(|mass| *mass *= total / sum);
    }
}

fn term_by_term(x: &[f64], y: &[f64]) -> Vec<f64> {
    let (short, long) = if x.len() < y.len() { (x, y) } else { (y, x) };
    let mut result = vec![0.0; x.len() + y.len() - 1];
    for (shift, factor) in short.iter().enumerate().filter(|(_, factor)| **factor > 0.0) {
        for (place, value) in result.iter_mut().skip(shift).zip(long) {
            *place += factor * value;
        }
    }
    result
}

/// The least even number of at least this that is a power of two, or three times one.
fn fast_length(least: usize) -> usize {
    let power = least.next_power_of_two().max(4);
    let three = power / 4 * 3;
    if three >= least && three.is_multiple_of(2) { three } else { power }
}

/// Without the zeros at both ends; `None` where there is nothing else.
fn support(values: &[f64]) -> Option<(usize, &[f64])> {
    let start = values.iter().position(|value| *value > 0.0)?;
    let end = values.iter().rposition(|value| *value > 0.0)?;
    Some((start, values.get(start..=end)?))
}

fn part(values: &[f64], start: usize, length: usize) -> &[f64] {
    let end = (start + length).min(values.len());
    values.get(start..end).unwrap_or_default()
}

/// Puts an octave above what lies below it, in its steps.
fn append(below: &mut Vec<f64>, block: &[f64]) {
    if block.is_empty() {
        return;
    }
    below.resize(below.len().max(STEPS + block.len()), 0.0);
    below.iter_mut().skip(STEPS).zip(block).for_each(|(place, mass)| *place += mass);
}

/// Adds an array in steps of an octave, whose first place is `offset` steps, to a sum. What reaches into the
/// next octave is put on its steps.
fn spill(sum: &mut Masses, octave: usize, offset: usize, linear: &[f64]) {
    let within = (2 * STEPS - offset).min(linear.len());
    let (here, next) = linear.split_at(within);
    let start = octave * STEPS + offset;
    for (index, mass) in here.iter().enumerate() {
        sum.add(start + index, *mass);
    }
    for (index, mass) in halved(next, sum.rounding).iter().enumerate() {
        sum.add((octave + 2) * STEPS + index, *mass);
    }
}
