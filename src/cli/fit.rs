//! Measurements in, a model card out.

use std::path::Path;

use super::args::{FitArguments, Global};
use super::{Failure, Outcome, load, output, terminal};
use crate::card::{self, ModelCard};
use crate::finding;
use crate::fit::{Fit, Settings, fit};
use crate::report::{self, CardName, TerminalOptions};
use crate::sources::Input;
use crate::sources::observations::read_observations;

pub fn run(arguments: &FitArguments, global: &Global) -> Result<Outcome, Failure> {
    let to_file = arguments.output.as_deref().filter(|path| !output::is_standard(path));
    to_file.map_or(Ok(()), output::check)?;
    let base = load::card(&arguments.extends)?;
    let named = named(arguments, &base)?;
    let inputs: Vec<Input> = arguments.data.iter().map(|path| load::input(path)).collect();
    let reading = read_observations(&inputs)?;
    let mut measurements = reading.measurements;
    if arguments.published {
        measurements.extend(card::published().map_err(|error| Failure::Input(error.to_string()))?);
    }
    let settings = Settings { seed: arguments.seed, measured_on: arguments.measured_on.clone() };
    let mut fitted = fit(&base, &measurements, &settings);
    fitted.findings.extend(reading.findings);
    finding::sort(&mut fitted.findings);

    let printed = if arguments.json {
        report::fit_json(&fitted)
    } else {
        let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
        report::fit_terminal(&fitted, options)
    };
    if !fitted.is_fitted() {
        // What there is says why; no card is written that measures nothing.
        output::print(&printed)?;
        return Err(nothing(arguments, &fitted));
    }
    if fitted.date.is_empty() && arguments.output.is_some() {
        return Err(Failure::Input(
            "failed to write the card: no row says when it was measured; give --measured-on DATE".to_owned(),
        ));
    }
    let card = report::fit_card(&fitted, &named);
    match &arguments.output {
        Some(path) if output::is_standard(path) => output::print(&card)?,
        Some(path) => {
            output::write_text(path, &card, global.quiet)?;
            output::print(&printed)?;
        }
        None => output::print(&printed)?,
    }
    Ok(Outcome::Done)
}

fn named(arguments: &FitArguments, base: &ModelCard) -> Result<CardName, Failure> {
    let title = || format!("{} with the figures measured here", base.name());
    Ok(CardName {
        name: arguments.name.clone(),
        title: arguments.title.clone().unwrap_or_else(title),
        extends: extended(arguments)?,
    })
}

/// What the card says it extends: a name, or the file as it is found from where the card is written.
fn extended(arguments: &FitArguments) -> Result<String, Failure> {
    let path = Path::new(&arguments.extends);
    if ModelCard::named(&arguments.extends).is_ok() {
        return Ok(arguments.extends.clone());
    }
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (base, written) = (whole(path), arguments.output.as_deref().map(whole));
    if written.as_ref() == Some(&base) {
        return Err(Failure::Input(format!("{} cannot extend itself: name another file with -o", arguments.extends)));
    }
    let folder = arguments.output.as_deref().filter(|path| !output::is_standard(path)).and_then(Path::parent);
    let beside = folder.is_some_and(|folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Some(whole(folder).as_path()) == base.parent()
    });
    let name = if beside { base.file_name().map(Path::new) } else { None }.unwrap_or(&base);
    name.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::Input(format!("failed to name {} in a card: its path is not UTF-8; rename it", name.display()))
    })
}

/// Why there is no card.
fn nothing(arguments: &FitArguments, fitted: &Fit) -> Failure {
    let names: Vec<String> = arguments.data.iter().map(|path| path.display().to_string()).collect();
    let reasons: Vec<String> = fitted
        .laws
        .iter()
        .filter_map(|law| match &law.outcome {
            crate::fit::Outcome::Withheld(withheld) => Some(format!("{} {withheld}", law.law)),
            crate::fit::Outcome::Fitted(_) => None,
        })
        .collect();
    let told =
        if reasons.is_empty() { "no row can be fitted; the findings say why".to_owned() } else { reasons.join("; ") };
    Failure::Input(format!("failed to fit {}: {told}; measure at more load points", names.join(", ")))
}
