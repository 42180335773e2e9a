//! Published measurements a card is judged by, each with the conditions a law needs.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::coefficient::{expected_units, scale};
use crate::model::{
    ChangeRates, ControlPlaneLoad, Features, Fleet, Measure, ProxyConfig, ProxyTraffic, Push, ZtunnelLoad,
};
use crate::units::{Memory, Rate, Share};

/// One measured figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which row of its source.
    pub label: String,
    /// What was measured, e.g. `proxy memory`.
    pub quantity: String,
    /// Source and version it belongs to; rows of a group share their conditions.
    pub group: String,
    /// The law's inputs.
    pub conditions: Conditions,
    /// The figure in the base unit, bytes, cores or seconds; above 0.
    pub measured: f64,
    /// Where it was published.
    pub source: String,
    /// When it was measured or published.
    pub date: String,
}

/// Inputs of a law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conditions {
    /// Steady memory of a proxy.
    ProxyMemory(ProxyConfig),
    /// Memory of a proxy at start-up or once warm.
    ProxyStartupMemory(ProxyConfig),
    /// CPU of a number of proxies, each with this traffic.
    ProxyCpu(ProxyTraffic),
    /// Memory of an istiod replica between pushes.
    IstiodMemory(ControlPlaneLoad),
    /// Memory of an istiod replica that pushes.
    IstiodPeakMemory(ControlPlaneLoad),
    /// CPU of one istiod with nothing changing.
    IstiodIdleCpu,
    /// CPU of one istiod that pushes.
    IstiodCpu(ControlPlaneLoad),
    /// Mean CPU of one istiod while changes come at these rates.
    IstiodWork(ControlPlaneLoad, ChangeRates),
    /// Time until the last proxy has one changed endpoint.
    EndpointChange(Fleet, Push),
    /// Time until the last proxy has a full push after one change.
    ConfigChange(Fleet, Push),
    /// Time until the last proxy is connected again.
    Reconnection(Fleet, Push),
    /// Memory of a ztunnel.
    ZtunnelMemory(ZtunnelLoad),
    /// CPU of a ztunnel.
    ZtunnelCpu(ZtunnelLoad),
}

impl Conditions {
    /// What is measured under them, as data files name it.
    #[must_use]
    pub fn quantity(&self) -> &'static str {
        match self {
            Self::ProxyMemory(_) => "proxy memory",
            Self::ProxyStartupMemory(_) => "proxy start-up memory",
            Self::ProxyCpu(_) => "proxy CPU",
            Self::IstiodMemory(_) => "istiod memory",
            Self::IstiodPeakMemory(_) => "istiod peak memory",
            Self::IstiodIdleCpu => "istiod idle CPU",
            Self::IstiodCpu(_) => "istiod CPU",
            Self::IstiodWork(..) => "istiod CPU by cause",
            Self::EndpointChange(..) => "endpoint change",
            Self::ConfigChange(..) => "configuration change",
            Self::Reconnection(..) => "reconnection",
            Self::ZtunnelMemory(_) => "ztunnel memory",
            Self::ZtunnelCpu(_) => "ztunnel CPU",
        }
    }

    /// What sources state of a run beside its figure: requests per second, or proxies of an istiod; 0 for memory of
    /// proxies, of which configuration is rarely counted.
    pub(super) fn load(&self) -> f64 {
        match self {
            Self::ProxyMemory(_) | Self::ProxyStartupMemory(_) | Self::ZtunnelMemory(_) | Self::IstiodIdleCpu => 0.0,
            Self::ProxyCpu(traffic) => traffic.rate.as_per_second(),
            Self::IstiodMemory(load) | Self::IstiodPeakMemory(load) | Self::IstiodCpu(load) => load.proxies,
            Self::IstiodWork(load, _) => load.proxies,
            Self::EndpointChange(fleet, _) | Self::ConfigChange(fleet, _) | Self::Reconnection(fleet, _) => {
                fleet.proxies
            }
            Self::ZtunnelCpu(load) => load.rate.as_per_second(),
        }
    }
}

/// Measurements that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct DataError {
    /// Name of the data set.
    pub file: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// The measurements in the crate, in the order of their files.
///
/// # Errors
/// [`DataError`] when one cannot be read, which a test of the crate excludes.
pub fn published() -> Result<Vec<Measurement>, DataError> {
    let mut all = Vec::new();
    for (file, text) in [
        ("proxy-memory.toml", include_str!("../../data/published/proxy-memory.toml")),
        ("proxy-cpu.toml", include_str!("../../data/published/proxy-cpu.toml")),
        ("envoy.toml", include_str!("../../data/published/envoy.toml")),
        ("istio-tools.toml", include_str!("../../data/published/istio-tools.toml")),
        ("istiod.toml", include_str!("../../data/published/istiod.toml")),
        ("convergence.toml", include_str!("../../data/published/convergence.toml")),
        ("ztunnel.toml", include_str!("../../data/published/ztunnel.toml")),
    ] {
        all.extend(Measurement::read_all(file, text)?);
    }
    Ok(all)
}

