//! Ambient mode and sidecars beside it: ztunnels, waypoints, istiod.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::row::Row;
use super::super::sink::Sink;
use super::super::table::Table;
use super::{BOOKINFO_PASSAGES, NO_FIGURE, OTHER_MESH, SMALL, counted, keep, traffic, unfit};
use crate::card::Conditions;
use crate::model::{ControlPlaneLoad, ProxyTraffic, ZtunnelLoad};
use crate::units::{MIB, Rate};

pub(in super::super) const AMBIENT: Reader = Reader { rows: "the figures", recognise, read };

/// Open connections of a ztunnel where nobody counted them.
const CONNECTIONS: f64 = 100.0;
/// Hops of a request from outside, and ztunnels on each hop, where three nodes share them.
const HOPS: f64 = 3.0;
const ZTUNNELS_A_HOP: f64 = 2.0;

fn recognise(table: &Table) -> bool {
    table.has_all(&["pods_served", "cpu_millicores", "cpu_us_per_external_request", "mem_mib"])
}

fn read(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let (rate, milli, mebibytes) = (row.figure("rate_rps"), row.figure("cpu_millicores"), row.figure("mem_mib"));
        let component = row.word("component");
        let reason = match () {
            () if row.word("mesh") != "istio" => Some(OTHER_MESH),
            () if component == "data plane total" => Some("the sum of rows that are there too"),
            () => unfit(&row),
        };
        let (None, Some(rate), Some(milli), Some(mebibytes)) = (reason, rate, milli, mebibytes) else {
            sink.leave_out(&row, reason.unwrap_or(NO_FIGURE));
            continue;
        };
        let Some(share) = share(&row, component, rate) else {
            sink.leave_out(&row, "a component that is not known");
            continue;
        };
        let proxies = share.proxies.max(1.0);
        keep(sink, &row, "CPU", share.cpu, milli / 1000.0 / proxies);
        keep(sink, &row, "memory", share.memory, mebibytes * MIB / proxies);
    }
    Ok(())
}

/// The conditions of one proxy among those that a row adds up.
struct Shared {
    proxies: f64,
    cpu: Conditions,
    memory: Conditions,
}

fn share(row: &Row<'_>, component: &str, rate: f64) -> Option<Shared> {
    let waypoints = counted(component, "waypoints");
    let ztunnels = counted(component, "ztunnels");
    let sidecars = counted(component, "sidecar");
    let pods = row.figure("pods_served").unwrap_or_default();
    Some(match () {
        () if component.starts_with("ztunnel on") => {
            // Replicas of the load are one pod; Istio's own and the system's are on both nodes.
            let rate = if component.contains("app node") { rate * BOOKINFO_PASSAGES } else { rate };
            ztunnel(1.0, 10 + pods as u64, 15, rate)
        }
        () if ztunnels.is_some() => {
            let count = ztunnels?.max(1.0);
            ztunnel(count, 30, 25, rate * HOPS * ZTUNNELS_A_HOP / count)
        }
        () if waypoints.is_some() => {
            let count = waypoints?.max(1.0);
            let traffic = ProxyTraffic { gateway: true, ..traffic(rate * HOPS / count, true, false) };
            Shared { proxies: count, cpu: Conditions::ProxyCpu(traffic), memory: Conditions::ProxyMemory(SMALL) }
        }
        () if component == "control plane" => {
            let load = ControlPlaneLoad {
                services: 25,
                endpoints: 30,
                proxies: 6.0,
                visible_services: 25.0,
                ..ControlPlaneLoad::default()
            };
            Shared { proxies: 1.0, cpu: Conditions::IstiodIdleCpu, memory: Conditions::IstiodMemory(load) }
        }
        () if sidecars.is_some() => {
            let count = sidecars?.max(1.0);
            let passages = if count > 1.0 { BOOKINFO_PASSAGES } else { 1.0 };
            let traffic = traffic(rate * passages / count, true, false);
            Shared { proxies: count, cpu: Conditions::ProxyCpu(traffic), memory: Conditions::ProxyMemory(SMALL) }
        }
        () => return None,
    })
}

fn ztunnel(count: f64, workloads: u64, services: u64, rate: f64) -> Shared {
    let load = ZtunnelLoad { workloads, services, connections: CONNECTIONS, rate: Rate::per_second(rate) };
    Shared { proxies: count, cpu: Conditions::ZtunnelCpu(load), memory: Conditions::ZtunnelMemory(load) }
}
