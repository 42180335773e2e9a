//! A spinner on standard error while large inputs are read, a bar while time passes; on a terminal only.

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
        if is_unseen(global) {
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

/// Shows how much of a span of time is spent, and on what.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar over a span of time, invisible where nobody looks.
    pub fn new(global: &Global, span: Duration) -> Self {
        if is_unseen(global) {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(span.as_secs()), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {elapsed} of at most {prefix}\n{msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(format!("{} s", span.as_secs()));
        bar.enable_steady_tick(Duration::from_secs(1));
        Self(bar)
    }

    /// Shows what comes next.
    pub fn show(&self, spent: Duration, next: &str) {
        self.0.set_position(spent.as_secs());
        self.0.set_message(next.to_owned());
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn is_unseen(global: &Global) -> bool {
    global.quiet || !std::io::stderr().is_terminal()
}

/// Shows how many of several answers are there, once the first second is over.
pub struct Steps(ProgressBar);

impl Steps {
    /// A bar of that many steps, invisible where nobody looks.
    pub fn new(global: &Global, steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} scenarios ({elapsed})") {
            bar.set_style(style);
        }
        if !is_unseen(global) {
            // Until a second is over the bar would only flicker.
            let late = bar.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(1));
                if !late.is_finished() {
                    late.set_draw_target(ProgressDrawTarget::stderr());
                    late.enable_steady_tick(Duration::from_millis(200));
                }
            });
        }
        Self(bar)
    }

    /// One more is there.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
