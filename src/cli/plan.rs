//! The main job: inventory in, plan out.

use std::path::{Path, PathBuf};

use super::args::{Format, Global, PlanArguments};
use super::{Failure, Outcome, load, output, terminal, tune};
use crate::plan::{Inputs, Outcome as Judgement, Plan};
use crate::report::{self, Reported, TerminalOptions};
use crate::sources::latency::{LatencyOptions, LatencyReading, read_latency};
use crate::sources::{self, Input};
use crate::tuning;

pub fn run(arguments: &PlanArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<Format>(&arguments.report.output)?;
    let mut inputs = load::inputs(&arguments.inventory, global)?;
    read_response_times(&mut inputs, &arguments.latency)?;
    inputs.objectives.clone_from(&arguments.slo);
    inputs.calls = arguments.calls.as_deref().map(sources::read_calls).transpose()?;
    let day = tune::today(arguments.today.as_deref())?;
    let tuning = arguments.tune.then(|| tuning::tune(&inputs, Some(&day)));
    let plan = Plan::new(inputs);
    let reported = Reported { plan: &plan, tuning: tuning.as_ref() };
    for (path, format) in files {
        output::write_text(path, &render(reported, format, TerminalOptions::FILE), global.quiet)?;
    }
    let format = arguments.report.printed();
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    output::print(&render(reported, format, options))?;
    match plan.verdict.outcome {
        _ if !arguments.check => Ok(Outcome::Done),
        Judgement::Fits => Ok(Outcome::Done),
        // A pipeline must not take silence for consent.
        Judgement::Unjudged => Err(Failure::Input(format!(
            "failed to check the policy: {}; give nodes and pods, or leave out --check",
            plan.verdict.sentence.trim_end_matches('.')
        ))),
        Judgement::Tight | Judgement::DoesNotFit => Ok(Outcome::PolicyNotMet),
    }
}

/// Adds what was measured to the inputs of a plan.
pub fn read_response_times(inputs: &mut Inputs, files: &[PathBuf]) -> Result<(), Failure> {
    for wanted in files {
        let reading = response_times(wanted)?;
        inputs.response_times.extend(reading.measurements);
        inputs.findings.extend(reading.findings);
    }
    Ok(())
}

/// Measurements of `NAMESPACE/NAME=FILE`, which are then those of that workload, or of a file.
fn response_times(wanted: &Path) -> Result<LatencyReading, Failure> {
    let text = wanted.to_string_lossy();
    let assigned = text.split_once('=').filter(|(workload, _)| !wanted.exists() && workload.contains('/'));
    let path = assigned.map_or(wanted, |(_, file)| Path::new(file));
    let input = if output::is_standard(path) { Input::Stdin } else { Input::Path(path.to_owned()) };
    let mut reading = read_latency(&[input], &LatencyOptions::default())?;
    if let Some((workload, _)) = assigned {
        for measurement in &mut reading.measurements {
            measurement.name = format!("{} {workload}", path.display());
            measurement.reported = measurement.reported.take().map(|(reporter, _)| (reporter, workload.to_owned()));
        }
    }
    Ok(reading)
}

fn render(reported: Reported<'_>, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::terminal(reported, options),
        Format::Markdown => report::markdown(reported),
        Format::Html => report::html(reported),
        Format::Json => report::json(reported),
    }
}
