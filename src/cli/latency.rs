//! Measured response times: percentiles, comparison, objectives.

use std::path::{Path, PathBuf};

use super::args::{Global, LatencyArguments, LatencyFormat};
use super::latency_mesh::Mesh;
use super::{Failure, Outcome, output, terminal};
use crate::finding::{self, Finding};
use crate::measurement::{self, Measurement, Pacing, TimeUnit, Window, compare, examine};
use crate::report::{self, ComposedPath, LatencyReport, TerminalOptions};
use crate::sources::Input;
use crate::sources::latency::{LatencyOptions, LatencyReading, read_latency};
use crate::sources::paths::read_path;
use crate::units::Seconds;

pub fn run(arguments: &LatencyArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<LatencyFormat>(&arguments.output)?;
    let mut findings = Vec::new();
    let mut measurements = match &*arguments.files {
        [] => Vec::new(),
        files => measurements(arguments, files, &mut findings)?,
    };
    let paths = paths(arguments, &measurements, &mut findings)?;
    if arguments.merge {
        measurements = vec![merged("all files together", &measurements, &mut findings)?];
    }
    let base = match &arguments.compare {
        None => None,
        Some(path) => {
            let parts = self::measurements(arguments, std::slice::from_ref(path), &mut findings)?;
            let name = path.display().to_string();
            Some(if parts.len() == 1 { parts } else { vec![merged(&name, &parts, &mut findings)?] }.swap_remove(0))
        }
    };
    findings.extend(base.iter().chain(&measurements).flat_map(examine));
    let (mut predictions, mut extraction) = (Vec::new(), None);
    if let Some(mesh) = Mesh::new(&arguments.mesh)? {
        let baselines: Vec<&Measurement> =
            base.as_ref().map_or_else(|| measurements.iter().collect(), |base| vec![base]);
        predictions = mesh.predictions(&baselines, &arguments.slo, &mut findings)?;
        extraction = mesh.extraction(base.as_ref(), &measurements, global.quiet)?;
    }
    finding::sort(&mut findings);
    findings.dedup();
    let comparisons = measurements
        .iter()
        .filter_map(|measurement| base.as_ref().map(|base| compare(&base.distribution, &measurement.distribution)))
        .collect();
    let slos = if paths.is_empty() { arguments.slo.as_slice() } else { &[] };
    let outcomes: Vec<Vec<_>> = measurements
        .iter()
        .map(|measurement| slos.iter().map(|slo| (*slo, slo.check(&measurement.distribution))).collect())
        .collect();
    let judged = outcomes
        .iter()
        .chain(paths.iter().map(|composed| &composed.outcomes))
        .chain(predictions.iter().map(|answer| &answer.prediction.outcomes));
    let missed = judged.flatten().any(|(_, outcome)| !outcome.met);
    let report = LatencyReport { measurements, base, comparisons, outcomes, paths, predictions, extraction, findings };
    for (path, format) in files {
        output::write_text(path, &render(&report, format, TerminalOptions::FILE)?, global.quiet)?;
    }
    let format = if arguments.json { LatencyFormat::Json } else { arguments.format };
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    output::print(&render(&report, format, options)?)?;
    Ok(if missed { Outcome::ObjectiveMissed } else { Outcome::Done })
}

fn render(report: &LatencyReport, format: LatencyFormat, options: TerminalOptions) -> Result<String, Failure> {
    Ok(match format {
        LatencyFormat::Text => report::latency_terminal(report, options),
        LatencyFormat::Markdown => report::latency_markdown(report),
        LatencyFormat::Html => report::latency_html(report),
        LatencyFormat::Json => report::latency_json(report),
        LatencyFormat::Svg => report::latency_svg(report)
            .ok_or_else(|| Failure::Input("failed to draw the percentile plot: use --format text".to_owned()))?,
    })
}

/// Call paths, composed of services that the FILEs measure or the graphs name.
fn paths(
    arguments: &LatencyArguments,
    measurements: &[Measurement],
    findings: &mut Vec<Finding>,
) -> Result<Vec<ComposedPath>, Failure> {
    let options = options(arguments)?;
    let compose = |path: &PathBuf| {
        let reading = read_path(&input(path), measurements, &options)?;
        let failed = |error| Failure::Input(format!("failed to compose {}: {error}", reading.name));
        let path = reading.graph.compose(reading.name.clone()).map_err(failed)?;
        findings.extend(reading.findings);
        findings.extend(path.findings.iter().cloned());
        let outcomes = arguments.slo.iter().map(|slo| (*slo, path.response.check(slo))).collect();
        Ok(ComposedPath { path, measured: reading.measured, outcomes })
    };
    arguments.path.iter().map(compose).collect()
}

fn options(arguments: &LatencyArguments) -> Result<LatencyOptions, Failure> {
    Ok(LatencyOptions {
        kind: arguments.kind.clone(),
        unit: arguments.unit.as_deref().and_then(TimeUnit::named),
        window: window(arguments)?,
    })
}

fn measurements(
    arguments: &LatencyArguments,
    paths: &[PathBuf],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Measurement>, Failure> {
    let options = options(arguments)?;
    let inputs: Vec<Input> = paths.iter().map(|path| input(path)).collect();
    let LatencyReading { mut measurements, findings: noticed } = read_latency(&inputs, &options)?;
    findings.extend(noticed);
    if measurements.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let told: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        return Err(Failure::Input(format!(
            "failed to find a measurement in {}: {}; look at the log of the load generator",
            names.join(", "),
            if told.is_empty() { "no samples were recorded".to_owned() } else { told.join("; ") }
        )));
    }
    if arguments.correct_omission {
        for measurement in &mut measurements {
            correct(measurement)?;
        }
    }
    Ok(measurements)
}

/// The part of every file that is wanted.
fn window(arguments: &LatencyArguments) -> Result<Option<Window>, Failure> {
    if arguments.from.is_none() && arguments.to.is_none() {
        return Ok(None);
    }
    let window = Window::new(arguments.from, arguments.to);
    window.map(Some).map_err(|error| Failure::Input(format!("failed to understand --from and --to: {error}")))
}

fn merged(name: &str, parts: &[Measurement], findings: &mut Vec<Finding>) -> Result<Measurement, Failure> {
    let (whole, noticed) =
        measurement::merge(name, parts).map_err(|error| Failure::Input(format!("failed to merge: {error}")))?;
    findings.extend(noticed);
    Ok(whole)
}

/// Fills in what a paced loop left out; a connection sends every `connections ÷ rate` seconds.
fn correct(measurement: &mut Measurement) -> Result<(), Failure> {
    let failed = |why: String| Failure::Input(format!("failed to correct {}: {why}", measurement.name));
    let load = &measurement.load;
    let (Pacing::PacedClosed, Some(rate), Some(connections)) = (load.pacing, load.rate, load.connections) else {
        return Err(failed(
            "it is no paced closed loop with known rate and connections; leave out --correct-omission".to_owned(),
        ));
    };
    let interval = Seconds::new(connections as f64 / rate.as_per_second());
    measurement.distribution =
        measurement.distribution.corrected(interval).map_err(|error| failed(error.to_string()))?;
    measurement.name.push_str(" (corrected for coordinated omission)");
    measurement.stated.clear();
    measurement.load.pacing = Pacing::Open;
    Ok(())
}

fn input(path: &Path) -> Input {
    if output::is_standard(path) { Input::Stdin } else { Input::Path(path.to_owned()) }
}
