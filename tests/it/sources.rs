//! Real inventories, as tools print them and people publish them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use meshcap::inventory::objects::{Object, PodPhase};
use meshcap::sources::{Input, InputError, Limits, Reading, read, read_bytes};

use crate::shared;

/// Objects of each file, counted from the same files by another program.
const COUNTS: &[(&str, &str)] = &[
    ("kubectl-dump-4node-2021/pods.json", "Pod 158"),
    ("kubectl-dump-4node-2021/services.json", "Service 143"),
    ("aks-cluster-info-2020/kube-system/pods.json", "Pod 10"),
    ("aks-cluster-info-2020/kube-system/deployments.json", "Deployment 7"),
    ("aks-cluster-info-2020/kube-system/replicasets.json", "ReplicaSet 9"),
    ("aks-cluster-info-2020/kube-system/daemonsets.json", "DaemonSet 2"),
    ("aks-cluster-info-2020/kube-system/services.json", "Service 5"),
    ("cluster-info-go-names-2017/nodes.json", "Node 5"),
    ("cluster-info-go-names-2017/default/pods.json.gz", "Pod 401"),
    ("cluster-info-go-names-2017/kube-system/pods.json", "Pod 22"),
    ("support-bundle-doks/nodes.json", "Node 6"),
    ("support-bundle-doks/deployments/default.json", "Deployment 4"),
    ("support-bundle-doks/statefulsets/monitoring.json", "StatefulSet 2"),
    ("sonobuoy-0.10/Nodes.json", "Node 3"),
    ("sonobuoy-0.10/kube-system/Pods.json", "Pod 14"),
    ("sonobuoy-0.10/kube-system/Deployments.json", "Deployment 4"),
    ("sonobuoy-0.10/kube-system/Services.json", "Service 3"),
    ("sonobuoy-healthsummary/core_v1_pods.json", "Pod 14"),
    ("openshift-nodes/nodes.json", "Node 6"),
    ("minikube-k8s-1.35/pods.yaml", "Pod 25"),
    ("minikube-k8s-1.35/kubelet-pods.json", "Pod 24"),
    ("minikube-k8s-1.35/endpoints.yaml", "Endpoints 7"),
    ("minikube-k8s-1.35/namespaces.yaml", "Namespace 6"),
    ("online-boutique/kubernetes-manifests.yaml", "Deployment 12, Service 12"),
    ("online-boutique/istio-manifests.yaml", "Gateway 1, HTTPRoute 1, ServiceEntry 2, VirtualService 1"),
    ("bookinfo/bookinfo.yaml", "Deployment 6, Service 4"),
    (
        "hotel-reservation/hotel-reservation.yaml",
        "Deployment 19, PersistentVolume 6, PersistentVolumeClaim 6, Service 19",
    ),
    ("istio-injected/list.yaml.injected", "Deployment 2"),
    ("istio-injected/cronjob.yaml.injected", "CronJob 1"),
    ("open-simulator/cluster/demo_1/manifests/etcd.yaml", "Pod 3"),
    ("open-simulator/cluster/demo_1/sc-lvm.yaml", "StorageClass 1"),
    ("alibaba-openb-2023/openb_node_list_all_node.csv", "Node 1523"),
    ("alibaba-openb-2023/openb_pod_list_default.csv", "Pod 8152"),
];

/// Files that are no inventory, and what the error calls them.
const REFUSED: &[(&str, &str)] = &[
    ("instance-types/ec2-DescribeInstanceTypes-pv.json", "a table of instance types"),
    ("instance-types/karpenter-kwok-instance_types.json", "a table of instance types"),
    ("instance-types/gcp-coremark.csv", "a table with the columns MACHINE_TYPE"),
    ("instance-types/karpenter-aws-instance-types.csv", "a table with the columns instance_type"),
    ("instance-types/eni-max-pods.txt", "plain text"),
    ("instance-types/opencost-default-prices/aws.json", "a price table"),
    ("isotope-topologies/10-svc_100-end.yaml", "an isotope service graph"),
    ("isotope-topologies/tree-111-services.yaml", "an isotope service graph"),
    ("open-simulator/cluster/demo_1/nodes/master-1.json", "an object with the members"),
];

fn read_path(path: PathBuf) -> Result<Reading, InputError> {
    read(&[Input::Path(path)], &Limits::default(), &|_| ())
}

fn kinds(reading: &Reading) -> String {
    let mut text = String::new();
    for (kind, count) in &reading.inputs[0].objects {
        write!(text, "{}{kind} {count}", if text.is_empty() { "" } else { ", " }).unwrap();
    }
    text
}

