//! What installs a mesh: an IstioOperator, values of Istio's charts.

use serde::Deserialize;

use super::Oddity;
use super::amounts::declared;
use super::extension::{CertificateVariables, go_duration};
use super::mesh_config::MeshWire;
use super::security::ignored;
use super::telemetry::truth;
use super::text::{Int, Nullable, Text, TextMap};
use crate::inventory::objects::{MeshConfig, MeshConfigOrigin, PilotSettings, PilotValues};
use crate::units::{Rate, Seconds};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct OperatorWire<'a> {
    #[serde(borrow)]
    spec: Nullable<OperatorSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct OperatorSpec<'a> {
    #[serde(borrow)]
    mesh_config: Nullable<MeshWire<'a>>,
    #[serde(borrow)]
    values: Nullable<ValuesWire<'a>>,
}

/// Values of Istio's charts.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ValuesWire<'a> {
    #[serde(borrow)]
    mesh_config: Nullable<MeshWire<'a>>,
    #[serde(borrow)]
    pilot: Nullable<PilotWire<'a>>,
    /// Charts before 1.24 read them here as well.
    #[serde(borrow)]
    env: Nullable<PilotEnvironment<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PilotWire<'a> {
    #[serde(borrow)]
    env: Nullable<PilotEnvironment<'a>>,
    #[serde(borrow)]
    resources: Nullable<ResourcesWire<'a>>,
    replica_count: Int,
    #[serde(borrow)]
    autoscale_enabled: Text<'a>,
    autoscale_min: Int,
    autoscale_max: Int,
    #[serde(borrow)]
    keepalive_max_server_connection_age: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourcesWire<'a> {
    #[serde(borrow)]
    requests: TextMap<'a>,
    #[serde(borrow)]
    limits: TextMap<'a>,
}

/// The switch of istiod that changes what is sent, the life of certificates, and how fast it works; nothing else is
/// read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PilotEnvironment<'a> {
    #[serde(borrow, rename = "PILOT_FILTER_GATEWAY_CLUSTER_CONFIG")]
    filter_gateway_clusters: Text<'a>,
    #[serde(borrow, rename = "PILOT_PUSH_THROTTLE")]
    push_throttle: Text<'a>,
    #[serde(borrow, rename = "PILOT_MAX_REQUESTS_PER_SECOND")]
    connection_rate: Text<'a>,
    #[serde(borrow, rename = "PILOT_DEBOUNCE_AFTER")]
    debounce_after: Text<'a>,
    #[serde(borrow, rename = "PILOT_DEBOUNCE_MAX")]
    debounce_max: Text<'a>,
    #[serde(borrow, rename = "PILOT_ENABLE_EDS_DEBOUNCE")]
    endpoint_debounce: Text<'a>,
    #[serde(borrow, flatten)]
    certificates: CertificateVariables<'a>,
}

impl PilotWire<'_> {
    fn settings(&self, odd: &mut Vec<Oddity>) -> PilotSettings {
        let env = &self.env;
        let mut number = |text: &Text<'_>, name: &str| {
            let number = (!text.is_empty()).then(|| text.as_str().parse::<f64>().ok())?;
            if !number.is_some_and(|number| number.is_finite() && number >= 0.0) {
                let message = format!("{:?} is no number of 0 or more; planned without it", text.as_str());
                odd.push(ignored(&format!("pilot.env.{name}"), message));
            }
            // 0 is as if it were not set.
            number.filter(|number| number.is_finite() && *number > 0.0)
        };
        let throttle = number(&env.push_throttle, "PILOT_PUSH_THROTTLE");
        let rate = number(&env.connection_rate, "PILOT_MAX_REQUESTS_PER_SECOND");
        let mut duration = |text: &Text<'_>, name: &str| {
            let seconds = (!text.is_empty()).then(|| go_duration(text.as_str()))?;
            if seconds.is_none() {
                let message = format!("{:?} is no duration above 0, such as 500ms; planned without it", text.as_str());
                odd.push(ignored(name, message));
            }
            seconds.map(Seconds::new)
        };
        PilotSettings {
            push_throttle: throttle.map(|throttle| throttle as u64).filter(|throttle| *throttle > 0),
            connection_rate: rate.map(Rate::per_second),
            debounce_after: duration(&env.debounce_after, "pilot.env.PILOT_DEBOUNCE_AFTER"),
            debounce_max: duration(&env.debounce_max, "pilot.env.PILOT_DEBOUNCE_MAX"),
            connection_age: duration(
                &self.keepalive_max_server_connection_age,
                "pilot.keepaliveMaxServerConnectionAge",
            ),
            endpoint_debounce: truth(&env.endpoint_debounce, "pilot.env.PILOT_ENABLE_EDS_DEBOUNCE", odd),
        }
    }
}

impl ValuesWire<'_> {
    /// What they say apart from the mesh's settings, on top of those.
    fn over(&self, mesh: MeshConfig, odd: &mut Vec<Oddity>) -> MeshConfig {
        let pilot = &self.pilot;
        let of_istiod = pilot.env.certificates.read("pilot.env", odd);
        MeshConfig {
            filter_gateway_clusters: self.filter_gateway_clusters(),
            certificates: mesh.certificates.or(of_istiod),
            pilot: PilotValues {
                requests: declared(&pilot.resources.requests, "pilot.resources.requests", odd),
                limits: declared(&pilot.resources.limits, "pilot.resources.limits", odd),
                replicas: pilot.replica_count.count(),
                autoscaled: truth(&pilot.autoscale_enabled, "pilot.autoscaleEnabled", odd),
                autoscale_min: pilot.autoscale_min.count(),
                autoscale_max: pilot.autoscale_max.count(),
                settings: pilot.settings(odd),
            },
            ..mesh
        }
    }

    fn filter_gateway_clusters(&self) -> Option<bool> {
        let switch = |env: &PilotEnvironment<'_>| env.filter_gateway_clusters.as_str().parse().ok();
        switch(&self.pilot.env).or(switch(&self.env))
    }
}

/// The mesh settings of an IstioOperator.
pub(super) fn operator(wire: &OperatorWire<'_>, odd: &mut Vec<Oddity>) -> MeshConfig {
    let spec = &wire.spec;
    let mesh = spec.mesh_config.read(MeshConfigOrigin::Operator, odd);
    let values = spec.values.mesh_config.read(MeshConfigOrigin::Operator, odd);
    spec.values.over(mesh.or(values), odd)
}

/// The mesh settings of Helm values.
pub(super) fn values(wire: &ValuesWire<'_>, odd: &mut Vec<Oddity>) -> MeshConfig {
    let mesh = wire.mesh_config.read(MeshConfigOrigin::HelmValues, odd);
    wire.over(mesh, odd)
}
