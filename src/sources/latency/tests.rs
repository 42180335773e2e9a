//! Readers against small inputs, good and bad.
