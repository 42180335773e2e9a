//! Plans a cluster: its workloads, so many that the pods asked for are met exactly.

use super::draw::{Draw, mix};
use super::namespaces::{self, Mesh, Namespace, Popularity};
use super::nodes::{self, Amount, Node};
use super::platform;
use super::sizes::{self, Budget};
use super::workloads::{EXPORTER, Kind, Limits, Protocol, Rule, Wish, Workload};
use super::{Istio, Spec};

/// Share of allocatable that pods shall request, of the fuller resource, in percent.
const FILL: u64 = 70;
/// Share of pods that belong to jobs, in a thousand.
const JOB_PODS: u64 = 20;

/// Everything about a cluster but its pods.
#[derive(Debug)]
pub(super) struct Cluster {
    pub seed: u64,
    /// By name.
    pub nodes: Vec<Node>,
    /// By name.
    pub namespaces: Vec<Namespace>,
    /// By namespace, name and kind.
    pub workloads: Vec<Workload>,
}

impl Cluster {
    /// Plans the cluster of a spec.
    pub fn plan(spec: &Spec) -> Self {
        let nodes = nodes::plan(spec.nodes, spec.seed);
        let control_plane = runs_mesh(&spec.istio) && spec.pods >= 10;
        let node_pods = platform::node_pods(spec.nodes, spec.pods);
        let left = spec.pods - spec.nodes * node_pods.len() as u64;
        let cluster_pods = platform::cluster_pods(spec.nodes, spec.pods, control_plane, left / 2);
        let left = left - cluster_pods.iter().map(|(_, workload)| workload.replicas).sum::<u64>();

        let namespaces = namespaces::plan(left, &spec.istio, control_plane, spec.seed);
        let mut workloads: Vec<Workload> = node_pods
            .into_iter()
            .chain(cluster_pods)
            .map(|(namespace, mut workload)| {
                workload.namespace = namespaces.iter().position(|space| space.name == namespace).unwrap_or_default();
                workload
            })
            .collect();
        let general = budget(&nodes, &workloads, left, false);
        let dedicated = budget(&nodes, &workloads, left, true);
        let mut planner = Planner {
            draw: Draw::new(spec.seed, 3),
            namespaces: &namespaces,
            general,
            dedicated,
            zoned: spec.nodes >= 12,
        };
        planner.applications(left, &mut workloads);

        workloads.sort_by(|a, b| (a.namespace, &a.name, a.kind).cmp(&(b.namespace, &b.name, b.kind)));
        let mut first_pod = 0;
        for (position, workload) in (0..).zip(&mut workloads) {
            workload.key = mix(spec.seed, 0x776f_0000_0000 + position);
            workload.first_pod = first_pod;
            first_pod += workload.pods();
        }
        Self { seed: spec.seed, nodes, namespaces, workloads }
    }

    /// The namespace of a workload.
    pub fn namespace_of(&self, workload: &Workload) -> &str {
        self.namespaces.get(workload.namespace).map_or("default", |namespace| &namespace.name)
    }
}

/// What the workloads that run on every node ask for together.
pub(super) fn per_node(workloads: &[Workload]) -> (Amount, u64) {
    let mut sum = (Amount::default(), 0);
    for workload in workloads.iter().filter(|workload| workload.rule == Rule::EveryNode) {
        let request = workload.pod_request();
        sum.0.cpu += request.cpu;
        sum.0.memory += request.memory;
        sum.1 += 1;
    }
    sum
}

fn runs_mesh(istio: &Istio) -> bool {
    istio.enrolled.get() > 0.0 && istio.running.get() > 0.0
}

/// What the pods of a pool shall ask for beside the agents on its nodes, and how many there are: the
/// pool's share of the cluster's capacity.
fn budget(nodes: &[Node], workloads: &[Workload], pods: u64, dedicated: bool) -> Budget {
    let (agents, _) = per_node(workloads);
    let mut budget = Budget::default();
    let (mut own, mut all) = (0, 0);
    for node in nodes {
        let allocatable = node.allocatable();
        all += allocatable.cpu;
        if node.dedicated != dedicated {
            continue;
        }
        own += allocatable.cpu;
        budget.target.cpu += (allocatable.cpu * FILL / 100).saturating_sub(agents.cpu);
        budget.target.memory += (allocatable.memory * FILL / 100).saturating_sub(agents.memory);
        budget.largest.cpu = budget.largest.cpu.max(allocatable.cpu);
        budget.largest.memory = budget.largest.memory.max(allocatable.memory);
    }
    if !dedicated {
        for workload in workloads.iter().filter(|workload| workload.rule != Rule::EveryNode) {
            budget.used.cpu += workload.pod_request().cpu * workload.replicas;
            budget.used.memory += workload.pod_request().memory * workload.replicas;
        }
    }
    let share = if dedicated { 0 } else { pods };
    budget.pods_left =
        (u128::from(pods) * u128::from(own)).checked_div(u128::from(all)).map_or(share, |pods| pods as u64);
    budget
}

