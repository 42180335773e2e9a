//! Scenarios side by side: a file of scenarios and an inventory in, a matrix out.

use super::args::{Format, Global, WhatIfArguments};
use super::progress::Steps;
use super::{Failure, Outcome, load, output, place, terminal};
use crate::policy::ScenarioFile;
use crate::report::{self, ScenarioReport, TerminalOptions};
use crate::scenario::{Matrix, Situation, catalogue, matrix};
use crate::sources;

pub fn run(arguments: &WhatIfArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<Format>(&arguments.report.output)?;
    let asked = scenarios(arguments)?;
    let rules = place::profile(&arguments.rules)?;
    let inputs = load::inputs(&arguments.inventory, global)?;
    let shapes =
        [asked.shapes, inputs.policy.shapes.clone(), catalogue()].into_iter().find(|shapes| !shapes.is_empty());
    let shapes = shapes.unwrap_or_default();
    let situation = Situation {
        inventory: &inputs.inventory,
        policy: &inputs.policy,
        card: &inputs.card,
        rules: &rules,
        shapes: &shapes,
    };
    let steps = Steps::new(global, asked.scenarios.len() as u64 + 1);
    let matrix = on_threads(arguments.threads, || matrix(&situation, &asked.scenarios, &|| steps.advance()))?;
    steps.finish();
    if let Some(unknown) = matrix.unknown.first() {
        return Err(Failure::Input(format!("failed to answer {}: {unknown}", arguments.scenarios.display())));
    }
    let mut findings = inputs.findings;
    findings.extend(matrix.findings.iter().cloned());
    crate::finding::sort(&mut findings);
    let is_met = matrix.rows.iter().all(crate::scenario::Row::is_met);
    let report = ScenarioReport { version: rules.version.to_string(), matrix, findings };
    for (path, format) in files {
        output::write_text(path, &render(&report, format, TerminalOptions::FILE), global.quiet)?;
    }
    let format = arguments.report.printed();
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    output::print(&render(&report, format, options))?;
    Ok(if arguments.check && !is_met { Outcome::PolicyNotMet } else { Outcome::Done })
}

fn scenarios(arguments: &WhatIfArguments) -> Result<ScenarioFile, Failure> {
    let path = &arguments.scenarios;
    let text = sources::read_text(path)?;
    ScenarioFile::from_toml(&text)
        .map_err(|error| Failure::Input(format!("failed to read scenarios {}: {error}", path.display())))
}

/// Works on as many threads as were asked for.
fn on_threads(threads: Option<u16>, work: impl FnOnce() -> Matrix + Send) -> Result<Matrix, Failure> {
    let Some(threads) = threads else { return Ok(work()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build();
    let pool = pool.map_err(|error| Failure::Input(format!("failed to start {threads} threads: {error}")))?;
    Ok(pool.install(work))
}

fn render(report: &ScenarioReport, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::scenarios_terminal(report, options),
        Format::Markdown => report::scenarios_markdown(report),
        Format::Html => report::scenarios_html(report),
        Format::Json => report::scenarios_json(report),
    }
}
