//! Completions and manual pages, made from the arguments themselves.

use clap::CommandFactory;

use super::args::{Arguments, CompletionsArguments, ManArguments};
use super::{Failure, Outcome, output};

/// Prints a completion script.
pub fn completions(arguments: &CompletionsArguments) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "meshcap", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

/// Prints a manual page.
pub fn man(arguments: &ManArguments) -> Result<Outcome, Failure> {
    let mut command = Arguments::command();
    command.build();
    let page = match &arguments.command {
        None => clap_mangen::Man::new(command),
        Some(name) => match command.find_subcommand(name) {
            Some(found) => clap_mangen::Man::new(found.clone()),
            None => {
                let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
                let known: Vec<&str> = shown.map(clap::Command::get_name).collect();
                return Err(Failure::Input(format!("there is no command {name:?}; there are {}", known.join(", "))));
            }
        },
    };
    let mut text = Vec::new();
    page.render(&mut text).map_err(|error| output::stdout_failure(&error))?;
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Done)
}
