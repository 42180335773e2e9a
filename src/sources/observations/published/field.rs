//! Figures of pages, commits and issues, as subject, scenario and metric: few of them are what a law predicts.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::{Observed, Sink};
use super::super::table::Table;
use super::{MEGABYTE, NO_FIGURE, NOT_COUNTED, SMALL, UNPREDICTED, counted};
use crate::card::Conditions;
use crate::model::{ControlPlaneLoad, ProxyConfig, ZtunnelLoad};
use crate::units::Rate;

pub(in super::super) const FIELD: Reader = Reader { rows: "the figures", recognise, read };

fn recognise(table: &Table) -> bool {
    table.has_all(&["subject", "scenario", "metric", "value", "unit", "confidence"])
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let scenario = row.word("scenario");
        if scenario.contains("before") || scenario.contains("estimate") {
            sink.leave_out(&row, "of code since replaced, or an estimate");
            continue;
        }
        let conditions = match row.word("subject") {
            "ztunnel connection memory" => ztunnel(scenario),
            "pilot memory" => istiod(scenario),
            "sidecar memory" => sidecar(scenario),
            _ => {
                sink.leave_out(&row, UNPREDICTED);
                continue;
            }
        };
        let is_megabytes = matches!(row.word("unit"), "MB" | "MB heap");
        match (conditions, figure(&row).filter(|_| is_megabytes)) {
            (None, _) => sink.leave_out(&row, NOT_COUNTED),
            (_, None) => sink.leave_out(&row, NO_FIGURE),
            (Some(conditions), Some(megabytes)) => {
                let group = format!("{}, Istio {}", row.word("source"), row.word("istio_version"));
                let what = row.word("subject").to_owned();
                sink.keep(&row, Observed { what, group, conditions, measured: megabytes * MEGABYTE });
            }
        }
    }
    Ok(())
}

/// The number, also before what it is made of: `120 (50 / 60)`.
fn figure(row: &Row<'_>) -> Option<f64> {
    let text = row.text("value")?;
    let whole = text.split_once(" (").map_or(text, |(whole, _)| whole);
    whole.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
}

fn ztunnel(scenario: &str) -> Option<Conditions> {
    let connections = counted(scenario, "open connections")?;
    Some(Conditions::ZtunnelMemory(ZtunnelLoad { workloads: 10, services: 10, connections, rate: Rate::ZERO }))
}

fn istiod(scenario: &str) -> Option<Conditions> {
    let (services, endpoints) = (counted(scenario, "services")?, counted(scenario, "endpoints")?);
    let (services, endpoints) = (services as u64, endpoints as u64);
    Some(Conditions::IstiodMemory(ControlPlaneLoad { services, endpoints, ..ControlPlaneLoad::default() }))
}

fn sidecar(scenario: &str) -> Option<Conditions> {
    let is_small = ["scoped", "single deployment", "bookinfo only"].iter().any(|word| scenario.contains(word));
    let (services, endpoints) = match (counted(scenario, "services"), counted(scenario, "pods")) {
        (Some(services), pods) => (services as u64, pods.unwrap_or(services) as u64),
        (None, _) if is_small => (0, 0),
        (None, _) => return None,
    };
    Some(Conditions::ProxyMemory(ProxyConfig {
        clusters: SMALL.clusters.saturating_add(services),
        endpoints: SMALL.endpoints.saturating_add(endpoints),
        routes: SMALL.routes.saturating_add(services),
        ..SMALL
    }))
}
