mod laws;
mod script;

use script::Script;

/// Assesses a script and compares the lines of its summary that `expected` names, in order.
#[track_caller]
fn check(script: &str, expected: &[&str]) {
    let summary = Script::parse(script).assess();
    for line in expected {
        assert!(summary.iter().any(|found| found == line), "no line {line:?} in\n{}", summary.join("\n"));
    }
}

#[test]
fn pods_stay_and_pending_pods_go_first_fit_by_name() {
    check(
        "node b cpu=4 memory=8Gi
         node a cpu=4 memory=8Gi
         pod x cpu=1 memory=1Gi node=b
         pod y cpu=1 memory=1Gi",
        &["a: 1 pods, cpu 1, memory 1Gi", "b: 1 pods, cpu 1, memory 1Gi", "binding: CPU"],
    );
}

#[test]
fn the_largest_pod_is_placed_first() {
    check(
        "node a cpu=4 memory=8Gi
         pod large cpu=3 memory=1Gi
         pod another cpu=2 memory=1Gi
         pod small cpu=1 memory=1Gi",
        &["a: 2 pods, cpu 4, memory 2Gi", "unplaced default/another: CPU on 1 node", "binding: CPU"],
    );
}

#[test]
fn every_constraint_keeps_a_pod_off_and_says_so() {
    for (node, pod, reason) in [
        ("cpu=1 memory=8Gi", "cpu=2", "CPU on 1 node"),
        ("cpu=4 memory=1Gi", "memory=2Gi", "memory on 1 node"),
        ("cpu=1 memory=1Gi", "cpu=2 memory=2Gi", "CPU on 1 node, memory on 1"),
        ("cpu=4 memory=8Gi disk=1Gi", "disk=2Gi", "ephemeral-storage on 1 node"),
        ("cpu=4 memory=8Gi", "gpu=1", "nvidia.com/gpu on 1 node"),
        ("cpu=4 memory=8Gi gpu=2", "gpu=3", "nvidia.com/gpu on 1 node"),
        ("cpu=4 memory=8Gi pods=0", "cpu=1", "pods on 1 node"),
        ("cpu=4 memory=8Gi cordoned", "cpu=1", "cordoned on 1 node"),
        ("cpu=4 memory=8Gi notready", "cpu=1", "not ready on 1 node"),
        ("cpu=0 memory=8Gi", "", "nothing allocatable on 1 node"),
        ("cpu=4 memory=8Gi taint=team=a:NoSchedule", "", "taint team=a:NoSchedule on 1 node"),
        ("cpu=4 memory=8Gi taint=team=a:NoExecute", "tolerate=team=b", "taint team=a:NoExecute on 1 node"),
        ("cpu=4 memory=8Gi", "select=disk=ssd", "node selector disk=ssd on 1 node"),
        ("cpu=4 memory=8Gi label=disk=hdd", "select=disk=ssd", "node selector disk=ssd on 1 node"),
        ("cpu=4 memory=8Gi label=disk=hdd", "affinity=disk:In:ssd", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi label=disk=hdd", "affinity=disk:NotIn:hdd", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi", "affinity=disk:Exists", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi label=disk=hdd", "affinity=disk:DoesNotExist", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi label=gen=3", "affinity=gen:Gt:3", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi label=gen=3", "affinity=gen:Lt:3", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi label=gen=3", "affinity=gen:Wrong:3", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi", "affinity=none", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi", "affinity=empty", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi", "field=metadata.name:In:b", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi", "field=metadata.name:NotIn:a", "node affinity on 1 node"),
        ("cpu=4 memory=8Gi", "field=metadata.uid:In:a", "node affinity on 1 node"),
    ] {
        let expected = format!("unplaced default/x: {reason}");
        check(&format!("node a {node}\npod x {pod}"), &["a: 0 pods, cpu 0, memory 0", &expected]);
    }
}

