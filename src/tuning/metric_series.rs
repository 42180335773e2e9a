//! Metrics and labels that are reported.
//!
//! **Question.** Does the mesh keep more time series than are wanted?
//! **Law.** Each set of labels of each standard metric is a series in every proxy
//! ([`crate::model::telemetry::ProxySeries`]).
//! **Decision.** As few of the steps as bring the series within the budget of the policy: first the histograms of sizes,
//! then the labels that tell callers apart at the server; the client tells who called whom. Outcomes and durations
//! stay. Without a budget the first step is named, and left to choose.
//! **Patch.** Overrides in the Telemetry of the mesh, for the provider `prometheus`.
//!
//! **Source.** istio.io, "Customizing Istio metrics with Telemetry API" and "Istio standard metrics".

use super::of_mesh::{OfMesh, says_more};
use super::{Amount, Kind, Question, Recommendation, Setting, Withheld};
use crate::inventory::Telemetry;
use crate::inventory::objects::{LabelOverride, MetricOverride, MetricsSetting, Side, TelemetryPatch};
use crate::mesh::CALLER_LABELS;
use crate::telemetry::{Step, TrimKind};
use crate::units::Series;

/// Leaves out metrics and labels.
#[must_use]
pub fn metric_series(question: &Question<'_>) -> Vec<Recommendation> {
    of_mesh(question).into_iter().collect()
}

fn of_mesh(question: &Question<'_>) -> Option<Recommendation> {
    let observed = &question.plan.telemetry;
    let today = observed.total.series.value.count();
    let left = |step: &Step| (today - step.series.value.count()).max(0.0);
    let Some(budget) = question.policy().series_budget else {
        let first =
            observed.steps.first().filter(|step| left(step) < today * (1.0 - question.policy().tolerance.get()))?;
        let say = "which metrics anybody looks at is not known; say how many series may stay with tuning.series_budget";
        return Some(of_step(question, first).withhold(Withheld::Choice(say.to_owned())));
    };
    if today <= budget * (1.0 + 1e-9) {
        return None;
    }
    if let Some(step) = observed.steps.iter().find(|step| left(step) <= budget * (1.0 + 1e-9)) {
        return Some(of_step(question, step));
    }
    let Some(last) = observed.steps.last() else {
        let setting = Setting::exact("time series", Some(count(today)), count(budget));
        let what = "nothing is left to leave out but durations and outcomes, which tell whether requests succeed; raise \
                    tuning.series_budget, or drop what Envoy says of itself as it is scraped";
        let found = Recommendation::new(Kind::MetricSeries, "mesh", "metrics of the mesh", vec![setting]);
        return Some(found.withhold(Withheld::Infeasible(what.to_owned())));
    };
    let what = format!(
        "{:.0} series are left without {}, above tuning.series_budget; drop what Envoy says of itself as it is scraped, or \
         raise the budget",
        left(last),
        names(last)
    );
    Some(of_step(question, last).withhold(Withheld::Infeasible(what)))
}

fn of_step(question: &Question<'_>, step: &Step) -> Recommendation {
    let observed = &question.plan.telemetry;
    let total = &observed.total.series;
    let [lower, value, upper] = [total.lower, total.value, total.upper].map(Series::count);
    let left = (value - step.series.value.count()).max(0.0);
    let settings = vec![
        Setting::exact("left out", None, Amount::Text(names(step))),
        Setting {
            name: "time series",
            current: Some(count(value)),
            lower: count((lower - step.series.lower.count()).clamp(0.0, left)),
            target: count(left),
            upper: count((upper - step.series.upper.count()).max(left)),
        },
    ];
    let mut found = Recommendation::new(Kind::MetricSeries, "mesh", "metrics of the mesh", settings);
    found.terms.clone_from(&total.basis.terms);
    let trims = observed.trims.iter().filter(|trim| step.left_out.contains(&trim.kind));
    found.basis = trims
        .map(|trim| {
            format!(
                "{}: {:.0} series, {:.0} MiB of Prometheus' memory, {:.0} MiB a day on its disk by itself",
                trim.kind.as_str(),
                trim.series.value.count(),
                trim.memory.value.as_mib(),
                trim.disk.value.per_day().as_mib()
            )
        })
        .collect();
    if observed.peers_assumed > 0 {
        let assumed = "calls were not given for {} workloads: their peers lie between bounds";
        found.basis.push(assumed.replace("{}", &observed.peers_assumed.to_string()));
    }
    found.risk.brings = step.left_out.iter().map(|kind| missed(*kind).to_owned()).collect();
    let of_mesh = OfMesh::of(question.inventory());
    match overrides(of_mesh.known(), step) {
        Ok(metrics) => {
            found.changes =
                vec![of_mesh.change(TelemetryPatch { metrics: Some(metrics), ..TelemetryPatch::default() })];
        }
        Err(why) => found.withheld = Some(why),
    }
    found
}

fn count(series: f64) -> Amount {
    Amount::Count(series.round() as u64)
}

fn names(step: &Step) -> String {
    step.left_out.iter().map(|kind| kind.as_str()).collect::<Vec<&str>>().join(", ")
}

fn missed(kind: TrimKind) -> &'static str {
    match kind {
        TrimKind::SizeHistograms => "dashboards of request and response sizes are empty from then on",
        _ => {
            "metrics of servers no longer tell who called, those of clients still do; rules that ask servers for it break"
        }
    }
}

/// The metrics of the Telemetry of the mesh with a step on top; else why not.
fn overrides(known: Option<&Telemetry>, step: &Step) -> Result<Vec<MetricsSetting>, Withheld> {
    let said: Vec<MetricsSetting> = known.map(|it| it.metrics.clone()).unwrap_or_default();
    if let Some(known) = known.filter(|it| it.metrics.iter().any(|entry| entry.says_more)) {
        return Err(Withheld::NotPatchable(says_more(
            &known.name,
            "metrics",
            &format!("overrides without {}", names(step)),
        )));
    }
    let is_said = |wanted: &MetricOverride| said.iter().flat_map(|entry| &entry.overrides).any(|it| it == wanted);
    let new: Vec<MetricOverride> =
        step.left_out.iter().flat_map(|kind| without(*kind)).filter(|wanted| !is_said(wanted)).collect();
    if new.is_empty() {
        let what = "the Telemetry of the mesh leaves it out already, and others put it back";
        return Err(Withheld::Infeasible(what.to_owned()));
    }
    let entry = MetricsSetting { providers: vec!["prometheus".to_owned()], overrides: new, says_more: false };
    Ok(said.into_iter().chain([entry]).collect())
}

/// What leaves out a part of the standard metrics.
fn without(kind: TrimKind) -> Vec<MetricOverride> {
    let off = |metric: &str| MetricOverride {
        metric: Some(metric.to_owned()),
        disabled: Some(true),
        ..MetricOverride::default()
    };
    match kind {
        TrimKind::SizeHistograms => ["REQUEST_SIZE", "RESPONSE_SIZE"].map(off).to_vec(),
        TrimKind::CallerLabels => {
            let removed = |name: &str| LabelOverride { name: name.to_owned(), value: None };
            let mut labels = CALLER_LABELS.map(removed).to_vec();
            labels.sort_by(|a, b| a.name.cmp(&b.name));
            vec![MetricOverride { side: Side::Server, labels, ..MetricOverride::default() }]
        }
        _ => Vec::new(),
    }
}
