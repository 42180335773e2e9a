//! The waves of a course as they come, and the worst of them.

use super::timing::{Millis, seconds};
use super::{MOST_WAVES, Peak, Wave};
use crate::resources::Resources;

/// Names of what is begun that a wave keeps.
const MOST_NAMES: usize = 3;

/// Writes waves down.
#[derive(Debug, Default)]
pub(super) struct Record {
    waves: Vec<Wave>,
    peak: Peak,
    /// What has happened since the last wave.
    present: Wave,
    replaced: u64,
    from: Millis,
}

/// The cluster at a moment.
#[derive(Debug, Clone)]
pub(super) struct Moment<'a> {
    pub(super) now: Millis,
    pub(super) pods: u64,
    pub(super) wanted: u64,
    pub(super) starting: u64,
    pub(super) ending: u64,
    pub(super) waiting: u64,
    pub(super) blocked: u64,
    pub(super) under_way: u64,
    pub(super) requested: Resources,
    /// CPU and memory free on nodes that take pods.
    pub(super) free: [i64; 2],
    pub(super) allocatable: &'a Resources,
}

impl Record {
    /// A record whose time begins at a moment.
    pub(super) fn from(from: Millis) -> Self {
        Self { from, ..Self::default() }
    }

    /// A node or workload is begun.
    pub(super) fn begun(&mut self, name: impl FnOnce() -> String) {
        self.present.begun_count += 1;
        if self.present.begun.len() < MOST_NAMES {
            self.present.begun.push(name());
        }
    }

    /// A pod is begun in place of another.
    pub(super) fn moved(&mut self) {
        self.present.moved += 1;
        self.replaced += 1;
    }

    /// A pod with a proxy found a node.
    pub(super) fn connecting(&mut self) {
        self.present.connecting += 1;
    }

    /// A wave ends: what stands now is written down.
    pub(super) fn note(&mut self, moment: &Moment<'_>) {
        let share = |free: i64, offered: u64| if offered == 0 { 0.0 } else { free as f64 / offered as f64 };
        let ([cpu, memory], offered) = (moment.free, moment.allocatable);
        let wave = Wave {
            at: seconds(moment.now.saturating_sub(self.from)),
            pods: moment.pods,
            surge: moment.pods.saturating_sub(moment.wanted),
            starting: moment.starting,
            ending: moment.ending,
            waiting: moment.waiting,
            blocked: moment.blocked,
            cpu_headroom: share(cpu, offered.cpu.get()),
            memory_headroom: share(memory, offered.memory.get()),
            requested: moment.requested.clone(),
            ..std::mem::take(&mut self.present)
        };
        let first = self.waves.is_empty();
        let peak = &mut self.peak;
        peak.pods = peak.pods.max(wave.pods);
        peak.surge = peak.surge.max(wave.surge);
        peak.waiting = peak.waiting.max(wave.waiting);
        peak.connecting = peak.connecting.max(wave.connecting);
        peak.at_once = peak.at_once.max(moment.under_way);
        peak.requested = std::mem::take(&mut peak.requested).max(&wave.requested);
        peak.cpu_headroom = if first { wave.cpu_headroom } else { peak.cpu_headroom.min(wave.cpu_headroom) };
        peak.memory_headroom =
            if first { wave.memory_headroom } else { peak.memory_headroom.min(wave.memory_headroom) };
        self.waves.push(wave);
        if self.waves.len() > MOST_WAVES {
            self.waves = merged(std::mem::take(&mut self.waves));
        }
    }

    pub(super) fn finish(self) -> (Vec<Wave>, Peak, u64) {
        (self.waves, self.peak, self.replaced)
    }
}

/// Every second wave joined with the one before.
fn merged(waves: Vec<Wave>) -> Vec<Wave> {
    let mut merged: Vec<Wave> = Vec::with_capacity(waves.len() / 2 + 1);
    for (index, wave) in waves.into_iter().enumerate() {
        match merged.last_mut().filter(|_| index % 2 == 1) {
            Some(last) => join(last, wave),
            None => merged.push(wave),
        }
    }
    merged
}

fn join(first: &mut Wave, second: Wave) {
    let mut begun = std::mem::take(&mut first.begun);
    begun.extend(second.begun);
    begun.truncate(MOST_NAMES);
    *first = Wave {
        at: first.at,
        begun,
        begun_count: first.begun_count + second.begun_count,
        pods: first.pods.max(second.pods),
        surge: first.surge.max(second.surge),
        moved: first.moved + second.moved,
        connecting: first.connecting + second.connecting,
        starting: first.starting.max(second.starting),
        ending: first.ending.max(second.ending),
        waiting: first.waiting.max(second.waiting),
        blocked: first.blocked.max(second.blocked),
        requested: std::mem::take(&mut first.requested).max(&second.requested),
        cpu_headroom: first.cpu_headroom.min(second.cpu_headroom),
        memory_headroom: first.memory_headroom.min(second.memory_headroom),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_course_is_thinned_out_and_loses_nothing_it_counts() {
        let mut record = Record::default();
        let nothing = Resources::default();
        let waves = 3 * MOST_WAVES as u64;
        for now in 0..waves {
            record.moved();
            record.begun(|| format!("n{now}"));
            record.note(&Moment {
                now,
                pods: 10 + u64::from(now == 77),
                wanted: 10,
                starting: 0,
                ending: 0,
                waiting: 0,
                blocked: 0,
                under_way: 1,
                requested: Resources::default(),
                free: [0; 2],
                allocatable: &nothing,
            });
        }
        let (kept, peak, replaced) = record.finish();
        assert!(kept.len() <= MOST_WAVES && kept.len() > MOST_WAVES / 2);
        assert_eq!((peak.pods, peak.surge, replaced), (11, 1, waves));
        assert_eq!(kept.iter().map(|wave| wave.moved).sum::<u64>(), waves);
        assert_eq!(kept.iter().map(|wave| wave.begun_count).sum::<u64>(), waves);
        assert!(kept.windows(2).all(|pair| pair[0].at < pair[1].at));
    }
}
