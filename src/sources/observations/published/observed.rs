//! Memory of proxies from benchmarks, issues and documents.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::Sink;
use super::super::table::Table;
use super::{NO_FIGURE, NOT_COUNTED, SMALL, WORKERS, keep, unfit};
use crate::card::Conditions;
use crate::model::ProxyConfig;
use crate::units::MIB;

pub(in super::super) const OBSERVED: Reader = Reader { rows: "the figures", recognise, read };

fn recognise(table: &Table) -> bool {
    table.has_all(&["proxy_mem_mib", "mem_kind"])
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let said = format!("{}; {}", row.word("mem_kind"), row.word("notes"));
        let (figure, config) = (row.figure("proxy_mem_mib"), config(&row, &said));
        let reason = match () {
            () if said.to_ascii_lowercase().starts_with("allocated") || said.starts_with("Envoy allocated") => {
                Some("allocated memory, not resident")
            }
            () if said.contains("leak") || said.contains("upgrade") => Some("leaking, or in the middle of an upgrade"),
            () if figure.is_none() => Some(NO_FIGURE),
            () if config.is_none() => Some(NOT_COUNTED),
            () => unfit(&row),
        };
        let (None, Some(config), Some(mebibytes)) = (reason, config, figure) else {
            sink.leave_out(&row, reason.unwrap_or(NO_FIGURE));
            continue;
        };
        let is_warm = said.starts_with("after all");
        let conditions = if is_warm { Conditions::ProxyStartupMemory(config) } else { Conditions::ProxyMemory(config) };
        keep(sink, &row, "", conditions, mebibytes * MIB);
    }
    Ok(())
}

/// Counted clusters are all there are; counted services come on top of what an installation brings along.
fn config(row: &Row<'_>, said: &str) -> Option<ProxyConfig> {
    let whole = |column: &str| row.figure(column).map(|count| count as u64);
    let endpoints = whole("endpoints");
    if let Some(clusters) = whole("clusters") {
        return Some(ProxyConfig {
            workers: WORKERS,
            clusters,
            plain_clusters: 0,
            endpoints: endpoints.unwrap_or(clusters),
            listeners: whole("listeners").unwrap_or(1),
            routes: clusters,
            connections: 0.0,
            wasm_filters: 0,
        });
    }
    let services = match whole("services") {
        Some(services) => services,
        None if endpoints.is_none() && said.contains("small") => return Some(SMALL),
        None => return None,
    };
    Some(ProxyConfig {
        clusters: SMALL.clusters.saturating_add(services),
        endpoints: SMALL.endpoints.saturating_add(endpoints.unwrap_or(services)),
        listeners: whole("listeners").unwrap_or(SMALL.listeners),
        routes: SMALL.routes.saturating_add(services),
        connections: 0.0,
        ..SMALL
    })
}
