//! Proxy memory against the configuration the proxy holds: one row a proxy.
//!
//! Columns: `clusters`; `endpoints` over all clusters, or `endpoints_per_cluster`; `listeners`; `routes`, which
//! counts virtual hosts; `workers`; `working_set_bytes`, else `rss_bytes`. May be absent: `open_connections`
//! (0), `tls` (1), `envoy_version` or `istio_version`, `environment`, `label`, `source`, `date`.

use std::path::Path;

use super::super::InputError;
use super::columns::{note_unused, one_of};
use super::row::Row;
use super::sink::{Observed, Sink};
use super::table::Table;
use super::{Reader, cpu};
use crate::card::Conditions;
use crate::model::ProxyConfig;
use crate::units::MIB;

pub(super) const READER: Reader = Reader { rows: "the proxies", recognise, read };

/// The columns, for messages.
pub(super) const COLUMNS: &str =
    "clusters, endpoints (or endpoints_per_cluster), listeners, routes, workers and working_set_bytes (or rss_bytes)";

const COUNTS: [&str; 8] = [
    "clusters",
    "endpoints",
    "endpoints_per_cluster",
    "listeners",
    "routes",
    "workers",
    "open_connections",
    "connections",
];
const MEASURED: [&str; 2] = ["working_set_bytes", "rss_bytes"];

fn recognise(table: &Table) -> bool {
    const ENOUGH: usize = 3;
    COUNTS.iter().filter(|column| table.has(column)).count() >= ENOUGH
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    let measured = one_of(table, &MEASURED)?;
    let endpoints = one_of(table, &["endpoints", "endpoints_per_cluster"])?;
    for column in ["clusters", "listeners", "routes", "workers"] {
        one_of(table, &[column])?;
    }
    let mut known = COUNTS.to_vec();
    known.extend([measured, "tls"]);
    note_unused(table, &known, sink);
    sink.note_constant(&COUNTS);
    for row in table.rows() {
        let config = config(&row, endpoints)?;
        let bytes = row.needed(measured)?;
        if bytes < MIB {
            return Err(row.error(measured, bytes.to_string(), "bytes; a proxy holds more than 1 MiB"));
        }
        let conditions = Conditions::ProxyMemory(config);
        sink.keep(&row, Observed { what: String::new(), group: cpu::group(&row), conditions, measured: bytes });
    }
    Ok(())
}

fn config(row: &Row<'_>, endpoints: &str) -> Result<ProxyConfig, InputError> {
    let clusters = row.count("clusters")?;
    let each = if endpoints == "endpoints_per_cluster" { clusters } else { 1 };
    let connections = match row.number("open_connections")? {
        Some(connections) => connections,
        None => row.number("connections")?.unwrap_or(0.0),
    };
    Ok(ProxyConfig {
        workers: cpu::workers(row)?,
        clusters,
        plain_clusters: if row.flag("tls")?.unwrap_or(true) { 0 } else { clusters },
        endpoints: row.count(endpoints)?.saturating_mul(each),
        listeners: row.count("listeners")?,
        routes: row.count("routes")?,
        connections,
        wasm_filters: 0,
    })
}
