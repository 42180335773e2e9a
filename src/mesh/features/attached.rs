//! Which policies hold for a workload.

use std::collections::BTreeMap;

use super::super::ProxyMode;
use super::super::scope::has;
use crate::inventory::objects::{Attachment, TargetRef};
use crate::inventory::{
    AuthorizationPolicy, EnvoyFilter, ObjectName, PeerAuthentication, RequestAuthentication, Telemetry, WasmPlugin,
    Workload,
};

/// Label with which istiod ties the pods of a gateway to its Gateway API object.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// Something that holds for workloads.
pub(super) trait Policy {
    /// Kind in manifests.
    const KIND: &'static str;
    /// Whether those without selector and target hold for waypoints too.
    const HOLDS_FOR_WAYPOINTS: bool = false;
    /// Namespace and name.
    fn name(&self) -> &ObjectName;
    /// What it holds for.
    fn attachment(&self) -> &Attachment;
    /// `Kind namespace/name`.
    fn title(&self) -> String {
        format!("{} {}", Self::KIND, self.name())
    }
}

macro_rules! policy {
    ($kind:ident $(, $waypoints:expr)?) => {
        impl Policy for $kind {
            const KIND: &'static str = stringify!($kind);
            $(const HOLDS_FOR_WAYPOINTS: bool = $waypoints;)?
            fn name(&self) -> &ObjectName {
                &self.name
            }
            fn attachment(&self) -> &Attachment {
                &self.attachment
            }
        }
    };
}

policy!(PeerAuthentication);
policy!(AuthorizationPolicy);
policy!(RequestAuthentication);
policy!(Telemetry, true);
policy!(WasmPlugin);
policy!(EnvoyFilter, true);

/// Policies of one kind by namespace, oldest first.
pub(super) struct Attached<'a, P> {
    root: &'a str,
    general: BTreeMap<&'a str, Vec<&'a P>>,
    specific: BTreeMap<&'a str, Vec<&'a P>>,
}

impl<'a, P: Policy> Attached<'a, P> {
    /// Policies as they are ordered; `root` is the namespace that speaks for all.
    pub fn new(policies: &'a [P], root: &'a str) -> Self {
        let (mut general, mut specific) = (BTreeMap::new(), BTreeMap::new());
        for policy in policies {
            let pool = if policy.attachment().is_general() { &mut general } else { &mut specific };
            let of_namespace: &mut Vec<&P> = pool.entry(&*policy.name().namespace).or_default();
            of_namespace.push(policy);
        }
        Self { root, general, specific }
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.general.is_empty() && self.specific.is_empty()
    }

    /// All that hold for a workload, those of the mesh first.
    pub fn all(&self, workload: &Workload, mode: ProxyMode) -> Vec<&'a P> {
        let own = &*workload.id.namespace;
        let mut all = Vec::new();
        if mode != ProxyMode::Waypoint || P::HOLDS_FOR_WAYPOINTS {
            all.extend(self.general_of(self.root));
            if own != self.root {
                all.extend(self.general_of(own));
            }
        }
        all.extend(self.specific_to(workload, mode));
        all
    }

    /// The oldest for the mesh, for the namespace and for the workload, as far as there are any: what comes
    /// later overrules.
    pub fn in_order(&self, workload: &Workload, mode: ProxyMode) -> Vec<&'a P> {
        let own = &*workload.id.namespace;
        let mut levels = Vec::new();
        if mode != ProxyMode::Waypoint || P::HOLDS_FOR_WAYPOINTS {
            levels.extend(self.general_of(self.root).next());
            if own != self.root {
                levels.extend(self.general_of(own).next());
            }
        }
        levels.extend(self.specific_to(workload, mode).next());
        levels
    }

    fn general_of(&self, namespace: &str) -> impl Iterator<Item = &'a P> + use<'a, P> {
        self.general.get(namespace).cloned().unwrap_or_default().into_iter()
    }

    fn specific_to(&self, workload: &Workload, mode: ProxyMode) -> impl Iterator<Item = &'a P> {
        // Selectors of the root namespace reach every namespace.
        let own = &*workload.id.namespace;
        let of_root = self.specific.get(self.root).filter(|_| own != self.root).into_iter().flatten();
        let of_own = self.specific.get(own).into_iter().flatten();
        let of_root = of_root.filter(|policy| policy.attachment().targets.is_empty());
        of_root.chain(of_own).copied().filter(move |policy| chooses(policy.attachment(), workload, mode))
    }
}

/// Whether what a policy selects or names is a workload.
pub(super) fn chooses(attachment: &Attachment, workload: &Workload, mode: ProxyMode) -> bool {
    if !attachment.targets.is_empty() {
        return attachment.targets.iter().any(|target| names(target, workload, mode));
    }
    mode != ProxyMode::Waypoint && attachment.selector.as_ref().is_none_or(|selector| has(&workload.labels, selector))
}

/// Whether a target is a gateway or waypoint, or something a waypoint carries: which services it carries is
/// not looked at, so that every waypoint of the namespace counts.
fn names(target: &TargetRef, workload: &Workload, mode: ProxyMode) -> bool {
    match (target.kind.as_str(), mode) {
        ("Gateway", ProxyMode::Gateway | ProxyMode::Waypoint) => {
            workload.labels.get(GATEWAY_NAME).is_some_and(|name| *name == target.name)
        }
        ("GatewayClass" | "Service" | "ServiceEntry", ProxyMode::Waypoint) => true,
        _ => false,
    }
}
