//! Capacity planning and performance tuning for Istio service meshes.

pub mod estimate;
pub mod finding;
pub mod quantity;
pub mod resources;
pub mod units;

pub mod card;
pub mod inventory;
pub mod model;
pub mod policy;

pub mod mesh;
pub mod overhead;
pub mod placement;
pub mod plan;
pub mod profile;

#[cfg(feature = "synthetic")]
pub mod synthetic;

pub mod report;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "sources")]
pub mod sources;
