//! Who sees what: `Sidecar` objects, `exportTo`, and the mesh-wide settings behind both.

use std::sync::Arc;

use super::{Labels, ObjectName, Requirement};

/// Namespaces an object is shown to; empty where it does not say and the mesh's default holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportTo(pub Vec<String>);

impl ExportTo {
    /// Whether an object of namespace `own` is shown to `viewer`.
    ///
    /// `*` shows it to everyone whatever else is listed, `~` to nobody, `.` to its own namespace
    /// (istio.io, "Service", `exportTo`). Of the default only `.` and `*` count, `.` first.
    #[must_use]
    pub fn shows(&self, own: &str, viewer: &str, default: &Self) -> bool {
        let lists = |list: &Self, entry: &str| list.0.iter().any(|listed| listed == entry);
        if !self.0.is_empty() {
            let named = (lists(self, ".") && own == viewer) || lists(self, viewer);
            return lists(self, "*") || (!lists(self, "~") && named);
        }
        match (lists(default, "."), lists(default, "*")) {
            (true, _) => own == viewer,
            (false, everyone) => everyone || default.0.is_empty(),
        }
    }

    /// Whether it is shown to every namespace.
    #[must_use]
    pub fn is_public(&self, default: &Self) -> bool {
        // No namespace is called like that.
        self.shows("", "?", default)
    }
}

/// Settings of the whole mesh that decide what is sent; `None` and empty where the input does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeshConfig {
    /// Where it was written.
    pub origin: MeshConfigOrigin,
    /// Namespace whose objects hold for all others; `istio-system` unless it says otherwise.
    pub root_namespace: Option<Arc<str>>,
    /// Namespaces istiod looks at: those whose labels meet all requirements of one entry.
    pub discovery_selectors: Vec<Vec<Requirement>>,
    /// `defaultServiceExportTo`.
    pub service_export_to: ExportTo,
    /// `defaultVirtualServiceExportTo`.
    pub virtual_service_export_to: ExportTo,
    /// `defaultDestinationRuleExportTo`.
    pub destination_rule_export_to: ExportTo,
    /// Whether gateways are sent only the clusters their routes lead to
    /// (`PILOT_FILTER_GATEWAY_CLUSTER_CONFIG`).
    pub filter_gateway_clusters: Option<bool>,
}

/// Where mesh settings were written, the one that counts most last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum MeshConfigOrigin {
    /// Values of Istio's Helm charts.
    #[default]
    HelmValues,
    /// An `IstioOperator`.
    Operator,
    /// The ConfigMap that istiod itself reads.
    ConfigMap,
}

impl MeshConfig {
    /// Namespace whose objects hold for all others.
    #[must_use]
    pub fn root_namespace(&self) -> &str {
        self.root_namespace.as_deref().unwrap_or("istio-system")
    }

    /// What it says, and where it says nothing, what `weaker` says.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        let export = |strong: ExportTo, weak: ExportTo| if strong.0.is_empty() { weak } else { strong };
        Self {
            origin: self.origin,
            root_namespace: self.root_namespace.or(weaker.root_namespace),
            discovery_selectors: if self.discovery_selectors.is_empty() {
                weaker.discovery_selectors
            } else {
                self.discovery_selectors
            },
            service_export_to: export(self.service_export_to, weaker.service_export_to),
            virtual_service_export_to: export(self.virtual_service_export_to, weaker.virtual_service_export_to),
            destination_rule_export_to: export(self.destination_rule_export_to, weaker.destination_rule_export_to),
            filter_gateway_clusters: self.filter_gateway_clusters.or(weaker.filter_gateway_clusters),
        }
    }
}

/// `networking.istio.io/*/Sidecar`: what some proxies are sent instead of everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sidecar {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several objects the oldest holds.
    pub created: String,
    /// Labels of the pods it holds for; `None` for all of its namespace.
    pub selector: Option<Labels>,
    /// Listeners for outgoing traffic; empty means one for everything.
    pub egress: Vec<EgressListener>,
    /// Listeners for incoming traffic; empty means one for each service port.
    pub ingress: Vec<ListenerPort>,
}

/// A listener for outgoing traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EgressListener {
    /// Its port; `None` for a listener on every port of what it imports.
    pub port: Option<ListenerPort>,
    /// Whether it binds to one address of its own, so that services share a listener per port number:
    /// `bind` is set, or `captureMode` is `NONE`.
    pub bound: bool,
    /// What it imports, each as `namespace/dnsName`.
    pub hosts: Vec<String>,
}

/// Number and protocol of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListenerPort {
    /// Number.
    pub number: u16,
    /// Protocol as written, e.g. `HTTP`.
    pub protocol: String,
}
