//! Courses over time on real inventories: every one ends or says why.

use std::path::Path;
use std::time::Instant;

use meshcap::course::{Course, Drain, End, Restart, Rollout, Setting, drain, restart, rollout};
use meshcap::inventory::{Inventory, assemble};
use meshcap::placement::reservation::for_node;
use meshcap::policy::RolloutPolicy;
use meshcap::scheduler::{KubernetesVersion, Profile, TieBreak};
use meshcap::sources::{self, Input, Limits};

use crate::shared;

fn read(folder: &Path) -> Inventory {
    let reading = sources::read(&[Input::Path(folder.to_owned())], &Limits::default(), &|_| ()).unwrap();
    assemble(reading.objects).inventory
}

fn outcome(course: &Course) -> String {
    let end = match &course.end {
        End::Finished { after } => format!("done after {} s", after.as_seconds()),
        End::Stuck { after, because, pod, node } => {
            let pod = pod.as_ref().map_or_else(String::new, ToString::to_string);
            format!("stuck after {} s at {pod} {}: {because}", after.as_seconds(), node.as_deref().unwrap_or_default())
        }
    };
    format!("{} replaced, {} lost, {} workloads wait, {end}", course.replaced, course.lost, course.waiting.len())
}

#[test]
fn real_clusters_are_drained_rolled_out_and_restarted() {
    let Some(data) = shared::data("real_clusters_are_drained_rolled_out_and_restarted") else { return };
    for name in ["kubectl-dump-4node-2021", "aks-cluster-info-2020", "open-simulator", "support-bundle-doks"] {
        let inventory = read(&data.join("inventories").join(name));
        let offered: Vec<_> = inventory.nodes.iter().map(|node| for_node(node).0).collect();
        let (profile, policy) = (Profile::new(KubernetesVersion::V1_34), RolloutPolicy::default());
        let setting = Setting {
            inventory: &inventory,
            offered: &offered,
            profile: &profile,
            ties: TieBreak::LowestIndex,
            policy: &policy,
        };
        println!("{name}: {} nodes, {} pods", inventory.nodes.len(), inventory.pods.len());
        let workloads: Vec<usize> = (0..inventory.workloads.len()).collect();
        let nodes = Drain { nodes: (0..inventory.nodes.len()).collect(), come_back: true };
        let asked: [(&str, &dyn Fn() -> Course); 3] = [
            ("upgrade of nodes", &|| drain(&setting, &nodes)),
            ("rollout of all", &|| rollout(&setting, &Rollout { workloads: workloads.clone(), at_once: None })),
            ("restart in waves", &|| restart(&setting, &Restart { workloads: workloads.clone() })),
        ];
        for (what, ask) in asked {
            let began = Instant::now();
            let course = ask();
            println!("  {what}: {} ({:.2?})", outcome(&course), began.elapsed());
            assert!(!course.waves.is_empty(), "{name}, {what}");
            if let End::Stuck { because, pod, .. } = &course.end {
                assert!(pod.is_some(), "{name}, {what}: {because}");
            }
            assert_eq!(course.waves.iter().map(|wave| wave.moved).sum::<u64>(), course.replaced, "{name}, {what}");
        }
    }
}
