//! The points on which durations lie: multiples of a unit up to 2·[`STEPS`] of it, then steps that double
//! with every octave, as in an HdrHistogram.
//!
//! Units are powers of two, so that the points of a coarser grid are points of every finer one: going to a
//! finer grid loses nothing, and rounding in two steps gives what rounding at once gives.

/// Steps of an octave: neighbouring points differ by at most `1/STEPS` of their value.
pub(super) const STEPS: usize = 512;

/// Largest duration on a grid, as an exponent of two in seconds: 35,000 years.
pub(super) const LARGEST: i32 = 40;
/// Finest unit, as an exponent of two in seconds: below 10⁻²⁴ s.
pub(super) const FINEST: i32 = -80;

/// `2ⁿ`, exactly.
pub(super) fn power(exponent: i32) -> f64 {
    2.0_f64.powi(exponent)
}

/// The exponent of two at or below a positive number.
pub(super) fn exponent_of(number: f64) -> i32 {
    let biased = (number.to_bits() >> 52) & 0x7ff;
    i32::try_from(biased).unwrap_or(0) - 1023
}

/// The coarsest unit, as an exponent of two in seconds.
const COARSEST: i32 = LARGEST - STEPS.trailing_zeros() as i32;

/// The largest unit on which values from `scale` upwards lie within a step of `1/STEPS` of theirs.
pub(super) fn unit_for(scale: f64) -> i32 {
    let finest_that_fits = exponent_of(scale) - (LARGEST - COARSEST);
    if scale > 0.0 { finest_that_fits.clamp(FINEST, COARSEST) } else { COARSEST }
}

/// The value of a point, in seconds.
pub(super) fn value(unit: i32, index: usize) -> f64 {
    if index < 2 * STEPS {
        return index as f64 * power(unit);
    }
    let octave = index / STEPS - 1;
    (STEPS + index % STEPS) as f64 * power(unit + octave as i32)
}

/// Where a value lies on the grid of a unit.
pub(super) enum Place {
    /// At a point or above it, by so much of the way to the next, in [0, 1).
    At(usize, f64),
    /// Beyond the largest point.
    Beyond,
}

/// The last point of the grid of a unit, at `2^LARGEST` seconds.
pub(super) fn last(unit: i32) -> usize {
    match place(unit, power(LARGEST) * (1.0 - f64::EPSILON)) {
        Place::At(index, _) => index + 1,
        Place::Beyond => 0,
    }
}

/// The place of a duration of at least 0 seconds.
pub(super) fn place(unit: i32, seconds: f64) -> Place {
    if seconds >= power(LARGEST) {
        return Place::Beyond;
    }
    let scaled = seconds.max(0.0) * power(-unit);
    let limit = 2.0 * STEPS as f64;
    if scaled < limit {
        return Place::At(scaled as usize, scaled.fract());
    }
    let octave = exponent_of(scaled) - exponent_of(STEPS as f64);
    let position = scaled * power(-octave);
    Place::At(octave as usize * STEPS + position as usize, position.fract())
}
