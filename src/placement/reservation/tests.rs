use super::*;
use crate::inventory::Labels;

#[test]
fn the_file_of_rules_is_well_formed() {
    let rules = parse_rules().unwrap();
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["gke", "eks", "aks", "none"]);
}

/// CPU reserved, in millicores. GKE: unit tests of karpenter-provider-gcp; AKS: table of
/// azure-aks-docs; EKS: nodeadm's formula on machines of the m5 family.
#[test]
fn reserved_cpu_matches_published_examples() {
    for (provider, instance_type, vcpu, reserved_millicores) in [
        (Provider::Gke, "e2-medium", 2, 1060),
        (Provider::Gke, "n2-standard-1", 1, 60),
        (Provider::Gke, "n2-standard-2", 2, 70),
        (Provider::Gke, "n2-standard-4", 4, 80),
        (Provider::Eks, "m5.large", 2, 70),
        (Provider::Eks, "m5.xlarge", 4, 80),
        (Provider::Eks, "m5.2xlarge", 8, 90),
        (Provider::Eks, "m5.16xlarge", 64, 230),
        (Provider::Aks, "", 1, 60),
        (Provider::Aks, "", 2, 100),
        (Provider::Aks, "", 4, 140),
        (Provider::Aks, "", 8, 180),
        (Provider::Aks, "", 16, 260),
        (Provider::Aks, "", 32, 420),
        (Provider::Aks, "", 64, 740),
        (Provider::None, "", 64, 0),
    ] {
        let capacity = Resources::new(Millicores::new(vcpu * 1000), Bytes::from_gib(16));
        let found = reserved(provider, &capacity, 110, instance_type).cpu.get();
        assert_eq!(found, reserved_millicores, "{provider:?} {instance_type} with {vcpu} vCPU");
    }
}

/// Memory reserved, from the same sources; AKS documents decimal megabytes.
#[test]
fn reserved_memory_matches_published_examples() {
    const MB: u64 = 1_000_000;
    for (provider, memory, pods, expected) in [
        (Provider::Gke, 512 * MIB, 110, 255 * MIB),
        (Provider::Gke, 1024 * MIB, 110, 255 * MIB),
        (Provider::Gke, 1025 * MIB, 110, 256 * MIB),
        (Provider::Gke, 4096 * MIB, 110, 1024 * MIB),
        (Provider::Gke, 8192 * MIB, 110, 1843 * MIB),
        (Provider::Gke, 16384 * MIB, 110, 2662 * MIB),
        (Provider::Gke, 150_000 * MIB, 110, 9921 * MIB),
        (Provider::Aks, 8000 * MB, 30, 650 * MB),
        (Provider::Aks, 4000 * MB, 70, 1000 * MB),
        (Provider::Eks, 8192 * MIB, 29, 574 * MIB),
        (Provider::Eks, 16384 * MIB, 58, 893 * MIB),
        (Provider::Eks, 32768 * MIB, 58, 893 * MIB),
        (Provider::Eks, 262_144 * MIB, 737, 8362 * MIB),
        (Provider::None, 8192 * MIB, 110, 0),
    ] {
        let capacity = Resources::new(Millicores::new(4000), Bytes::new(memory));
        let found = reserved(provider, &capacity, pods, "").memory.get();
        assert_eq!(found, expected, "{provider:?} of {memory} bytes with {pods} pods");
    }
    for (provider, mib) in [(Provider::Gke, 100), (Provider::Eks, 100), (Provider::Aks, 100), (Provider::None, 100)] {
        assert_eq!(eviction(provider), Bytes::from_mib(mib), "{provider:?}");
    }
}

#[test]
fn a_new_gke_machine_loses_kernel_reservation_and_eviction() {
    let offered = allocatable(Provider::Gke, Millicores::new(8000), Bytes::from_gib(32), 110);
    assert_eq!(offered.resources.cpu, Millicores::new(7910));
    let correction = percent_of(32768 * MIB, 0.175);
    let capacity = 32768 * MIB - (512 + 16 + 64) * MIB - correction;
    let kept = reserved_by_tranches(
        capacity / MIB,
        [(Some(4096), 25.0), (Some(8192), 20.0), (Some(16384), 10.0), (Some(131_072), 6.0)].into_iter(),
    );
    assert_eq!(offered.resources.memory, Bytes::new(capacity - (kept + 100) * MIB));
    assert_eq!(offered.pods, Some(110));
}

#[test]
fn absurd_machines_end_in_numbers() {
    for provider in [Provider::None, Provider::Gke, Provider::Eks, Provider::Aks] {
        for (cpu, memory, pods) in [(0, 0, 0), (u64::MAX, u64::MAX, u64::MAX), (1, 1, u64::MAX)] {
            let offered = allocatable(provider, Millicores::new(cpu), Bytes::new(memory), pods);
            assert!(offered.resources.cpu.get() <= cpu && offered.resources.memory.get() <= memory);
        }
    }
}

#[test]
fn providers_are_told_apart() {
    for (label, provider_id, expected) in [
        ("cloud.google.com/gke-nodepool", "", Provider::Gke),
        ("eks.amazonaws.com/nodegroup", "", Provider::Eks),
        ("alpha.eksctl.io/nodegroup-name", "", Provider::Eks),
        ("kubernetes.azure.com/agentpool", "", Provider::Aks),
        ("kubernetes.io/hostname", "gce://project/zone/node", Provider::Gke),
        ("kubernetes.io/hostname", "aws:///us-west-1a/i-04d8", Provider::Eks),
        ("kubernetes.io/hostname", "azure:///subscriptions/1", Provider::Aks),
        ("kubernetes.io/hostname", "digitalocean://1", Provider::None),
        ("cloud.google.com/other", "", Provider::None),
    ] {
        let labels = Labels::from([(label.to_owned(), String::new())]);
        let node = Node { labels, provider_id: Some(provider_id.to_owned()), ..Node::default() };
        assert_eq!(detect(&node), expected, "{label} {provider_id}");
    }
}

#[test]
fn what_a_node_offers_is_read_then_computed_then_missing() {
    let offer = |cpu, memory| NodeResources {
        resources: Resources::new(Millicores::new(cpu), Bytes::from_gib(memory)),
        pods: None,
    };
    let shared_core = Labels::from([
        ("cloud.google.com/gke-nodepool".to_owned(), "small".to_owned()),
        ("node.kubernetes.io/instance-type".to_owned(), "e2-medium".to_owned()),
    ]);
    for (node, cpu, pods, basis, finding) in [
        (
            Node { allocatable: Some(offer(3920, 12)), ..Node::default() },
            3920,
            110,
            "allocatable of the node's status",
            None,
        ),
        (
            Node { allocatable: Some(offer(0, 12)), ..Node::default() },
            0,
            110,
            "allocatable of the node's status",
            Some("allocatable-missing"),
        ),
        (
            Node { capacity: Some(offer(2000, 4)), labels: shared_core, ..Node::default() },
            940,
            110,
            "capacity less what GKE reserves",
            Some("allocatable-assumed"),
        ),
        (
            Node { capacity: Some(offer(4000, 16)), ..Node::default() },
            4000,
            110,
            "capacity less the kubelet's default eviction threshold",
            Some("allocatable-assumed"),
        ),
        (Node::default(), 0, 0, "unknown", Some("allocatable-missing")),
    ] {
        let (offered, found_basis, found) = for_node(&node);
        assert_eq!((offered.resources.cpu.get(), offered.pods), (cpu, Some(pods)), "{basis}");
        assert_eq!((found_basis, found.map(|finding| finding.kind.id)), (basis, finding));
    }
}
