//! The main job: inventory in, plan out.

use super::args::{Format, Global, PlanArguments};
use super::{Failure, Outcome, complain, load, output, terminal};
use crate::plan::{Outcome as Judgement, Plan};
use crate::report::{self, TerminalOptions};

pub fn run(arguments: &PlanArguments, global: &Global) -> Result<Outcome, Failure> {
    // A wrong ending should not be found out after minutes of reading.
    let files: Vec<_> = arguments.output.iter().filter(|path| !output::is_standard(path)).collect();
    let formats = files.iter().map(|path| output::format_of(path)).collect::<Result<Vec<_>, _>>()?;

    let plan = Plan::new(load::inputs(&arguments.inventory, global)?);
    for (path, format) in files.iter().zip(formats) {
        let text = render(&plan, format, TerminalOptions { width: 100, color: false });
        output::write_file(path, |out| out.write_all(text.as_bytes()))?;
        if !global.quiet {
            complain(&format!("wrote {}", path.display()));
        }
    }
    let format = arguments.format.unwrap_or(if arguments.json { Format::Json } else { Format::Text });
    output::print(&render(
        &plan,
        format,
        TerminalOptions { width: terminal::width(), color: terminal::color(global) },
    ))?;
    let met = matches!(plan.verdict.outcome, Judgement::Fits | Judgement::Unjudged);
    Ok(if arguments.check && !met { Outcome::PolicyNotMet } else { Outcome::Done })
}

fn render(plan: &Plan, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::terminal(plan, options),
        Format::Markdown => report::markdown(plan),
        Format::Html => report::html(plan),
        Format::Json => report::json(plan),
    }
}
