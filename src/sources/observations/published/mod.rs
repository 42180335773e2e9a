//! Tables of published measurements, as they were gathered: one file a table, or a few alike.
//!
//! Such tables are made for readers. A cell that is no plain number (`50-70`, `~0.5`) is no error here, and the
//! row is left out with that reason.

mod ambient;
mod bench_runs;
mod field;
mod istiod;
mod observed;
mod other;
mod per_request;
mod sidecars;

pub(super) use ambient::AMBIENT;
pub(super) use bench_runs::BENCH_RUNS;
pub(super) use field::FIELD;
pub(super) use istiod::{ISTIOD_SCALING, ISTIOD_VERSIONS};
pub(super) use observed::OBSERVED;
pub(super) use other::{CAPACITY, LADDER, OBJECTS, SATURATED};
pub(super) use per_request::PER_REQUEST;
pub(super) use sidecars::SIDECARS;

use super::row::Row;
use super::sink::{Observed, Sink};
use crate::model::{Features, ProxyConfig, ProxyTraffic};
use crate::units::{Rate, Share};

/// What a proxy of a mesh called small without counting is taken to hold, as in `data/published`.
const SMALL: ProxyConfig = ProxyConfig {
    workers: WORKERS,
    clusters: 30,
    plain_clusters: 0,
    endpoints: 40,
    listeners: 20,
    routes: 25,
    connections: 32.0,
    wasm_filters: 0,
};
/// Worker threads of Istio's default limit.
const WORKERS: u32 = 2;
/// Passages through proxies that a request from outside makes in bookinfo.
const BOOKINFO_PASSAGES: f64 = 6.33;
const MEGABYTE: f64 = 1e6;
const GIGABYTE: f64 = 1e9;

const NO_FIGURE: &str = "no single figure";
const NOT_MEASURED: &str = "carried over or in part only, not measured again";
const NOT_COUNTED: &str = "services, clusters or proxies are not counted";
const OTHER_MESH: &str = "another mesh's proxy";
const QUOTED: &str = "chart-read or quoted";
const CLIMBS: &str = "memory that climbs with the age of the process";
const UNPREDICTED: &str = "not a figure that a law predicts";

/// A sidecar at a rate, as published runs have it.
fn traffic(rps: f64, metrics: bool, access_log: bool) -> ProxyTraffic {
    let [metrics, access_log] = [metrics, access_log].map(Share::all_if);
    let features = Features { metrics, access_log, ..Features::default() };
    ProxyTraffic { rate: Rate::per_second(rps), workers: WORKERS, features, ..ProxyTraffic::default() }
}

/// Source and version.
fn group(row: &Row<'_>) -> String {
    let source = row.word("source_id");
    match row.text("version") {
        Some(version) if version.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("{source}, Istio {version}")
        }
        Some(version) => format!("{source}, {version}"),
        None => source.to_owned(),
    }
}

/// Why no row of a kind of evidence is used, if so.
fn unfit(row: &Row<'_>) -> Option<&'static str> {
    match row.word("evidence") {
        "primary-chart" | "secondary" | "unverified" => Some(QUOTED),
        _ => None,
    }
}

/// The whole number before a word: 214 for `pods` in `76 services, 214 pods`, 10,000 for `10k open connections`.
fn counted(text: &str, what: &str) -> Option<f64> {
    let (before, _) = text.split_once(what)?;
    let word = before.trim_end().rsplit([' ', '(', '~']).next()?.replace(',', "");
    let (digits, scale) = word.strip_suffix('k').map_or((word.as_str(), 1.0), |digits| (digits, 1e3));
    digits.parse().ok().map(|number: f64| number * scale).filter(|number| number.is_finite() && *number >= 0.0)
}

/// Keeps a figure under the group of its row.
fn keep(sink: &mut Sink<'_>, row: &Row<'_>, what: &str, conditions: crate::card::Conditions, measured: f64) {
    sink.keep(row, Observed { what: what.to_owned(), group: group(row), conditions, measured });
}