#[test]
fn a_constraint_that_is_met_lets_a_pod_in() {
    for (node, pod) in [
        ("cpu=2 memory=8Gi", "cpu=2 memory=8Gi"),
        ("cpu=2 memory=8Gi pods=1", ""),
        ("cpu=2 memory=8Gi gpu=2", "gpu=2"),
        ("cpu=2 memory=8Gi cordoned", "tolerate=node.kubernetes.io/unschedulable"),
        ("cpu=2 memory=8Gi taint=team=a:PreferNoSchedule", ""),
        ("cpu=2 memory=8Gi taint=team=a:NoSchedule", "tolerate=team=a"),
        ("cpu=2 memory=8Gi taint=team=a:NoExecute", "tolerate=team"),
        ("cpu=2 memory=8Gi label=disk=ssd", "select=disk=ssd"),
        ("cpu=2 memory=8Gi label=disk=ssd", "affinity=disk:In:hdd affinity=disk:In:ssd"),
        ("cpu=2 memory=8Gi", "affinity=disk:NotIn:ssd"),
        ("cpu=2 memory=8Gi", "affinity=disk:DoesNotExist"),
        ("cpu=2 memory=8Gi label=gen=3", "affinity=gen:Gt:2"),
        ("cpu=2 memory=8Gi label=gen=3", "affinity=gen:Lt:4"),
        ("cpu=2 memory=8Gi", "field=metadata.name:In:a"),
    ] {
        let summary = Script::parse(&format!("node a {node}\npod x {pod}")).assess();
        assert!(summary.iter().any(|line| line.starts_with("a: 1 pods")), "{node} | {pod}\n{}", summary.join("\n"));
    }
}

#[test]
fn reasons_are_added_up_over_nodes() {
    check(
        "node a cpu=4 memory=1Gi
         node b cpu=4 memory=1Gi
         node c cpu=1 memory=1Gi
         node d cpu=8 memory=64Gi taint=dedicated=gpu:NoSchedule
         pod x cpu=2 memory=2Gi",
        &["unplaced default/x: memory on 3 nodes, CPU on 1, taint dedicated=gpu:NoSchedule on 1", "binding: memory"],
    );
}

#[test]
fn an_overcommitted_node_keeps_its_pods_and_takes_no_more() {
    check(
        "node a cpu=1 memory=8Gi
         pod x cpu=2 memory=1Gi node=a
         pod y memory=1Gi",
        &[
            "a: 1 pods, cpu 2, memory 1Gi",
            "unplaced default/y: overcommitted already on 1 node",
            "finding node-overcommitted: requests exceed what 1 nodes offer (a): counted as full",
        ],
    );
}

#[test]
fn growth_moves_the_smallest_pod_that_ends_the_shortage() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         pod large memory=4Gi node=a grow=256Mi
         pod middle memory=2Gi node=a grow=256Mi
         pod small memory=1Gi node=a grow=256Mi
         pod smaller memory=1Mi node=a grow=1023Mi
         pod tiny memory=1Mi node=a",
        &["a: 4 pods, cpu 0, memory 7937Mi", "b: 1 pods, cpu 0, memory 1Gi"],
    );
}

#[test]
fn growth_beyond_one_pod_moves_the_largest_contributor_first() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         daemon fixed-1 memory=1Gi node=a grow=6Gi
         pod large memory=4Gi node=a
         pod middle memory=2Gi node=a
         pod small memory=1Gi node=a",
        &["a: 2 pods, cpu 0, memory 8Gi", "b: 2 pods, cpu 0, memory 6Gi"],
    );
}

#[test]
fn what_was_overcommitted_before_growth_stays_and_growth_alone_leaves() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         pod x memory=6Gi node=a
         pod y memory=3Gi node=a grow=1Mi
         pod z memory=1Mi node=a",
        &["a: 2 pods, cpu 0, memory 9217Mi", "b: 1 pods, cpu 0, memory 1Mi"],
    );
}

#[test]
fn growth_of_pods_that_cannot_move_is_reported() {
    check(
        "node a cpu=4 memory=8Gi
         static etcd memory=1Gi node=a grow=8Gi
         daemon proxy-1 memory=1Gi node=a",
        &[
            "a: 2 pods, cpu 0, memory 10Gi",
            "finding node-overcommitted-by-growth: planned requests exceed what 1 nodes offer (a), free pods aside",
        ],
    );
}

#[test]
fn pending_daemon_pods_go_one_to_a_node() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         daemon proxy-a memory=1Gi node=a
         daemon proxy-1 memory=1Gi
         daemon proxy-2 memory=1Gi",
        &[
            "a: 1 pods, cpu 0, memory 1Gi",
            "b: 1 pods, cpu 0, memory 1Gi",
            "unplaced default/proxy-2: a pod of the same DaemonSet on 2 nodes",
        ],
    );
}

#[test]
fn a_pod_on_an_unknown_node_is_placed_again() {
    check(
        "node a cpu=4 memory=8Gi
         pod x memory=1Gi node=gone
         static y memory=1Gi node=gone",
        &[
            "a: 1 pods, cpu 0, memory 1Gi",
            "unplaced default/y: bound to a node that is not in the inventory",
            "finding pod-on-unknown-node: 2 pods name a node that is not in the inventory: default/x, default/y",
        ],
    );
}

