//! Laws that every course obeys, on clusters drawn at random.

use proptest::prelude::*;

use super::super::fleet::{Admission, Fleet};
use super::super::limits::of_deployment;
use super::super::play::{Player, play};
use super::super::stage::{Change, Phase, Stage};
use super::super::{Cause, Course, Drain, End, Restart, Rollout, drain, restart, rollout};
use super::cluster::Cluster;

/// A Deployment in numbers: replicas, cores of a pod, surge, unavailable, and a budget's `minAvailable`, if any.
type Drawn = (usize, u64, usize, usize, Option<usize>);

const SURGES: [&str; 5] = ["", "0", "1", "50%", "100%"];
const UNAVAILABLE: [&str; 4] = ["", "0", "1", "50%"];
const LEAST: [&str; 4] = ["0", "1", "50%", "100%"];

fn drawn(cores: u64) -> impl Strategy<Value = (Vec<u64>, Vec<Drawn>)> {
    let workload = (1_usize..7, 1..=cores, 0..SURGES.len(), 0..UNAVAILABLE.len(), prop::option::of(0..LEAST.len()));
    (prop::collection::vec(2_u64..9, 1..5), prop::collection::vec(workload, 1..5))
}

/// Pods stand where there is room, first by first; those without any wait.
fn cluster(nodes: &[u64], workloads: &[Drawn]) -> Cluster {
    let mut cluster = nodes.iter().fold(Cluster::new(0, 0), |cluster, cores| cluster.node(*cores));
    let mut free = nodes.to_vec();
    for (index, &(replicas, cores, surge, unavailable, least)) in workloads.iter().enumerate() {
        let name = format!("w{index}");
        let mut on = Vec::new();
        for _ in 0..replicas {
            let node = free.iter().position(|free| *free >= cores);
            if let Some(node) = node {
                free[node] -= cores;
            }
            on.push(node.unwrap_or(usize::MAX));
        }
        let update = super::cluster::limits(SURGES[surge], UNAVAILABLE[unavailable]);
        cluster = cluster.workload("Deployment", &name, cores, &on, update);
        if let Some(least) = least {
            cluster = cluster.budget(&name, LEAST[least], "");
        }
    }
    cluster
}

/// Looks at the stage after every answer.
struct Watched<P, L> {
    player: P,
    look: L,
}

impl<P: Player, L: FnMut(&Stage<'_>)> Player for Watched<P, L> {
    fn act(&mut self, stage: &mut Stage<'_>, changes: &[Change]) {
        self.player.act(stage, changes);
        (self.look)(stage);
    }

    fn is_done(&self) -> bool {
        self.player.is_done()
    }

    fn under_way(&self) -> u64 {
        self.player.under_way()
    }

    fn stuck(&self, stage: &Stage<'_>) -> (Cause, Option<usize>, Option<usize>) {
        self.player.stuck(stage)
    }
}

fn available(stage: &Stage<'_>, workload: usize) -> u64 {
    stage.present(workload).iter().filter(|pod| stage.phase(**pod) == Phase::Available).count() as u64
}

fn ends_well_told(course: &Course) -> Result<(), TestCaseError> {
    if let End::Stuck { because, pod, .. } = &course.end {
        prop_assert!(pod.is_some(), "{because}");
        prop_assert!(!because.to_string().is_empty());
    }
    let peak = &course.peak;
    for wave in &course.waves {
        prop_assert!(wave.pods <= peak.pods && wave.waiting <= peak.waiting && wave.surge <= peak.surge);
        prop_assert!(wave.cpu_headroom >= peak.cpu_headroom && wave.memory_headroom >= peak.memory_headroom);
        // Nothing exceeds what nodes offer: no pod is placed where it does not fit.
        prop_assert!(wave.requested.fits_in(&course.allocatable));
    }
    prop_assert!(course.waves.windows(2).all(|pair| pair[0].at <= pair[1].at));
    prop_assert_eq!(course.waves.iter().map(|wave| wave.moved).sum::<u64>(), course.replaced);
    Ok(())
}

