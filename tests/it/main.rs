//! One integration binary: each module is a chapter.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod architecture;
mod browser;
mod calibrate;
mod cli;
mod composition;
mod control_plane;
mod courses;
mod examples;
mod fit;
mod features;
mod generate;
mod groundwork;
mod hostile;
mod inventories;
mod latency;
mod latency_reports;
mod mesh_latency;
mod observations;
mod models;
mod modes;
mod place;
mod placement;
mod queueing;
mod readme;
mod reports;
mod resilience;
mod scope;
mod shared;
mod sources;
mod telemetry;
mod threads;
mod tuning;
mod tuning_cluster;
mod tuning_control_plane;
mod tuning_demand;
mod tuning_fields;
mod tuning_gateways;
mod tuning_istiod_nodes;
mod tuning_laws;
mod tuning_memory;
mod tuning_shop;
mod tuning_telemetry;
mod tuning_reports;
mod tuning_strictness;
mod tuning_traffic;
mod verdicts;
mod whatif;
