//! Each filter: nodes it refuses, and with which words.

use super::super::{KubernetesVersion, Profile};
use super::cluster::{Cluster, is, labels, near, spec, spread, taint};
use crate::inventory::objects::{
    ContainerPort, CsiNode, Disk, DiskKind, NodeSelectorTerm, Operator, PersistentVolume, PersistentVolumeClaim,
    Requirement, StorageClass, TaintEffect, Toleration, Volume,
};
use crate::inventory::{ObjectName, PodSpec};
use crate::units::Bytes;

const ZONE: &str = "topology.kubernetes.io/zone";

fn check(cluster: &Cluster, expected: &[&str]) {
    assert_eq!(cluster.answers(&Profile::new(KubernetesVersion::V1_34), &[]), expected);
}

fn change(mut spec: PodSpec, change: impl FnOnce(&mut PodSpec)) -> PodSpec {
    change(&mut spec);
    spec
}

#[test]
fn cordons_and_taints() {
    let nodes = || {
        Cluster::default()
            .node("open", &[])
            .node("cordoned", &[])
            .last_node(|node, _| node.unschedulable = true)
            .node("gpu", &[])
            .last_node(|node, _| {
                node.taints = vec![taint("soft", TaintEffect::PreferNoSchedule), taint("gpu", TaintEffect::NoExecute)];
            })
            .node("lost", &[])
            .last_node(|node, _| node.ready = Some(false))
    };
    let not_ready = "TaintToleration: taint node.kubernetes.io/not-ready:NoSchedule";
    let gpu = "TaintToleration: taint gpu:NoExecute";
    check(&nodes().pod("p", "a", None, spec(1, 1)), &["", "NodeUnschedulable: cordoned", gpu, not_ready]);
    let tolerates =
        |key: &str, effect| Toleration { key: key.to_owned(), exists: true, effect, ..Toleration::default() };
    for (toleration, expected) in [
        (tolerates("", None), ["", "", "", ""]),
        (tolerates("node.kubernetes.io/unschedulable", None), ["", "", gpu, not_ready]),
        (tolerates("gpu", Some(TaintEffect::NoSchedule)), ["", "NodeUnschedulable: cordoned", gpu, not_ready]),
        (tolerates("gpu", Some(TaintEffect::NoExecute)), ["", "NodeUnschedulable: cordoned", "", not_ready]),
    ] {
        let pod = change(spec(1, 1), |spec| spec.tolerations = vec![toleration]);
        check(&nodes().pod("p", "a", None, pod), &expected);
    }
}

