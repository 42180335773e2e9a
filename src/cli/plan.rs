//! The main job: inventory in, plan out.

use super::args::{Format, Global, PlanArguments};
use super::{Failure, Outcome, load, output, terminal};
use crate::plan::{Outcome as Judgement, Plan};
use crate::report::{self, TerminalOptions};

pub fn run(arguments: &PlanArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<Format>(&arguments.output)?;
    let plan = Plan::new(load::inputs(&arguments.inventory, global)?);
    for (path, format) in files {
        output::write_text(path, &render(&plan, format, TerminalOptions::FILE), global.quiet)?;
    }
    let format = arguments.format.unwrap_or(if arguments.json { Format::Json } else { Format::Text });
    output::print(&render(
        &plan,
        format,
        TerminalOptions { width: terminal::width(), color: terminal::color(global) },
    ))?;
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

fn render(plan: &Plan, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::terminal(plan, options),
        Format::Markdown => report::markdown(plan),
        Format::Html => report::html(plan),
        Format::Json => report::json(plan),
    }
}
