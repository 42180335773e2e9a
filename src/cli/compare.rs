//! One inventory in several modes: inventory in, comparison out.

use super::args::{CompareArguments, Format, Global};
use super::plan::read_response_times;
use super::{Failure, Outcome, load, output, terminal};
use crate::modes::{Comparison, MeshMode, compare};
use crate::report::{self, TerminalOptions};

pub fn run(arguments: &CompareArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<Format>(&arguments.report.output)?;
    let modes: Vec<MeshMode> = arguments.modes.iter().filter_map(|name| MeshMode::named(name)).collect();
    let mut inputs = load::inputs(&arguments.inventory, global)?;
    read_response_times(&mut inputs, &arguments.latency)?;
    let comparison = compare(&inputs, &modes);
    for (path, format) in files {
        output::write_text(path, &render(&comparison, format, TerminalOptions::FILE), global.quiet)?;
    }
    let format = arguments.report.printed();
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    output::print(&render(&comparison, format, options))?;
    Ok(Outcome::Done)
}

fn render(comparison: &Comparison, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::comparison_terminal(comparison, options),
        Format::Markdown => report::comparison_markdown(comparison),
        Format::Html => report::comparison_html(comparison),
        Format::Json => report::comparison_json(comparison),
    }
}
