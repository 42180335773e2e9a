//! Every real inventory gives a plan or a clear error, and its counts are those of the files.

use std::fs;
use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::inventory;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::sources::{self, Input, InputError, Limits};

use crate::shared;

fn plan(path: &Path, enroll: &[&str]) -> Result<Plan, InputError> {
    let reading = sources::read(&[Input::Path(path.to_owned())], &Limits::default(), &|_| ())?;
    let assembled = inventory::assemble(reading.objects);
    let mut policy = Policy::default();
    policy.injection.enroll = enroll.iter().map(|name| (*name).to_owned()).collect();
    let mut inputs = Inputs::new(assembled.inventory, policy, ModelCard::named("istio-1.24").unwrap());
    inputs.findings = reading.findings.into_iter().chain(assembled.findings).collect();
    Ok(Plan::new(inputs))
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        files.push(path.clone());
        if path.is_dir() {
            files_below(&path, files);
        }
    }
}

#[test]
fn every_file_and_folder_gives_a_plan_or_a_clear_error() {
    let Some(data) = shared::data("every_file_and_folder_gives_a_plan_or_a_clear_error") else { return };
    let mut paths = Vec::new();
    files_below(&data.join("inventories"), &mut paths);
    let (mut plans, mut errors) = (0, Vec::new());
    for path in &paths {
        match plan(path, &["all"]) {
            Ok(plan) => {
                let counted = plan.totals.pods + plan.totals.nodes + plan.totals.workloads;
                let says_so = plan.verdict.sentence.contains("no pods");
                assert!(counted > 0 || says_so, "{}: {}", path.display(), plan.verdict.sentence);
                assert!(report::json(&plan).len() > 500);
                plans += 1;
            }
            Err(error) => {
                let message = error.to_string();
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(message.contains(name), "{}: {message}", path.display());
                errors.push(name.to_owned());
            }
        }
    }
    println!("{plans} plans, {} refused: {errors:?}", errors.len());
    assert!(plans >= 85, "{plans} plans, refused: {errors:?}");
}

/// Counts taken from the files with `jq` and `yq`: nodes; pods whose phase is neither Succeeded nor
/// Failed; finished pods; workloads after following owners, those without pods included; pods with a container or restartable
/// init container `istio-proxy`. For manifests, pods are `spec.replicas` summed up.
const COUNTS: &[(&str, Counts)] = &[
    ("kubectl-dump-4node-2021", Counts { nodes: 0, pods: 157, finished: 1, workloads: 140, proxies: 0 }),
    ("aks-cluster-info-2020/kube-system", Counts { nodes: 0, pods: 10, finished: 0, workloads: 9, proxies: 0 }),
    ("cluster-info-go-names-2017", Counts { nodes: 5, pods: 423, finished: 0, workloads: 407, proxies: 0 }),
    ("sonobuoy-0.10", Counts { nodes: 3, pods: 18, finished: 1, workloads: 13, proxies: 0 }),
    ("sonobuoy-healthsummary", Counts { nodes: 0, pods: 14, finished: 0, workloads: 7, proxies: 0 }),
    ("minikube-k8s-1.35", Counts { nodes: 1, pods: 19, finished: 6, workloads: 17, proxies: 0 }),
    ("openshift-nodes", Counts { nodes: 6, pods: 0, finished: 0, workloads: 0, proxies: 0 }),
    // A Gateway of class istio announces one more workload, which is a proxy.
    ("online-boutique", Counts { nodes: 0, pods: 12, finished: 0, workloads: 13, proxies: 1 }),
    ("bookinfo", Counts { nodes: 0, pods: 6, finished: 0, workloads: 6, proxies: 0 }),
    ("hotel-reservation", Counts { nodes: 0, pods: 19, finished: 0, workloads: 19, proxies: 0 }),
    ("meshinsight-echo-injected", Counts { nodes: 0, pods: 2, finished: 0, workloads: 2, proxies: 1 }),
    ("istio-injected/hello.yaml.injected", Counts { nodes: 0, pods: 7, finished: 0, workloads: 1, proxies: 7 }),
    ("istio-injected/statefulset.yaml.injected", Counts { nodes: 0, pods: 3, finished: 0, workloads: 1, proxies: 3 }),
    ("istio-injected/list.yaml.injected", Counts { nodes: 0, pods: 6, finished: 0, workloads: 2, proxies: 6 }),
    (
        "istio-injected/native-sidecar-opt-out.yaml.injected",
        Counts { nodes: 0, pods: 1, finished: 0, workloads: 1, proxies: 1 },
    ),
    (
        "alibaba-openb-2023/openb_node_list_all_node.csv",
        Counts { nodes: 1523, pods: 0, finished: 0, workloads: 0, proxies: 0 },
    ),
];