impl Measurement {
    /// Reads measurements from TOML text; `file` names it in errors.
    ///
    /// # Errors
    /// [`DataError`] naming the row and what was expected.
    pub fn read_all(file: &str, text: &str) -> Result<Vec<Self>, DataError> {
        let wrong = |message: String| DataError { file: file.to_owned(), message };
        let raw: RawFile = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        raw.measurement
            .into_iter()
            .map(|row| {
                let label = row.label.clone();
                row.check().map_err(|message| wrong(format!("measurement {label:?}: {message}")))
            })
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    measurement: Vec<RawMeasurement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMeasurement {
    label: String,
    quantity: String,
    group: String,
    conditions: toml::Table,
    measured: f64,
    unit: String,
    source: String,
    date: String,
}

impl RawMeasurement {
    fn check(self) -> Result<Measurement, String> {
        let (conditions, measure) = conditions(&self.quantity, self.conditions)?;
        let scale = scale(&self.unit, measure, "")
            .ok_or_else(|| format!("unit {:?}: expected {}", self.unit, expected_units(measure, "")))?;
        let measured = self.measured * scale;
        if !measured.is_finite() || measured <= 0.0 {
            return Err(format!("measured {}: expected a finite number above 0", self.measured));
        }
        let Self { label, quantity, group, source, date, .. } = self;
        Ok(Measurement { label, quantity, group, conditions, measured, source, date })
    }
}

fn conditions(quantity: &str, table: toml::Table) -> Result<(Conditions, Measure), String> {
    use Measure::{Cpu, Memory, Time};
    Ok(match quantity {
        "proxy memory" => (Conditions::ProxyMemory(read::<RawProxy>(table)?.into()), Memory),
        "proxy start-up memory" => (Conditions::ProxyStartupMemory(read::<RawProxy>(table)?.into()), Memory),
        "proxy CPU" => (Conditions::ProxyCpu(read::<RawTraffic>(table)?.into()), Cpu),
        "istiod memory" => (Conditions::IstiodMemory(read::<RawControlPlane>(table)?.into()), Memory),
        "istiod peak memory" => (Conditions::IstiodPeakMemory(read::<RawControlPlane>(table)?.into()), Memory),
        "istiod idle CPU" => {
            read::<RawControlPlane>(table)?;
            (Conditions::IstiodIdleCpu, Cpu)
        }
        "istiod CPU" => (Conditions::IstiodCpu(read::<RawControlPlane>(table)?.into()), Cpu),
        "istiod CPU by cause" => {
            let raw: RawChanging = read(table)?;
            let rates = ChangeRates {
                pods: Rate::per_second(raw.pod_changes),
                config: Rate::per_second(raw.config_changes),
                renewals: Rate::ZERO,
                reach: raw.reach,
            };
            let RawChanging { services, proxies, visible_services, .. } = raw;
            let load = ControlPlaneLoad { services, proxies, visible_services, ..ControlPlaneLoad::default() };
            (Conditions::IstiodWork(load, rates), Cpu)
        }
        "endpoint change" => {
            let raw: RawPushed = read(table)?;
            (Conditions::EndpointChange(raw.fleet(), raw.push()), Time)
        }
        "configuration change" => {
            let raw: RawPushed = read(table)?;
            (Conditions::ConfigChange(raw.fleet(), raw.push()), Time)
        }
        "reconnection" => {
            let raw: RawPushed = read(table)?;
            (Conditions::Reconnection(raw.fleet(), raw.push()), Time)
        }
        "ztunnel memory" => (Conditions::ZtunnelMemory(read::<RawZtunnel>(table)?.into()), Memory),
        "ztunnel CPU" => (Conditions::ZtunnelCpu(read::<RawZtunnel>(table)?.into()), Cpu),
        other => {
            return Err(format!(
                "quantity {other:?}: expected proxy memory, proxy start-up memory, proxy CPU, istiod memory, istiod peak memory, istiod idle CPU, istiod CPU, istiod CPU by cause, endpoint change, configuration change, reconnection, ztunnel memory or ztunnel CPU"
            ));
        }
    })
}

fn read<T: DeserializeOwned>(table: toml::Table) -> Result<T, String> {
    table.try_into().map_err(|error| format!("conditions: {}", error.to_string().trim()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProxy {
    workers: u32,
    clusters: u64,
    #[serde(default)]
    plain_clusters: u64,
    endpoints: u64,
    listeners: u64,
    routes: u64,
    connections: f64,
}

impl From<RawProxy> for ProxyConfig {
    fn from(raw: RawProxy) -> Self {
        let RawProxy { workers, clusters, plain_clusters, endpoints, listeners, routes, connections } = raw;
        Self { workers, clusters, plain_clusters, endpoints, listeners, routes, connections, wasm_filters: 0 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTraffic {
    rps: f64,
    workers: u32,
    #[serde(default = "yes")]
    mtls: bool,
    #[serde(default = "yes")]
    metrics: bool,
    #[serde(default)]
    access_log: bool,
    #[serde(default = "one_percent")]
    tracing_sampling: Share,
    #[serde(default)]
    gateway: bool,
}

fn yes() -> bool {
    true
}

fn one_percent() -> Share {
    Share::literal(0.01)
}

impl From<RawTraffic> for ProxyTraffic {
    fn from(raw: RawTraffic) -> Self {
        let RawTraffic { rps, workers, mtls, metrics, access_log, tracing_sampling, gateway } = raw;
        let [mtls, metrics, access_log] = [mtls, metrics, access_log].map(Share::all_if);
        let features = Features { mtls, metrics, access_log, tracing_sampling, ..Features::default() };
        Self { rate: Rate::per_second(rps), workers, features, gateway, ..Self::default() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawControlPlane {
    services: u64,
    endpoints: u64,
    #[serde(default)]
    config_objects: u64,
    proxies: f64,
    visible_services: f64,
    #[serde(default)]
    pushes_at_once: f64,
}

impl From<RawControlPlane> for ControlPlaneLoad {
    fn from(raw: RawControlPlane) -> Self {
        let RawControlPlane { services, endpoints, config_objects, proxies, visible_services, pushes_at_once } = raw;
        Self { services, endpoints, config_objects, proxies, visible_services, pushes_at_once }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChanging {
    services: u64,
    proxies: f64,
    visible_services: f64,
    /// Share of the services that a proxy sees.
    reach: f64,
    /// A second.
    pod_changes: f64,
    /// A second.
    config_changes: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPushed {
    proxies: f64,
    replicas: u64,
    cores: u64,
    services: u64,
    visible_services: f64,
    /// Sent to each proxy.
    kilobytes: f64,
}

impl RawPushed {
    fn fleet(&self) -> Fleet {
        Fleet { proxies: self.proxies, replicas: self.replicas, cores: self.cores, left: None }
    }

    fn push(&self) -> Push {
        let bytes = Memory::from_bytes(self.kilobytes * 1e3);
        Push { services: self.services, visible_services: self.visible_services, bytes }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawZtunnel {
    workloads: u64,
    services: u64,
    connections: f64,
    rps: f64,
}

impl From<RawZtunnel> for ZtunnelLoad {
    fn from(raw: RawZtunnel) -> Self {
        let RawZtunnel { workloads, services, connections, rps } = raw;
        Self { workloads, services, connections, rate: Rate::per_second(rps) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_rows_are_readable_and_told_apart() {
        let rows = published().unwrap();
        let mut names: Vec<_> = rows.iter().map(|row| (&row.quantity, &row.group, &row.label)).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "two rows have one name");
    }

    #[test]
    fn what_is_wrong_with_a_row_is_named() {
        let row = |quantity: &str, conditions: &str, measured: &str, unit: &str| {
            format!(
                "[[measurement]]\nlabel = \"a row\"\nquantity = \"{quantity}\"\ngroup = \"g\"\nconditions = {{ {conditions} }}\nmeasured = {measured}\nunit = \"{unit}\"\nsource = \"s\"\ndate = \"2020\"\n"
            )
        };
        for (text, expected) in [
            (row("proxy CPU", "rps = 1, workers = 2", "1", "MiB"), "expected cores or millicores"),
            (row("proxy CPU", "rps = 1", "1", "cores"), "workers"),
            (row("proxy CPU", "rps = 1, workers = 2, colour = 1", "1", "cores"), "colour"),
            (row("proxy CPU", "rps = 1, workers = 2", "0", "cores"), "above 0"),
            (row("proxy CPU", "rps = 1, workers = 2", "nan", "cores"), "above 0"),
            (row("proxy cost", "rps = 1", "1", "cores"), "quantity \"proxy cost\""),
            ("nonsense".to_owned(), "file.toml"),
        ] {
            let error = Measurement::read_all("file.toml", &text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
