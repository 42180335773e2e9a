//! The cluster as planned, pod by pod, against what the plan counts.

use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::groundwork::{AsPlanned, Groundwork};
use meshcap::inventory::{Inventory, Place, assemble};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::{DataPlane, Policy, SidecarForm, Waypoints};
use meshcap::resources::Resources;
use meshcap::scheduler::{KubernetesVersion, pod_request};
use meshcap::sources::{self, Input, Limits};

use crate::shared;

fn read(path: PathBuf) -> Inventory {
    assemble(sources::read(&[Input::Path(path)], &Limits::default(), &|_| ()).unwrap().objects).inventory
}

fn policies() -> Vec<(&'static str, Policy)> {
    let enrolling_all = || {
        let mut policy = Policy::default();
        policy.injection.enroll.insert("all".to_owned());
        policy
    };
    let with = |change: fn(&mut Policy)| {
        let mut policy = enrolling_all();
        change(&mut policy);
        policy
    };
    vec![
        ("as labelled", Policy::default()),
        ("all, classic", with(|policy| policy.injection.form = SidecarForm::Classic)),
        ("all, native", with(|policy| policy.injection.form = SidecarForm::Native)),
        ("ambient", with(|policy| policy.injection.mode = DataPlane::Ambient)),
        (
            "waypoints",
            with(|policy| {
                policy.injection.mode = DataPlane::Ambient;
                policy.injection.waypoints = Waypoints::PerService;
            }),
        ),
        ("no mesh", with(|policy| policy.injection.mode = DataPlane::None)),
    ]
}

/// What the pods of each node ask the scheduler for, and what their proxies do; the last is for pods that wait.
fn asked(planned: &AsPlanned) -> Vec<(Resources, Resources)> {
    let inventory = &planned.inventory;
    let mut sums = vec![(Resources::default(), Resources::default()); inventory.nodes.len() + 1];
    for (index, pod) in inventory.pods.iter().enumerate() {
        let node = match pod.place {
            Place::On(node) => node,
            Place::Pending => inventory.nodes.len(),
            Place::Elsewhere => continue,
        };
        sums[node].0 += &pod_request(&pod.spec, None, KubernetesVersion::V1_34).real;
        sums[node].1 += planned.mesh_share(index);
    }
    sums
}

fn amounts(resources: &Resources) -> (u64, u64) {
    (resources.cpu.get(), resources.memory.get())
}

/// The scheduler's sums over pod specifications are the plan's sums over requests: over the cluster, and on every
/// node that nothing moved to or from.
fn agrees(inventory: &Inventory, policy: &Policy, what: &str) {
    let card = ModelCard::named("istio-1.24").unwrap();
    let planned = Groundwork::new(inventory.clone(), policy, &card).as_planned(policy);
    let plan = Plan::new(Inputs::new(inventory.clone(), policy.clone(), card));
    let sums = asked(&planned);
    let total = |part: fn(&(Resources, Resources)) -> &Resources| {
        sums.iter().map(|sum| amounts(part(sum))).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let waiting = sums.last().unwrap().0.clone();
    let is_settled = waiting.is_zero() && !plan.findings.iter().any(|it| it.kind.id == "pods-displaced-by-growth");
    if plan.headroom.unplaced.is_empty() && !plan.headroom.nodes.is_empty() {
        let requested = plan.headroom.cluster.as_ref().unwrap().requested.clone();
        assert_eq!(total(|sum| &sum.0), amounts(&requested), "{what}");
        let mesh = plan.headroom.nodes.iter().map(|node| amounts(&node.mesh));
        assert_eq!(total(|sum| &sum.1), mesh.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)), "{what}");
    }
    for (node, sum) in plan.headroom.nodes.iter().zip(&sums).filter(|_| is_settled) {
        assert_eq!(amounts(&node.fill.requested), amounts(&sum.0), "{what} {}", node.name);
        assert_eq!(amounts(&node.mesh), amounts(&sum.1), "{what} {}", node.name);
    }
    for (index, workload) in planned.inventory.workloads.iter().enumerate() {
        let pods = planned.inventory.pods_of(workload);
        assert!(pods.iter().all(|pod| pod.workload == index), "{what} {}", workload.id);
    }
    let in_workloads: usize = planned.inventory.workloads.iter().map(|workload| workload.pods.len()).sum();
    assert_eq!(in_workloads, planned.inventory.pods.len(), "{what}");
}

#[test]
fn the_scheduler_is_asked_for_what_the_plan_counts() {
    for cluster in ["webshop", "ambient", "payments-live", "scoped", "secured", "flat"] {
        let inventory = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters").join(cluster));
        for (name, policy) in policies() {
            agrees(&inventory, &policy, &format!("{cluster}, {name}"));
        }
    }
}

#[test]
fn real_clusters_agree_as_well() {
    let Some(folder) = shared::data("real_clusters_agree_as_well") else { return };
    for cluster in ["online-boutique", "istio-injected", "hotel-reservation", "support-bundle-doks"] {
        let path = folder.join("inventories").join(cluster);
        if !path.exists() {
            eprintln!("real_clusters_agree_as_well: skipped {cluster}, which is not there");
            continue;
        }
        let inventory = read(path);
        for (name, policy) in policies() {
            agrees(&inventory, &policy, &format!("{cluster}, {name}"));
        }
    }
}

/// Where what is to come waits, and what of it a node of its own.
#[test]
fn parts_of_the_mesh_come_as_pods() {
    let inventory = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters/webshop"));
    let nodes = inventory.nodes.len();
    let (_, ambient) = policies().swap_remove(4);
    let card = ModelCard::named("istio-1.24").unwrap();
    let planned = Groundwork::new(inventory, &ambient, &card).as_planned(&ambient).inventory;
    let count = |name: &str| {
        let workload = planned.workloads.iter().find(|it| &*it.id.name == name);
        let pods = workload.map(|it| planned.pods_of(it)).unwrap_or_default();
        let bound = pods.iter().filter(|pod| matches!(pod.place, Place::On(_))).count();
        (pods.len(), bound)
    };
    for (name, expected) in [
        ("ztunnel", (nodes, nodes)),
        ("istio-cni-node", (nodes, nodes)),
        ("istiod", (2, 0)),
        // Two for its load.
        ("cart-waypoint", (2, 0)),
    ] {
        assert_eq!(count(name), expected, "{name}");
    }
    let has_proxy = |pod: &&meshcap::inventory::Pod| meshcap::groundwork::proxy_of(&pod.spec).is_some();
    let with_proxy = planned.pods.iter().filter(has_proxy).map(|pod| &*pod.name.name);
    assert!(with_proxy.into_iter().all(|name| name.contains("waypoint")));
}