#[derive(Debug, PartialEq)]
struct Counts {
    nodes: u64,
    pods: u64,
    finished: u64,
    workloads: u64,
    proxies: u64,
}

#[test]
fn counts_agree_with_the_files() {
    let Some(data) = shared::data("counts_agree_with_the_files") else { return };
    for (name, expected) in COUNTS {
        let totals = plan(&data.join("inventories").join(name), &[]).unwrap().totals;
        let found = Counts {
            nodes: totals.nodes,
            pods: totals.pods,
            finished: totals.finished_pods,
            workloads: totals.workloads,
            proxies: totals.proxies,
        };
        assert_eq!(found, *expected, "{name}");
    }
}

/// The figures of a proxy are the sum of the terms printed with it.
#[test]
fn derivations_can_be_recomputed() {
    let Some(data) = shared::data("derivations_can_be_recomputed") else { return };
    for name in [
        "online-boutique",
        "bookinfo",
        "istio-injected/hello.yaml.injected",
        "istio-injected/native-sidecar.yaml.injected",
    ] {
        let plan = plan(&data.join("inventories").join(name), &["all"]).unwrap();
        let to_come: u64 =
            plan.workloads.iter().filter(|it| it.reason == "announced by a Gateway").map(|it| it.replicas).sum();
        assert_eq!(plan.totals.proxies, plan.totals.pods + to_come, "{name}");
        for workload in &plan.workloads {
            let cost = workload.proxy.as_ref().unwrap();
            assert_sums(&cost.memory.basis.terms, cost.memory.value.as_bytes());
            assert_sums(&cost.cpu.basis.terms, cost.cpu.value.as_cores());
        }
    }
}

fn assert_sums(terms: &[meshcap::estimate::Term], value: f64) {
    const TOLERANCE: f64 = 1e-9;
    let size = |unit: &str| match unit {
        "MiB" => 1024.0 * 1024.0,
        "KiB" => 1024.0,
        "m" => 1e-3,
        _ => 1.0,
    };
    let sum: f64 = terms.iter().map(|term| term.count * term.coefficient * size(&term.unit)).sum();
    assert!((sum - value).abs() <= TOLERANCE * value.abs(), "{sum} is not {value}: {terms:#?}");
}

/// Requests today and with the mesh, added up from the files with a script of its own: KEP-753 per pod,
/// the proxies' annotations and defaults, two istiods of 500m and 2 GiB. The packing of webshop and the
/// loss of each of its nodes were found by a separate first-fit-decreasing.
#[test]
fn headroom_agrees_with_the_files() {
    const MIB: u64 = 1 << 20;
    let clusters = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters");
    for (name, today, planned, worst_loss) in [
        ("webshop", (9700, 18_432), (13_200, 25_728), ("shop-d-1", 6)),
        // One more pod asks for 2100m and 4224 MiB and has no node.
        ("payments-live", (8650, 17_164), (8650, 17_164), ("pay-d-1", 1)),
    ] {
        let mut plan = plan(&clusters.join(name), &[]).unwrap();
        let requested = |headroom: &meshcap::placement::Headroom| {
            let fill = headroom.cluster.as_ref().unwrap();
            (fill.requested.cpu.get(), fill.requested.memory.get() / MIB)
        };
        assert_eq!(requested(&plan.headroom_today), today, "{name}");
        assert_eq!(requested(&plan.headroom), planned, "{name}");
        let loss = plan.headroom.worst_node_loss.take().unwrap();
        assert_eq!((&*loss.node, loss.unplaced), worst_loss, "{name}");
    }
}
