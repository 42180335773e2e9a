//! What observing the mesh costs: time series, spans and log lines of every workload, and what keeping them takes.
//!
//! [`estimate`] asks who talks to whom ([`Peers`]), applies the laws of [`crate::model::telemetry`] to every proxy,
//! adds up, and says what leaving something out would save ([`Trim`]).

mod calls;
mod findings;
mod kept;
mod peers;
#[cfg(test)]
mod tests;
mod trims;
mod workload;

use std::collections::BTreeMap;

pub use findings::FINDINGS;
pub use kept::Kept;
pub use peers::{Peers, PeersBasis};
pub use trims::{Step, Trim, TrimKind};
pub use workload::{FeatureCpu, WorkloadTelemetry};

use crate::card::ModelCard;
use crate::estimate::{Basis, Estimate, Term};
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::inventory::objects::Call;
use crate::mesh::{Mesh, Visibility};
use crate::model::telemetry::Family;
use crate::overhead::ztunnel_count;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::units::{DataRate, MoneyPerHour, Quantity, Rate, Seconds, Series};
use workload::{Load, LoadKind};

/// What the estimate looks at. `mesh.members`, `visibility.workloads` and `profiles` are parallel to the
/// inventory's workloads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What is.
    pub inventory: &'a Inventory,
    /// Who is in the mesh.
    pub mesh: &'a Mesh,
    /// What each proxy sees.
    pub visibility: &'a Visibility,
    /// What each workload demands.
    pub profiles: &'a [Profile],
    /// What things cost.
    pub card: &'a ModelCard,
    /// What is wanted.
    pub policy: &'a Policy,
    /// Who calls whom, if that is known.
    pub calls: Option<&'a [Call]>,
}

/// What observing a mesh amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Observability {
    /// The mesh.
    pub total: Volume,
    /// Series by family, those without any left out, in the order of [`Family::ALL`].
    pub families: Vec<(Family, Estimate<Series>)>,
    /// Sums by namespace, in order; the ztunnels' own series belong to none.
    pub namespaces: BTreeMap<String, Volume>,
    /// Ztunnels, and the series each has of its own.
    pub ztunnels: Option<(u64, Estimate<Series>)>,
    /// What a Prometheus server needs for it.
    pub kept: Kept,
    /// CPU of all proxies that goes into observing.
    pub cpu: FeatureCpu,
    /// What the spans cost at the policy's price; nothing where it has none.
    pub span_price: MoneyPerHour,
    /// Workloads whose peers lie between bounds because no call names them.
    pub peers_assumed: u64,
    /// What leaving something out would save, most series first.
    pub trims: Vec<Trim>,
    /// What may be left out of the standard metrics one after the other.
    pub steps: Vec<Step>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Amounts of telemetry.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Time series.
    pub series: Estimate<Series>,
    /// Spans per second.
    pub spans: Estimate<Rate>,
    /// Bytes of spans.
    pub span_traffic: Estimate<DataRate>,
    /// Lines of access logs per second.
    pub log_lines: Rate,
    /// Bytes of access logs.
    pub log_traffic: Estimate<DataRate>,
}

/// What observing the mesh of an inventory amounts to: each workload, parallel to the inventory's and `None` without
/// a part in it, and the whole.
#[must_use]
pub fn estimate(inputs: &Inputs<'_>) -> (Vec<Option<WorkloadTelemetry>>, Observability) {
    let (peers, mut findings) = peers::of_all(inputs);
    let nodes = ztunnel_count(inputs.inventory, inputs.mesh);
    let loads = workload::loads(inputs, &peers, nodes);
    let workloads: Vec<Option<WorkloadTelemetry>> = loads
        .iter()
        .map(|load| load.as_ref().map(|load| workload::estimate(inputs.card, inputs.policy, load)))
        .collect();
    let ztunnels = (nodes > 0).then(|| (nodes, inputs.card.telemetry.ztunnel.idle()));

    let families = families(inputs.card, &loads, nodes);
    let total = total(&workloads, ztunnels.as_ref(), &families);
    let namespaces = namespaces(inputs.inventory, &workloads);
    let kept = kept::kept(inputs, &total, &families);
    let scrapes = inputs.card.telemetry.scrape.cpu(&total.series, inputs.policy.telemetry.scrape_interval);
    let cpu = workload::cpu_of_all(&workloads, scrapes);
    let trims = trims::trims(inputs, &loads, &kept, &cpu);
    let steps = trims::steps(inputs, &loads);
    findings.extend(findings::findings(inputs, &loads, &workloads, &total, &kept));
    let span_price = span_price(&total, inputs.policy.telemetry.price_per_million_spans);
    let is_assumed = |it: &&WorkloadTelemetry| it.peers.basis == PeersBasis::Bounds;
    let peers_assumed = workloads.iter().flatten().filter(is_assumed).count() as u64;
    let observability = Observability {
        total,
        families,
        namespaces,
        ztunnels,
        kept,
        cpu,
        span_price,
        peers_assumed,
        trims,
        steps,
        findings,
    };
    (workloads, observability)
}

