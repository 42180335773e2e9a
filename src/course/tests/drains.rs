//! Nodes that are drained, second by second.

use super::super::{Drain, drain};
use super::cluster::{Cluster, told};
use crate::inventory::objects::UpdateStrategy;

#[track_caller]
fn check(cluster: &Cluster, nodes: &[usize], come_back: bool, expected: &str) {
    let course = drain(&cluster.setting(), &Drain { nodes: nodes.to_vec(), come_back });
    assert_eq!(told(&course), expected);
}

#[test]
fn pods_leave_as_their_budget_allows() {
    let two_nodes = || Cluster::new(2, 4).deployment("cart", &[0, 0, 0], "", "");
    check(&two_nodes(), &[0], false, "0: 6 +3 -3, 5: 3, 10: 3 | done after 10");
    check(
        &two_nodes().budget("cart", "", "1"),
        &[0],
        false,
        "0: 4 +1 -1 !2, 5: 3 !2, 10: 4 +1 -1 !1, 15: 3 !1, 20: 4 +1 -1, 25: 3, 30: 3 | done after 30",
    );
    check(
        &two_nodes().budget("cart", "2", ""),
        &[0],
        false,
        "0: 4 +1 -1 !2, 5: 3 !2, 10: 4 +1 -1 !1, 15: 3 !1, 20: 4 +1 -1, 25: 3, 30: 3 | done after 30",
    );
    check(
        &two_nodes().budget("cart", "100%", ""),
        &[0],
        false,
        "0: 3 !3 | stuck after 0 at cart-0 on n0: PodDisruptionBudget shop/cart-0 wants 3 ready pods and 3 are",
    );
    check(
        &two_nodes().budget("cart", "", "1").budget("cart", "", "2"),
        &[0],
        false,
        "0: 3 !3 | stuck after 0 at cart-0 on n0: evictions do not support several PodDisruptionBudgets of one pod: shop/cart-0, shop/cart-1",
    );
}

#[test]
fn a_drain_without_room_leaves_pods_waiting_or_is_stuck() {
    let full = || Cluster::new(2, 2).deployment("cart", &[0, 0, 1, 1], "", "");
    check(&full(), &[0], false, "0: 4 +2 -2 ?2, 5: 2 ?2 | done after 5; 2 × cart-0 waits");
    check(
        &full().budget("cart", "", "1"),
        &[0],
        false,
        "0: 4 +1 -1 ?1 !1, 5: 3 ?1 !1 | stuck after 5 at cart-1 on n0: PodDisruptionBudget shop/cart-0 wants 3 ready pods and 3 are; 1 × cart-0 waits",
    );
}

#[test]
fn an_upgrade_goes_node_by_node() {
    let cluster = Cluster::new(3, 2).deployment("cart", &[0, 1, 2], "", "").budget("cart", "", "1");
    check(
        &cluster,
        &[0, 1, 2],
        true,
        "0: 4 +1 -1, 5: 3, 10: 3, 65: 4 +1 -1 !1, 70: 3 !1, 75: 4 +1 -1, 80: 3, 85: 3, 140: 4 +1 -1, 145: 3, 150: 3, 205: 3 | done after 205",
    );
}

#[test]
fn successors_come_as_their_kind_has_it() {
    let cluster = Cluster::new(2, 8)
        .workload("StatefulSet", "db", 1, &[0], UpdateStrategy::default())
        .workload("DaemonSet", "agent", 1, &[0, 1], UpdateStrategy::default())
        .workload("StaticPod", "etcd", 1, &[0], UpdateStrategy::default())
        .workload("Job", "report", 1, &[0], UpdateStrategy::default())
        .workload("Pod", "debug", 1, &[0], UpdateStrategy::default());
    check(&cluster, &[0], false, "0: 7 +1 -3, 5: 5 +1, 10: 5, 15: 5 | done after 15; 1 lost");
}

#[test]
fn pods_that_are_not_ready() {
    let unready =
        || Cluster::new(2, 4).deployment("cart", &[0, 0, 0], "", "").last_pod(|pod| pod.life.ready = Some(false));
    check(
        &unready().budget("cart", "2", ""),
        &[0],
        false,
        "0: 4 +1 -1 !2, 5: 3 !2, 10: 4 +1 -1 !1, 15: 3 !1, 20: 4 +1 -1, 25: 3, 30: 3 | done after 30",
    );
    check(
        &unready().budget("cart", "3", ""),
        &[0],
        false,
        "0: 3 !3 | stuck after 0 at cart-2 on n0: PodDisruptionBudget shop/cart-0 wants 3 ready pods and 2 are",
    );
    let mut always = unready().budget("cart", "3", "");
    always.inventory.disruption_budgets[0].lets_unready_go = true;
    check(
        &always,
        &[0],
        false,
        "0: 4 +1 -1 !2, 5: 3 !2, 10: 3 !2 | stuck after 10 at cart-0 on n0: PodDisruptionBudget shop/cart-0 wants 3 ready pods and 3 are",
    );
}
