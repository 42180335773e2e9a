//! Where reports go, and as what.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Reports that are written, and the one that is printed.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Write a report: .html, .md, .json or .txt picks the format, - is standard output; may be repeated
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl ReportArguments {
    /// What to print.
    pub fn printed(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// Formats of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A summary for the terminal
    Text,
    /// Markdown
    Markdown,
    /// A self-contained HTML page
    Html,
    /// JSON (see `meshcap schema`)
    Json,
}
