//! Requests that are logged.
//!
//! **Question.** Does the mesh write more log than is wanted?
//! **Law.** A line for every request at each of its proxies ([`crate::model::telemetry::AccessLog`]); a filter lets a
//! share through, `features.filtered_log_share` of the policy.
//! **Decision.** Of whatever turns logs on without a filter, what writes most gets one, until a day's log, at its upper
//! end, is within the budget of the policy; where that is not enough, what writes most is turned off. Without a budget it
//! is left to choose.
//! **Patch.** Entries of Telemetry objects. Where the settings of the mesh turn logs on, a filter needs an entry in the
//! Telemetry of the mesh; it names the provider `envoy` where logs come from `accessLogFile`, for without one istiod goes
//! back to that setting. Turned off they are by `accessLogFile` itself, else by such an entry.
//!
//! **Source.** istio.io, "Configure access logs with Telemetry API" (the filter); istio/istio
//! `pilot/pkg/networking/core/accesslog.go` (what holds without a Telemetry).

use std::collections::BTreeMap;

use super::of_mesh::{OfMesh, observed, patch_of, says_more};
use super::{Amount, Kind, Question, Recommendation, Setting, Withheld};
use crate::inventory::objects::{LoggingSetting, MeshConfig, MeshConfigOrigin, MeshTelemetry, Side, TelemetryPatch};
use crate::inventory::{Change, ObjectName, Telemetry};
use crate::plan::WorkloadPlan;
use crate::units::{Memory, Rate, Share};

/// Requests that failed; those without an answer have no code and are not among them.
const FILTER: &str = "response.code >= 400";

/// Filters access logs.
#[must_use]
pub fn access_logs(question: &Question<'_>) -> Vec<Recommendation> {
    let kept = question.inputs.policy.features.filtered_log_share.get();
    let mut sources: Vec<(Source, Written)> = sources(question).into_iter().collect();
    sources.retain(|(_, written)| written.day[1] > 0.0);
    sources.sort_by(|(a, a_day), (b, b_day)| b_day.day[1].total_cmp(&a_day.day[1]).then_with(|| a.cmp(b)));
    let Some(budget) = question.policy().log_budget else {
        let all = sources.iter().map(|(source, written)| {
            let say = "how much log is worth keeping is not known; say it with tuning.log_budget".to_owned();
            of_source(question, source, written, Remedy::Filter).withhold(Withheld::Choice(say))
        });
        return all.collect();
    };
    let day = question.plan.telemetry.total.log_traffic.upper.per_day();
    // But for rounding.
    let most = budget.to_memory().as_bytes() + day.as_bytes() * 1e-9;
    let (remedies, left) = remedies(&sources, day.as_bytes(), most, kept);
    let mut found: Vec<Recommendation> = sources
        .iter()
        .zip(remedies)
        .map(|((source, written), remedy)| of_source(question, source, written, remedy))
        .collect();
    if left <= most {
        return found;
    }
    if found.is_empty() {
        let amount = |memory: Memory| Amount::Text(format!("{:.0} MiB a day", memory.as_mib()));
        let setting = Setting::exact("access log", Some(amount(day)), amount(budget.to_memory()));
        found.push(Recommendation::new(Kind::AccessLogs, "mesh", "access logs of the mesh", vec![setting]));
    }
    let what = format!(
        "up to {:.0} MiB a day are left of logs that are filtered already, above tuning.log_budget",
        Memory::from_bytes(left).as_mib()
    );
    found.into_iter().map(|it| it.withhold(Withheld::Infeasible(what.clone()))).collect()
}

/// What is done about a log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    Filter,
    Off,
}

/// What to do about each of the sources, those that write most first, as far as the budget asks for it, and the bytes a
/// day that are left.
fn remedies(sources: &[(Source, Written)], day: f64, budget: f64, kept: f64) -> (Vec<Remedy>, f64) {
    let mut left = day;
    let mut remedies = Vec::new();
    for (_, written) in sources {
        if left <= budget {
            return (remedies, left);
        }
        left -= written.day[1] * (1.0 - kept);
        remedies.push(Remedy::Filter);
    }
    for (remedy, (_, written)) in remedies.iter_mut().zip(sources) {
        if left <= budget {
            break;
        }
        left -= written.day[1] * kept;
        *remedy = Remedy::Off;
    }
    // A filter that lets everything through is none; what is turned off comes first.
    remedies.retain(|remedy| *remedy == Remedy::Off || kept < 1.0);
    (remedies, left)
}

/// What turns a log on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// The settings of the mesh, or what the policy assumes of them.
    Mesh,
    /// A Telemetry.
    Object(ObjectName),
}

/// What is written without a filter because of one source.
#[derive(Default)]
struct Written {
    /// Bytes a day: value and upper end.
    day: [f64; 2],
    lines: Rate,
    workloads: u64,
}

fn sources(question: &Question<'_>) -> BTreeMap<Source, Written> {
    let mut sources: BTreeMap<Source, Written> = BTreeMap::new();
    for it in observed(question) {
        let Some(telemetry) = it.plan.telemetry.as_ref().filter(|it| it.volume.log_lines > Rate::ZERO) else {
            continue;
        };
        let mut seen = Vec::new();
        for (side, share) in unfiltered(it.plan) {
            let source = source(&it.objects, side);
            let written = sources.entry(source.clone()).or_default();
            let log = &telemetry.volume.log_traffic;
            let ends = [log.value, log.upper].map(|end| end.per_day().as_bytes() * share);
            written.day = [written.day[0] + ends[0], written.day[1] + ends[1]];
            written.lines += telemetry.volume.log_lines * share;
            if !seen.contains(&source) {
                written.workloads += 1;
                seen.push(source);
            }
        }
    }
    sources
}

