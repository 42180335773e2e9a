//! Measurements that can be fitted, in an order of their own.

use super::findings::MEASUREMENT_UNUSABLE;
use crate::card::{Conditions, Measurement};
use crate::finding::{Finding, Tally};

/// Largest figure that is fitted, in its base unit.
const LARGEST: f64 = 1e15;

/// Rows that can be fitted, sorted so that their order in the data makes no difference, and what is wrong with
/// the others.
pub(super) fn usable(measurements: &[Measurement]) -> (Vec<&Measurement>, Option<Finding>) {
    let mut unusable = Tally::default();
    let mut rows: Vec<&Measurement> = Vec::with_capacity(measurements.len());
    for row in measurements {
        match fault(row) {
            None => rows.push(row),
            Some(fault) => unusable.add(format!("{} ({}): {fault}", row.label, row.group)),
        }
    }
    rows.sort_by_cached_key(|row| {
        let names = (row.quantity.clone(), row.group.clone(), row.label.clone());
        (names, row.measured.to_bits(), format!("{:?}", row.conditions))
    });
    let message = |names: &str| format!("{} of {} rows left out: {names}", unusable.count(), measurements.len());
    let finding = unusable.finding(&MEASUREMENT_UNUSABLE, "measurements", message);
    (rows, finding)
}

fn fault(row: &Measurement) -> Option<String> {
    if !(row.measured > 0.0 && row.measured <= LARGEST) {
        return Some(format!("measured {}, expected a number above 0 and at most 10¹⁵", row.measured));
    }
    let odd = |name: &str, value: f64| {
        (!(0.0..=LARGEST).contains(&value)).then(|| format!("{name} {value}, expected a number of at least 0"))
    };
    match &row.conditions {
        Conditions::ProxyMemory(config) | Conditions::ProxyStartupMemory(config) => {
            odd("connections", config.connections)
        }
        Conditions::ProxyCpu(traffic) => odd("requests per second", traffic.rate.as_per_second())
            .or_else(|| odd("handshakes per second", traffic.handshakes.as_per_second())),
        Conditions::IstiodMemory(load) | Conditions::IstiodPeakMemory(load) | Conditions::IstiodCpu(load) => {
            odd("proxies", load.proxies).or_else(|| odd("visible services", load.visible_services))
        }
        Conditions::IstiodIdleCpu => None,
        Conditions::IstiodWork(load, rates) => odd("proxies", load.proxies)
            .or_else(|| odd("pod changes per second", rates.pods.as_per_second()))
            .or_else(|| odd("configuration changes per second", rates.config.as_per_second())),
        Conditions::EndpointChange(fleet, push)
        | Conditions::ConfigChange(fleet, push)
        | Conditions::Reconnection(fleet, push) => {
            odd("proxies", fleet.proxies).or_else(|| odd("visible services", push.visible_services))
        }
        Conditions::ZtunnelMemory(load) | Conditions::ZtunnelCpu(load) => {
            odd("connections", load.connections).or_else(|| odd("requests per second", load.rate.as_per_second()))
        }
    }
}