#[test]
fn node_selectors_and_affinity() {
    let nodes = || Cluster::default().node("a", &[("disk", "ssd"), ("size", "4")]).node("b", &[("disk", "hdd")]);
    let requirement = |key: &str, operator, values: &[&str]| Requirement {
        key: key.to_owned(),
        operator,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let refused = "NodeAffinity: node affinity";
    for (expressions, expected) in [
        (vec![requirement("disk", Operator::In, &["ssd", "nvme"])], ["", refused]),
        (vec![requirement("size", Operator::NotIn, &["4"])], [refused, ""]),
        (vec![requirement("size", Operator::Exists, &[])], ["", refused]),
        (vec![requirement("size", Operator::DoesNotExist, &[])], [refused, ""]),
        (vec![requirement("size", Operator::Gt, &["3"])], ["", refused]),
        (vec![requirement("size", Operator::Lt, &["4"])], [refused, refused]),
        (vec![requirement("size", Operator::Unknown("Near".to_owned()), &["4"])], [refused, refused]),
        (vec![is("disk", "ssd"), is("size", "5")], [refused, refused]),
        (vec![], [refused, refused]),
    ] {
        let term = NodeSelectorTerm { expressions, fields: Vec::new() };
        let pod = change(spec(1, 1), |spec| spec.required_node_affinity = Some(vec![term]));
        check(&nodes().pod("p", "a", None, pod), &expected);
    }
    let nothing = change(spec(1, 1), |spec| spec.required_node_affinity = Some(Vec::new()));
    check(&nodes().pod("p", "a", None, nothing), &[refused, refused]);
    let selected = change(spec(1, 1), |spec| spec.node_selector = labels(&[("disk", "hdd")]));
    check(&nodes().pod("p", "a", None, selected), &["NodeAffinity: node selector disk=hdd", ""]);
    let named = NodeSelectorTerm { expressions: Vec::new(), fields: vec![is("metadata.name", "b")] };
    let named = change(spec(1, 1), |spec| spec.required_node_affinity = Some(vec![named]));
    check(&nodes().pod("p", "a", None, named), &["NodeName: another node is named", ""]);
}

#[test]
fn ports_of_the_node() {
    let claims = |port: u16, address: &str| {
        change(spec(1, 1), |spec| {
            let port = ContainerPort { host_port: port, host_ip: address.to_owned(), ..ContainerPort::default() };
            spec.containers[0].ports = vec![port];
        })
    };
    let taken = "NodePorts: port 80/Tcp taken";
    for (there, wanted, expected) in [
        ((80, ""), (80, ""), taken),
        ((80, "10.0.0.1"), (80, ""), taken),
        ((80, "10.0.0.1"), (80, "10.0.0.2"), ""),
        ((80, ""), (81, ""), ""),
    ] {
        let cluster = Cluster::default().node("a", &[]).pod("there", "a", Some("a"), claims(there.0, there.1));
        check(&cluster.pod("p", "a", None, claims(wanted.0, wanted.1)), &[expected]);
    }
}

#[test]
fn room_and_what_is_short() {
    let cluster = Cluster::default()
        .node("a", &[])
        .pod("there", "a", Some("a"), spec(3500, 15 * 1024))
        .node("b", &[])
        .last_node(|_, offered| offered.pods = Some(0));
    let both =
        "NodeResourcesFit: insufficient cpu: 1 asked, 500m of 4 free; insufficient memory: 2Gi asked, 1Gi of 16Gi free";
    let none = "NodeResourcesFit: 0 pods are allowed and there";
    check(&cluster.clone().pod("p", "a", None, spec(1000, 2048)), &[both, none]);
    check(&cluster.clone().pod("p", "a", None, spec(500, 1024)), &["", none]);
    check(&cluster.clone().pod("p", "a", None, spec(0, 0)), &["", none]);
    let gpu = change(spec(1, 1), |spec| {
        spec.containers[0].resources.requests.extended.insert("nvidia.com/gpu".to_owned(), 2);
    });
    let short = "NodeResourcesFit: insufficient nvidia.com/gpu: 2 asked, 0 of 0 free";
    check(&cluster.clone().pod("p", "a", None, gpu.clone()), &[short, none]);
    let has_gpus = cluster.last_node(|_, offered| {
        offered.pods = Some(10);
        offered.resources.extended.insert("nvidia.com/gpu".to_owned(), 2);
    });
    check(&has_gpus.pod("p", "a", None, gpu), &[short, ""]);
}

#[test]
fn disks_that_cannot_be_shared() {
    let mounts = |kind, read_only| {
        let disk = Disk { kind, id: "data".to_owned(), read_only };
        change(spec(1, 1), |spec| spec.volumes = vec![Volume::Disk(disk)])
    };
    let taken = "VolumeRestrictions: disk data in use on the node";
    for (there, wanted, expected) in [
        (mounts(DiskKind::Rbd, false), mounts(DiskKind::Rbd, true), taken),
        (mounts(DiskKind::Rbd, true), mounts(DiskKind::Rbd, true), ""),
        (mounts(DiskKind::AwsElasticBlockStore, true), mounts(DiskKind::AwsElasticBlockStore, true), taken),
        (mounts(DiskKind::Iscsi, false), mounts(DiskKind::Rbd, false), ""),
    ] {
        let cluster = Cluster::default().node("a", &[]).pod("there", "a", Some("a"), there).node("b", &[]);
        check(&cluster.pod("p", "a", None, wanted), &[expected, ""]);
    }
}

fn claims(names: &[&str]) -> PodSpec {
    change(spec(1, 1), |spec| spec.volumes = names.iter().map(|name| Volume::Claim((*name).to_owned())).collect())
}

fn claim(name: &str, volume: Option<&str>, class: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        name: ObjectName::new("shop", name),
        volume: volume.map(str::to_owned),
        storage_class: class.to_owned(),
        request: Bytes::from_gib(10),
        access_modes: vec!["ReadWriteOnce".to_owned()],
        selected_node: None,
    }
}

