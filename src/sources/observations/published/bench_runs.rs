//! Runs of istio/tools' two-pod benchmark: both proxies' CPU, and the client's memory.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::{Observed, Sink};
use super::super::table::Table;
use super::{CLIMBS, SMALL, traffic};
use crate::card::Conditions;
use crate::model::ProxyConfig;
use crate::units::MIB;

pub(in super::super) const BENCH_RUNS: Reader = Reader { rows: "the figures", recognise, read };

/// A proxy's CPU in a run, and which proxy it is.
const SIDES: [(&str, &str); 2] = [("client_proxy_cpu_avg_milli", "client"), ("server_proxy_cpu_avg_milli", "server")];
/// Least share of the target that must be reached.
const REACHED: f64 = 0.95;

fn recognise(table: &Table) -> bool {
    table.has_all(&["telemetry_mode", "sidecar_placement", "server_proxy_cpu_avg_milli"])
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let (target, rate) = (row.needed("target_qps")?, row.needed("actual_qps")?);
        let (placement, telemetry) = (row.word("sidecar_placement"), row.word("telemetry_mode"));
        let reason = match () {
            () if placement == "baseline" => Some("no proxy on the path"),
            () if telemetry.contains("mixer") => Some("Mixer, which Istio no longer has"),
            () if telemetry.contains("wasm") => Some("a WebAssembly filter, which the law does not know"),
            () if rate < REACHED * target => Some("the target rate was not reached"),
            () => None,
        };
        if let Some(reason) = reason {
            sink.leave_out(&row, reason);
            continue;
        }
        let group = format!("istio/tools {}", row.word("dataset"));
        let words = words(&row, telemetry, rate);
        let traffic = traffic(rate, telemetry != "none", telemetry.contains("stackdriver-full"));
        for (column, side) in SIDES {
            let Some(milli) = row.number(column)? else { continue };
            if side == "client" && placement == "serveronly" {
                sink.leave_out(&row, "client proxy not on the path");
                continue;
            }
            let conditions = Conditions::ProxyCpu(traffic);
            let what = format!("{side}, {words}");
            sink.keep(&row, Observed { what, group: group.clone(), conditions, measured: milli / 1000.0 });
        }
        if SIDES.iter().all(|(column, _)| row.text(column).is_none()) {
            sink.leave_out(&row, "CPU was not recorded");
        }
        memory(&row, &group, &words, sink)?;
    }
    Ok(())
}

/// Only the client's average is steady: the server's climbs, and maxima are no steady state.
fn memory(row: &Row<'_>, group: &str, words: &str, sink: &mut Sink<'_>) -> Result<(), InputError> {
    if let Some(mebibytes) = row.number("client_proxy_mem_avg_mib")? {
        let connections = row.number("connections")?.unwrap_or(SMALL.connections);
        let conditions = Conditions::ProxyMemory(ProxyConfig { connections: 2.0 * connections, ..SMALL });
        let what = format!("client memory, {words}");
        sink.keep(row, Observed { what, group: group.to_owned(), conditions, measured: mebibytes * MIB });
    }
    if row.text("server_proxy_mem_avg_mib").is_some() {
        sink.leave_out(row, CLIMBS);
    }
    if row.text("server_proxy_mem_max_mb").is_some() {
        sink.leave_out(row, "largest memory of a run with page cache, no steady state");
    }
    Ok(())
}

fn words(row: &Row<'_>, telemetry: &str, rate: f64) -> String {
    let telemetry = telemetry.strip_prefix("telemetryv2-").unwrap_or(telemetry).trim_end_matches("-nullvm");
    let telemetry = if telemetry == "none" { "no telemetry" } else { telemetry };
    format!("{telemetry}, {rate:.0} rps, {} connections", row.word("connections"))
}
