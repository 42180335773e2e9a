//! Measurements in, a model card out.

use super::args::{FitArguments, Global};
use super::{Failure, Outcome, load, output, terminal};
use crate::card;
use crate::finding;
use crate::fit::{Fit, Settings, fit};
use crate::report::{self, CardName, TerminalOptions};
use crate::sources::Input;
use crate::sources::observations::read_observations;

pub fn run(arguments: &FitArguments, global: &Global) -> Result<Outcome, Failure> {
    let to_file = arguments.output.as_deref().filter(|path| !output::is_standard(path));
    to_file.map_or(Ok(()), output::check)?;
    let base = load::card(&arguments.extends)?;
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
    let card = report::fit_card(&fitted, &named(arguments));
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

fn named(arguments: &FitArguments) -> CardName {
    let title = || format!("{} with the figures measured here", arguments.extends);
    CardName {
        name: arguments.name.clone(),
        title: arguments.title.clone().unwrap_or_else(title),
        extends: arguments.extends.clone(),
    }
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
