//! What may be odd about a calibration.

use super::rows::PacedRow;
use crate::finding::{Finding, FindingKind, Severity, Tally};

/// Every kind of finding a calibration can raise.
pub const FINDINGS: [&FindingKind; 7] =
    [&HOST_BUSY, &RUNS_DIFFER, &RATE_NOT_KEPT, &REQUESTS_FAILED, &POINT_FAILED, &SWEEP_UNFINISHED, &TABLE_REPAIRED];

/// Something else used the CPUs.
pub(super) static HOST_BUSY: FindingKind = FindingKind {
    id: "host-busy",
    severity: Severity::Warning,
    meaning: "other processes, or other virtual machines, used the CPUs during runs",
    why: "response times grow with what runs beside; CPU time per request suffers less, by a tenth or so",
    remedy: "repeat the runs on a quiet machine into a folder of its own, or trust the CPU figures only",
};
/// The same run gave other figures.
pub(super) static RUNS_DIFFER: FindingKind = FindingKind {
    id: "runs-differ",
    severity: Severity::Warning,
    meaning: "the CPU of the same run differs by more than 15 % from one time to the next",
    why: "a card fitted to such runs cannot be surer than they are",
    remedy: "give a larger budget, so that every run is repeated, on a machine that does nothing else",
};
/// The load generator fell behind.
pub(super) static RATE_NOT_KEPT: FindingKind = FindingKind {
    id: "rate-not-kept",
    severity: Severity::Warning,
    meaning: "fewer than 95 % of the requests that were due were answered in time",
    why: "such a run tells what is possible on this machine rather than what a rate costs",
    remedy: "leave these runs out, or keep to lower rates with --most-rps",
};
/// Some requests had no good answer.
pub(super) static REQUESTS_FAILED: FindingKind = FindingKind {
    id: "requests-failed",
    severity: Severity::Warning,
    meaning: "requests had no answer, or another than 200",
    why: "failing is cheaper or dearer than serving, and its times are not among the response times",
    remedy: "look whether the machine has enough ports and open files, and repeat the runs",
};
/// A point could not be measured.
pub(super) static POINT_FAILED: FindingKind = FindingKind {
    id: "point-failed",
    severity: Severity::Warning,
    meaning: "a point of the sweep could not be measured and has no row",
    why: "the tables lack it; the others are not affected",
    remedy: "read why, and run the command again: it measures what is missing",
};
/// There was no time for everything.
pub(super) static SWEEP_UNFINISHED: FindingKind = FindingKind {
    id: "sweep-unfinished",
    severity: Severity::Info,
    meaning: "the budget ended before every point was measured three times",
    why: "what was measured is whole in itself; more points make intervals narrower",
    remedy: "run the same command again, and it goes on from there",
};
/// A table ended within a line.
pub(super) static TABLE_REPAIRED: FindingKind = FindingKind {
    id: "table-repaired",
    severity: Severity::Info,
    meaning: "a table ended within a line, which was taken away",
    why: "an earlier run ended while it wrote, or the disk was full; that point is measured again",
    remedy: "nothing",
};

/// CPU of others above which a host is called busy, as a share of its cores.
const BUSY: f64 = 0.1;
/// Share of requests that must be answered in time.
const KEPT: f64 = 0.95;

/// What the runs show of the host and of themselves.
pub(super) fn of_runs(rows: &[&PacedRow], cores: u32) -> Vec<Finding> {
    let (mut busy, mut slow, mut failing) = (Tally::default(), Tally::default(), Tally::default());
    let mut most = 0.0_f64;
    for row in rows {
        let others = (row.others_cpu_milli + row.stolen_cpu_milli) / 1000.0;
        if others > BUSY * f64::from(cores) {
            most = most.max(others);
            busy.add(row.run);
        }
        if row.achieved_rps < KEPT * f64::from(row.target_rps) {
            slow.add(format!("{} ({} of {} per second)", row.run, row.achieved_rps, row.target_rps));
        }
        if row.failures > 0 {
            failing.add(format!("{} ({} of {})", row.run, row.failures, row.requests + row.failures));
        }
    }
    let all = rows.len();
    let found = [
        busy.finding(&HOST_BUSY, "host", |names| {
            format!("up to {most:.1} of {cores} cores were used by others in {} of {all} runs: {names}", busy.count())
        }),
        slow.finding(&RATE_NOT_KEPT, "runs", |names| names.to_owned()),
        failing.finding(&REQUESTS_FAILED, "runs", |names| names.to_owned()),
    ];
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_raised_by_what_it_describes() {
        let fine = PacedRow { target_rps: 1000, achieved_rps: 999.0, requests: 8000, ..PacedRow::default() };
        let ids = |row: &PacedRow| -> Vec<&str> { of_runs(&[row], 2).iter().map(|finding| finding.kind.id).collect() };
        assert_eq!(ids(&fine), Vec::<&str>::new());
        assert_eq!(ids(&PacedRow { others_cpu_milli: 150.0, stolen_cpu_milli: 60.0, ..fine.clone() }), ["host-busy"]);
        assert_eq!(ids(&PacedRow { achieved_rps: 900.0, ..fine.clone() }), ["rate-not-kept"]);
        assert_eq!(ids(&PacedRow { failures: 1, ..fine }), ["requests-failed"]);
    }
}