/// Sides of which every request is logged, and their shares in all lines.
fn unfiltered(plan: &WorkloadPlan) -> Vec<(Side, f64)> {
    let features = &plan.features;
    let inbound = plan.inbound.get();
    let lines = [
        (Side::Server, features.inbound.access_log, inbound),
        (Side::Client, features.outbound.access_log, 1.0 - inbound),
    ];
    let all: f64 = lines.iter().map(|(_, logged, share)| logged.get() * share).sum();
    let unfiltered = lines.iter().filter(|(_, logged, share)| *logged == Share::ONE && *share > 0.0 && all > 0.0);
    unfiltered.map(|(side, _, share)| (*side, share / all)).collect()
}

/// The last object that speaks of a side.
fn source(objects: &[&Telemetry], side: Side) -> Source {
    let speaks = |object: &&&Telemetry| object.logging.iter().any(|entry| entry.side.covers(side));
    objects.iter().rev().find(speaks).map_or(Source::Mesh, |object| Source::Object(object.name.clone()))
}

fn of_source(question: &Question<'_>, source: &Source, written: &Written, remedy: Remedy) -> Recommendation {
    let (about, subject) = match source {
        Source::Mesh => ("mesh".to_owned(), "access log of the mesh settings".to_owned()),
        Source::Object(name) => (name.to_string(), format!("Telemetry {name}")),
    };
    let text = |text: &str| Amount::Text(text.to_owned());
    let is_off = remedy == Remedy::Off;
    let setting = Setting::exact("access log", Some(text("every request")), text(if is_off { "off" } else { FILTER }));
    let mut found = Recommendation::new(Kind::AccessLogs, &about, subject, vec![setting]);
    let kept = question.inputs.policy.features.filtered_log_share.get();
    let [value, upper] = written.day.map(|bytes| Memory::from_bytes(bytes).as_mib());
    found.basis = vec![
        format!(
            "{:.1} lines per second of {} {}: {value:.0} MiB a day, up to {upper:.0}",
            written.lines.as_per_second(),
            written.workloads,
            if written.workloads == 1 { "workload" } else { "workloads" }
        ),
        format!(
            "a filter lets {} of them through, as features.filtered_log_share of the policy has it: {:.0} MiB a day{}",
            Amount::Share(kept),
            value * kept,
            if is_off { ", which is still too much" } else { "" }
        ),
    ];
    found.basis.extend(
        question.policy().log_budget.map(|budget| format!("tuning.log_budget: {} a day", Amount::Memory(budget))),
    );
    found.risk.brings = vec![match remedy {
        Remedy::Filter => {
            "requests that succeed, those without an answer and TCP connections leave no line any more".to_owned()
        }
        Remedy::Off => "nothing leaves a line any more: what fails is seen in metrics and traces only".to_owned(),
    }];
    match changes(question, source, remedy) {
        Ok(change) => found.changes = vec![change],
        Err(instead) => found.withheld = Some(Withheld::NotPatchable(instead)),
    }
    found
}

fn changes(question: &Question<'_>, source: &Source, remedy: Remedy) -> Result<Change, String> {
    let inventory = question.inventory();
    let remedied = |mut entry: LoggingSetting| {
        match remedy {
            Remedy::Filter => entry.filter = Some(FILTER.to_owned()),
            Remedy::Off => entry.disabled = true,
        }
        entry
    };
    match source {
        Source::Object(name) => {
            let known = inventory.istio.telemetries.iter().find(|it| it.name == *name);
            let is_open = |entry: &LoggingSetting| !entry.disabled && entry.filter.is_none();
            let logging = known.map_or_else(|| Ok(Vec::new()), write_back)?.into_iter();
            let logging = logging.map(|entry| if is_open(&entry) { remedied(entry) } else { entry }).collect();
            Ok(patch_of(TelemetryPatch { name: name.clone(), logging: Some(logging), ..TelemetryPatch::default() }))
        }
        Source::Mesh => {
            let by_default = inventory.istio.mesh.telemetry.logs_by_default == Some(true);
            if remedy == Remedy::Off && !by_default {
                let telemetry = MeshTelemetry { access_log_file: Some(false), ..MeshTelemetry::default() };
                let values = MeshConfig { origin: MeshConfigOrigin::Overlay, telemetry, ..MeshConfig::default() };
                return Ok(Change::Values(Box::new(values)));
            }
            let providers = if by_default { Vec::new() } else { vec!["envoy".to_owned()] };
            let mut logging = vec![remedied(LoggingSetting { providers, ..LoggingSetting::default() })];
            let of_mesh = OfMesh::of(inventory);
            // What is said already stands later and overrules.
            logging.extend(of_mesh.known().map_or_else(|| Ok(Vec::new()), write_back)?);
            Ok(of_mesh.change(TelemetryPatch { logging: Some(logging), ..TelemetryPatch::default() }))
        }
    }
}

/// The logs of an object, as far as they can be written back whole.
fn write_back(known: &Telemetry) -> Result<Vec<LoggingSetting>, String> {
    match known.logging.iter().any(|entry| entry.says_more) {
        true => {
            Err(says_more(&known.name, "accessLogging", &format!("filter.expression: {FILTER}, or disabled: true,")))
        }
        false => Ok(known.logging.clone()),
    }
}
