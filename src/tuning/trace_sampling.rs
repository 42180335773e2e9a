//! Share of requests that are traced.
//!
//! **Question.** Does the mesh make more spans than are wanted?
//! **Law.** Spans are proportional to the share of requests that is traced ([`crate::model::telemetry::Tracing`]):
//! with a cap `c` on the sampling `s` of each proxy, `N(c) = Σ N_i · min(s_i, c)/s_i`.
//! **Decision.** The largest cap whose spans, at the upper end of what a request makes, stay within the budget of the
//! policy. Without a budget more than what Istio samples by default is named, and left to choose.
//! **Patch.** Entries of Telemetry objects that sample more; `meshConfig.defaultConfig.tracing.sampling` where none
//! speaks. No new object: a Telemetry that names no provider turns tracing off where the mesh has no default provider.
//!
//! **Source.** istio/istio `pilot/pkg/model/telemetry.go` (`Tracing`) and `pilot/pkg/networking/core/tracing.go`.

use std::collections::BTreeSet;

use super::of_mesh::{Observed, observed, patch_of, says_more};
use super::{Amount, Kind, Question, Recommendation, Setting, Withheld};
use crate::inventory::objects::{MeshConfig, MeshConfigOrigin, MeshTelemetry, Side, TelemetryPatch, TracingSetting};
use crate::inventory::{Change, ObjectName, Telemetry};
use crate::policy::FeaturePolicy;
use crate::units::{Rate, Share};

/// Caps the sampling of traces.
#[must_use]
pub fn trace_sampling(question: &Question<'_>) -> Vec<Recommendation> {
    of_mesh(question).into_iter().collect()
}

fn of_mesh(question: &Question<'_>) -> Option<Recommendation> {
    let traced = Traced::all(question);
    let most = traced.iter().map(Traced::most).fold(0.0, f64::max);
    let budget = question.policy().span_budget;
    let usual = FeaturePolicy::default().tracing_sampling.get();
    let is_fine = match budget {
        Some(budget) => fits(spans(&traced, 1.0, End::Upper), budget),
        None => most <= usual,
    };
    if is_fine {
        return None;
    }
    let cap = |end: End| match budget {
        Some(budget) => cap(&traced, budget, end),
        None => usual,
    };
    let (target, upper) = (cap(End::Upper), cap(End::Value));
    let setting = Setting {
        name: "sampling",
        current: Some(Amount::Share(most)),
        lower: Amount::Share(target),
        target: Amount::Share(target),
        upper: Amount::Share(upper.max(target)),
    };
    let mut found = Recommendation::new(Kind::TraceSampling, "mesh", "traces of the mesh", vec![setting]);
    found.basis = basis(question, &traced, target, budget);
    found.risk.brings =
        vec!["fewer traces of rare requests; a collector that samples by outcome keeps those that failed".to_owned()];
    if target <= 0.0 {
        let least = spans(&traced, STEP, End::Upper);
        let what = format!(
            "the least that can be sampled, 0.01 %, makes up to {least:.2} spans per second, above tuning.span_budget"
        );
        return Some(found.withhold(Withheld::Infeasible(what)));
    }
    match changes(question, &traced, target) {
        Ok(changes) => found.changes = changes,
        Err(instead) => return Some(found.withhold(Withheld::NotPatchable(instead))),
    }
    if budget.is_none() {
        let say = "how many spans are worth keeping is not known; say it with tuning.span_budget".to_owned();
        return Some(found.withhold(Withheld::Choice(say)));
    }
    Some(found)
}

/// What is traced of a workload.
struct Traced<'a> {
    /// Spans per second as they are: value and upper end.
    spans: [f64; 2],
    inbound: Share,
    /// Sampling of requests it receives and of those it sends, and what decides them: an object, else the mesh.
    sides: [(f64, Option<&'a Telemetry>); 2],
}

#[derive(Clone, Copy)]
enum End {
    Value,
    Upper,
}

impl<'a> Traced<'a> {
    fn all(question: &'a Question<'_>) -> Vec<Self> {
        let of = |it: Observed<'a>| {
            let spans = &it.plan.telemetry.as_ref()?.volume.spans;
            let decides = |side: Side| {
                let says = |entry: &TracingSetting| entry.side.covers(side) && entry.sampling_percent.is_some();
                it.objects.iter().rev().find(|object| object.tracing.iter().any(says)).copied()
            };
            let features = &it.plan.features;
            Some(Self {
                spans: [spans.value, spans.upper].map(Rate::as_per_second),
                inbound: it.plan.inbound,
                sides: [
                    (features.inbound.tracing.get(), decides(Side::Server)),
                    (features.outbound.tracing.get(), decides(Side::Client)),
                ],
            })
        };
        let all = observed(question).into_iter().filter_map(of);
        all.filter(|it| it.spans.iter().any(|spans| *spans > 0.0)).collect()
    }

    /// The larger sampling of those that concern any request.
    fn most(&self) -> f64 {
        self.sampled(f64::max)
    }

    fn sampled(&self, join: fn(f64, f64) -> f64) -> f64 {
        let [(server, _), (client, _)] = self.sides;
        match self.inbound.get() {
            1.0.. => server,
            share if share <= 0.0 => client,
            _ => join(server, client),
        }
    }

    /// Its spans with a cap on the sampling.
    fn at(&self, cap: f64, end: End) -> f64 {
        let [(server, _), (client, _)] = self.sides;
        let mean = |cap: f64| self.inbound.get() * server.min(cap) + (1.0 - self.inbound.get()) * client.min(cap);
        let [value, upper] = self.spans;
        let spans = match end {
            End::Value => value,
            End::Upper => upper,
        };
        let today = mean(1.0);
        if today > 0.0 { spans * mean(cap) / today } else { 0.0 }
    }
}