/// Series by family, each with ends of its own.
fn families(card: &ModelCard, loads: &[Option<Load>], ztunnels: u64) -> Vec<(Family, Estimate<Series>)> {
    let laws = &card.telemetry;
    let mut sums: BTreeMap<Family, [f64; 3]> = BTreeMap::new();
    let mut add = |family: Family, ends: [f64; 3], count: f64| {
        for (sum, end) in sums.entry(family).or_default().iter_mut().zip(ends) {
            *sum += end * count;
        }
    };
    for load in loads.iter().flatten() {
        match &load.kind {
            LoadKind::Envoy(envoy) => {
                for family in Family::ALL {
                    add(family, laws.series.ends_of(&envoy.series, |it| it == family), load.count);
                }
            }
            LoadKind::Captured => {
                for (family, series) in laws.ztunnel.by_family(&load.ztunnel_peers()) {
                    add(family, ends(&series), 1.0);
                }
            }
        }
    }
    for (family, series) in laws.ztunnel.idle_by_family() {
        add(family, ends(&series), ztunnels as f64);
    }
    let estimate = |(family, [lower, value, upper]): (Family, [f64; 3])| {
        let basis = Basis {
            law: "series of a family".to_owned(),
            terms: vec![Term::new(family.as_str(), 1.0, value, "series")],
            assumptions: Vec::new(),
        };
        (family, Estimate::new(Series::new(lower), Series::new(value), Series::new(upper), basis))
    };
    sums.into_iter().filter(|(_, [_, _, upper])| *upper > 0.0).map(estimate).collect()
}

fn ends(series: &Estimate<Series>) -> [f64; 3] {
    [series.lower, series.value, series.upper].map(Series::count)
}

/// The mesh: workloads together, and the ztunnels' own series. The families are the terms of its series.
fn total(
    workloads: &[Option<WorkloadTelemetry>],
    ztunnels: Option<&(u64, Estimate<Series>)>,
    families: &[(Family, Estimate<Series>)],
) -> Volume {
    let mut total = Volume::sum(workloads.iter().flatten().map(|workload| &workload.volume));
    let idle = ztunnels.map(|(count, each)| each.scaled(*count as f64));
    let mut series = Estimate::sum([Some(&total.series), idle.as_ref()].into_iter().flatten());
    series.basis = Basis {
        law: "series of the mesh".to_owned(),
        terms: families.iter().flat_map(|(_, series)| series.basis.terms.iter().cloned()).collect(),
        assumptions: vec!["errors of all proxies go together".to_owned()],
    };
    total.series = series;
    total
}

fn span_price(total: &Volume, per_million: f64) -> MoneyPerHour {
    let spans_per_hour = total.spans.value * Seconds::from_hours(1.0);
    MoneyPerHour::new(spans_per_hour / 1e6 * per_million)
}

fn namespaces(inventory: &Inventory, workloads: &[Option<WorkloadTelemetry>]) -> BTreeMap<String, Volume> {
    let mut members: BTreeMap<&str, Vec<&Volume>> = BTreeMap::new();
    for (workload, telemetry) in inventory.workloads.iter().zip(workloads) {
        if let Some(telemetry) = telemetry {
            members.entry(&workload.id.namespace).or_default().push(&telemetry.volume);
        }
    }
    let summed = members.into_iter().map(|(name, volumes)| (name.to_owned(), Volume::sum(volumes.into_iter())));
    summed.collect()
}

impl Volume {
    /// Amounts together; their errors go together.
    fn sum<'a>(volumes: impl Iterator<Item = &'a Self> + Clone) -> Self {
        Self {
            series: named(Estimate::sum(volumes.clone().map(|it| &it.series)), "series of proxies", "series"),
            spans: named(Estimate::sum(volumes.clone().map(|it| &it.spans)), "spans of proxies", "per second"),
            span_traffic: named(Estimate::sum(volumes.clone().map(|it| &it.span_traffic)), "span traffic", "B/s"),
            log_lines: volumes.clone().map(|it| it.log_lines).sum(),
            log_traffic: named(Estimate::sum(volumes.map(|it| &it.log_traffic)), "access log", "B/s"),
        }
    }
}

/// A sum with the one term it is made of.
fn named<Q: Quantity>(mut sum: Estimate<Q>, law: &str, unit: &str) -> Estimate<Q> {
    let value = sum.value.base();
    let terms = if value > 0.0 { vec![Term::new("all workloads together", 1.0, value, unit)] } else { Vec::new() };
    sum.basis = Basis { law: law.to_owned(), terms, assumptions: Vec::new() };
    sum
}
