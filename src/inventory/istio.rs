//! Istio's configuration while an inventory is assembled: each object once, those that hold first.

use std::collections::BTreeMap;
use std::fmt;

use super::IstioConfig;
use super::findings::SEVERAL_MESH_CONFIGS;
use super::objects::{
    AuthorizationPolicy, DestinationRule, EnvoyFilter, GatewayRoute, IstioGateway, MeshConfig, ObjectName,
    PeerAuthentication, ProxySettings, RequestAuthentication, ServiceEntry, Sidecar, Telemetry, VirtualService,
    WasmPlugin, WorkloadEntry, WorkloadGroup,
};
use crate::finding::Finding;

/// Objects by kind, each once.
#[derive(Default)]
pub(super) struct Collected {
    pub sidecars: BTreeMap<ObjectName, Sidecar>,
    pub virtual_services: BTreeMap<ObjectName, VirtualService>,
    pub destination_rules: BTreeMap<ObjectName, DestinationRule>,
    pub service_entries: BTreeMap<ObjectName, ServiceEntry>,
    pub workload_entries: BTreeMap<ObjectName, WorkloadEntry>,
    pub gateways: BTreeMap<ObjectName, IstioGateway>,
    pub routes: BTreeMap<RouteKey, GatewayRoute>,
    pub workload_groups: BTreeMap<ObjectName, WorkloadGroup>,
    pub proxy_settings: BTreeMap<ObjectName, ProxySettings>,
    pub envoy_filters: BTreeMap<ObjectName, EnvoyFilter>,
    pub wasm_plugins: BTreeMap<ObjectName, WasmPlugin>,
    pub peer_authentications: BTreeMap<ObjectName, PeerAuthentication>,
    pub authorization_policies: BTreeMap<ObjectName, AuthorizationPolicy>,
    pub request_authentications: BTreeMap<ObjectName, RequestAuthentication>,
    pub telemetries: BTreeMap<ObjectName, Telemetry>,
    pub mesh_configs: Vec<MeshConfig>,
}

/// HTTPRoutes and GRPCRoutes of one name are two objects.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RouteKey(pub &'static str, pub ObjectName);

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

impl Collected {
    /// Puts the objects in the order in which istiod prefers them.
    pub fn settle(self, findings: &mut Vec<Finding>) -> IstioConfig {
        IstioConfig {
            mesh: mesh_config(self.mesh_configs, findings),
            sidecars: oldest_first(self.sidecars, |it| (&it.created, &it.name)),
            virtual_services: oldest_first(self.virtual_services, |it| (&it.created, &it.name)),
            destination_rules: oldest_first(self.destination_rules, |it| (&it.created, &it.name)),
            service_entries: oldest_first(self.service_entries, |it| (&it.created, &it.name)),
            workload_entries: self.workload_entries.into_values().collect(),
            gateways: self.gateways.into_values().collect(),
            routes: oldest_first(self.routes, |it| (&it.created, &it.name)),
            workload_groups: self.workload_groups.into_values().collect(),
            proxy_settings: oldest_first(self.proxy_settings, |it| (&it.created, &it.name)),
            envoy_filters: oldest_first(self.envoy_filters, |it| (&it.created, &it.name)),
            wasm_plugins: oldest_first(self.wasm_plugins, |it| (&it.created, &it.name)),
            peer_authentications: oldest_first(self.peer_authentications, |it| (&it.created, &it.name)),
            authorization_policies: oldest_first(self.authorization_policies, |it| (&it.created, &it.name)),
            request_authentications: oldest_first(self.request_authentications, |it| (&it.created, &it.name)),
            telemetries: oldest_first(self.telemetries, |it| (&it.created, &it.name)),
        }
    }
}

/// By age, then by name and namespace; those of manifests, without a date, all count as equally old.
fn oldest_first<K: Ord, T>(objects: BTreeMap<K, T>, age_and_name: fn(&T) -> (&String, &ObjectName)) -> Vec<T> {
    let mut objects: Vec<T> = objects.into_values().collect();
    objects.sort_by(|a, b| {
        let (a_created, a) = age_and_name(a);
        let (b_created, b) = age_and_name(b);
        (a_created, &a.name, &a.namespace).cmp(&(b_created, &b.name, &b.namespace))
    });
    objects
}

/// The settings that hold: what istiod reads before what only installs it. Of several ConfigMaps the
/// last read holds, as for every object that comes more than once.
fn mesh_config(mut configs: Vec<MeshConfig>, findings: &mut Vec<Finding>) -> MeshConfig {
    configs.sort_by_key(|config| config.origin);
    let differ = configs.windows(2).any(|pair| match pair {
        [weak, strong] => weak.origin == strong.origin && weak != strong,
        _ => false,
    });
    if differ {
        let message = format!("{} of them; the one read last is used", configs.len());
        findings.push(Finding::new(&SEVERAL_MESH_CONFIGS, "mesh settings", message).counted(configs.len() as u64));
    }
    configs.into_iter().fold(MeshConfig::default(), |weaker, stronger| stronger.or(weaker))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::objects::{ExportTo, MeshConfigOrigin};

    #[test]
    fn the_oldest_comes_first_and_then_the_name() {
        let mut collected = Collected::default();
        for (name, created) in [("b", ""), ("z", "2023-01-01T00:00:00Z"), ("a", "2024-01-01T00:00:00Z"), ("c", "")] {
            let name = ObjectName::new("shop", name);
            let sidecar = Sidecar { name: name.clone(), created: created.to_owned(), ..Sidecar::default() };
            collected.sidecars.insert(name, sidecar);
        }
        let settled = collected.settle(&mut Vec::new());
        let names: Vec<&str> = settled.sidecars.iter().map(|it| &*it.name.name).collect();
        assert_eq!(names, ["b", "c", "z", "a"]);
    }

    #[test]
    fn what_istiod_reads_wins_over_what_installs_it() {
        let config = |origin, root: Option<&str>, export: &[&str]| MeshConfig {
            origin,
            root_namespace: root.map(Into::into),
            service_export_to: ExportTo(export.iter().map(|&it| it.to_owned()).collect()),
            ..MeshConfig::default()
        };
        let mut findings = Vec::new();
        let settled = mesh_config(
            vec![
                config(MeshConfigOrigin::ConfigMap, Some("live"), &[]),
                config(MeshConfigOrigin::HelmValues, Some("chart"), &["."]),
                config(MeshConfigOrigin::Operator, None, &["*"]),
            ],
            &mut findings,
        );
        assert_eq!((settled.root_namespace(), settled.service_export_to.0.as_slice()), ("live", &["*".to_owned()][..]));
        assert_eq!(findings.len(), 0);
        let two = ["old", "new"].map(|root| config(MeshConfigOrigin::ConfigMap, Some(root), &[]));
        assert_eq!(mesh_config(two.to_vec(), &mut findings).root_namespace(), "new");
        assert_eq!(findings.len(), 1);
    }
}
