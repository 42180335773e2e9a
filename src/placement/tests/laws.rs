//! What holds for every cluster.

use proptest::prelude::*;

use super::script::{Pod, Script};
use crate::inventory::ObjectName;
use crate::placement::{Headroom, Mobility, new_node};
use crate::resources::Resources;

/// Clusters of up to 6 nodes and 40 pods with two DaemonSets, labels, taints and policies.
fn clusters() -> impl Strategy<Value = String> {
    let node = (0..9_u64, 0..17_u64, 1..12_u64, 0..12_u8);
    let pod = (0..5_u64, 0..7_u64, any::<prop::sample::Index>(), 0..128_u8);
    let nodes = prop::collection::vec(node, 0..6);
    let pods = prop::collection::vec(pod, 0..40);
    let policy = (0..8_u8, 0..2_u8, 0..3_u64);
    (nodes, pods, policy).prop_map(|(nodes, pods, (target, losses, daemons))| {
        let mut text = format!("policy target=0.{target} losses={losses}\n");
        for (index, (cpu, memory, slots, kind)) in nodes.iter().enumerate() {
            let extra = match kind {
                0 => "cordoned",
                1 => "notready",
                2 => "taint=team=a:NoSchedule",
                3 | 4 => "label=disk=ssd gpu=2",
                _ => "",
            };
            text += &format!("node n{index} cpu={cpu} memory={memory}Gi pods={slots} {extra}\n");
            for set in 0..daemons {
                text += &format!("daemon agent{set}-n{index} cpu=100m memory={set}Gi node=n{index}\n");
            }
        }
        for (index, (cpu, memory, at, kind)) in pods.iter().enumerate() {
            let placed = if *kind < 64 && !nodes.is_empty() {
                format!("node=n{}", at.index(nodes.len()))
            } else {
                String::new()
            };
            let extra = match kind % 64 {
                0 => "select=disk=ssd",
                1 => "tolerate=team=a",
                2 => "gpu=1",
                3..20 => "grow=1Gi",
                _ => "",
            };
            text += &format!("pod p{index:02} cpu={}m memory={memory}Gi {placed} {extra}\n", cpu * 700);
        }
        text
    })
}

/// The cluster with nodes of the policy's pool joined, each with its daemon pods; last by name.
fn with_new_nodes(script: &Script, count: u64) -> Script {
    let mut larger = Script {
        nodes: script.nodes.clone(),
        offered: script.offered.clone(),
        pods: script.pods.clone(),
        policy: script.policy.clone(),
    };
    let (node, offered) = new_node(&script.nodes, &script.policy);
    let sets: Vec<Pod> = script.pods.iter().filter(|pod| pod.mobility == Mobility::PerNode).cloned().collect();
    for number in 0..count {
        let name = format!("zz-new{number:06}");
        for set in ["agent0", "agent1"] {
            if let Some(one) = sets.iter().find(|pod| pod.name.name.starts_with(set)) {
                let own = ObjectName::new("default", &format!("{set}-new{number:06}"));
                larger.pods.push(Pod { name: own, node: Some(name.clone()), ..one.clone() });
            }
        }
        let mut node = node.clone();
        node.name = name.as_str().into();
        larger.nodes.push(node);
        larger.offered.push(offered.clone());
    }
    larger
}

fn reversed(script: &Script) -> Script {
    Script {
        nodes: script.nodes.iter().rev().cloned().collect(),
        offered: script.offered.iter().rev().cloned().collect(),
        pods: script.pods.iter().rev().cloned().collect(),
        policy: script.policy.clone(),
    }
}

fn all_pending(mut script: Script) -> Script {
    for pod in &mut script.pods {
        pod.node = None;
    }
    script.pods.retain(|pod| pod.mobility == Mobility::Free);
    script
}

/// Displaced and unplaced pods when a node is gone, by packing the rest anew.
fn lose(script: &Script, node: &str) -> (u64, u64) {
    let mut rest = with_new_nodes(script, 0);
    let lost = rest.nodes.iter().position(|other| *other.name == *node).unwrap();
    rest.nodes.remove(lost);
    rest.offered.remove(lost);
    let on_it = |pod: &Pod| pod.node.as_deref() == Some(node);
    rest.pods.retain(|pod| !on_it(pod) || pod.mobility == Mobility::Free);
    let mut displaced = 0;
    for pod in rest.pods.iter_mut().filter(|pod| on_it(pod)) {
        pod.node = None;
        displaced += 1;
    }
    (displaced, rest.headroom().unplaced.len() as u64)
}

