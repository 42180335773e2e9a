//! What Linux' /proc tells of a process and of the machine: reading, and pure parsing below.

use std::fs;

use super::CalibrateError;
use super::platform::ticks_per_second;
use crate::units::{Bytes, Seconds};

/// Memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Resident {
    /// All pages in memory, those of the program file included.
    pub rss: Bytes,
    /// Pages that belong to no file.
    pub anonymous: Bytes,
}

/// CPU time of the whole machine since it started, all CPUs together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MachineTime {
    /// Spent on processes and interrupts.
    pub busy: Seconds,
    /// Wanted, but taken by the hypervisor for somebody else.
    pub stolen: Seconds,
}

/// CPU time a process has used, to the nanosecond where the kernel keeps scheduler statistics, else to a tick.
pub(super) fn cpu_time(process: u32) -> Result<Seconds, CalibrateError> {
    let folder = format!("/proc/{process}/task");
    let tasks = fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error.to_string()))?;
    let mut nanoseconds = 0;
    for task in tasks.flatten() {
        let text = fs::read_to_string(task.path().join("schedstat")).ok();
        match text.as_deref().and_then(run_time) {
            Some(time) => nanoseconds += time,
            None => return cpu_time_ever(process),
        }
    }
    Ok(Seconds::new(nanoseconds as f64 / 1e9))
}

/// CPU time of a process to a tick, threads that have ended included.
pub(super) fn cpu_time_ever(process: u32) -> Result<Seconds, CalibrateError> {
    let path = format!("/proc/{process}/stat");
    let ticks = read(&path, ticks)?;
    Ok(Seconds::new(ticks as f64 / ticks_per_second() as f64))
}

/// Memory of a process.
pub(super) fn resident(process: u32) -> Result<Resident, CalibrateError> {
    read(&format!("/proc/{process}/smaps_rollup"), smaps)
}

/// Names of a process's threads.
pub(super) fn threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok()).collect()
}

/// CPU time of the machine.
pub(super) fn machine_time() -> Result<MachineTime, CalibrateError> {
    read("/proc/stat", |text| machine(text, ticks_per_second() as f64))
}

/// Runnable processes, averaged over the last minute.
pub(super) fn load_average() -> Result<f64, CalibrateError> {
    read("/proc/loadavg", |text| text.split(' ').next()?.parse().ok())
}

/// Name of the processor; some architectures do not tell.
pub(super) fn processor() -> Option<String> {
    fs::read_to_string("/proc/cpuinfo").ok().as_deref().and_then(model)
}

/// How the first CPU's frequency is chosen, where the machine lets it be seen.
pub(super) fn governor() -> Option<String> {
    let text = fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Release of the kernel, `6.18`.
pub(super) fn release() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let mut parts = text.split('.');
    Some(format!("{}.{}", parts.next()?, parts.next()?.trim()))
}

fn read<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, CalibrateError> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error.to_string()))?;
    parse(&text).ok_or_else(|| unreadable(path, "its content is not as the kernel documents it"))
}

fn unreadable(path: &str, reason: &str) -> CalibrateError {
    CalibrateError::NoKernelFigures { path: path.to_owned(), reason: reason.to_owned() }
}

/// Nanoseconds on a CPU, from `schedstat`; a kernel without the statistics writes three zeros.
fn run_time(schedstat: &str) -> Option<u64> {
    let mut fields = schedstat.split_ascii_whitespace();
    let time = fields.next()?.parse().ok()?;
    let slices: u64 = fields.nth(1)?.parse().ok()?;
    (slices > 0).then_some(time)
}

/// User and system ticks, from `stat`; the name before them may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    const USER: usize = 11;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(USER).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

fn smaps(rollup: &str) -> Option<Resident> {
    let field = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(Bytes::new(kib.checked_mul(1024)?))
    };
    Some(Resident { rss: field("Rss:")?, anonymous: field("Anonymous:")? })
}

fn machine(stat: &str, ticks_per_second: f64) -> Option<MachineTime> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<f64> = line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, _idle, _wait, interrupts, soft_interrupts, stolen, ..] = fields[..] else { return None };
    let busy = user + nice + system + interrupts + soft_interrupts;
    Some(MachineTime { busy: Seconds::new(busy / ticks_per_second), stolen: Seconds::new(stolen / ticks_per_second) })
}

fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    let words: Vec<&str> = name.split_whitespace().collect();
    Some(words.join(" ")).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        assert_eq!(run_time("101330 1524952 2\n"), Some(101_330));
        assert_eq!(run_time("0 0 0\n"), None, "a kernel without scheduler statistics");
        let stat = "4711 (a ) b) S 1 4711 4711 0 -1 4194560 1 0 0 0 250 50 3 4 20 0 5 0 100 1 2\n";
        assert_eq!(ticks(stat), Some(300));
        let rollup =
            "55d0-7ffd ---p 00000000 00:00 0    [rollup]\nRss:     70912 kB\nPss:  1 kB\nAnonymous:    14148 kB\n";
        let resident = smaps(rollup).unwrap();
        assert_eq!((resident.rss.get(), resident.anonymous.get()), (70_912 * 1024, 14_148 * 1024));
        let time = machine("cpu  100 10 50 900 5 1 2 7 0 0\ncpu0 1 1 1 1\n", 100.0).unwrap();
        assert_eq!((time.busy, time.stolen), (Seconds::new(1.63), Seconds::new(0.07)));
        let name = "processor : 0\nmodel name\t: Some  CPU @ 2.00GHz\nmodel name\t: other\n";
        assert_eq!(model(name).as_deref(), Some("Some CPU @ 2.00GHz"));
        assert_eq!(model("processor : 0\n"), None);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for text in ["", "4711 (a", "4711 (a) S 1 2", "cpu ", "Rss: x kB", "1"] {
            assert_eq!(run_time(text), None, "{text:?}");
            assert_eq!(ticks(text), None, "{text:?}");
            assert_eq!(smaps(text), None, "{text:?}");
            assert_eq!(machine(text, 100.0), None, "{text:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_busy_process_uses_time() {
        let own = std::process::id();
        let before = cpu_time_ever(own).unwrap();
        let mut sum = 0_u64;
        while cpu_time_ever(own).unwrap() - before < Seconds::new(0.05) {
            sum = (0..100_000_u64).fold(sum, |sum, next| std::hint::black_box(sum ^ next));
        }
        assert!(cpu_time(own).unwrap() > Seconds::new(0.0));
        assert!(resident(own).unwrap().anonymous.get() > 0);
        assert!(machine_time().unwrap().busy > Seconds::new(0.0));
    }
}