#[test]
fn where_every_loss_is_survived_the_worst_moves_most_pods() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         node c cpu=4 memory=8Gi
         pod x memory=5Gi node=a
         pod y memory=5Gi node=b
         pod z memory=2Gi node=b
         pod w memory=3Gi node=c
         daemon proxy-c node=c",
        &["worst loss: b, 2 displaced, 0 unplaced"],
    );
}

#[test]
fn a_loss_that_strands_pods_beats_one_that_moves_many() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         daemon proxy-b memory=2Gi node=b
         pod x memory=7Gi node=a
         pod y memory=512Mi node=b
         pod z memory=512Mi node=b",
        &["worst loss: a, 1 displaced, 1 unplaced"],
    );
}

#[test]
fn one_node_has_no_worst_loss() {
    check("node a cpu=4 memory=8Gi\npod x node=a", &["worst loss: none"]);
}

#[test]
fn nodes_are_added_for_unplaced_pods() {
    check(
        "policy target=0 losses=0
         node a cpu=4 memory=8Gi
         pod x cpu=3
         pod y cpu=3
         pod z cpu=3",
        &["add: 2 for unplaced pods"],
    );
}

#[test]
fn nodes_are_added_for_the_headroom_target() {
    check(
        "policy target=0.5 losses=0
         node a cpu=4 memory=8Gi
         pod x cpu=2 node=a
         pod y cpu=2 node=a",
        &["add: 1 for headroom target"],
    );
    check(
        "policy target=0.2 losses=0
         node a cpu=10 memory=8Gi
         pod x cpu=8 node=a",
        &["add: 0 for nothing"],
    );
}

#[test]
fn nodes_are_added_for_the_loss_of_a_node() {
    check(
        "policy target=0 losses=1
         node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi
         pod x cpu=3 node=a
         pod y cpu=3 node=b",
        &["add: 1 for node loss"],
    );
}

#[test]
fn a_new_node_carries_a_pod_of_every_daemon_set_that_runs_there() {
    let cluster = |daemon: &str| {
        format!(
            "policy target=0 losses=0
             node a cpu=4 memory=8Gi label=pool=x
             daemon proxy-1 cpu=2 node=a {daemon}
             pod x cpu=3 node=a
             pod y cpu=3"
        )
    };
    check(&cluster("select=pool=x"), &["add: 1 for unplaced pods"]);
    check(&cluster("field=metadata.name:In:a affinity=pool:Exists"), &["add: 1 for unplaced pods"]);
    check(
        &cluster("field=metadata.name:In:a"),
        &["infeasible: pod default/y cannot run on a new node: it asks for 3 CPU, a new node has 2 left"],
    );
}

#[test]
fn daemon_pods_use_slots_of_a_new_node() {
    check(
        "policy target=0 losses=0 pods=3
         node a cpu=4 memory=8Gi pods=1
         daemon proxy-1 node=a
         pod x
         pod y
         pod z",
        &["unplaced default/x: pods on 1 node", "add: 2 for unplaced pods"],
    );
}

#[test]
fn pods_no_new_node_can_take_are_named() {
    for (pod, why) in [
        ("cpu=5", "it asks for 5 CPU, a new node has 4 left"),
        ("memory=9Gi", "it asks for 9Gi memory, a new node has 8Gi left"),
        ("select=disk=ssd", "node selector disk=ssd does not match it"),
        ("affinity=disk:Exists", "node affinity does not match it"),
        ("gpu=1", "it asks for 1 nvidia.com/gpu, a new node has none"),
    ] {
        let expected = format!("infeasible: pod default/x cannot run on a new node: {why}");
        check(
            &format!("policy target=0 losses=0\nnode a cpu=1 memory=1Gi\npod x cpu=2 {pod}\npod y cpu=2"),
            &["add: 1 for unplaced pods", &expected],
        );
    }
}

#[test]
fn a_pod_bound_to_its_node_by_constraints_cannot_survive_its_loss() {
    check(
        "policy target=0 losses=1
         node a cpu=4 memory=8Gi label=disk=ssd
         node b cpu=4 memory=8Gi
         pod x cpu=1 node=a select=disk=ssd",
        &[
            "worst loss: a, 1 displaced, 1 unplaced",
            "add: 0 for nothing",
            "infeasible: pod default/x would have no place when its node is lost (a), and cannot run on a new node: \
             node selector disk=ssd does not match it",
        ],
    );
}

