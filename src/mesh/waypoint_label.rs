//! Which waypoint a service names.

use crate::inventory::{Inventory, Labels, Service};

/// Label of services and namespaces that name a waypoint, and of those that name its namespace.
pub(super) const USE_WAYPOINT: &str = "istio.io/use-waypoint";
const USE_WAYPOINT_NAMESPACE: &str = "istio.io/use-waypoint-namespace";
/// What a service names to have none although its namespace does.
const NONE: &str = "none";

/// Namespace and name of the waypoint of a service: its own label, else that of its namespace.
pub(super) fn used_waypoint<'a>(inventory: &'a Inventory, service: &'a Service) -> Option<(&'a str, &'a str)> {
    used(inventory, Some(&service.labels), &service.name.namespace)
}

/// The same from the labels of a service of a namespace.
pub(super) fn used<'a>(
    inventory: &'a Inventory,
    labels: Option<&'a Labels>,
    namespace: &'a str,
) -> Option<(&'a str, &'a str)> {
    let own = labels.and_then(|labels| named(labels, namespace));
    own.or_else(|| named(inventory.namespace_labels(namespace), namespace)).filter(|(_, name)| *name != NONE)
}

fn named<'l>(labels: &'l Labels, own_namespace: &'l str) -> Option<(&'l str, &'l str)> {
    let name = labels.get(USE_WAYPOINT)?;
    let namespace = labels.get(USE_WAYPOINT_NAMESPACE).map_or(own_namespace, String::as_str);
    Some((namespace, name))
}
