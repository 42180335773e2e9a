//! A second istiod beside the first.

use super::super::{Upgrade, upgrade};
use super::cluster::{Cluster, told};
use crate::units::Seconds;

fn cluster(cores: u64) -> (Cluster, Upgrade) {
    let cluster = Cluster::new(2, cores)
        .deployment("istiod", &[0, 1], "", "")
        .deployment("cart", &[0, 1], "1", "0")
        .deployment("pay", &[0], "1", "0");
    (cluster, Upgrade { control_plane: vec![0], waves: vec![vec![1], vec![2]] })
}

#[test]
fn both_stand_while_namespaces_move() {
    let (mut cluster, plan) = cluster(5);
    let upgraded = upgrade(&cluster.setting(), &plan);
    assert_eq!(
        told(&upgraded.forward),
        "0: 7 +2, 10: 8 +1, 20: 9 +1 -1, 25: 8, 30: 9 +1 -1, 35: 8, 40: 8 -3, 45: 5 | done after 45"
    );
    assert_eq!(
        told(upgraded.back.as_ref().unwrap()),
        "0: 8 +1, 10: 9 +1 -1, 15: 8, 20: 9 +1 -1, 25: 8, 30: 8 -3, 35: 5 | done after 35"
    );
    // Watched for a minute between the two namespaces, and not on the way back.
    cluster.policy.watch = Seconds::new(60.0);
    let watched = upgrade(&cluster.setting(), &plan);
    assert_eq!(watched.forward.duration() - upgraded.forward.duration(), cluster.policy.watch);
    assert_eq!(watched.back, upgraded.back);
}

#[test]
fn a_second_istiod_needs_room() {
    let (cluster, plan) = cluster(3);
    let upgraded = upgrade(&cluster.setting(), &plan);
    assert_eq!(
        told(&upgraded.forward),
        "0: 6 +2 ?1, 10: 6 ?1 | stuck after 10 at istiod-1: it fits on no node: insufficient cpu and memory on 2 nodes; 1 × istiod-1 waits"
    );
    assert_eq!(upgraded.back, None);
}