/// Without a reason to be stuck at all: more is done with more room, and at least as well.
fn goes_as_far(before: &Course, with_room: &Course) -> Result<(), TestCaseError> {
    prop_assert!(with_room.replaced >= before.replaced, "{:?} {:?}", before.end, with_room.end);
    if matches!(before.end, End::Finished { .. }) {
        prop_assert!(matches!(with_room.end, End::Finished { .. }), "{:?}", with_room.end);
        prop_assert!(with_room.waiting.len() <= before.waiting.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_rollout_keeps_between_its_limits((nodes, workloads) in drawn(3)) {
        let cluster = cluster(&nodes, &workloads);
        let mut stage = Stage::new(cluster.setting());
        let before: Vec<u64> = (0..workloads.len()).map(|workload| available(&stage, workload)).collect();
        let fleet = Fleet::new(0..workloads.len(), u64::MAX, Admission::Free);
        let mut broken = Vec::new();
        let mut look = |stage: &Stage<'_>| {
            for (index, &(replicas, ..)) in workloads.iter().enumerate() {
                let wanted = replicas as u64;
                let id = &cluster.inventory.workloads[index].id;
                let limits = of_deployment(&cluster.inventory.updates[id], wanted);
                let least = (wanted - limits.unavailable).min(before[index]);
                let (pods, available) = (stage.present(index).len() as u64, available(stage, index));
                if pods > wanted + limits.surge || available < least {
                    broken.push((index, pods, available, limits));
                }
            }
        };
        let mut watched = Watched { player: fleet, look: &mut look };
        let end = play(&mut stage, &mut watched);
        prop_assert_eq!(&broken, &Vec::new());
        if matches!(end, End::Finished { .. }) {
            for (index, &(replicas, ..)) in workloads.iter().enumerate() {
                let pods = stage.present(index);
                prop_assert_eq!(pods.len(), replicas);
                prop_assert!(pods.iter().all(|pod| *pod >= cluster.inventory.pods.len()), "old pods are left");
            }
        }
    }

    #[test]
    fn courses_end_or_say_why_and_the_same_way_again((nodes, workloads) in drawn(3), back in any::<bool>()) {
        let cluster = cluster(&nodes, &workloads);
        let setting = cluster.setting();
        let all = Rollout { workloads: cluster.all_workloads(), at_once: None };
        let waves = Restart { workloads: cluster.all_workloads() };
        let nodes = Drain { nodes: (0..nodes.len()).collect(), come_back: back };
        let courses = || [rollout(&setting, &all), restart(&setting, &waves), drain(&setting, &nodes)];
        let (once, again) = (courses(), courses());
        prop_assert_eq!(&once, &again);
        for course in &once {
            ends_well_told(course)?;
        }
    }

    #[test]
    fn a_drain_breaks_no_budget((nodes, workloads) in drawn(3), back in any::<bool>()) {
        let cluster = cluster(&nodes, &workloads);
        let mut stage = Stage::new(cluster.setting());
        let before = stage.missed_budgets();
        let mut worst = before.clone();
        let plan = Drain { nodes: (0..nodes.len()).collect(), come_back: back };
        let mut watched = Watched {
            player: drain::Draining::new(&cluster.setting(), &plan),
            look: |stage: &Stage<'_>| {
                worst.iter_mut().zip(stage.missed_budgets()).for_each(|(worst, missed)| *worst = missed.max(*worst));
            },
        };
        play(&mut stage, &mut watched);
        prop_assert_eq!(worst, before);
    }

    #[test]
    fn more_room_never_makes_it_stuck_earlier((nodes, workloads) in drawn(1), cores in 1_u64..6) {
        let tight = cluster(&nodes, &workloads);
        let roomy = tight.clone().node(cores);
        let all = Rollout { workloads: tight.all_workloads(), at_once: None };
        goes_as_far(&rollout(&tight.setting(), &all), &rollout(&roomy.setting(), &all))?;
        let nodes = Drain { nodes: vec![0], come_back: false };
        let (before, after) = (drain(&tight.setting(), &nodes), drain(&roomy.setting(), &nodes));
        if matches!(before.end, End::Finished { .. }) {
            prop_assert!(matches!(after.end, End::Finished { .. }), "{:?}", after.end);
        }
    }
}

/// A pod at a time: as many steps as pods, each of them cheap.
#[test]
fn many_alike_one_at_a_time_end_soon() {
    const PODS: usize = 10_000;
    let on: Vec<usize> = (0..PODS).map(|pod| pod / 100).collect();
    let cluster = Cluster::new(100, 110).deployment("cart", &on, "1", "0");
    let course = rollout(&cluster.setting(), &Rollout { workloads: vec![0], at_once: None });
    assert_eq!((course.replaced, course.succeeds()), (PODS as u64, true));
    assert_eq!(course.duration().as_seconds(), 10.0 * PODS as f64);
    let waiting = Cluster::new(100, 100).deployment("cart", &on, "100%", "0");
    let course = rollout(&waiting.setting(), &Rollout { workloads: vec![0], at_once: None });
    assert_eq!((course.peak.waiting, course.succeeds()), (PODS as u64, false));
}
