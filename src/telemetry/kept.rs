//! What a Prometheus server needs to keep the series of a mesh.

use super::{Inputs, Volume};
use crate::estimate::{Basis, Estimate, Term};
use crate::model::telemetry::{self, Family, Scraped};
use crate::units::{DataRate, Memory, Rate, Seconds, Series};

/// What one Prometheus server needs for the mesh alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Samples per second.
    pub samples: Estimate<Rate>,
    /// Series in memory, those of replaced pods among them.
    pub head_series: Estimate<Series>,
    /// Its memory.
    pub memory: Estimate<Memory>,
    /// What it writes to disk for good.
    pub disk: Estimate<DataRate>,
    /// Disk that holds the policy's retention.
    pub disk_kept: Estimate<Memory>,
    /// What it reads from proxies over the network.
    pub traffic: Estimate<DataRate>,
}

/// Works out what is kept of the series of a mesh.
pub(super) fn kept(inputs: &Inputs<'_>, total: &Volume, families: &[(Family, Estimate<Series>)]) -> Kept {
    let laws = &inputs.card.telemetry;
    let policy = &inputs.policy.telemetry;
    let interval = policy.scrape_interval;
    let part = |standard: bool| Estimate::sum(of(families, standard));
    let samples = laws.scrape.samples(&total.series, interval);
    let kept = telemetry::Kept {
        series: total.series.clone(),
        samples: samples.clone(),
        replaced_per_day: policy.pods_replaced_per_day,
    };
    let disk = laws.prometheus.disk(&kept);
    Kept {
        head_series: laws.prometheus.head_series(&kept),
        memory: laws.prometheus.memory(&kept),
        disk_kept: over(&disk, policy.retention),
        disk,
        traffic: laws.scrape.traffic(&Scraped { standard: part(true), other: part(false), interval }),
        samples,
    }
}

fn of(families: &[(Family, Estimate<Series>)], standard: bool) -> impl Iterator<Item = &Estimate<Series>> {
    families.iter().filter(move |(family, _)| family.is_standard() == standard).map(|(_, series)| series)
}

/// What a flow comes to in a time.
fn over(flow: &Estimate<DataRate>, time: Seconds) -> Estimate<Memory> {
    let amount = |rate: DataRate| Memory::from_bytes(rate.as_bytes_per_second() * time.as_seconds());
    let per_day = flow.value.per_day().as_mib();
    let basis = Basis {
        law: "Prometheus disk over the retention".to_owned(),
        terms: vec![Term::new("days of samples", time.as_days(), per_day, "MiB")],
        assumptions: vec!["the write-ahead log, some hours of samples, comes on top".to_owned()],
    };
    Estimate::new(amount(flow.lower), amount(flow.value), amount(flow.upper), basis)
}
