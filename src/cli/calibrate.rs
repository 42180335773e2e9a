//! Measures a real Envoy.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::args::{BoundArguments, CalibrateArguments, Global, Sweep};
use super::progress::Bar;
use super::{Failure, Outcome, calibrate_card, load, output};
use crate::calibrate::{
    self, Arrivals, CalibrateError, Hooks, Launcher, Pace, Point, Program, Settings, Summary, Wanted,
};

impl From<CalibrateError> for Failure {
    fn from(error: CalibrateError) -> Self {
        Self::Input(error.to_string())
    }
}

pub fn run(arguments: &CalibrateArguments, global: &Global) -> Result<Outcome, Failure> {
    let wanted = Wanted {
        memory: arguments.sweep != Sweep::Cpu,
        paced: arguments.sweep != Sweep::Memory,
        most_rps: arguments.most_rps,
        arrivals: Arrivals::ALL.into_iter().find(|known| known.name() == arguments.arrivals).unwrap_or(Arrivals::Even),
    };
    let Some(folder) = arguments.output.clone().filter(|_| !arguments.dry_run) else {
        output::print(&listing(wanted, arguments.budget))?;
        return Ok(Outcome::Done);
    };
    // A card that is not there is better known now than in ten minutes.
    load::card(&arguments.extends)?;
    let interrupted = interruptions()?;
    let search = std::env::var_os("PATH");
    let settings = Settings {
        program: Program::find(arguments.envoy.as_deref(), search.as_deref(), launcher()?)?,
        wanted,
        budget: arguments.budget,
        folder,
        environment: arguments.environment.clone(),
        date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
    };
    let bar = Bar::new(global, arguments.budget);
    let hooks = Hooks {
        interrupted: &|| interrupted.load(Ordering::Relaxed),
        progress: &|progress| bar.show(progress.spent, &progress.point.to_string()),
    };
    let summary = calibrate::run(&settings, hooks);
    bar.finish();
    let summary = summary?;
    let mut printed = text(&settings, &summary);
    let _ = write!(printed, "\n{}", calibrate_card::write(&settings, &summary, &arguments.extends, global)?);
    output::print(&printed)?;
    Ok(Outcome::Done)
}

/// Becomes the program of the arguments; comes back only when that fails.
pub fn become_bound(arguments: &BoundArguments) -> Result<Outcome, Failure> {
    let Some((program, rest)) = arguments.words.split_first() else { return Ok(Outcome::Done) };
    let error = calibrate::become_bound(arguments.parent, program, rest);
    Err(Failure::Input(format!("failed to become {}: {error}", program.to_string_lossy())))
}

/// This program, asked to become another that is bound to this process.
fn launcher() -> Result<Launcher, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::Input(format!("failed to find this program itself: {error}")))?;
    let process = std::process::id().to_string();
    Ok(Launcher::new(vec![own.into_os_string(), OsString::from("bound"), process.into(), OsString::from("--")]))
}

/// A flag that a first signal raises; a second one ends the process at once.
fn interruptions() -> Result<Arc<AtomicBool>, Failure> {
    const INTERRUPTED: i32 = 130;
    let flag = Arc::new(AtomicBool::new(false));
    let mut signals = signal_hook::consts::TERM_SIGNALS.to_vec();
    #[cfg(unix)]
    signals.push(signal_hook::consts::SIGHUP);
    for signal in signals {
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
            .map_err(|error| Failure::Input(format!("failed to watch for signals: {error}")))?;
    }
    Ok(flag)
}

/// The points a budget has time for, each with the moment at which it would end.
fn listing(wanted: Wanted, budget: Duration) -> String {
    let pace = Pace::within(budget);
    let mut spent = Duration::ZERO;
    let mut text = String::new();
    let points = calibrate::sweep(wanted, pace);
    let all = points.len();
    let mut listed = 0;
    for point in points {
        spent += point.cost(pace);
        if spent > budget {
            break;
        }
        let kind = if matches!(point, Point::Memory(_)) { "memory" } else { "paced" };
        let seconds = spent.as_secs_f64().round();
        let _ = writeln!(text, "{:>4}:{:02}  {kind:<6}  {point}", (seconds / 60.0).floor(), seconds % 60.0);
        listed += 1;
    }
    let _ = writeln!(text, "{listed} of {all} points");
    text
}

fn text(settings: &Settings, summary: &Summary) -> String {
    let Summary { host, rows: [memory, paced], measured, known, left, noise, findings } = summary;
    let mut text = format!(
        "Envoy {} on {}, Linux {}, CPU governor {}\n\
         {measured} points measured, {known} known before, {left} left\n\
         {memory} rows of memory, {paced} paced runs in {}\n",
        settings.program.version,
        host.machine,
        host.kernel,
        host.governor,
        settings.folder.display()
    );
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let _ = match noise {
        None => writeln!(text, "no run was repeated: nothing says yet how much figures vary"),
        Some(noise) => writeln!(
            text,
            "repeated runs of {} points differ by {} in CPU, {} in p50, {} in p99",
            noise.points,
            percent(noise.cpu),
            percent(noise.p50),
            percent(noise.p99)
        ),
    };
    for finding in findings {
        let severity = format!("{:?}", finding.kind.severity).to_lowercase();
        let _ = writeln!(text, "{severity} {}: {}: {}", finding.kind.id, finding.subject, finding.message);
    }
    text
}