#[test]
fn real_files_hold_what_was_counted() {
    let Some(data) = shared::data("real_files_hold_what_was_counted") else { return };
    for (file, expected) in COUNTS {
        let reading = read_path(data.join("inventories").join(file)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(kinds(&reading), *expected, "{file}");
        let skipped: Vec<_> = reading.findings.iter().filter(|finding| finding.kind.id == "object-skipped").collect();
        assert!(skipped.is_empty(), "{file}: {skipped:?}");
    }
}

#[test]
fn other_files_are_refused_by_name() {
    let Some(data) = shared::data("other_files_are_refused_by_name") else { return };
    for (file, looks_like) in REFUSED {
        let error = read_path(data.join("inventories").join(file)).expect_err(file).to_string();
        assert!(error.contains(looks_like) && error.contains(file), "{file}: {error}");
    }
}

#[test]
fn every_file_gives_objects_or_a_reason() {
    let Some(data) = shared::data("every_file_gives_objects_or_a_reason") else { return };
    let mut read_well = 0;
    for file in files_under(&data.join("inventories")) {
        match read_path(file.clone()) {
            Ok(reading) => {
                assert!(!reading.objects.is_empty(), "{}", file.display());
                read_well += 1;
            }
            Err(error) => {
                assert!(error.place.contains(&file.display().to_string()), "{error}");
                assert!(!error.found.is_empty() && !error.remedy.is_empty(), "{error}");
            }
        }
    }
    assert!(read_well >= 70, "{read_well}");
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[test]
fn a_folder_is_read_as_a_whole_and_always_the_same() {
    let Some(data) = shared::data("a_folder_is_read_as_a_whole_and_always_the_same") else { return };
    let folder = data.join("inventories/aks-cluster-info-2020");
    let reading = read_path(folder.clone()).unwrap();
    assert_eq!(kinds(&reading), "DaemonSet 2, Deployment 8, Pod 10, ReplicaSet 9, Service 7");
    assert_eq!(reading, read_path(folder).unwrap());
    let mixed = read_path(data.join("inventories")).unwrap();
    let skipped = mixed.findings.iter().find(|finding| finding.kind.id == "files-skipped").unwrap();
    assert!(skipped.count >= 10, "{skipped:?}");
}

#[test]
fn go_names_and_injected_sidecars_keep_their_figures() {
    let Some(data) = shared::data("go_names_and_injected_sidecars_keep_their_figures") else { return };
    let old = read_path(data.join("inventories/cluster-info-go-names-2017/default/pods.json.gz")).unwrap();
    let running = old.objects.iter().filter(|sourced| match &sourced.object {
        Object::Pod(pod) => pod.phase == PodPhase::Running && pod.node.is_some(),
        _ => false,
    });
    assert_eq!(running.count(), 215);
    let native = read_path(data.join("inventories/istio-injected/native-sidecar.yaml.injected")).unwrap();
    let Object::Pod(pod) = &native.objects[0].object else { panic!("a pod") };
    let proxy = pod.spec.init_containers.iter().find(|container| container.name == "istio-proxy").unwrap();
    assert!(proxy.restartable);
    assert_eq!(proxy.role_arguments[..2], ["proxy", "sidecar"]);
    assert_eq!(proxy.resources.requests.cpu.unwrap().get(), 100);
}

#[test]
fn a_broken_file_in_a_folder_costs_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let pod = r#"{"kind":"Pod","metadata":{"name":"a"}}"#;
    fs::write(folder.path().join("a.json"), pod).unwrap();
    fs::write(folder.path().join("b.json"), format!("[{pod},{{\"kind\":")).unwrap();
    fs::write(folder.path().join("c.log"), "started").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    let reading = read_path(folder.path().to_owned()).unwrap();
    assert_eq!(kinds(&reading), "Pod 1");
    let ids: BTreeMap<&str, u64> = reading.findings.iter().map(|finding| (finding.kind.id, finding.count)).collect();
    assert_eq!(ids["file-broken"], 1);
    assert_eq!(ids["files-skipped"], if cfg!(unix) { 2 } else { 1 });
    fs::remove_file(folder.path().join("a.json")).unwrap();
    assert!(read_path(folder.path().to_owned()).is_err());
    let missing = read_path(folder.path().join("none.json")).expect_err("a missing file");
    assert_eq!(missing.found, "no such file or folder");
}

fn table(text: &str) -> Reading {
    read_bytes("t.csv", text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_table_of_workloads_declares_and_measures() {
    let reading = table(
        "Namespace,Name,Kind,Replicas,CPU Request,memory_request,rps,cpu_usage,memory_usage,owner\n\
         shop,cart,Deployment,3,250m,128Mi,120.5,0.4,90Mi,me\n\
         shop,db,statefulset,1,1,1073741824,,,,\n\
         shop,seen,,,,,50,1500m,,\n",
    );
    assert_eq!(kinds(&reading), "Deployment 1, StatefulSet 1, measured workload 2");
    let Object::Controller(cart) = &reading.objects[0].object else { panic!("a controller") };
    assert_eq!((cart.replicas, cart.name.to_string().as_str()), (Some(3), "shop/cart"));
    let requests = &cart.template.containers[0].resources.requests;
    assert_eq!((requests.cpu.unwrap().get(), requests.memory.unwrap().get()), (250, 128 << 20));
    let Object::Measured(seen) = &reading.objects[3].object else { panic!("a measurement") };
    assert_eq!(seen.kind, None);
    assert_eq!(seen.measured.inbound_rps.unwrap().as_per_second(), 50.0);
    assert_eq!(seen.measured.app_cpu.unwrap().as_cores(), 1.5);
    let unknown = reading.findings.iter().find(|finding| finding.kind.id == "columns-not-read").unwrap();
    assert!(unknown.message.starts_with("owner:"), "{unknown:?}");
}

#[test]
fn impossible_cells_are_named_by_row() {
    let reading = table(
        "name;replicas;cpu_milli;memory_mib;rps\n\
         a;-1;250;128;NaN\n\
         ;1;1;1;1\n\
         c;1.5;x;9e30;1e300\n",
    );
    let mut rows: Vec<String> = reading
        .findings
        .iter()
        .filter(|finding| finding.kind.id == "cell-ignored")
        .map(|finding| format!("{} {}", finding.subject, finding.message.split(": ").nth(1).unwrap()))
        .collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            "row 2 inbound_rps",
            "row 2 replicas",
            "row 3 name",
            "row 4 cpu",
            "row 4 inbound_rps",
            "row 4 memory",
            "row 4 replicas"
        ]
    );
    assert_eq!(kinds(&reading), "Deployment 2");
}

#[test]
fn openb_keeps_phases_and_gpus() {
    let Some(data) = shared::data("openb_keeps_phases_and_gpus") else { return };
    let nodes = read_path(data.join("inventories/alibaba-openb-2023/openb_node_list_all_node.csv")).unwrap();
    let cores: u64 = nodes
        .objects
        .iter()
        .filter_map(|sourced| match &sourced.object {
            Object::Node(node) => node.allocatable.as_ref(),
            _ => None,
        })
        .map(|allocatable| allocatable.resources.cpu.get())
        .sum();
    assert_eq!(cores / 1000, 125_514);
    let pods = read_path(data.join("inventories/alibaba-openb-2023/openb_pod_list_default.csv")).unwrap();
    let pods: Vec<_> = pods
        .objects
        .iter()
        .filter_map(|sourced| match &sourced.object {
            Object::Pod(pod) => Some(pod),
            _ => None,
        })
        .collect();
    assert_eq!(pods.iter().filter(|pod| pod.phase == PodPhase::Pending).count(), 897);
    let asks_for_gpu = |pod: &&&meshcap::inventory::objects::PodObject| {
        pod.spec.containers[0].resources.requests.extended.contains_key("nvidia.com/gpu")
    };
    assert_eq!(pods.iter().filter(asks_for_gpu).count(), 7064);
}

#[test]
fn damaged_tables_are_errors() {
    for content in [&b"PAR1"[..], b"PAR1\x00\x00\x00\x00PAR1", b"PAR1garbage garbage garbage\xff\xff\xff\x7fPAR1"] {
        let error = read_bytes("t", content, &Limits::default()).expect_err("an error").to_string();
        assert!(error.contains("broken Parquet"), "{error}");
    }
    let error = read_bytes("t", b"name,replicas\na,1,2,3\n", &Limits::default());
    assert!(error.is_err_and(|error| error.to_string().contains("broken CSV")));
}

#[test]
fn blank_rows_of_a_table_are_nothing() {
    for table in [
        "\u{feff}name;replicas;cpu_request\r\nweb;2;100m\r\n\r\n\r\n",
        "\n\nname,replicas,cpu_request\n\nweb,2,\"0.1\"\n,,\n\n",
        "name\treplicas\tcpu_request\nweb\t2\t100m\n",
    ] {
        let reading = read_bytes("t.csv", table.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(kinds(&reading), "Deployment 1", "{table:?}");
        assert!(reading.findings.is_empty(), "{table:?}: {:?}", reading.findings);
    }
}

#[test]
fn parquet_is_read_and_its_prefixes_are_refused() {
    use polars::prelude::{DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};
    let names: Vec<String> = (0..40).map(|n| format!("web-{n}")).collect();
    let columns = vec![
        Series::new("name".into(), names).into_column(),
        Series::new("replicas".into(), vec![2_i64; 40]).into_column(),
        Series::new("cpu_request".into(), vec![0.1_f64; 40]).into_column(),
    ];
    let mut table = DataFrame::new(40, columns).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut table).unwrap();
    let reading = read_bytes("t.parquet", &bytes, &Limits::default()).unwrap();
    assert_eq!(kinds(&reading), "Deployment 40");
    for end in (4..bytes.len()).step_by(7) {
        let error = read_bytes("t.parquet", &bytes[..end], &Limits::default()).expect_err("an error").to_string();
        assert!(error.starts_with("t.parquet: found broken Parquet"), "{end}: {error}");
    }
}
