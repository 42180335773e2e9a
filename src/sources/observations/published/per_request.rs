//! CPU of proxies against the rate, from benchmarks, issues and documents; memory where it was read beside it.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::Sink;
use super::super::table::Table;
use super::{CLIMBS, NO_FIGURE, OTHER_MESH, SMALL, counted, keep, traffic, unfit};
use crate::card::Conditions;
use crate::model::{ProxyTraffic, ZtunnelLoad};
use crate::units::{MIB, Rate};

pub(in super::super) const PER_REQUEST: Reader = Reader { rows: "the figures", recognise, read };

fn recognise(table: &Table) -> bool {
    table.has_all(&["traversals_counted", "cpu_millicores", "rate_rps"])
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let (component, side, features) = (row.word("component"), row.word("side"), row.word("features"));
        let (rate, milli, passages) =
            (row.figure("rate_rps"), row.figure("cpu_millicores"), row.figure("traversals_counted"));
        let reason = match () {
            () if row.word("mesh") != "istio" => Some(OTHER_MESH),
            () if features.contains("wasm") => Some("a WebAssembly filter, which the law does not know"),
            () if features.contains("mixer") => Some("Mixer, which Istio no longer has"),
            () if row.word("version").starts_with("0.") => Some("before Istio 1.0"),
            () if passages.is_none() => Some("a sum over proxies whose passages are not counted"),
            () if rate.is_none_or(|rate| rate <= 0.0) || milli.is_none() => Some(NO_FIGURE),
            () => unfit(&row),
        };
        let (None, Some(rate), Some(milli), Some(passages)) = (reason, rate, milli, passages) else {
            sink.leave_out(&row, reason.unwrap_or(NO_FIGURE));
            continue;
        };
        // A sum over pods is divided among them.
        let pods = counted(side, "pods").filter(|pods| *pods > 0.0).unwrap_or(1.0);
        let rps = rate * passages / pods;
        let conditions = match component {
            "ztunnel" => Conditions::ZtunnelCpu(ZtunnelLoad {
                workloads: 10,
                services: 10,
                connections: 32.0,
                rate: Rate::per_second(rps),
            }),
            _ => {
                let logged = features.contains("access log") && !features.contains("no access log");
                let traffic = traffic(rps, !features.contains("no telemetry"), logged);
                Conditions::ProxyCpu(ProxyTraffic { gateway: component == "waypoint", ..traffic })
            }
        };
        keep(sink, &row, "", conditions, milli / 1000.0 / pods);
        memory(&row, side, pods, sink);
    }
    Ok(())
}

fn memory(row: &Row<'_>, side: &str, pods: f64, sink: &mut Sink<'_>) {
    let Some(mebibytes) = row.figure("mem_mib") else { return };
    match () {
        () if !row.word("evidence").starts_with("primary") => sink.leave_out(row, "memory quoted from a page in MB"),
        () if side == "server" => sink.leave_out(row, CLIMBS),
        () => keep(sink, row, "memory", Conditions::ProxyMemory(SMALL), mebibytes * MIB / pods),
    }
}
