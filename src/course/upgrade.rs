//! Upgrade by revision: a second istiod beside the first, namespaces moved to it in waves, the first one removed;
//! and the way back from where it is longest.
//!
//! Moving a namespace restarts its pods, so that they are injected with the other revision's proxy; the next wave
//! begins once the last is over and was watched. The way back is longest when every namespace has moved and the
//! first istiod still stands: all pods restart again, in the same waves but without watching, before the second
//! istiod goes. Source: istio.io, "Canary Upgrades".

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::fleet::Fleet;
use super::play::{Player, play};
use super::restart::waves;
use super::stage::{Change, Stage};
use super::timing::millis;
use super::{Cause, Course, End, Setting, Untouched};

/// What is upgraded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgrade {
    /// The present istiod: indices in [`crate::inventory::Inventory::workloads`]. The second has as many pods that
    /// ask for as much.
    pub control_plane: Vec<usize>,
    /// Workloads by wave, each wave usually a namespace.
    pub waves: Vec<Vec<usize>>,
}

/// How an upgrade goes, and how the way back.
#[derive(Debug, Clone, PartialEq)]
pub struct Upgraded {
    /// From the second istiod's first pod to the removal of the first istiod.
    pub forward: Course,
    /// From the moment when all namespaces have moved back to the first istiod alone; nothing where it does not
    /// come so far.
    pub back: Option<Course>,
}

/// Upgrades, and says how long the way back would be.
#[must_use]
pub fn upgrade(setting: &Setting<'_>, upgrade: &Upgrade) -> Upgraded {
    let mut stage = Stage::new(*setting);
    let forward = run(&mut stage, Step::Begin, upgrade, None);
    let back = matches!(forward.end, End::Finished { .. }).then(|| {
        let mut stage = Stage::new(*setting);
        let mut moving = Moving::new(upgrade, Step::Begin, true);
        play(&mut stage, &mut moving);
        let untouched = moving.untouched;
        stage.finish(End::Finished { after: crate::units::Seconds::ZERO }, 0, untouched);
        run(&mut stage, Step::Move, upgrade, Some(moving.second))
    });
    Upgraded { forward, back }
}

/// From a step to the end; on the way back the second istiod's pods go, else the first's.
fn run(stage: &mut Stage<'_>, from: Step, upgrade: &Upgrade, second: Option<BTreeSet<usize>>) -> Course {
    let mut moving = Moving::new(upgrade, from, false);
    if let Some(second) = second {
        moving.leaving = Leaving::These(second);
        moving.watched = false;
    }
    let end = play(stage, &mut moving);
    stage.finish(end, 0, moving.untouched)
}

/// An upgrade on its way.
#[derive(Debug)]
struct Moving<'a> {
    upgrade: &'a Upgrade,
    step: Step,
    /// Whether the istiod that is no longer needed stays.
    stays: bool,
    leaving: Leaving,
    watched: bool,
    queue: VecDeque<usize>,
    fleet: Option<Fleet>,
    /// Pods of the second istiod, and those of them that are not available.
    second: BTreeSet<usize>,
    starting: BTreeSet<usize>,
    /// Pods that are told to end last.
    ending: BTreeSet<usize>,
    untouched: BTreeMap<Untouched, u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    Start,
    Move,
    Watch,
    Remove,
    Done,
}

/// Which istiod goes in the end.
#[derive(Debug)]
enum Leaving {
    First,
    These(BTreeSet<usize>),
}

impl<'a> Moving<'a> {
    fn new(upgrade: &'a Upgrade, step: Step, stays: bool) -> Self {
        Self {
            upgrade,
            step,
            stays,
            leaving: Leaving::First,
            watched: true,
            queue: (0..upgrade.waves.len()).collect(),
            fleet: None,
            second: BTreeSet::new(),
            starting: BTreeSet::new(),
            ending: BTreeSet::new(),
            untouched: BTreeMap::new(),
        }
    }

    /// One step on; says whether there was one.
    fn go_on(&mut self, stage: &mut Stage<'_>, changes: &[Change]) -> bool {
        match self.step {
            Step::Begin => self.start_second(stage),
            Step::Start if self.starting.is_empty() => self.step = Step::Move,
            Step::Move => return self.move_on(stage, changes),
            Step::Remove if self.ending.is_empty() => self.step = Step::Done,
            Step::Start | Step::Watch | Step::Remove | Step::Done => return false,
        }
        true
    }

    fn start_second(&mut self, stage: &mut Stage<'_>) {
        for &workload in &self.upgrade.control_plane {
            if let Some(workload) = stage.setting.inventory.workloads.get(workload) {
                stage.record.begun(|| format!("second {}", workload.id));
            }
            for pod in stage.present(workload) {
                self.second.insert(stage.begin(pod, None));
            }
        }
        self.starting.clone_from(&self.second);
        self.step = Step::Start;
    }

    fn move_on(&mut self, stage: &mut Stage<'_>, changes: &[Change]) -> bool {
        let Some(fleet) = &mut self.fleet else { return self.next_wave(stage) };
        fleet.act(stage, changes);
        if !fleet.is_done() {
            return false;
        }
        for (reason, pods) in fleet.take_untouched() {
            *self.untouched.entry(reason).or_default() += pods;
        }
        self.fleet = None;
        let watched = millis(stage.setting.policy.watch);
        if self.watched && watched > 0 && !self.queue.is_empty() {
            self.step = Step::Watch;
            stage.wake(watched, 0);
        }
        true
    }

    fn next_wave(&mut self, stage: &mut Stage<'_>) -> bool {
        match self.queue.pop_front().and_then(|wave| self.upgrade.waves.get(wave)) {
            Some(wave) => self.fleet = Some(waves(&stage.setting, wave.iter().copied())),
            None => self.remove(stage),
        }
        true
    }

    fn remove(&mut self, stage: &mut Stage<'_>) {
        self.step = if self.stays { Step::Done } else { Step::Remove };
        if self.stays {
            return;
        }
        self.ending = match &self.leaving {
            Leaving::These(pods) => pods.clone(),
            Leaving::First => {
                let all = self.upgrade.control_plane.iter().flat_map(|workload| stage.present(*workload));
                all.filter(|pod| !self.second.contains(pod)).collect()
            }
        };
        self.ending.iter().for_each(|pod| stage.end(*pod));
    }
}

impl Player for Moving<'_> {
    fn act(&mut self, stage: &mut Stage<'_>, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Available(pod) => _ = self.starting.remove(pod),
                Change::Gone(pod) => _ = self.ending.remove(pod),
                Change::Alarm(_) if self.step == Step::Watch => self.step = Step::Move,
                Change::Alarm(_) | Change::Placed(_) => {}
            }
        }
        let mut news = changes;
        while self.go_on(stage, news) {
            news = &[];
        }
    }

    fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    fn under_way(&self) -> u64 {
        self.fleet.as_ref().map_or(0, Fleet::under_way)
    }

    fn stuck(&self, stage: &Stage<'_>) -> (Cause, Option<usize>, Option<usize>) {
        let (cause, pod) = match &self.fleet {
            Some(fleet) => fleet.stuck(stage),
            // Of pods that are alike the first speaks for all: it may be one of the first istiod.
            None => match stage
                .first_waiting(|pod| self.starting.contains(&pod))
                .or_else(|| stage.first_waiting(|pod| self.upgrade.control_plane.contains(&stage.workload_of(pod))))
            {
                Some((pod, cause)) => (cause, Some(pod)),
                None => (Cause::NotReady, None),
            },
        };
        (cause, pod, None)
    }
}
