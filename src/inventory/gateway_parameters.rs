//! What is to be said of ConfigMaps that istiod merges into what it makes of Gateways.

use super::findings::{GATEWAY_PARAMETERS, GATEWAY_PARAMETERS_NOT_READ};
use super::objects::GatewayParameters;
use super::{Inventory, ObjectName};
use crate::finding::Finding;

/// Gateways that name what istiod cannot take or what is not in the input, and entries that are not wholly read.
pub(super) fn findings(inventory: &Inventory) -> Vec<Finding> {
    let named = inventory.gateways.iter().filter_map(|gateway| {
        let reference = gateway.parameters.as_ref()?;
        let subject = format!("Gateway {}", gateway.name);
        let message = if reference.is_config_map() {
            let name = ObjectName::new(&gateway.name.namespace, &reference.name);
            if inventory.gateway_parameters.iter().any(|it| it.name == name) {
                return None;
            }
            format!("it names ConfigMap {name}, which is not in the input")
        } else {
            format!("it names a {} {}; istiod takes ConfigMaps only", reference.kind, reference.name)
        };
        Some(Finding::new(&GATEWAY_PARAMETERS, subject, message))
    });
    named.chain(inventory.gateway_parameters.iter().flat_map(of_config_map)).collect()
}

fn of_config_map(parameters: &GatewayParameters) -> Vec<Finding> {
    let subject = format!("ConfigMap {}", parameters.name);
    let mut found = Vec::new();
    if !parameters.unknown.is_empty() {
        let message = format!(
            "istiod does not know {}, and changes nothing of these Gateways while it is there",
            parameters.unknown.join(", ")
        );
        found.push(Finding::new(&GATEWAY_PARAMETERS, subject.clone(), message));
    }
    for (made, entry) in &parameters.entries {
        if let Some(trouble) = &entry.trouble {
            found.push(Finding::new(&GATEWAY_PARAMETERS, subject.clone(), format!("{}: {trouble}", made.key())));
        }
        if !entry.not_read.is_empty() {
            let count = entry.not_read.len() as u64;
            let message = format!("{}: {} not planned with", made.key(), entry.not_read.join(", "));
            found.push(Finding::new(&GATEWAY_PARAMETERS_NOT_READ, subject.clone(), message).counted(count));
        }
    }
    found
}
