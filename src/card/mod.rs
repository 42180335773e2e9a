//! Model cards: what things cost, as coefficients with interval, source, conditions and range.
