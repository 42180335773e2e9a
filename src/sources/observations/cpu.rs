//! Proxy CPU against a paced rate: one row a run, up to two proxies a row.
//!
//! Columns: `target_rps` or `achieved_rps`; `workers`; `client_proxy_cpu_milli` and `server_proxy_cpu_milli`, or
//! one of them. May be absent: `path` (a run past the proxies says `no proxy`), `tls` (1), `metrics` (1, but 0
//! where there is an `envoy_version`), `access_log` (0), `payload_bytes` (1024), `connections`,
//! `envoy_version` or `istio_version`, `environment` or `machine`, `label`, `source`, `date`.

use std::path::Path;

use super::super::InputError;
use super::Reader;
use super::columns::{note_unused, one_of};
use super::row::Row;
use super::sink::{Observed, Sink};
use super::table::Table;
use crate::card::Conditions;
use crate::model::{Features, ProxyTraffic};
use crate::units::{Rate, Share};

pub(super) const READER: Reader = Reader { rows: "the runs", recognise, read };

/// The columns, for messages.
pub(super) const COLUMNS: &str =
    "target_rps (or achieved_rps), workers and client_proxy_cpu_milli or server_proxy_cpu_milli";

/// A proxy's CPU in a run, and which proxy it is.
pub(super) const SIDES: [(&str, &str); 2] =
    [("client_proxy_cpu_milli", "client"), ("server_proxy_cpu_milli", "server")];
const CONDITIONS: [&str; 9] =
    ["target_rps", "achieved_rps", "workers", "path", "tls", "metrics", "access_log", "payload_bytes", "connections"];
/// Least share of the target that must be reached, or the run tells how much was possible rather than what it cost.
const REACHED: f64 = 0.95;
/// Largest payload that costs about as much as the law's 1 KiB.
const LARGEST_PAYLOAD: f64 = 4096.0;
/// Share of requests traced in the measurements behind cards; a run that does not say otherwise is taken so.
const SAMPLED: Share = Share::literal(0.01);

fn recognise(table: &Table) -> bool {
    SIDES.iter().any(|(column, _)| table.has(column)) || (table.has("target_rps") && table.has("workers"))
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    one_of(table, &SIDES.map(|(column, _)| column))?;
    one_of(table, &["achieved_rps", "target_rps"])?;
    one_of(table, &["workers"])?;
    let mut known = CONDITIONS.to_vec();
    known.extend(SIDES.map(|(column, _)| column));
    note_unused(table, &known, sink);
    sink.note_constant(&["achieved_rps", "workers"]);
    for row in table.rows() {
        // Every cell is checked, also of runs that are left out.
        let usage = SIDES.map(|(column, side)| row.number(column).map(|milli| (side, column, milli)));
        let target = row.number("target_rps")?;
        let rate = row.number("achieved_rps")?.or(target).unwrap_or(0.0);
        let payload = row.number("payload_bytes")?;
        let traffic = traffic(&row, rate)?;
        let reason = match () {
            () if row.word("path").eq_ignore_ascii_case("no proxy") => Some("no proxy on the path"),
            () if rate <= 0.0 => Some("no rate"),
            () if target.is_some_and(|target| rate < REACHED * target) => Some("the target rate was not reached"),
            () if payload.is_some_and(|bytes| bytes > LARGEST_PAYLOAD) => {
                Some("payload far above the 1 KiB of the law")
            }
            () => None,
        };
        if let Some(reason) = reason {
            sink.leave_out(&row, reason);
            continue;
        }
        for side in usage {
            let (side, column, milli) = side?;
            let Some(milli) = milli else { continue };
            keep_side(&row, side, column, milli, traffic, sink)?;
        }
    }
    Ok(())
}

/// Keeps what one proxy used.
///
/// # Errors
/// [`InputError`] when it is more than its workers can use.
pub(super) fn keep_side(
    row: &Row<'_>,
    side: &str,
    column: &str,
    milli: f64,
    traffic: ProxyTraffic,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    // The main thread and the agent work beside the workers.
    let most = 1000.0 * (f64::from(traffic.workers.max(1)) + 1.0);
    if milli > most {
        let expected = format!("thousandths of a core; its workers can use about {most}");
        return Err(row.error(column, milli.to_string(), &expected));
    }
    let conditions = Conditions::ProxyCpu(traffic);
    sink.keep(row, Observed { what: side.to_owned(), group: group(row), conditions, measured: milli / 1000.0 });
    Ok(())
}

/// The law's inputs at a rate, from the columns of a row.
///
/// # Errors
/// [`InputError`] when a cell does not hold what its column promises.
pub(super) fn traffic(row: &Row<'_>, rate: f64) -> Result<ProxyTraffic, InputError> {
    let features = Features {
        mtls: Share::all_if(row.flag("tls")?.unwrap_or(true)),
        // Envoy alone has no istio.stats filter.
        metrics: Share::all_if(row.flag("metrics")?.unwrap_or(row.text("envoy_version").is_none())),
        access_log: Share::all_if(row.flag("access_log")?.unwrap_or(false)),
        tracing_sampling: SAMPLED,
        ..Features::default()
    };
    Ok(ProxyTraffic { rate: Rate::per_second(rate), workers: workers(row)?, features, ..ProxyTraffic::default() })
}

/// Worker threads, at least one where a proxy ran.
///
/// # Errors
/// [`InputError`] when there is no such count.
pub(super) fn workers(row: &Row<'_>) -> Result<u32, InputError> {
    u32::try_from(row.count("workers")?)
        .map_err(|_| row.error("workers", row.word("workers"), "worker threads, at most some hundred"))
}

/// Source and version: whole versions and environments can then be left out.
pub(super) fn group(row: &Row<'_>) -> String {
    let version = match (row.text("istio_version"), row.text("envoy_version")) {
        (Some(istio), _) => format!("Istio {istio}"),
        (None, Some(envoy)) => format!("Envoy {envoy}"),
        (None, None) => row.text("version").map_or(row.table.name(), |version| version).to_owned(),
    };
    match row.first_of(&["environment", "machine"]) {
        Some(environment) => format!("{version}, {environment}"),
        None => version,
    }
}