fn in_zones() -> Cluster {
    Cluster::default().node("a", &[(ZONE, "z1")]).node("b", &[(ZONE, "z2")]).node("c", &[])
}

fn with_storage() -> Cluster {
    let mut cluster = in_zones();
    let storage = &mut cluster.inventory.storage;
    let zone = |zone: &str| Some(vec![NodeSelectorTerm { expressions: vec![is(ZONE, zone)], fields: Vec::new() }]);
    let volume = |name: &str, class: &str, gib: u64| PersistentVolume {
        name: name.into(),
        storage_class: class.to_owned(),
        capacity: Bytes::from_gib(gib),
        access_modes: vec!["ReadWriteOnce".to_owned()],
        csi: Some(("csi.example".to_owned(), name.to_owned())),
        ..PersistentVolume::default()
    };
    storage.volumes = vec![
        PersistentVolume { node_affinity: zone("z1"), ..volume("pinned", "", 10) },
        PersistentVolume { labels: labels(&[(ZONE, "z2")]), ..volume("zoned", "", 10) },
        PersistentVolume { node_affinity: zone("z2"), ..volume("free-large", "by-hand", 20) },
        PersistentVolume { node_affinity: zone("z1"), ..volume("free-small", "by-hand", 5) },
    ];
    let class = |name: &str, provisioner: &str, waits: bool| StorageClass {
        name: name.into(),
        provisioner: provisioner.to_owned(),
        waits_for_pod: waits,
        ..StorageClass::default()
    };
    storage.classes = vec![
        class("by-hand", "kubernetes.io/no-provisioner", true),
        class("at-once", "csi.example", false),
        StorageClass { allowed_topologies: zone("z1").unwrap(), ..class("waits", "csi.example", true) },
    ];
    storage.claims = vec![
        claim("pinned", Some("pinned"), ""),
        claim("zoned", Some("zoned"), ""),
        claim("gone", Some("gone"), ""),
        claim("by-hand", None, "by-hand"),
        claim("at-once", None, "at-once"),
        claim("waits", None, "waits"),
        PersistentVolumeClaim { selected_node: Some("b".to_owned()), ..claim("selected", None, "waits") },
        PersistentVolumeClaim {
            access_modes: vec!["ReadWriteOncePod".to_owned()],
            ..claim("alone", Some("pinned"), "")
        },
    ];
    cluster
}

#[test]
fn claims_and_their_volumes() {
    let binding = |text: &str| format!("VolumeBinding: {text}");
    for (name, expected) in [
        (
            "pinned",
            [
                String::new(),
                binding("the volume of claim pinned is elsewhere"),
                binding("the volume of claim pinned is elsewhere"),
            ],
        ),
        (
            "zoned",
            ["VolumeZone: the volume of claim zoned is in another zone".to_owned(), String::new(), String::new()],
        ),
        ("gone", [(); 3].map(|()| binding("the volume of claim gone does not exist"))),
        ("by-hand", [binding("no volume for claim by-hand"), String::new(), binding("no volume for claim by-hand")]),
        ("at-once", [(); 3].map(|()| binding("claim at-once is bound to no volume"))),
        ("waits", [String::new(), binding("no volume for claim waits"), binding("no volume for claim waits")]),
        ("selected", [binding("no volume for claim selected"), String::new(), binding("no volume for claim selected")]),
        ("missing", [(); 3].map(|()| binding("claim missing does not exist"))),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&with_storage().pod("p", "a", None, claims(&[name])), &expected);
    }
    let own = |class: &str| change(spec(1, 1), |spec| spec.volumes = vec![Volume::Ephemeral(Some(class.to_owned()))]);
    let refused = binding("no volume for claim of its own");
    check(&with_storage().pod("p", "a", None, own("waits")), &["", &refused, &refused]);
    check(&with_storage().pod("p", "a", None, own("unheard of")), &["", "", ""]);
    // Without any claim in the input nothing is known of volumes.
    check(&in_zones().pod("p", "a", None, claims(&["pinned"])), &["", "", ""]);
}

