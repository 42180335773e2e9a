//! Recommendations: inventory in, a ranked table and a folder of patches out.

use super::args::{Format, Global, TuneArguments};
use super::{Failure, Outcome, emit, load, output, plan, terminal};
use crate::policy::is_day;
use crate::report::{self, TerminalOptions};
use crate::sources;
use crate::tuning::{Tuning, tune};
use crate::units::Share;

pub fn run(arguments: &TuneArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<Format>(&arguments.report.output)?;
    let today = today(arguments.today.as_deref())?;
    let mut inputs = load::inputs(&arguments.inventory, global)?;
    plan::read_response_times(&mut inputs, &arguments.latency)?;
    inputs.objectives.clone_from(&arguments.slo);
    inputs.calls = arguments.calls.as_deref().map(sources::read_calls).transpose()?;
    if let Some(share) = arguments.max_change {
        let share = Share::new(share).ok().filter(|share| share.get() > 0.0).ok_or_else(|| {
            Failure::Input(format!("--max-change {share} is no share above 0 and up to 1; use one such as 0.5"))
        })?;
        inputs.policy.tuning.max_change = share;
    }
    let tuning = tune(&inputs, Some(&today));
    for (path, format) in files {
        output::write_text(path, &render(&tuning, format, TerminalOptions::FILE), global.quiet)?;
    }
    if let Some(folder) = &arguments.emit {
        emit::emit(&tuning, folder, arguments.force, global.quiet)?;
    }
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    if let Some(name) = &arguments.explain {
        output::print(&explained(&tuning, name, options)?)?;
        return Ok(Outcome::Done);
    }
    let format = arguments.report.printed();
    output::print(&render(&tuning, format, options))?;
    Ok(Outcome::Done)
}

fn explained(tuning: &Tuning, name: &str, options: TerminalOptions) -> Result<String, Failure> {
    let found = tuning.recommendations.iter().find(|it| it.id == name);
    found.map(|it| report::recommendation(it, options)).ok_or_else(|| {
        let known: Vec<&str> = tuning.recommendations.iter().take(5).map(|it| it.id.as_str()).collect();
        let known =
            if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
        Failure::Input(format!("no recommendation is called {name}; {known}"))
    })
}

/// The day as given, else that of the clock, in UTC.
pub fn today(given: Option<&str>) -> Result<String, Failure> {
    let Some(day) = given else { return Ok(jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()) };
    if is_day(day) {
        return Ok(day.to_owned());
    }
    Err(Failure::Input(format!("--today {day} is no day; write it as 2027-03-31")))
}

fn render(tuning: &Tuning, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::tuning_terminal(tuning, options),
        Format::Markdown => report::tuning_markdown(tuning),
        Format::Html => report::tuning_html(tuning),
        Format::Json => report::tuning_json(tuning),
    }
}
