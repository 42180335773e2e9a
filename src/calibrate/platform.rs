//! What differs between systems: everything here does nothing, or says that it cannot, where it is not Linux.

use std::ffi::OsString;
use std::process::Command;

/// The system calibration runs on.
pub(super) fn supported() -> bool {
    cfg!(target_os = "linux")
}

/// Lets a thread's sleeps end when they should, rather than up to 50 µs later.
#[cfg(target_os = "linux")]
pub(super) fn sleep_precisely() {
    // Where it is refused, response times are a little longer.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

/// Raises the number of files this process and its children may have open to what they are allowed to ask for.
#[cfg(target_os = "linux")]
pub(super) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it is refused, points with many connections fail and say so.
    let _ = setrlimit(Resource::Nofile, wanted);
}

/// Ticks of the kernel's coarse CPU clock per second.
#[cfg(target_os = "linux")]
pub(super) fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// Starts a command in a process group of its own: a Ctrl-C at the terminal is for this process, which ends the
/// other itself.
pub(super) fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Becomes another program that is killed when the parent ends, however it ends. Comes back only on failure.
#[cfg(target_os = "linux")]
pub(super) fn become_bound(parent: u32, program: &OsString, arguments: &[OsString]) -> std::io::Error {
    use std::os::unix::process::CommandExt;

    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // The parent may have ended before the line above.
    let is_there =
        getppid().is_some_and(|pid| u32::try_from(pid.as_raw_nonzero().get()).is_ok_and(|pid| pid == parent));
    if !is_there {
        return std::io::Error::other("the process that started this one is gone");
    }
    Command::new(program).args(arguments).exec()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sleep_precisely() {}

#[cfg(not(target_os = "linux"))]
pub(super) fn raise_open_files() {}

#[cfg(not(target_os = "linux"))]
pub(super) fn ticks_per_second() -> u64 {
    100
}

#[cfg(not(target_os = "linux"))]
pub(super) fn become_bound(_: u32, program: &OsString, arguments: &[OsString]) -> std::io::Error {
    let _ = Command::new(program).args(arguments);
    std::io::Error::other("not supported on this system")
}
