//! What standard output can show.

use std::io::IsTerminal;

use super::args::{ColorChoice, Global};

/// Width assumed where there is no terminal to ask.
const WIDTH_WITHOUT_TERMINAL: usize = 100;
/// Narrower than this nothing can be laid out.
const NARROWEST: usize = 40;

/// Columns of the terminal, or of `COLUMNS` where a script sets it.
pub fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width = if std::io::stdout().is_terminal() { measured().or(asked) } else { asked };
    width.unwrap_or(WIDTH_WITHOUT_TERMINAL).max(NARROWEST)
}

/// Whether to use colour: as told, else on a terminal that wants it.
pub fn color(global: &Global) -> bool {
    match global.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            std::io::stdout().is_terminal() && !refused && !dumb
        }
    }
}
