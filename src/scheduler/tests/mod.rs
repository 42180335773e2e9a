//! The whole of it on small clusters.

mod cases;
mod cluster;
mod filters;
mod hostile;
mod laws;
mod preemption;
mod scores;
mod session;
