//! Namespaces: some of the platform, many of teams, with a few teams owning most workloads.

use super::Istio;
use super::draw::{Draw, mix};
use super::workloads::Form;

/// A namespace.
#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub name: String,
    pub key: u64,
    pub mesh: Mesh,
    /// Whether a LimitRange gives defaults to containers that declare nothing.
    pub limit_range: bool,
    /// Whether application workloads live here.
    pub team: bool,
}

/// How a namespace stands with the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mesh {
    /// Not labelled.
    Outside,
    /// Labelled `istio-injection: disabled`.
    Disabled,
    /// Labelled for injection; its pods were started before and have no proxy yet.
    Enrolled,
    /// Labelled for injection, and its pods have proxies.
    Running(Form),
}

/// Namespaces of the platform that exist in every cluster.
const PLATFORM: [&str; 7] =
    ["default", "kube-node-lease", "kube-public", "kube-system", "logging", "monitoring", "security"];

const TEAMS: [&str; 48] = [
    "accounts",
    "ads",
    "analytics",
    "auth",
    "billing",
    "booking",
    "campaigns",
    "cart",
    "catalog",
    "chat",
    "checkout",
    "content",
    "coupons",
    "crm",
    "delivery",
    "disputes",
    "docs",
    "events",
    "experiments",
    "feeds",
    "finance",
    "fraud",
    "fulfilment",
    "geo",
    "identity",
    "inventory",
    "invoices",
    "ledger",
    "loyalty",
    "maps",
    "media",
    "messaging",
    "notify",
    "orders",
    "partners",
    "payments",
    "pricing",
    "profiles",
    "promotions",
    "ranking",
    "refunds",
    "returns",
    "reviews",
    "search",
    "shipping",
    "stores",
    "tax",
    "warehouse",
];

const BRANCHES: [&str; 8] = ["", "-eu", "-us", "-core", "-data", "-edge", "-internal", "-v2"];

/// Plans the namespaces of a cluster with that many application pods, in the order of their names.
pub(super) fn plan(pods: u64, istio: &Istio, control_plane: bool, seed: u64) -> Vec<Namespace> {
    let mut draw = Draw::new(seed, 2);
    let count = if pods == 0 { 0 } else { (4 + pods / 300).min(400) };
    let mut names: Vec<String> = (0..count).map(team_name).collect();
    draw.shuffle(&mut names);

    let enrolled = portion(istio.enrolled.get(), count);
    let running = if control_plane { portion(istio.running.get(), enrolled) } else { 0 };
    let native = portion(istio.native.get(), running);
    let mut namespaces: Vec<Namespace> = (0..)
        .zip(names)
        .map(|(position, name)| {
            let mesh = match position {
                _ if position < native => Mesh::Running(Form::Native),
                _ if position < running => Mesh::Running(Form::Classic),
                _ if position < enrolled => Mesh::Enrolled,
                _ if draw.chance(100) => Mesh::Disabled,
                _ => Mesh::Outside,
            };
            let limit_range = draw.chance(80);
            Namespace { key: mix(seed, 0x6e73_0000 + position), name, mesh, limit_range, team: true }
        })
        .collect();

    let istio_system = control_plane.then_some("istio-system");
    namespaces.extend((0..).zip(PLATFORM.iter().copied().chain(istio_system)).map(|(position, name)| Namespace {
        name: name.to_owned(),
        key: mix(seed, 0x6b75_6265 + position),
        mesh: Mesh::Outside,
        limit_range: false,
        team: false,
    }));
    namespaces.sort_by(|a, b| a.name.cmp(&b.name));
    namespaces
}

/// Picks team namespaces so that the n-th most popular gets 1/n as many workloads as the first (Zipf).
pub(super) struct Popularity {
    cumulated: Vec<(u64, usize)>,
}

impl Popularity {
    /// Ranks the team namespaces at random.
    pub fn new(namespaces: &[Namespace], draw: &mut Draw) -> Self {
        let mut teams: Vec<usize> = (0..).zip(namespaces).filter(|(_, space)| space.team).map(|(at, _)| at).collect();
        draw.shuffle(&mut teams);
        let mut sum = 0;
        let cumulated = (1..)
            .zip(teams)
            .map(|(rank, namespace)| {
                sum += 1_000_000 / rank;
                (sum, namespace)
            })
            .collect();
        Self { cumulated }
    }

    /// Index of a namespace; `None` without team namespaces.
    pub fn pick(&self, draw: &mut Draw) -> Option<usize> {
        let (total, _) = self.cumulated.last()?;
        let at = draw.below(*total);
        let position = self.cumulated.partition_point(|(sum, _)| *sum <= at);
        self.cumulated.get(position).map(|(_, namespace)| *namespace)
    }
}

fn team_name(number: u64) -> String {
    let (teams, branches) = (TEAMS.len() as u64, BRANCHES.len() as u64);
    let team = TEAMS.get((number % teams) as usize).copied().unwrap_or_default();
    let branch = BRANCHES.get((number / teams % branches) as usize).copied().unwrap_or_default();
    match number / teams / branches {
        0 => format!("{team}{branch}"),
        more => format!("{team}{branch}-{more}"),
    }
}

/// The share of a count, rounded.
fn portion(share: f64, count: u64) -> u64 {
    (share * count as f64).round() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_differ() {
        let names: BTreeSet<String> = (0..400).map(team_name).collect();
        assert_eq!(names.len(), 400);
        assert!(PLATFORM.iter().all(|name| !names.contains(*name)));
    }

    #[test]
    fn shares_are_met() {
        let namespaces = plan(30_000, &Istio::default(), true, 5);
        let count = |wanted: fn(Mesh) -> bool| namespaces.iter().filter(|space| wanted(space.mesh)).count();
        assert_eq!(namespaces.iter().filter(|space| space.team).count(), 104);
        assert_eq!(count(|mesh| matches!(mesh, Mesh::Enrolled | Mesh::Running(_))), 62);
        assert_eq!(count(|mesh| matches!(mesh, Mesh::Running(_))), 31);
        assert_eq!(count(|mesh| mesh == Mesh::Running(Form::Native)), 3);
    }

    #[test]
    fn the_first_namespace_is_the_most_popular() {
        let mut draw = Draw::new(1, 1);
        let namespaces = plan(30_000, &Istio::default(), true, 5);
        let popularity = Popularity::new(&namespaces, &mut draw);
        let mut picks = vec![0_u64; namespaces.len()];
        for _ in 0..10_000 {
            picks[popularity.pick(&mut draw).unwrap()] += 1;
        }
        picks.sort_unstable_by(|a, b| b.cmp(a));
        assert!(picks[0] > 4 * picks[9], "{picks:?}");
    }
}