fn spans(traced: &[Traced<'_>], cap: f64, end: End) -> f64 {
    traced.iter().map(|it| it.at(cap, end)).sum()
}

/// Whether spans are within a budget, but for rounding.
fn fits(spans: f64, budget: f64) -> bool {
    spans <= budget * (1.0 + 1e-9)
}

/// The smallest step of a sampling: Envoy counts in ten-thousandths.
const STEP: f64 = 1e-4;

/// The largest cap within the budget, down to two digits; 0 where none is.
fn cap(traced: &[Traced<'_>], budget: f64, end: End) -> f64 {
    let is_within = |steps: u32| fits(spans(traced, f64::from(steps) * STEP, end), budget);
    let (mut within, mut above) = (0_u32, 10_001_u32);
    while above - within > 1 {
        let middle = within.midpoint(above);
        if is_within(middle) {
            within = middle;
        } else {
            above = middle;
        }
    }
    let unit = 10_u32.pow(within.checked_ilog10().unwrap_or(0).saturating_sub(1));
    f64::from(within / unit * unit) / 10_000.0
}

fn basis(question: &Question<'_>, traced: &[Traced<'_>], target: f64, budget: Option<f64>) -> Vec<String> {
    let observed = &question.plan.telemetry;
    let then = spans(traced, target, End::Value);
    let mut basis = vec![
        format!(
            "{:.1} spans per second today, {:.0} MiB a day on the wire, {:.3} cores of proxies beyond 1 %",
            observed.total.spans.value.as_per_second(),
            observed.total.span_traffic.value.per_day().as_mib(),
            observed.cpu.tracing.value.as_cores(),
        ),
        format!(
            "with no more than {} of requests traced {then:.1} spans per second, up to {:.1}",
            Amount::Share(target),
            spans(traced, target, End::Upper)
        ),
    ];
    basis.extend(budget.map(|budget| format!("tuning.span_budget: {budget} spans per second")));
    let of_mesh = |it: &&Traced<'_>| it.sides.iter().any(|(_, object)| object.is_none());
    let said = question.inventory().istio.mesh.telemetry.sampling_percent.is_some();
    if !said && traced.iter().any(|it| of_mesh(&it)) {
        basis.push("no object says the sampling of the mesh: features.tracing_sampling of the policy".to_owned());
    }
    basis
}

/// What caps the sampling wherever it is above; else what stands in the way.
fn changes(question: &Question<'_>, traced: &[Traced<'_>], cap: f64) -> Result<Vec<Change>, String> {
    let percent = (cap * 1e4).round() / 100.0;
    let above = || traced.iter().flat_map(|it| it.sides).filter(|(sampling, _)| *sampling > cap);
    let objects: BTreeSet<&ObjectName> = above().filter_map(|(_, object)| object).map(|it| &it.name).collect();
    let mut changes = Vec::new();
    for telemetry in question.inventory().istio.telemetries.iter().filter(|it| objects.contains(&it.name)) {
        if telemetry.tracing.iter().any(|entry| entry.says_more) {
            return Err(says_more(&telemetry.name, "tracing", &format!("randomSamplingPercentage: {percent}")));
        }
        let capped = |entry: &TracingSetting| TracingSetting {
            sampling_percent: entry.sampling_percent.map(|today| today.min(percent)),
            ..entry.clone()
        };
        let tracing = Some(telemetry.tracing.iter().map(capped).collect());
        changes.push(patch_of(TelemetryPatch { name: telemetry.name.clone(), tracing, ..TelemetryPatch::default() }));
    }
    if above().any(|(_, object)| object.is_none()) {
        let telemetry = MeshTelemetry { sampling_percent: Some(percent), ..MeshTelemetry::default() };
        let values = MeshConfig { origin: MeshConfigOrigin::Overlay, telemetry, ..MeshConfig::default() };
        changes.push(Change::Values(Box::new(values)));
    }
    Ok(changes)
}
