//! Resource amounts: from text to declared quantities, with a word about every odd one.

use super::super::notes::{QUANTITY_ABSURD, QUANTITY_IGNORED};
use super::Oddity;
use super::text::TextMap;
use crate::inventory::objects::NodeResources;
use crate::quantity::{QuantityError, parse_bytes, parse_count, parse_cpu, print_bytes, print_cpu};
use crate::resources::Declared;
use crate::units::{Bytes, Millicores};

/// From here on an amount of CPU is absurd: a million cores.
const ABSURD_CPU: Millicores = Millicores::new(1_000_000_000);
/// From here on an amount of memory is absurd: an exbibyte.
const ABSURD_BYTES: Bytes = Bytes::new(1 << 60);

/// Amounts as declared at `field`; what is no amount is left out.
pub(super) fn declared(amounts: &TextMap<'_>, field: &str, odd: &mut Vec<Oddity>) -> Declared {
    listed_amounts(amounts.0.iter().map(|(name, amount)| (name.as_str(), amount.as_str())), field, odd)
}

/// The same from pairs of resource name and amount; empty amounts are not declared.
pub(super) fn listed_amounts<'a>(
    amounts: impl Iterator<Item = (&'a str, &'a str)>,
    field: &str,
    odd: &mut Vec<Oddity>,
) -> Declared {
    let mut declared = Declared::default();
    for (name, amount) in amounts.filter(|(_, amount)| !amount.is_empty()) {
        if let Err(error) = declare(&mut declared, name, amount, field, odd) {
            odd.push(Oddity {
                kind: &QUANTITY_IGNORED,
                field: format!("{field}.{name}"),
                message: format!("{error}; planned as not declared"),
            });
        }
    }
    declared
}

/// Amounts of a node, the number of pods among them.
pub(super) fn node_resources(amounts: &TextMap<'_>, field: &str, odd: &mut Vec<Oddity>) -> NodeResources {
    let mut declared = declared(amounts, field, odd);
    let pods = declared.extended.remove("pods");
    NodeResources { resources: declared.to_resources(), pods }
}

/// What to say about an amount that no machine has; nothing about any other.
#[cfg(feature = "columnar")]
pub(in super::super) fn absurd_amount(resource: &str, amount: &str) -> Option<String> {
    let mut odd = Vec::new();
    listed_amounts(std::iter::once((resource, amount)), "", &mut odd);
    odd.pop().map(|oddity| oddity.message)
}

fn declare(
    declared: &mut Declared,
    name: &str,
    amount: &str,
    field: &str,
    odd: &mut Vec<Oddity>,
) -> Result<(), QuantityError> {
    let mut absurd = |shown: String| {
        odd.push(Oddity {
            kind: &QUANTITY_ABSURD,
            field: format!("{field}.{name}"),
            message: format!("{shown} is more than any machine has"),
        });
    };
    let mut bytes = |amount| {
        let bytes = parse_bytes(amount)?;
        if bytes >= ABSURD_BYTES {
            absurd(print_bytes(bytes));
        }
        Ok(bytes)
    };
    match name {
        "cpu" => {
            let cpu = parse_cpu(amount)?;
            if cpu >= ABSURD_CPU {
                absurd(format!("{} cores", print_cpu(cpu)));
            }
            declared.cpu = Some(cpu);
        }
        "memory" => declared.memory = Some(bytes(amount)?),
        "ephemeral-storage" => declared.ephemeral_storage = Some(bytes(amount)?),
        other => {
            declared.extended.insert(other.to_owned(), parse_count(amount)?);
        }
    }
    Ok(())
}