struct Planner<'a> {
    draw: Draw,
    namespaces: &'a [Namespace],
    general: Budget,
    dedicated: Budget,
    /// Whether there are enough nodes for rules about zones and node sharing.
    zoned: bool,
}

impl Planner<'_> {
    /// Adds application workloads with that many pods together.
    fn applications(&mut self, pods: u64, workloads: &mut Vec<Workload>) {
        let popularity = Popularity::new(self.namespaces, &mut self.draw);
        let mut counts = vec![0_u64; self.namespaces.len()];
        let (mut left, mut jobs) = (pods, pods * JOB_PODS / 1000);
        while left > 0 {
            let Some(namespace) = popularity.pick(&mut self.draw) else { return };
            let (Some(space), Some(count)) = (self.namespaces.get(namespace), counts.get_mut(namespace)) else {
                return;
            };
            let name = name(*count, space.key);
            *count += 1;
            // Jobs in step with the rest, so that namespaces have their share of both.
            let planned = if jobs * pods >= left * (pods * JOB_PODS / 1000) && jobs > 0 {
                let cron_job = self.cron_job(&name, space, jobs);
                jobs -= cron_job.replicas;
                cron_job
            } else {
                self.service(&name, space, left, (pods / 12).max(3))
            };
            left -= planned.pods();
            workloads.push(Workload { namespace, ..planned });
        }
    }

    fn cron_job(&mut self, name: &str, space: &Namespace, most: u64) -> Workload {
        let runs = (1 + self.draw.below(4)).min(most);
        let mut workload = platform::plain(&format!("{name}-nightly"), Kind::CronJob, runs);
        workload.request = Amount { cpu: 100 << self.draw.below(3), memory: 256 << self.draw.below(3) };
        // A classic sidecar keeps a job from ending, so teams leave jobs out of the mesh.
        workload.wish = if in_mesh(space) { Wish::OptOut } else { Wish::AsNamespace };
        workload.variables = 1 + self.draw.below(5);
        self.take(false, &workload);
        workload
    }

    fn service(&mut self, name: &str, space: &Namespace, left: u64, most: u64) -> Workload {
        let stateful = self.draw.chance(80);
        let kind = if stateful { Kind::StatefulSet } else { Kind::Deployment };
        let drawn = sizes::replicas(&mut self.draw, left.min(most));
        let replicas = if stateful { drawn.min(9) } else { drawn };
        let mut workload = platform::plain(name, kind, replicas);
        if !stateful && left > replicas && self.draw.chance(12) {
            workload.leftovers = (1 + self.draw.below(3)).min(left - replicas);
        }
        workload.wish = self.wish(space);
        if let Mesh::Running(form) = space.mesh
            && workload.wish != Wish::OptOut
        {
            workload.proxy = Some(form);
        }
        workload.exporter = self.draw.chance(60);
        workload.rule = self.rule(&workload);
        self.draw_request(&mut workload, space);
        workload.limits = if workload.request == Amount::default() {
            Limits::None
        } else {
            self.draw.weighted(&[(50, Limits::None), (25, Limits::Memory), (25, Limits::Both)], Limits::None)
        };
        let serves = [(60, Some(Protocol::Http)), (25, Some(Protocol::Grpc)), (15, None)];
        workload.serves = if stateful { Some(Protocol::Tcp) } else { self.draw.weighted(&serves, None) };
        workload.autoscaled = !stateful && workload.replicas > 1 && workload.request.cpu > 0 && self.draw.chance(250);
        workload.protected = workload.replicas > 1 && self.draw.chance(300);
        workload.variables = self.draw.weighted(&[(30, 1), (25, 2), (20, 4), (15, 6), (10, 11)], 1);
        workload
    }

    fn wish(&mut self, space: &Namespace) -> Wish {
        if !in_mesh(space) {
            return Wish::AsNamespace;
        }
        self.draw.weighted(&[(940, Wish::AsNamespace), (30, Wish::OptOut), (30, Wish::LargerProxy)], Wish::AsNamespace)
    }

    fn rule(&mut self, workload: &Workload) -> Rule {
        let pods_left = self.general.pods_left + self.dedicated.pods_left;
        if self.dedicated.pods_left >= workload.replicas && self.draw.below(pods_left) < self.dedicated.pods_left {
            return Rule::Dedicated;
        }
        let zone = self.draw.below(3) as usize;
        let rule = self.draw.weighted(
            &[
                (660, Rule::Anywhere),
                (60, Rule::GeneralPool),
                (30, Rule::NotInZone(zone)),
                (100, Rule::PreferApart),
                (25, Rule::Apart),
                (75, Rule::SpreadZones(false)),
                (45, Rule::SpreadZones(true)),
                (5, Rule::Nowhere),
            ],
            Rule::Anywhere,
        );
        match rule {
            Rule::NotInZone(_) | Rule::Apart | Rule::SpreadZones(_) if !self.zoned => Rule::Anywhere,
            Rule::Apart if workload.replicas > 5 => Rule::PreferApart,
            Rule::Nowhere if workload.replicas > 3 => Rule::Anywhere,
            rule => rule,
        }
    }

    /// Draws what the main container asks for and counts the pod's request in its pool.
    fn draw_request(&mut self, workload: &mut Workload, space: &Namespace) {
        let (replicas, proxy, rule) = (workload.replicas, workload.proxy_request(), workload.rule);
        let beside = if workload.exporter {
            Amount { cpu: proxy.cpu + EXPORTER.cpu, memory: proxy.memory + EXPORTER.memory }
        } else {
            proxy
        };
        let pool = if rule == Rule::Dedicated { &mut self.dedicated } else { &mut self.general };
        let before = pool.used;
        workload.request = pool.draw_request(&mut self.draw, replicas, beside);
        if rule == Rule::Nowhere {
            pool.used = before;
        }
        if space.limit_range {
            workload.request = with_defaults(workload.request);
        }
        pool.pods_left = pool.pods_left.saturating_sub(workload.pods());
    }

    fn take(&mut self, dedicated: bool, workload: &Workload) {
        let pool = if dedicated { &mut self.dedicated } else { &mut self.general };
        pool.pods_left = pool.pods_left.saturating_sub(workload.pods());
    }
}

