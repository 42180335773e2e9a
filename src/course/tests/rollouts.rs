//! Workloads that replace their pods, second by second.

use super::super::{Restart, Rollout, restart, rollout};
use super::cluster::{Cluster, limits, told};
use crate::inventory::objects::{UpdateKind, UpdateStrategy};

const NOWHERE: usize = usize::MAX;

#[track_caller]
fn check(cluster: &Cluster, expected: &str) {
    let all = Rollout { workloads: cluster.all_workloads(), at_once: None };
    assert_eq!(told(&rollout(&cluster.setting(), &all)), expected);
}

#[test]
fn deployments_surge_and_go_down_by_turns() {
    // One more, one less: ready after 10 s, gone after 5.
    check(
        &Cluster::new(2, 4).deployment("cart", &[0, 0, 1], "1", "0"),
        "0: 4 +1, 10: 5 +1 -1, 15: 4, 20: 5 +1 -1, 25: 4, 30: 4 -1, 35: 3 | done after 30",
    );
    // The default of four: one more and one less, so that two begin at once.
    check(
        &Cluster::new(2, 4).deployment("cart", &[0, 0, 1, 1], "", ""),
        "0: 6 +2 -1, 5: 5, 10: 7 +2 -2, 15: 5, 20: 5 -1, 25: 4 | done after 20",
    );
    // All at once where there is room.
    check(&Cluster::new(2, 4).deployment("cart", &[0, 0, 1], "100%", "0"), "0: 6 +3, 10: 6 -3, 15: 3 | done after 10");
    check(&Cluster::new(2, 4).deployment("cart", &[0, 0, 1], "0", "100%"), "0: 6 +3 -3, 5: 3, 10: 3 | done after 10");
    check(&Cluster::new(1, 4).deployment("none", &[], "1", "0"), "0: 0 | done after 0");
}

#[test]
fn a_rollout_without_room_to_surge_goes_on_by_going_down() {
    // The node is full: the surge pod waits until an old one is gone.
    check(
        &Cluster::new(1, 4).deployment("cart", &[0, 0, 0, 0], "", ""),
        "0: 4 +2 -1 ?2, 5: 4 ?1, 15: 4 +1 -1 ?2, 20: 4 ?1, 30: 4 +1 -1 ?2, 35: 4 ?1, 45: 4 -1 ?1, 50: 4, 60: 4 | done after 60",
    );
}

#[test]
fn a_rollout_is_stuck_where_nothing_may_go_and_nothing_fits() {
    check(
        &Cluster::new(2, 2).deployment("cart", &[0, 0, 1, 1], "1", "0"),
        "0: 4 +1 ?1 | stuck after 0 at cart-0: it fits on no node: insufficient cpu and memory on 2 nodes; 1 × cart-0 waits",
    );
}

#[test]
fn recreating_ends_all_first() {
    let strategy = UpdateStrategy { kind: UpdateKind::Recreate, ..UpdateStrategy::default() };
    check(
        &Cluster::new(1, 2).workload("Deployment", "cart", 1, &[0, 0], strategy),
        "0: 2 -2, 5: 2 +2, 15: 2 | done after 15",
    );
}

#[test]
fn pods_count_when_they_were_ready_for_long_enough() {
    check(
        &Cluster::new(2, 4).deployment("cart", &[0], "1", "0").min_ready(20),
        "0: 2 +1, 10: 2, 30: 2 -1, 35: 1 | done after 30",
    );
}

#[test]
fn stateful_sets_go_from_the_last_ordinal_down() {
    let stateful = |update| Cluster::new(2, 4).workload("StatefulSet", "db", 1, &[0, 1, 0], update);
    check(
        &stateful(UpdateStrategy::default()),
        "0: 3 -1, 5: 3 +1, 15: 3 -1, 20: 3 +1, 30: 3 -1, 35: 3 +1, 45: 3 | done after 45",
    );
    check(
        &stateful(UpdateStrategy { partition: 2, ..UpdateStrategy::default() }),
        "0: 3 -1, 5: 3 +1, 15: 3 | done after 15; 2 below the partition of their StatefulSet",
    );
    // Two end together; in order their successors begin one after the other, in parallel at once.
    check(&stateful(limits("", "2")), "0: 3 -2, 5: 2 +1, 15: 3 +1, 25: 3 -1, 30: 3 +1, 40: 3 | done after 40");
    check(
        &stateful(UpdateStrategy { parallel: true, ..limits("", "2") }),
        "0: 3 -2, 5: 3 +2, 15: 3 -1, 20: 3 +1, 30: 3 | done after 30",
    );
    check(
        &stateful(UpdateStrategy { kind: UpdateKind::OnDelete, ..UpdateStrategy::default() }),
        "0: 3 | done after 0; 3 replaced only when deleted by hand",
    );
}