#[test]
fn a_claim_for_one_pod_is_for_one_pod() {
    let cluster = with_storage().pod("there", "a", Some("a"), claims(&["alone"]));
    let taken = "VolumeRestrictions: claim alone in use by another pod";
    check(&cluster.pod("p", "a", None, claims(&["alone"])), &[taken; 3]);
}

#[test]
fn drivers_attach_so_many_volumes() {
    let limited = |limit| {
        let mut cluster = with_storage();
        let drivers = vec![("csi.example".to_owned(), Some(limit))];
        cluster.inventory.storage.csi_nodes = vec![CsiNode { name: "a".into(), drivers }];
        cluster.pod("there", "a", Some("a"), claims(&["pinned"]))
    };
    let full = "NodeVolumeLimits: csi.example attaches 1 volumes, 1 are attached";
    let elsewhere = "VolumeBinding: no volume for claim waits";
    check(&limited(1).pod("p", "a", None, claims(&["waits"])), &[full, elsewhere, elsewhere]);
    check(&limited(2).pod("p", "a", None, claims(&["waits"])), &["", elsewhere, elsewhere]);
    // The volume that is there already needs no place of its own.
    let away = "VolumeBinding: the volume of claim pinned is elsewhere";
    check(&limited(1).pod("p", "a", None, claims(&["pinned"])), &["", away, away]);
}

#[test]
fn spread_over_domains() {
    let there =
        |cluster: Cluster| cluster.pod("one", "web", Some("a"), spec(1, 1)).pod("two", "web", Some("a"), spec(1, 1));
    let pod = |constraint| change(spec(1, 1), |spec| spec.topology_spread = vec![constraint]);
    let full = "PodTopologySpread: topology.kubernetes.io/zone=z1 would have 3 pods of the kind, the emptiest has 0, skew 1 is allowed";
    let unlabelled = "PodTopologySpread: no label topology.kubernetes.io/zone to spread over";
    check(&there(in_zones()).pod("p", "web", None, pod(spread("web", ZONE, 1, true))), &[full, "", unlabelled]);
    check(&there(in_zones()).pod("p", "web", None, pod(spread("web", ZONE, 3, true))), &["", "", unlabelled]);
    // A pod of another kind does not add to the count.
    check(&there(in_zones()).pod("p", "db", None, pod(spread("web", ZONE, 2, true))), &["", "", unlabelled]);
    let mut few_domains = spread("web", ZONE, 1, true);
    few_domains.min_domains = Some(3);
    let one_each = in_zones().pod("one", "web", Some("a"), spec(1, 1)).pod("two", "web", Some("b"), spec(1, 1));
    let zone = |name: &str| {
        format!(
            "PodTopologySpread: topology.kubernetes.io/zone={name} would have 2 pods of the kind, the emptiest has 0, skew 1 is allowed"
        )
    };
    check(&one_each.pod("p", "web", None, pod(few_domains)), &[&zone("z1"), &zone("z2"), unlabelled]);
    let terminating = in_zones().pod("one", "web", Some("a"), spec(1, 1)).last_pod(|pod| pod.terminating = true);
    check(&terminating.pod("p", "web", None, pod(spread("web", ZONE, 1, true))), &["", "", unlabelled]);
    let mut all = spread("web", ZONE, 1, true);
    all.selector = Some(Vec::new());
    check(&there(in_zones()).pod("p", "web", None, pod(all)), &["", "", unlabelled]);
}

