//! Courses on small clusters.

mod cluster;
mod drains;
mod laws;
mod rollouts;
mod upgrades;
