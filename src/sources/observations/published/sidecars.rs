//! CPU and memory of a proxy per version, from Istio's performance pages.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::{Observed, Sink};
use super::super::table::Table;
use super::{MEGABYTE, NO_FIGURE, NOT_MEASURED, SMALL, UNPREDICTED, traffic};
use crate::card::Conditions;
use crate::model::{ProxyTraffic, ZtunnelLoad};

pub(in super::super) const SIDECARS: Reader = Reader { rows: "the figures", recognise, read };

fn recognise(table: &Table) -> bool {
    table.has_all(&["cpu_vcpu_per_1000_rps", "memory_mb", "component"])
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let again = row.word("remeasured_for_this_version");
        let component = row.word("component");
        let reason = match () {
            () if !matches!(component, "sidecar" | "waypoint" | "ztunnel") => Some(UNPREDICTED),
            () if !again.starts_with("yes") => Some(NOT_MEASURED),
            () if row.figure("rps").is_none() => Some("the rate of one proxy is not stated"),
            () => None,
        };
        match reason {
            Some(reason) => sink.leave_out(&row, reason),
            None => figures(&row, component, again, sink),
        }
    }
    Ok(())
}

fn figures(row: &Row<'_>, component: &str, again: &str, sink: &mut Sink<'_>) {
    let rps = row.figure("rps").unwrap_or_default();
    let load =
        ZtunnelLoad { workloads: 10, services: 10, connections: 32.0, rate: crate::units::Rate::per_second(rps) };
    let (cpu, memory) = match component {
        "ztunnel" => (Conditions::ZtunnelCpu(load), Conditions::ZtunnelMemory(load)),
        _ => {
            let traffic = ProxyTraffic { gateway: component == "waypoint", ..traffic(rps, true, false) };
            (Conditions::ProxyCpu(traffic), Conditions::ProxyMemory(SMALL))
        }
    };
    let group = format!("Istio {}, performance page", row.word("istio_version"));
    let mut keep = |conditions, measured| {
        sink.keep(row, Observed { what: component.to_owned(), group: group.clone(), conditions, measured });
    };
    match row.figure("cpu_vcpu_per_1000_rps") {
        Some(cores) => keep(cpu, cores * rps / 1000.0),
        None => return sink.leave_out(row, NO_FIGURE),
    }
    match row.figure("memory_mb") {
        Some(megabytes) if again == "yes" => keep(memory, megabytes * MEGABYTE),
        Some(_) => sink.leave_out(row, NOT_MEASURED),
        None => {}
    }
}
