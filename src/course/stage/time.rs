//! What happens when: pods start, are ready, end.

use super::super::timing::{Millis, Timing, of_workload};
use super::{Actor, Change, Event, Phase, Stage};
use crate::inventory::{PROXY_CONTAINER, PodSpec};

impl Stage<'_> {
    /// A change called alarm comes after so long, with this number.
    pub(in super::super) fn wake(&mut self, after: Millis, number: usize) {
        self.schedule(after, Event::Alarm(number));
    }

    /// Goes on to the next moment at which something happens; says whether there is one.
    pub(in super::super) fn tick(&mut self) -> bool {
        let Some((moment, events)) = self.events.pop_first() else { return false };
        self.now = moment;
        for event in events {
            self.happen(event);
        }
        self.try_waiting();
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ready(pod) if self.actors[pod].phase == Phase::Starting => {
                self.become_ready(pod);
                match self.timing(self.actors[pod].workload).min_ready {
                    0 => self.become_available(pod),
                    later => self.schedule(later, Event::Available(pod)),
                }
            }
            Event::Available(pod) if self.actors[pod].phase == Phase::Ready => self.become_available(pod),
            Event::Gone(pod) => {
                self.live.remove(pod);
                self.placed -= 1;
                self.ending -= 1;
                self.actors[pod].phase = Phase::Gone;
                self.changes.push(Change::Gone(pod));
            }
            Event::Alarm(number) => self.changes.push(Change::Alarm(number)),
            // It was told to end before.
            Event::Ready(_) | Event::Available(_) => {}
        }
    }

    pub(super) fn become_ready(&mut self, pod: usize) {
        self.starting -= 1;
        self.actors[pod].phase = Phase::Ready;
        self.budgets.ready(self.actors[pod].budgets, true);
    }

    fn become_available(&mut self, pod: usize) {
        self.actors[pod].phase = Phase::Available;
        self.changes.push(Change::Available(pod));
    }

    pub(super) fn try_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retry(|pod, _| self.try_place(pod));
        self.waiting = waiting;
    }

    pub(super) fn try_place(&mut self, pod: usize) -> bool {
        let Actor { workload, like, only, .. } = self.actors[pod];
        let placed = match only {
            Some(node) => self.live.place_on(pod, node),
            None => self.live.place(pod).is_some(),
        };
        if !placed {
            return false;
        }
        self.placed += 1;
        self.starting += 1;
        self.actors[pod].phase = Phase::Starting;
        self.changes.push(Change::Placed(pod));
        if self.setting.inventory.pods.get(like).is_some_and(|pod| has_proxy(&pod.spec)) {
            self.record.connecting();
        }
        let after = self.timing(workload).ready;
        self.schedule(after, Event::Ready(pod));
        true
    }

    pub(super) fn schedule(&mut self, after: Millis, event: Event) {
        self.events.entry(self.now.saturating_add(after)).or_default().push(event);
    }

    pub(super) fn timing(&mut self, workload: usize) -> Timing {
        const NONE: Timing = Timing { ready: 0, min_ready: 0, end: 0 };
        let Some(known) = self.timings.get_mut(workload) else { return NONE };
        let workload = self.setting.inventory.workloads.get(workload);
        *known.get_or_insert_with(|| workload.map_or(NONE, |workload| of_workload(&self.setting, workload)))
    }

    /// What has happened since this was last asked.
    pub(in super::super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(in super::super) fn now(&self) -> Millis {
        self.now
    }
}

/// Whether pods of a specification bring a proxy of the mesh.
fn has_proxy(spec: &PodSpec) -> bool {
    let mut all = spec.containers.iter().chain(&spec.init_containers);
    all.any(|container| container.name == PROXY_CONTAINER)
}