#[test]
fn a_stateful_set_waits_for_a_pod_that_is_not_ready() {
    let cluster = Cluster::new(2, 4)
        .workload("StatefulSet", "db", 1, &[0, 1, 0], UpdateStrategy::default())
        .last_pod(|pod| pod.life.ready = Some(false));
    check(&cluster, "0: 3 | stuck after 0 at db-2: it is not ready, and the other pods of its StatefulSet wait for it");
    let strategy = UpdateStrategy { parallel: true, ..UpdateStrategy::default() };
    let cluster = Cluster::new(2, 4)
        .workload("StatefulSet", "db", 1, &[0, 1], strategy)
        .last_pod(|pod| pod.life.ready = Some(false));
    check(&cluster, "0: 2 -1, 5: 2 +1, 15: 2 -1, 20: 2 +1, 30: 2 | done after 30");
}

#[test]
fn daemon_sets_go_node_by_node() {
    let daemon = |update| Cluster::new(3, 4).workload("DaemonSet", "agent", 1, &[0, 1, 2], update);
    check(
        &daemon(UpdateStrategy::default()),
        "0: 3 -1, 5: 3 +1, 15: 3 -1, 20: 3 +1, 30: 3 -1, 35: 3 +1, 45: 3 | done after 45",
    );
    check(&daemon(limits("", "50%")), "0: 3 -2, 5: 3 +2, 15: 3 -1, 20: 3 +1, 30: 3 | done after 30");
    check(
        &daemon(limits("1", "0")),
        "0: 4 +1, 10: 5 +1 -1, 15: 4, 20: 5 +1 -1, 25: 4, 30: 4 -1, 35: 3 | done after 30",
    );
    // Beside the old one there must be room on the very node.
    let full = Cluster::new(2, 1).workload("DaemonSet", "agent", 1, &[0, 1], limits("1", "0"));
    check(
        &full,
        "0: 2 +1 ?1 | stuck after 0 at agent-0: it fits on no node: insufficient cpu and memory on 1 node; 1 × agent-0 waits",
    );
}

#[test]
fn what_nothing_rolls_out_is_said() {
    let cluster = Cluster::new(1, 8).workload("Job", "report", 1, &[0], UpdateStrategy::default()).workload(
        "Pod",
        "debug",
        1,
        &[0],
        UpdateStrategy::default(),
    );
    check(&cluster, "0: 2 | done after 0; 2 of kinds that nothing rolls out");
}

#[test]
fn a_pod_that_waited_from_the_beginning_is_replaced_first() {
    // What is available may not go, and what waited makes room for nobody.
    check(
        &Cluster::new(1, 2).deployment("cart", &[0, 0, NOWHERE], "0", "1"),
        "0: 2 +1 ?1 | stuck after 0 at cart-0: it fits on no node: insufficient cpu and memory on 1 node; 1 × cart-0 waits",
    );
}

#[test]
fn a_restart_lets_in_what_fits() {
    // Three of two pods each with one core free: one after the other.
    let cluster = Cluster::new(1, 7).deployment("a", &[0, 0], "1", "0").deployment("b", &[0, 0], "1", "0").deployment(
        "c",
        &[0, 0],
        "1",
        "0",
    );
    let course = restart(&cluster.setting(), &Restart { workloads: cluster.all_workloads() });
    assert_eq!((course.peak.at_once, course.peak.waiting, course.succeeds()), (1, 1, true), "{}", told(&course));
    let roomy = cluster.node(7);
    let course = restart(&roomy.setting(), &Restart { workloads: roomy.all_workloads() });
    assert_eq!((course.peak.at_once, course.peak.waiting, course.succeeds()), (3, 0, true), "{}", told(&course));
}
