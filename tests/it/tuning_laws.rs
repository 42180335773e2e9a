//! Laws of recommendations for the cluster, on clusters made up at random.

use std::collections::BTreeSet;

use meshcap::card::ModelCard;
use meshcap::inventory::{Inventory, assemble};
use meshcap::plan::Inputs;
use meshcap::policy::Policy;
use meshcap::scenario::{Standing, without_nodes};
use meshcap::sources::{self, Limits};
use meshcap::tuning::{Kind, Recommendation, Tuning, tune};
use proptest::prelude::*;

use crate::tuning_cluster::{NAMESPACE, deployment, node};

/// Nodes of up to three zones, and workloads whose pods lie where chance has it.
fn cluster() -> impl Strategy<Value = String> {
    let machines = proptest::collection::vec((0_usize..4, 2_u32..9), 1..6);
    let workloads = proptest::collection::vec((proptest::collection::vec(0_usize..8, 1..6), 1_u32..20), 1..5);
    (machines, workloads).prop_map(|(machines, workloads)| {
        let names: Vec<String> = (0..machines.len()).map(|number| format!("node-{number}")).collect();
        let zones = ["", "x", "y", "z"];
        let mut text = NAMESPACE.to_owned();
        for (name, (zone, cpu)) in names.iter().zip(&machines) {
            text += &node(name, zones[*zone], &cpu.to_string());
        }
        for (number, (places, cpu)) in workloads.iter().enumerate() {
            // A pod beyond the nodes waits.
            let places: Vec<&str> = places.iter().map(|at| names.get(*at).map_or("", |name| name)).collect();
            text += &deployment(&format!("app-{number}"), &format!("{}m", cpu * 100), &places, "");
        }
        text
    })
}

fn inputs(cluster: &str) -> Inputs {
    let reading = sources::read_bytes("cluster.yaml", cluster.as_bytes(), &Limits::default()).unwrap();
    let policy = Policy::from_toml("[headroom]\ntarget = 0.1\nsurvive_node_losses = 1").unwrap();
    Inputs::new(assemble(reading.objects).inventory, policy, ModelCard::named("istio-1.24").unwrap())
}

fn of_kind(tuning: &Tuning, kind: Kind) -> impl Iterator<Item = &Recommendation> {
    tuning.recommendations.iter().filter(move |it| it.kind == kind)
}

fn standing(inputs: &Inputs, inventory: &Inventory) -> Standing {
    Standing::new(inventory, &inputs.policy, &inputs.card)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Without the nodes that can go everything is met that was met with them.
    #[test]
    fn nodes_that_go_take_nothing_with_them(cluster in cluster()) {
        let inputs = inputs(&cluster);
        let tuning = tune(&inputs, None);
        for it in of_kind(&tuning, Kind::SpareNodes).filter(|it| it.is_by_hand()) {
            let order = it.basis[0].strip_prefix("drained in this order: ").unwrap();
            let names: BTreeSet<&str> = order.split(", ").collect();
            let nodes = tuning.tuned.nodes.iter().enumerate();
            let gone: BTreeSet<usize> = nodes.filter(|(_, node)| names.contains(&*node.name)).map(|(at, _)| at).collect();
            prop_assert_eq!(gone.len() as f64, it.saves.nodes);
            let before = standing(&inputs, &tuning.tuned);
            let (rest, _) = without_nodes(tuning.tuned.clone(), &gone);
            let after = standing(&inputs, &rest);
            prop_assert!(after.unplaced().len() <= before.unplaced().len());
            for (was, is) in before.checks().iter().zip(before.checks_without(&gone)) {
                prop_assert_eq!(was.kind, is.kind);
                prop_assert!(is.met || !was.met, "{:?} to {:?}", was, is);
            }
        }
    }

    /// A constraint leaves no pod without a node that had one, also when all of its pods begin anew.
    #[test]
    fn spreading_shuts_no_pod_out(cluster in cluster()) {
        let inputs = inputs(&cluster);
        let tuning = tune(&inputs, None);
        let after = standing(&inputs, &tuning.tuned);
        let spread: BTreeSet<&str> = of_kind(&tuning, Kind::TopologySpread)
            .filter(|it| it.is_applied())
            .filter_map(|it| it.workload.as_deref())
            .collect();
        if spread.is_empty() {
            return Ok(());
        }
        let inventory = after.inventory();
        let session = after.session();
        let mut fork = session.fork();
        for workload in &inventory.workloads {
            if spread.contains(format!("{}/{}", workload.id.namespace, workload.id.name).as_str()) {
                workload.pods.clone().for_each(|pod| fork.restart_pod(pod));
            }
        }
        prop_assert!(fork.place().unplaced.len() <= after.unplaced().len());
    }
}
