//! Counts by hand, and laws of scoping.

mod cases;
mod laws;
mod mesh;
mod scoping;