fn placed(headroom: &Headroom) -> u64 {
    headroom.nodes.iter().map(|node| node.fill.pods).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_placed_beyond_allocatable(text in clusters()) {
        let script = Script::parse(&text);
        for node in all_pending(script).headroom().nodes {
            prop_assert!(node.fill.requested.fits_in(&node.fill.allocatable), "{}", node.name);
            prop_assert!(node.fill.pods <= node.fill.allocatable_pods, "{}", node.name);
        }
    }

    #[test]
    fn every_pod_is_placed_once_or_explained_once(text in clusters()) {
        let script = Script::parse(&text);
        prop_assume!(!script.nodes.is_empty());
        let headroom = script.headroom();
        prop_assert_eq!(placed(&headroom) + headroom.unplaced.len() as u64, script.pods.len() as u64);
        prop_assert!(headroom.unplaced.iter().all(|unplaced| !unplaced.reason.is_empty()));
        let names: std::collections::BTreeSet<_> = headroom.unplaced.iter().map(|unplaced| &unplaced.pod).collect();
        prop_assert_eq!(names.len(), headroom.unplaced.len());
    }

    #[test]
    fn the_order_of_the_input_decides_nothing(text in clusters()) {
        let script = Script::parse(&text);
        let mut other = reversed(&script).headroom();
        other.nodes.reverse();
        prop_assert_eq!(script.headroom(), other);
    }

    /// First fit decreasing has anomalies: a node in the middle of the order may cost a place. A node
    /// at its end takes what found none, and moves nobody.
    #[test]
    fn a_node_at_the_end_never_leaves_more_pods_unplaced(text in clusters()) {
        let script = all_pending(Script::parse(&text));
        prop_assume!(!script.nodes.is_empty());
        let (before, after) = (script.headroom(), with_new_nodes(&script, 1).headroom());
        prop_assert!(after.unplaced.len() <= before.unplaced.len());
    }

    /// Taking a node away and packing again says the same as the fast pass over all losses.
    #[test]
    fn the_worst_loss_is_what_packing_without_each_node_says(text in clusters()) {
        let mut script = Script::parse(&text);
        script.pods.retain(|pod| pod.node.is_some());
        for pod in &mut script.pods {
            pod.growth = Resources::default();
        }
        prop_assume!(script.nodes.len() > 1);
        let mut worst = (0, 0, String::new());
        for node in &script.nodes {
            let (displaced, unplaced) = lose(&script, &node.name);
            if worst.2.is_empty() || (unplaced, displaced) > (worst.0, worst.1) {
                worst = (unplaced, displaced, node.name.to_string());
            }
        }
        let found = script.headroom().worst_node_loss.map(|loss| (loss.unplaced, loss.displaced, loss.node));
        prop_assert_eq!(found, Some(worst));
    }

    /// What is proposed is enough, and one node less is not.
    #[test]
    fn nodes_to_add_are_as_many_as_needed(text in clusters(), part in any::<prop::sample::Index>()) {
        let script = Script::parse(&text);
        let add = script.headroom().nodes_to_add;
        prop_assume!(add.count < 200);
        let some = part.index(add.count as usize + 1) as u64;
        for joined in [some, add.count] {
            let larger = with_new_nodes(&script, joined).headroom();
            prop_assert_eq!(larger.nodes_to_add.count, add.count - joined);
            if joined < add.count || larger.nodes.is_empty() || add.infeasible.is_some() {
                continue;
            }
            prop_assert!(larger.unplaced.is_empty());
            prop_assert!(larger.cluster.is_some_and(|cluster| cluster.keeps(script.policy.headroom.target)));
            let survived = larger.worst_node_loss.is_none_or(|loss| loss.unplaced == 0);
            prop_assert!(survived || script.policy.headroom.survive_node_losses == 0);
        }
    }
}

/// Something asked of nodes that offer nothing does not keep a target of nothing: a new node must hold it too.
#[test]
fn what_is_asked_of_nothing_counts_for_the_target() {
    let script = Script::parse(
        "policy target=0.0 losses=0\nnode n0 cpu=0 memory=0Gi pods=1 cordoned\npod p00 cpu=0m memory=6Gi node=n0\npod p01 cpu=0m memory=3Gi grow=1Gi",
    );
    assert_eq!(script.headroom().nodes_to_add.count, 2);
    assert_eq!(with_new_nodes(&script, 2).headroom().nodes_to_add.count, 0);
}

/// Two threads and one give the same bytes.
#[cfg(feature = "parallel")]
#[test]
fn the_number_of_threads_decides_nothing() {
    let mut text = "policy target=0.3 losses=1\n".to_owned();
    for number in 0..300 {
        text += &format!("node n{number:03} cpu=8 memory=16Gi\n");
    }
    for number in 0..3000 {
        let (cpu, memory) = (100 + number * 37 % 1900, 1 + number * 13 % 7);
        let node = if number % 3 == 0 { String::new() } else { format!("node=n{:03}", number % 300) };
        text += &format!("pod p{number:04} cpu={cpu}m memory={memory}00Mi {node}\n");
    }
    let script = Script::parse(&text);
    let with = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| script.headroom())
    };
    assert_eq!(with(1), with(2));
}