/// Defaults of the namespaces with a LimitRange.
pub(super) const DEFAULT_REQUEST: Amount = Amount { cpu: 50, memory: 128 };

/// A request as admission leaves it where a LimitRange gives defaults.
fn with_defaults(request: Amount) -> Amount {
    let or = |amount, default| if amount == 0 { default } else { amount };
    Amount { cpu: or(request.cpu, DEFAULT_REQUEST.cpu), memory: or(request.memory, DEFAULT_REQUEST.memory) }
}

fn in_mesh(space: &Namespace) -> bool {
    matches!(space.mesh, Mesh::Enrolled | Mesh::Running(_))
}

const THINGS: [&str; 24] = [
    "audit", "batch", "cache", "config", "customer", "digest", "export", "feature", "history", "import", "index",
    "item", "mail", "offer", "order", "plan", "quota", "report", "rule", "session", "stock", "token", "usage",
    "voucher",
];

const PARTS: [&str; 16] = [
    "api", "backend", "bridge", "cleaner", "consumer", "frontend", "gateway", "indexer", "poller", "proxy", "reader",
    "service", "store", "sync", "worker", "writer",
];

/// The n-th name in a namespace.
fn name(number: u64, key: u64) -> String {
    let (things, parts) = (THINGS.len() as u64, PARTS.len() as u64);
    // 7 shares no divisor with the number of combinations, so none comes twice before all came once.
    let combination = (number * 7 + key % 1000) % (things * parts);
    let thing = THINGS.get((combination % things) as usize).copied().unwrap_or_default();
    let part = PARTS.get((combination / things) as usize).copied().unwrap_or_default();
    match number / (things * parts) {
        0 => format!("{thing}-{part}"),
        round => format!("{thing}-{part}-{}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::workloads::Role;
    use super::*;

    #[test]
    fn names_in_a_namespace_differ() {
        for key in [0, 12_345] {
            let names: BTreeSet<String> = (0..3_000).map(|number| name(number, key)).collect();
            assert_eq!(names.len(), 3_000);
        }
    }

    #[test]
    fn pods_are_planned_exactly() {
        for (nodes, pods) in [(0, 0), (0, 50), (3, 0), (1, 1), (3, 7), (10, 300), (50, 100), (200, 6_000), (10, 10_000)]
        {
            let cluster = Cluster::plan(&Spec::new(nodes, pods, 11));
            let planned: u64 = cluster.workloads.iter().map(Workload::pods).sum();
            assert_eq!(planned, pods, "{nodes} nodes");
            assert_eq!(cluster.nodes.len() as u64, nodes);
        }
    }

    #[test]
    fn the_mix_is_that_of_real_clusters() {
        let cluster = Cluster::plan(&Spec::new(500, 15_000, 3));
        let of = |wanted: fn(&Workload) -> bool| {
            cluster.workloads.iter().filter(|workload| workload.role == Role::Application && wanted(workload)).count()
        };
        let all = of(|_| true);
        assert!(all > 1_500, "{all} workloads");
        assert!(of(|workload| workload.kind == Kind::Deployment) * 100 / all > 80);
        assert!((4..=10).contains(&(of(|workload| workload.kind == Kind::StatefulSet) * 100 / all)));
        assert!((35..=60).contains(&(of(|workload| workload.limits != Limits::None) * 100 / all)));
        assert!(of(|workload| workload.request.cpu == 0) * 100 / all >= 5);
        let jobs: u64 = cluster.workloads.iter().filter(|w| w.kind == Kind::CronJob).map(|w| w.replicas).sum();
        let application: u64 =
            cluster.workloads.iter().filter(|w| w.role == Role::Application).map(Workload::pods).sum();
        assert_eq!(jobs, application * JOB_PODS / 1000);
    }
}
