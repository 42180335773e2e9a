//! CPU and memory of istiod: per version from Istio's pages, and from scale tests.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::{Observed, Sink};
use super::super::table::Table;
use super::{GIGABYTE, MEGABYTE, NO_FIGURE, NOT_COUNTED, NOT_MEASURED, keep, unfit};
use crate::card::Conditions;
use crate::model::ControlPlaneLoad;

pub(in super::super) const ISTIOD_VERSIONS: Reader =
    Reader { rows: "the figures", recognise: is_by_version, read: by_version };
pub(in super::super) const ISTIOD_SCALING: Reader =
    Reader { rows: "the figures", recognise: is_scaling, read: scaling };

/// Services that a sidecar scoped to its namespace is taken to see.
const SCOPED: f64 = 10.0;
/// Services and endpoints of a two-pod benchmark, Istio's own included.
const TWO_PODS: (u64, u64) = (15, 20);

fn is_by_version(table: &Table) -> bool {
    table.has_all(&["sidecars_or_pods", "vcpu", "memory", "remeasured"])
}

fn by_version(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let again = row.word("remeasured");
        if !again.starts_with("yes") && !again.starts_with("1.1 only") {
            sink.leave_out(&row, NOT_MEASURED);
            continue;
        }
        let Some(proxies) = row.figure("sidecars_or_pods") else {
            sink.leave_out(&row, NOT_COUNTED);
            continue;
        };
        let load = match row.figure("services") {
            Some(services) => ControlPlaneLoad {
                services: services as u64,
                endpoints: proxies as u64,
                proxies,
                visible_services: SCOPED.min(services),
                ..ControlPlaneLoad::default()
            },
            None => {
                let (services, endpoints) = TWO_PODS;
                ControlPlaneLoad {
                    services,
                    endpoints,
                    proxies,
                    visible_services: services as f64,
                    ..ControlPlaneLoad::default()
                }
            }
        };
        let idle = row.word("condition").contains("idle");
        let cpu = if idle { Conditions::IstiodIdleCpu } else { Conditions::IstiodCpu(load) };
        let group = format!("performance pages, istiod {}", row.word("istio_version"));
        let figures = [(cpu, row.figure("vcpu")), (Conditions::IstiodMemory(load), amount(row.word("memory")))];
        for (conditions, measured) in figures {
            match measured {
                Some(measured) => {
                    sink.keep(&row, Observed { what: String::new(), group: group.clone(), conditions, measured });
                }
                None => sink.leave_out(&row, NO_FIGURE),
            }
        }
    }
    Ok(())
}

/// `1.5 GB` or `27 MB` in bytes, and nothing else.
fn amount(text: &str) -> Option<f64> {
    let (number, scale) = match text.split_once(' ')? {
        (number, "GB") => (number, GIGABYTE),
        (number, "MB") => (number, MEGABYTE),
        _ => return None,
    };
    number.parse().ok().map(|number: f64| number * scale).filter(|bytes| bytes.is_finite())
}

fn is_scaling(table: &Table) -> bool {
    table.has_all(&["sidecars_per_istiod", "istiod_cpu_cores_each", "istiod_mem_gb_each"])
}

fn scaling(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let (cores, gigabytes) = (row.figure("istiod_cpu_cores_each"), row.figure("istiod_mem_gb_each"));
        let said = format!("{} {}", row.word("push_or_convergence"), row.word("notes"));
        let load = load(&row, &said);
        let reason = match () {
            () if cores.is_none() && gigabytes.is_none() => Some(NO_FIGURE),
            () if said.contains("crash") || said.contains("leak") => Some("crashed or leaking"),
            () if load.is_none() => Some(NOT_COUNTED),
            () => unfit(&row),
        };
        let (None, Some(load)) = (reason, load) else {
            sink.leave_out(&row, reason.unwrap_or(NOT_COUNTED));
            continue;
        };
        figures(&row, load, &said, [cores, gigabytes], sink);
    }
    Ok(())
}

/// An istiod is idle, serving a scoped mesh, or, in tests of how far it reaches, pushing.
fn figures(
    row: &Row<'_>,
    load: ControlPlaneLoad,
    said: &str,
    [cores, gigabytes]: [Option<f64>; 2],
    sink: &mut Sink<'_>,
) {
    let (cpu, memory) = match () {
        () if said.contains("idle") => (Conditions::IstiodIdleCpu, Conditions::IstiodMemory(load)),
        () if is_scoped(row) || load.proxies <= 0.0 => (Conditions::IstiodCpu(load), Conditions::IstiodMemory(load)),
        () => (Conditions::IstiodCpu(load), Conditions::IstiodPeakMemory(load)),
    };
    for (conditions, measured) in [(cpu, cores), (memory, gigabytes.map(|gigabytes| gigabytes * GIGABYTE))] {
        if let Some(measured) = measured {
            keep(sink, row, "", conditions, measured);
        }
    }
}

/// Where every proxy is an endpoint and no service has more, proxies count as endpoints.
fn load(row: &Row<'_>, said: &str) -> Option<ControlPlaneLoad> {
    let services = row.figure("services")?;
    let proxies = match row.figure("sidecars_per_istiod") {
        Some(proxies) => proxies,
        None if said.contains("no proxies") => 0.0,
        None => return None,
    };
    let endpoints = row.figure("endpoints").unwrap_or(proxies);
    let visible_services = match () {
        () if proxies <= 0.0 => 0.0,
        () if is_scoped(row) => SCOPED.min(services),
        () => services,
    };
    let (services, endpoints) = (services as u64, endpoints as u64);
    Some(ControlPlaneLoad { services, endpoints, proxies, visible_services, ..ControlPlaneLoad::default() })
}

/// The load test of Istio's pages isolates namespaces.
fn is_scoped(row: &Row<'_>) -> bool {
    row.word("source_id") == "istio-docs"
}