#[test]
fn without_nodes_everything_goes_to_new_ones() {
    check(
        "policy target=0 losses=0
         pod x cpu=3 memory=1Gi
         pod y cpu=3 memory=1Gi
         pod z cpu=5
         daemon proxy-1 cpu=1",
        &[
            "cluster: none",
            "add: 2 for unplaced pods",
            "unplaced default/z: it asks for 5 CPU, a new node has 3 left",
            "worst loss: none",
            "binding: CPU",
        ],
    );
    check("policy target=0.2 losses=1", &["add: 0 for nothing", "cluster: none", "binding: "]);
}

#[test]
fn stranded_capacity_is_what_a_typical_pod_cannot_reach() {
    check(
        "node a cpu=4 memory=8Gi
         node b cpu=4 memory=8Gi pods=1
         node c cpu=4 memory=8Gi taint=team=a:NoSchedule
         pod x cpu=1 memory=8Gi node=a
         pod y cpu=1 memory=2Gi node=b
         pod z cpu=1 memory=2Gi node=c",
        &["cluster: stranded cpu 6, memory 6Gi, usable 0 pods", "zone -: 3 pods"],
    );
    check(
        "node a cpu=4 memory=8Gi label=topology.kubernetes.io/zone=z1
         node b cpu=4 memory=8Gi label=failure-domain.beta.kubernetes.io/zone=z2
         pod x cpu=1 memory=2Gi node=a
         pod y cpu=1 memory=2Gi node=b",
        &["cluster: stranded cpu 0, memory 0, usable 6 pods", "zone z1: 1 pods", "zone z2: 1 pods"],
    );
}

#[test]
fn constraints_not_honoured_are_counted() {
    check(
        "node a cpu=4 memory=8Gi
         pod x spread node=a
         pod y spread volumes node=a",
        &[
            "finding pod-constraints-ignored: 2 pods ask for affinity, anti-affinity or spread between pods, which placement does not honour",
            "finding volume-claims-ignored: 1 pods mount persistent volume claims, which placement does not honour",
        ],
    );
}

#[test]
fn closed_nodes_are_reported() {
    check(
        "node a cpu=4 memory=8Gi cordoned\nnode b cpu=4 memory=8Gi notready\nnode c cpu=4 memory=8Gi",
        &["finding nodes-closed: 2 of 3 nodes take no new pods: a, b"],
    );
}

#[test]
fn every_kind_of_finding_has_an_id_of_its_own() {
    let ids: std::collections::BTreeSet<&str> = super::FINDINGS.iter().map(|kind| kind.id).collect();
    assert_eq!(ids.len(), super::FINDINGS.len());
}

/// The hostile cases end, and end in numbers.
#[test]
fn absurd_inputs_end() {
    let most = u64::MAX;
    for script in [
        format!(
            "node a cpu=4 memory=8Gi\npod x cpu={most}m memory={most} node=a\npod y cpu={most}m node=a\npod z memory={most}"
        ),
        format!("node a cpu={most}m memory={most}\nnode b cpu={most}m memory={most}\npod x cpu={most}m memory={most}"),
        "node a cpu=0 memory=0\npod x cpu=1 node=a".to_owned(),
        "node a cpu=4 memory=8Gi pods=0\npod x node=a".to_owned(),
        "policy cpu=10m memory=1Mi pods=1\npod x cpu=1\ndaemon y-1 cpu=1".to_owned(),
        "policy target=0.99\nnode a cpu=4 memory=8Gi\npod x cpu=4 node=a\ndaemon y-1 cpu=1 node=a".to_owned(),
    ] {
        let summary = Script::parse(&script).assess();
        assert!(summary.iter().any(|line| line.starts_with("add: ")), "{script}");
    }
    check(
        "policy target=0.5 losses=0\nnode a cpu=4 memory=8Gi\npod x cpu=1 node=a\ndaemon y-1 cpu=3 node=a",
        &[
            "add: 0 for nothing",
            "infeasible: the headroom target of 50 % is out of reach: \
             the DaemonSet pods of a new node take too much of it",
        ],
    );
}

#[test]
fn very_many_identical_pods_are_packed_as_one_class() {
    check(
        "policy target=0 losses=1\nnode a cpu=4 memory=8Gi\npods 110000 x cpu=1m",
        &["a: 110 pods, cpu 110m, memory 0", "add: 1000 for node loss"],
    );
    check("policy target=0 losses=1\npods 100001 x cpu=4", &["add: 100000 for node loss"]);
}
