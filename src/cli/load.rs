//! From arguments to the inputs of a plan.

use std::path::{Path, PathBuf};

use super::args::{Global, InventoryArguments};
use super::progress::Spinner;
use super::{Failure, output};
use crate::card::ModelCard;
use crate::finding::Finding;
use crate::inventory::{self, Inventory};
use crate::plan::{Input, Inputs};
use crate::policy::Policy;
use crate::sources::{self, Limits};

/// Reads everything a plan needs.
pub fn inputs(arguments: &InventoryArguments, global: &Global) -> Result<Inputs, Failure> {
    let policy = wanted(arguments)?;
    let card = card(&arguments.card)?;
    let wanted: Vec<sources::Input> = arguments.inputs.iter().map(|path| input(path)).collect();
    let spinner = Spinner::new(global);
    let reading = sources::read(&wanted, &Limits::default(), &|progress| spinner.show(&progress))?;
    spinner.finish();
    let assembled = inventory::assemble(reading.objects);
    let mut findings = reading.findings;
    findings.extend(assembled.findings);
    let sources = reading.inputs.into_iter().map(|input| Input { name: input.name, objects: input.objects }).collect();
    Ok(Inputs { sources, findings, ..Inputs::new(assembled.inventory, policy, card) })
}

/// Reads an inventory alone; what was noticed goes to `findings`.
pub fn inventory(paths: &[PathBuf], global: &Global, findings: &mut Vec<Finding>) -> Result<Inventory, Failure> {
    let wanted: Vec<sources::Input> = paths.iter().map(|path| input(path)).collect();
    let spinner = Spinner::new(global);
    let reading = sources::read(&wanted, &Limits::default(), &|progress| spinner.show(&progress))?;
    spinner.finish();
    let assembled = inventory::assemble(reading.objects);
    findings.extend(reading.findings);
    findings.extend(assembled.findings);
    Ok(assembled.inventory)
}

/// A model card by name, or from a file.
pub fn card(wanted: &str) -> Result<ModelCard, Failure> {
    let named = ModelCard::named(wanted);
    let path = Path::new(wanted);
    if named.is_ok() || !path.exists() {
        return named.map_err(|error| Failure::Input(error.to_string()));
    }
    let text = sources::read_text(path)?;
    ModelCard::from_toml(&text).map_err(|error| Failure::Input(format!("failed to read {wanted}: {error}")))
}

/// A policy from its file; the defaults without one.
pub fn policy(path: Option<&Path>) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(Policy::default()) };
    let text = sources::read_text(path)?;
    Policy::from_toml(&text)
        .map_err(|error| Failure::Input(format!("failed to read policy {}: {error}", path.display())))
}

fn wanted(arguments: &InventoryArguments) -> Result<Policy, Failure> {
    let mut policy = policy(arguments.policy.as_deref())?;
    policy.injection.enroll.extend(arguments.enroll.iter().cloned());
    Ok(policy)
}

/// A path as an input; - is standard input.
pub fn input(path: &Path) -> sources::Input {
    if output::is_standard(path) { sources::Input::Stdin } else { sources::Input::Path(path.to_owned()) }
}
