//! A model card from the tables of a calibration.

use std::path::Path;

use super::args::Global;
use super::{Failure, load, output, terminal};
use crate::calibrate::{MEMORY_TABLE, PACED_TABLE, Settings, Summary};
use crate::finding;
use crate::fit::{self, Fit, fit};
use crate::report::{self, CardName, TerminalOptions};
use crate::sources::Input;
use crate::sources::observations::read_observations;

/// Name of the card in the folder of the tables.
const CARD: &str = "card.toml";
/// A kind of finding that is of no use here: that columns beside those of the laws are not fitted to.
const EXPECTED: &str = "measurement-columns-not-used";

/// Fits a card to the tables and writes it beside them; the text says what it says, or why there is none.
pub fn write(settings: &Settings, summary: &Summary, extends: &str, global: &Global) -> Result<String, Failure> {
    if !cfg!(feature = "columnar") {
        let folder = settings.folder.display();
        return Ok(format!(
            "no card: this build does not read CSV; one with the feature `columnar` makes it: meshcap fit {folder}/*.csv -o card.toml\n"
        ));
    }
    let tables = [MEMORY_TABLE, PACED_TABLE].into_iter().zip(summary.rows).filter(|(_, rows)| *rows > 0);
    let inputs: Vec<Input> = tables.map(|(table, _)| Input::Path(settings.folder.join(table))).collect();
    let base = load::card(extends)?;
    let reading = read_observations(&inputs)?;
    let mut fitted = fit(&base, &reading.measurements, &fit::Settings::default());
    fitted.findings.extend(reading.findings.into_iter().filter(|finding| finding.kind.id != EXPECTED));
    finding::sort(&mut fitted.findings);
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    let mut text = report::fit_terminal(&fitted, options);
    if fitted.is_fitted() {
        write_card(&settings.folder.join(CARD), &fitted, settings, summary, extends, global)?;
    } else {
        text.push_str("no card: nothing could be fitted yet; a larger budget measures more points\n");
    }
    Ok(text)
}

fn write_card(
    path: &Path,
    fitted: &Fit,
    settings: &Settings,
    summary: &Summary,
    extends: &str,
    global: &Global,
) -> Result<(), Failure> {
    let version = &settings.program.version;
    let name = CardName {
        name: format!("envoy-{version}"),
        title: format!("Envoy {version} as measured on {}", summary.host.machine),
        extends: extends.to_owned(),
    };
    output::write_text(path, &report::fit_card(fitted, &name), global.quiet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::observations;

    #[test]
    fn the_finding_that_is_left_out_is_one() {
        assert!(observations::FINDINGS.iter().any(|kind| kind.id == EXPECTED));
    }
}
