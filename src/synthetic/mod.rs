//! Synthetic clusters: a seeded listing as `kubectl get -o json` prints it, of any size.
//!
//! The listing is one `List` of nodes, namespaces, priority classes, limit ranges, pods, endpoint
//! slices, services, controllers, autoscalers and disruption budgets, in that order, each kind sorted
//! by namespace and workload. Nothing in it comes from a real cluster. What it imitates:
//!
//! | feature | here | after |
//! |---|---|---|
//! | nodes | 4, 8 and 16 cores with 4 GiB each, three zones, 110 pods | GKE's `n2-standard` family and reservations |
//! | taints | every 20th node `dedicated=analytics:NoSchedule` | pools set aside for one kind of work |
//! | namespaces | the n-th gets 1/n of the first one's workloads | Zipf's law, as in most shared clusters |
//! | workloads | 92 % Deployments, 8 % StatefulSets, 2 % of pods from CronJobs | listings of clusters in use |
//! | replicas | three quarters have 1 to 3, one in 300 has hundreds | the same |
//! | requests | CPU from none to 4, memory from none to 8Gi, correlated; limits on half | the same, where many containers declare nothing |
//! | node pods | up to eight DaemonSets and one static pod on each node | managed clusters |
//! | mesh | 60 % of team namespaces enrolled, half of them with proxies | a rollout half way |
//! | trouble | 2 % finished, few evicted, failed, starting or unschedulable pods | the same |
//!
//! Requests are scaled to the density asked for, so that pods request about 70 % of the fuller of CPU
//! and memory; very sparse clusters stay below, and what does not fit very dense ones stays pending.
//! No node is overcommitted.

mod constraints;
mod controllers;
mod draw;
mod json;
mod namespaces;
mod network;
mod nodes;
mod planning;
mod platform;
mod pods;
mod policies;
mod proxy;
mod schedule;
mod sizes;
mod template;
mod volumes;
mod workloads;

use std::io::{self, Write};

use crate::units::Share;
use json::Json;
use planning::Cluster;

/// Most nodes of a synthetic cluster: memory grows with them.
pub const MOST_NODES: u64 = 1_000_000;
/// Most pods of a synthetic cluster: their addresses come from one block of 2²⁴.
pub const MOST_PODS: u64 = 10_000_000;

/// What cluster to make.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Nodes, from 0 to [`MOST_NODES`].
    pub nodes: u64,
    /// Pods of every kind and phase, from 0 to [`MOST_PODS`]; met exactly.
    pub pods: u64,
    /// Seed: the same spec gives the same bytes, another seed another cluster of the same kind.
    pub seed: u64,
    /// How far the mesh has come.
    pub istio: Istio,
}

/// How far the mesh has come in a synthetic cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Istio {
    /// Share of team namespaces labelled for injection; default 0.6.
    pub enrolled: Share,
    /// Share of those whose pods already run a proxy; default 0.5. At 0 there is no istiod and no
    /// gateway either: a cluster before its mesh.
    pub running: Share,
    /// Share of the latter whose proxies are native sidecars; the others are classic containers;
    /// default 0.1.
    pub native: Share,
}

impl Default for Istio {
    fn default() -> Self {
        Self { enrolled: Share::literal(0.6), running: Share::literal(0.5), native: Share::literal(0.1) }
    }
}

impl Spec {
    /// A cluster of that size with the mesh half way through its rollout.
    #[must_use]
    pub fn new(nodes: u64, pods: u64, seed: u64) -> Self {
        Self { nodes, pods, seed, istio: Istio::default() }
    }
}

/// Writes the cluster as one JSON list.
///
/// Pods are written as they are made: memory grows with nodes and workloads (about a fifth of the
/// pods), not with pods or bytes. `out` is written to in pieces of 64 KiB or more.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for more than [`MOST_NODES`] nodes or [`MOST_PODS`] pods; any
/// error of `out`.
pub fn write(spec: &Spec, out: &mut dyn Write) -> io::Result<()> {
    check(spec.nodes, MOST_NODES, "nodes")?;
    check(spec.pods, MOST_PODS, "pods")?;
    let cluster = Cluster::plan(spec);
    Json::new(out).document(|json| {
        json.string("apiVersion", "v1");
        json.stream("items", |json| write_items(&cluster, json))?;
        json.string("kind", "List");
        json.object("metadata", |json| json.string("resourceVersion", ""));
        Ok(())
    })
}

fn write_items(cluster: &Cluster, json: &mut Json<'_>) -> io::Result<()> {
    for node in &cluster.nodes {
        json.item(|json| node.write(json))?;
    }
    policies::write_namespaces(cluster, json)?;
    policies::write_priority_classes(json)?;
    policies::write_limit_ranges(cluster, json)?;
    let ready = pods::write(cluster, json)?;
    network::write_endpoint_slices(cluster, json)?;
    network::write_services(cluster, json)?;
    controllers::write(cluster, &ready, json)?;
    policies::write_autoscalers(cluster, &ready, json)?;
    policies::write_disruption_budgets(cluster, &ready, json)
}

fn check(asked: u64, most: u64, what: &str) -> io::Result<()> {
    if asked <= most {
        return Ok(());
    }
    let message = format!("{asked} {what} are too many for a synthetic cluster: use at most {most}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

#[cfg(test)]
mod tests;
