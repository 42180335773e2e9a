//! Pods that istiod makes of a Gateway: what can be changed about them, and where it is said.
//!
//! istiod undoes what anybody else changes about the Deployment, autoscaler and disruption budget it makes. What it
//! merges in itself stands in a ConfigMap that the Gateway names ([`GatewayPart`], with its source). Where the Gateway
//! names one already its entries are kept and added to; one that several Gateways name is left alone.

use super::manifest;
use crate::inventory::objects::{
    GATEWAY_NAME, Gateway, GatewayParameters, GatewayPart, Made, ObjectName, ParametersReference, Patch,
};
use crate::inventory::{Change, Inventory, IstioVersion, PROXY_CONTAINER, Workload};

/// The first that reads such ConfigMaps.
const SINCE: IstioVersion = IstioVersion::new(1, 26, 0);

/// The Gateway that istiod makes a workload of, by its label.
pub(super) fn gateway_of(workload: &Workload) -> Option<ObjectName> {
    let name = workload.labels.get(GATEWAY_NAME)?;
    Some(ObjectName::new(&workload.id.namespace, name))
}

/// Why istiod takes no change of what it makes of a Gateway, or why none can be told; `None` where it takes one.
pub(super) fn obstacle(inventory: &Inventory, workload: &Workload, made: Made) -> Option<String> {
    part(inventory, workload, made).err()
}

/// A patch of what istiod makes of a Gateway, as the change of the ConfigMap that it merges in.
///
/// # Errors
/// Why it takes none.
pub(super) fn change(inventory: &Inventory, workload: &Workload, patch: Patch) -> Result<Change, String> {
    let made = match &patch {
        Patch::Autoscaler(_) => Made::Autoscaler,
        Patch::DisruptionBudget(_) => Made::DisruptionBudget,
        _ => Made::Deployment,
    };
    let Place { gateway, parameters, is_new, known } = part(inventory, workload, made)?;
    let written = manifest::written(&patch);
    Ok(Change::GatewayPart(Box::new(GatewayPart { gateway, parameters, is_new, made, patch, written, known })))
}

/// Where something about a Gateway's pods is said.
struct Place {
    gateway: ObjectName,
    parameters: ObjectName,
    is_new: bool,
    known: Option<serde_json::Value>,
}

fn part(inventory: &Inventory, workload: &Workload, made: Made) -> Result<Place, String> {
    let name = gateway_of(workload).ok_or("it is made of no Gateway")?;
    let Some(gateway) = inventory.gateways.iter().find(|it| it.name == name) else {
        return Err(format!("istiod makes it of Gateway {name}, which is not in the input: add it"));
    };
    if !workload.spec.containers.iter().any(|container| container.name == PROXY_CONTAINER) {
        return Err(format!("another controller than istiod makes it of Gateway {name}: set it there"));
    }
    takes_parameters(inventory, workload)?;
    let Some(reference) = &gateway.parameters else {
        let parameters = ObjectName::new(&name.namespace, &format!("{}-meshcap", name.name));
        return Ok(Place { gateway: name, parameters, is_new: true, known: None });
    };
    let parameters = named(inventory, gateway, reference)?;
    let entry = parameters.entries.get(&made);
    if let Some(trouble) = entry.and_then(|entry| entry.trouble.as_ref()) {
        let name = &parameters.name;
        return Err(format!("ConfigMap {name} says it of its {}: {trouble}; change it there by hand", made.key()));
    }
    let known = entry.and_then(|entry| entry.written.clone());
    Ok(Place { gateway: name, parameters: parameters.name.clone(), is_new: false, known })
}

/// Whether the istiod behind a workload reads such ConfigMaps.
fn takes_parameters(inventory: &Inventory, workload: &Workload) -> Result<(), String> {
    match inventory.version_behind(workload) {
        Some(version) if version >= SINCE => Ok(()),
        Some(version) => Err(format!(
            "istiod makes it of a Gateway, and {version} takes no changes of that; {SINCE} and later do, with \
             infrastructure.parametersRef"
        )),
        None => Err(format!(
            "istiod makes it of a Gateway and takes changes with infrastructure.parametersRef since {SINCE}; which version \
             runs is not in the input: neither image nor labels of istiod name one"
        )),
    }
}

/// The ConfigMap that a Gateway names, where it can be added to.
fn named<'i>(
    inventory: &'i Inventory,
    gateway: &Gateway,
    reference: &ParametersReference,
) -> Result<&'i GatewayParameters, String> {
    if !reference.is_config_map() {
        let ParametersReference { kind, name, .. } = reference;
        return Err(format!("its Gateway names a {kind} {name}; istiod takes ConfigMaps only"));
    }
    let name = ObjectName::new(&gateway.name.namespace, &reference.name);
    let Some(parameters) = inventory.gateway_parameters.iter().find(|it| it.name == name) else {
        return Err(format!("its Gateway names ConfigMap {name}, which is not in the input: add it"));
    };
    if !parameters.unknown.is_empty() {
        let keys = parameters.unknown.join(", ");
        return Err(format!("istiod refuses ConfigMap {name} for its entries {keys}: take them out"));
    }
    let names_it = |other: &&Gateway| {
        other.name.namespace == gateway.name.namespace && other.parameters.as_ref() == gateway.parameters.as_ref()
    };
    if inventory.gateways.iter().filter(names_it).count() > 1 {
        return Err(format!("several Gateways name ConfigMap {name}: give this one its own"));
    }
    Ok(parameters)
}
