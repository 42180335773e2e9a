//! The command line: the only module that writes, and the only one that knows terminal, clock and
//! environment.
#![expect(clippy::disallowed_methods, reason = "writing files and asking the environment is this module's job")]

mod args;
mod calibrate;
mod calibrate_card;
mod compare;
mod emit;
mod explain;
mod fit;
mod generate;
mod latency;
mod latency_mesh;
mod latency_verify;
mod load;
mod models;
mod models_diff;
mod models_verify;
mod output;
mod place;
mod plan;
mod progress;
mod schema;
mod shell;
mod terminal;
mod whatif;
mod tune;

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

/// How a run ended; exit codes are documented in the README.
enum Outcome {
    /// Everything was done: 0.
    Done,
    /// The policy is not met and the run was asked to fail then: 1.
    PolicyNotMet,
    /// A service level objective is missed: 1.
    ObjectiveMissed,
}

/// What stops a run.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Bad arguments or input: 2.
    #[error("{0}")]
    Input(String),
    /// The reader of standard output went away, as `head` does: not a failure.
    #[error("standard output was closed")]
    Closed,
}

impl From<crate::sources::InputError> for Failure {
    fn from(error: crate::sources::InputError) -> Self {
        Self::Input(error.to_string())
    }
}

/// Runs the command line and says with which exit code to end.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => return talk(&message),
    };
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(|| run(&arguments)));
    match result {
        Ok(Ok(Outcome::Done) | Err(Failure::Closed)) => ExitCode::SUCCESS,
        Ok(Ok(Outcome::PolicyNotMet | Outcome::ObjectiveMissed)) => ExitCode::from(1),
        Ok(Err(Failure::Input(message))) => {
            complain(&format!("error: {message}"));
            ExitCode::from(2)
        }
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            complain(&format!(
                "internal error: {text}\nthis is a bug of meshcap {}; please report it with the command you ran",
                env!("CARGO_PKG_VERSION")
            ));
            ExitCode::from(3)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Plan(plan) => plan::run(plan, &arguments.global),
        Command::Compare(compare) => compare::run(compare, &arguments.global),
        Command::Tune(tune) => tune::run(tune, &arguments.global),
        Command::Latency(latency) => latency::run(latency, &arguments.global),
        Command::Place(place) => place::run(place, &arguments.global),
        Command::WhatIf(whatif) => whatif::run(whatif, &arguments.global),
        Command::Fit(fit) => fit::run(fit, &arguments.global),
        Command::Explain(explain) => explain::run(explain, &arguments.global),
        Command::Models(models) => models::run(models, &arguments.global),
        Command::Policy(policy) => schema::policy(policy),
        Command::Schema(schema) => schema::print(schema),
        Command::Generate(generate) => generate::run(generate),
        Command::Calibrate(calibrate) => calibrate::run(calibrate, &arguments.global),
        Command::Bound(bound) => calibrate::become_bound(bound),
        Command::Completions(completions) => shell::completions(completions),
        Command::Man(man) => shell::man(man),
    }
}

/// Prints help or version on standard output, or what is wrong with the arguments on standard error.
fn talk(message: &clap::Error) -> ExitCode {
    let printed = message.print().and_then(|()| std::io::stdout().flush());
    match printed.map_err(|error| output::stdout_failure(&error)) {
        Err(Failure::Input(failure)) if !message.use_stderr() => {
            complain(&format!("error: {failure}"));
            ExitCode::from(2)
        }
        _ => ExitCode::from(if message.use_stderr() { 2 } else { 0 }),
    }
}

/// Says something on standard error; where even that fails there is nobody to tell. Names in it come
/// from files and clusters: what would move a cursor is escaped.
fn complain(text: &str) {
    let acts = |c: char| {
        let turns_text = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns_text || (c.is_control() && c != '\n' && c != '\t')
    };
    let shown: String =
        text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.to_string() }).collect();
    let _ = writeln!(std::io::stderr(), "{shown}");
}
