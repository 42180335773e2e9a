//! Workloads of the platform: agents on every node, DNS, the mesh's control plane and gateway.

use super::nodes::Amount;
use super::workloads::{Kind, Limits, Protocol, Role, Rule, Wish, Workload};

/// What runs on every node, in the order in which it is left out when pods are few: namespace, name,
/// CPU, MiB, whether it uses the host's network. The first is a static pod.
pub(super) const NODE_PODS: [(&str, &str, u64, u64, bool); 9] = [
    ("kube-system", "kube-proxy", 100, 0, true),
    ("kube-system", "network-agent", 100, 128, true),
    ("monitoring", "node-exporter", 50, 64, true),
    ("logging", "log-collector", 100, 256, false),
    ("kube-system", "csi-node-driver", 20, 64, false),
    ("security", "runtime-sensor", 100, 256, false),
    ("kube-system", "node-local-dns", 25, 32, true),
    ("monitoring", "node-problem-detector", 20, 32, false),
    ("kube-system", "ip-masquerade-agent", 10, 32, true),
];

/// The pods of every node, as many kinds of them as leave two thirds of the pods to applications.
pub(super) fn node_pods(nodes: u64, pods: u64) -> Vec<(&'static str, Workload)> {
    let kinds = (pods / 3).checked_div(nodes).unwrap_or(0) as usize;
    let workload = |(position, &(namespace, name, cpu, memory, host_network))| {
        let kind = if position == 0 { Kind::Static } else { Kind::DaemonSet };
        let workload = Workload {
            request: Amount { cpu, memory },
            limits: if memory > 64 { Limits::Memory } else { Limits::None },
            role: Role::System(host_network),
            rule: Rule::EveryNode,
            ..plain(name, kind, nodes)
        };
        (namespace, workload)
    };
    NODE_PODS.iter().take(kinds).enumerate().map(workload).collect()
}

/// What the cluster runs once, at most `most` pods of it: DNS, metrics, and with a mesh its control
/// plane and ingress gateway.
pub(super) fn cluster_pods(nodes: u64, pods: u64, control_plane: bool, most: u64) -> Vec<(&'static str, Workload)> {
    let dns = Workload {
        request: Amount { cpu: 100, memory: 70 },
        limits: Limits::Memory,
        role: Role::System(false),
        rule: Rule::PreferApart,
        serves: Some(Protocol::Dns),
        protected: true,
        ..plain("coredns", Kind::Deployment, (2 + nodes / 64).min(2 + pods / 500))
    };
    let metrics = Workload {
        request: Amount { cpu: 100, memory: 256 },
        role: Role::System(false),
        serves: Some(Protocol::Http),
        ..plain("metrics-server", Kind::Deployment, 1)
    };
    // Istio's charts: 500m and 2Gi for istiod, 100m and 128Mi for a gateway, autoscaling on both.
    let istiod = Workload {
        request: Amount { cpu: 500, memory: 2048 },
        role: Role::Istiod,
        serves: Some(Protocol::Grpc),
        autoscaled: true,
        protected: true,
        ..plain("istiod", Kind::Deployment, (1 + pods / 2_000).min(5))
    };
    let gateway = Workload {
        request: Amount { cpu: 100, memory: 128 },
        role: Role::IngressGateway,
        serves: Some(Protocol::Http),
        autoscaled: true,
        protected: true,
        ..plain("istio-ingressgateway", Kind::Deployment, (1 + pods / 1_000).min(20))
    };
    let mut left = most;
    let mut planned = Vec::new();
    for (namespace, mut workload) in [
        (true, "istio-system", istiod),
        (true, "istio-system", gateway),
        (false, "kube-system", dns),
        (false, "kube-system", metrics),
    ]
    .into_iter()
    .filter(|(mesh, ..)| control_plane || !mesh)
    .map(|(_, namespace, workload)| (namespace, workload))
    {
        workload.replicas = workload.replicas.min(left);
        left -= workload.replicas;
        if workload.replicas > 0 {
            planned.push((namespace, workload));
        }
    }
    planned
}

/// A workload without anything special.
pub(super) fn plain(name: &str, kind: Kind, replicas: u64) -> Workload {
    Workload {
        key: 0,
        namespace: 0,
        name: name.to_owned(),
        kind,
        replicas,
        leftovers: 0,
        first_pod: 0,
        request: Amount::default(),
        limits: Limits::None,
        role: Role::Application,
        rule: Rule::Anywhere,
        proxy: None,
        wish: Wish::AsNamespace,
        exporter: false,
        serves: None,
        autoscaled: false,
        protected: false,
        variables: 3,
    }
}
