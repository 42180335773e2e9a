//! Who sees what: `Sidecar` objects and `exportTo`.

use super::{Labels, ObjectName};

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