#[test]
fn nodes_a_spread_leaves_out() {
    let nodes = || {
        Cluster::default().node("a", &[(ZONE, "z1"), ("pool", "web")]).node("b", &[(ZONE, "z2")]).pod(
            "one",
            "web",
            Some("a"),
            spec(1, 1),
        )
    };
    let pod = |ignores| {
        change(spec(1, 1), |spec| {
            spec.node_selector = labels(&[("pool", "web")]);
            let mut constraint = spread("web", ZONE, 1, true);
            constraint.ignores_node_affinity = ignores;
            spec.topology_spread = vec![constraint];
        })
    };
    let selector = "NodeAffinity: node selector pool=web";
    check(&nodes().pod("p", "web", None, pod(false)), &["", selector]);
    let full = "PodTopologySpread: topology.kubernetes.io/zone=z1 would have 2 pods of the kind, the emptiest has 0, skew 1 is allowed";
    check(&nodes().pod("p", "web", None, pod(true)), &[full, selector]);
}

#[test]
fn affinity_between_pods() {
    let there = || in_zones().pod("db", "db", Some("a"), spec(1, 1));
    let far = "InterPodAffinity: pod affinity over topology.kubernetes.io/zone";
    let near_pod = |app: &str| change(spec(1, 1), |spec| spec.pod_affinity.required = vec![near(app, ZONE)]);
    check(&there().pod("p", "web", None, near_pod("db")), &["", far, far]);
    check(&there().pod("p", "web", None, near_pod("cache")), &[far, far, far]);
    // The first of a kind that wants to be near its own goes anywhere with the label.
    check(&there().pod("p", "cache", None, near_pod("cache")), &["", "", far]);
    let away_pod = |app: &str| change(spec(1, 1), |spec| spec.pod_anti_affinity.required = vec![near(app, ZONE)]);
    let close = "InterPodAffinity: pod anti-affinity over topology.kubernetes.io/zone";
    check(&there().pod("p", "web", None, away_pod("db")), &[close, "", ""]);
    let others = "InterPodAffinity: anti-affinity of other pods over topology.kubernetes.io/zone";
    check(&in_zones().pod("db", "db", Some("a"), away_pod("web")).pod("p", "web", None, spec(1, 1)), &[others, "", ""]);
    check(&in_zones().pod("db", "db", Some("a"), away_pod("web")).pod("p", "db", None, spec(1, 1)), &["", "", ""]);
}

#[test]
fn affinity_reaches_other_namespaces_if_told() {
    let elsewhere = |change_term: &dyn Fn(&mut crate::inventory::objects::PodAffinityTerm)| {
        let mut term = near("db", ZONE);
        change_term(&mut term);
        let pod = change(spec(1, 1), |spec| spec.pod_affinity.required = vec![term]);
        let mut cluster = in_zones()
            .pod("db", "db", Some("a"), spec(1, 1))
            .last_pod(|pod| pod.name = ObjectName::new("data", "db"))
            .pod("p", "web", None, pod);
        let namespace = crate::inventory::Namespace {
            name: "data".into(),
            labels: labels(&[("team", "storage")]),
            ..crate::inventory::Namespace::default()
        };
        cluster.inventory.namespaces.insert("data".into(), namespace);
        cluster
    };
    let far = "InterPodAffinity: pod affinity over topology.kubernetes.io/zone";
    check(&elsewhere(&|_| {}), &[far; 3]);
    check(&elsewhere(&|term| term.namespaces = vec!["data".to_owned()]), &["", far, far]);
    check(&elsewhere(&|term| term.namespace_selector = Some(vec![is("team", "storage")])), &["", far, far]);
    check(&elsewhere(&|term| term.namespace_selector = Some(vec![is("team", "web")])), &[far; 3]);
    check(&elsewhere(&|term| term.namespace_selector = Some(Vec::new())), &["", far, far]);
    check(&elsewhere(&|term| term.selector = None), &[far; 3]);
}
