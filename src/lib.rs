//! Capacity planning and performance tuning for Istio service meshes.
//!
//! What will the mesh cost, will it fit, what should be set, and how sure are we? An [`inventory`] says
//! what is, a [`policy`] what is wanted, a model [`card`] what things cost; a [`plan`] is the answer.
//!
//! The same as `meshcap plan FOLDER`, in five lines:
//!
#![cfg_attr(feature = "sources", doc = "```")]
#![cfg_attr(not(feature = "sources"), doc = "```ignore")]
//! # use meshcap::{card::ModelCard, inventory, plan::{Inputs, Plan}, policy::Policy, sources::{self, Input, Limits}};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let reading = sources::read(&[Input::Path("data/clusters/webshop".into())], &Limits::default(), &|_| ())?;
//! let assembled = inventory::assemble(reading.objects);
//! let inputs = Inputs::new(assembled.inventory, Policy::default(), ModelCard::named("istio-1.24")?);
//! let plan = Plan::new(inputs);
//! println!("{}", plan.verdict.sentence);
//! # assert_eq!(plan.totals.proxies, 23);
//! # Ok(())
//! # }
//! ```
//!
//! Every figure is an [`estimate::Estimate`]: a value, its 90 % interval, and the terms that add up to it.
//!
//! ```
//! use meshcap::card::ModelCard;
//! use meshcap::model::ProxyConfig;
//!
//! let card = ModelCard::named("istio-1.24")?;
//! let sidecar = ProxyConfig {
//!     workers: 2, clusters: 150, endpoints: 400, listeners: 40, routes: 120, connections: 20.0, ..ProxyConfig::default()
//! };
//! let memory = card.proxy_memory.steady(&sidecar);
//! assert!(memory.lower < memory.value && memory.value < memory.upper);
//! for term in &memory.basis.terms {
//!     println!("{:>8.2} {} = {} {} × {}", term.amount, term.unit, term.count, term.what, term.coefficient);
//! }
//! # Ok::<(), meshcap::card::CardError>(())
//! ```
//!
//! # Features
//!
//! The core needs no feature: it reads nothing, prints nothing, and builds for wasm32. `sources` reads
//! files and archives, `columnar` adds CSV and Parquet through polars, `parallel` uses several cores,
//! `charts` draws figures into HTML reports, `schema` generates the JSON Schema of a plan, `synthetic`
//! makes clusters from a seed, `calibrate` measures a real Envoy, and `cli` is the command line.

mod parallel;
pub mod units;
pub mod quantity;
pub mod estimate;
pub mod finding;
pub mod resources;

pub mod measurement;
pub mod composition;

pub mod policy;
pub mod inventory;
pub mod scheduler;
pub mod course;
pub mod model;
pub mod card;
pub mod fit;
pub mod latency;

pub mod mesh;
pub mod profile;
pub mod overhead;
pub mod telemetry;
pub mod placement;
pub mod groundwork;
pub mod scenario;
pub mod resilience;
pub mod plan;
pub mod modes;
pub mod tuning;

pub mod report;

#[cfg(feature = "sources")]
pub mod sources;
#[cfg(feature = "synthetic")]
pub mod synthetic;
#[cfg(feature = "calibrate")]
pub mod calibrate;
#[cfg(feature = "cli")]
pub mod cli;
