//! A spinner on standard error while large inputs are read, on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Global;
use crate::sources::Progress;

/// Shows how far reading has come.
pub struct Spinner(ProgressBar);

impl Spinner {
    /// A spinner, invisible where nobody looks.
    pub fn new(global: &Global) -> Self {
        if global.quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Shows one step.
    pub fn show(&self, progress: &Progress) {
        let done = progress.bytes / (1 << 20);
        let of = progress.total_bytes.map_or(String::new(), |total| format!(" of {}", total / (1 << 20)));
        self.0.set_message(format!("reading: {done}{of} MiB, {} objects", progress.objects));
    }

    /// Takes the spinner away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
