//! Requests that are logged.
//!
//! **Question.** Does the mesh write more log than is wanted?
//! **Law.** A line for every request at each of its proxies ([`crate::model::telemetry::AccessLog`]); a filter lets a
//! share through, `features.filtered_log_share` of the policy.
//! **Decision.** Of whatever turns logs on without a filter, what writes most gets one, until a day's log, at its upper
//! end, is within the budget of the policy. Without a budget it is left to choose.
//! **Patch.** Entries of Telemetry objects; for the settings of the mesh an entry of the Telemetry of the mesh. It names
//! the provider `envoy` where logs come from `accessLogFile`, for without one istiod goes back to that setting.
//!
//! **Source.** istio.io, "Configure access logs with Telemetry API" (the filter); istio/istio
//! `pilot/pkg/networking/core/accesslog.go` (what holds without a Telemetry).

use std::collections::BTreeMap;

use super::of_mesh::{OfMesh, patch_of, says_more};
use super::{Amount, Kind, Member, Question, Recommendation, Setting, Withheld};
use crate::inventory::objects::{LoggingSetting, Side, TelemetryPatch};
use crate::inventory::{Change, ObjectName, Telemetry};
use crate::mesh;
use crate::units::{Bytes, Memory, Rate, Share};

/// Requests that failed; those without an answer have no code and are not among them.
const FILTER: &str = "response.code >= 400";

/// Filters access logs.
#[must_use]
pub fn access_logs(question: &Question<'_>) -> Vec<Recommendation> {
    let kept = question.inputs.policy.features.filtered_log_share.get();
    let mut sources: Vec<(Source, Written)> = sources(question).into_iter().collect();
    sources.retain(|(_, written)| written.day[1] > 0.0 && kept < 1.0);
    sources.sort_by(|(a, a_day), (b, b_day)| b_day.day[1].total_cmp(&a_day.day[1]).then_with(|| a.cmp(b)));
    let day = question.plan.telemetry.total.log_traffic.upper.per_day().as_bytes();
    let Some(budget) = question.policy().log_budget else {
        let all = sources.iter().map(|(source, written)| {
            let say = "how much log is worth keeping is not known; say it with tuning.log_budget".to_owned();
            of_source(question, source, written).withhold(Withheld::Choice(say))
        });
        return all.collect();
    };
    let budget = budget.to_memory().as_bytes();
    let mut left = day;
    let mut found = Vec::new();
    for (source, written) in &sources {
        if left <= budget {
            break;
        }
        left -= written.day[1] * (1.0 - kept);
        found.push(of_source(question, source, written));
    }
    if left > budget {
        let what = format!(
            "of what is logged a filter lets {} through (features.filtered_log_share), up to {} a day, above \
             tuning.log_budget; log at gateways only, or turn it off",
            Amount::Share(kept),
            Amount::Memory(Bytes::holding(Memory::from_bytes(left)))
        );
        return found.into_iter().map(|it| it.withhold(Withheld::Infeasible(what.clone()))).collect();
    }
    found
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
    let holding = mesh::telemetries(question.inventory(), &question.mesh);
    let mut sources: BTreeMap<Source, Written> = BTreeMap::new();
    for it in question.members() {
        let (Some(objects), Some(telemetry)) = (holding.get(it.index), &it.plan.telemetry) else { continue };
        let mut seen = Vec::new();
        for (side, share) in unfiltered(&it) {
            let source = source(objects, side);
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
fn unfiltered(it: &Member<'_>) -> Vec<(Side, f64)> {
    let features = &it.plan.features;
    let inbound = it.plan.inbound.get();
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

fn of_source(question: &Question<'_>, source: &Source, written: &Written) -> Recommendation {
    let (about, subject) = match source {
        Source::Mesh => ("mesh".to_owned(), "access log of the mesh settings".to_owned()),
        Source::Object(name) => (name.to_string(), format!("Telemetry {name}")),
    };
    let text = |text: &str| Amount::Text(text.to_owned());
    let setting = Setting::exact("access log", Some(text("every request")), text(FILTER));
    let mut found = Recommendation::new(Kind::AccessLogs, &about, subject, vec![setting]);
    let kept = question.inputs.policy.features.filtered_log_share.get();
    let [value, upper] = written.day.map(|bytes| Memory::from_bytes(bytes).as_mib());
    found.basis = vec![
        format!(
            "{:.1} lines per second of {} workloads: {value:.0} MiB a day, up to {upper:.0}",
            written.lines.as_per_second(),
            written.workloads
        ),
        format!(
            "the filter lets {} of them through, as features.filtered_log_share of the policy has it: {:.0} MiB a day",
            Amount::Share(kept),
            value * kept
        ),
    ];
    found.basis.extend(
        question.policy().log_budget.map(|budget| format!("tuning.log_budget: {} a day", Amount::Memory(budget))),
    );
    found.risk.brings =
        vec!["requests that succeed, those without an answer and TCP connections leave no line any more".to_owned()];
    match changes(question, source) {
        Ok(change) => found.changes = vec![change],
        Err(instead) => found.withheld = Some(Withheld::NotPatchable(instead)),
    }
    found
}

fn changes(question: &Question<'_>, source: &Source) -> Result<Change, String> {
    let filter = || Some(FILTER.to_owned());
    let write_back = |known: &Telemetry| match known.logging.iter().any(|entry| entry.says_more) {
        true => Err(says_more(&known.name, "accessLogging", &format!("filter.expression: {FILTER}"))),
        false => Ok(known.logging.clone()),
    };
    let inventory = question.inventory();
    match source {
        Source::Object(name) => {
            let known = inventory.istio.telemetries.iter().find(|it| it.name == *name);
            let mut logging = known.map_or_else(|| Ok(Vec::new()), write_back)?;
            for entry in logging.iter_mut().filter(|entry| !entry.disabled && entry.filter.is_none()) {
                entry.filter = filter();
            }
            Ok(patch_of(TelemetryPatch { name: name.clone(), logging: Some(logging), ..TelemetryPatch::default() }))
        }
        Source::Mesh => {
            let by_default = inventory.istio.mesh.telemetry.logs_by_default == Some(true);
            let providers = if by_default { Vec::new() } else { vec!["envoy".to_owned()] };
            let mut logging = vec![LoggingSetting { providers, filter: filter(), ..LoggingSetting::default() }];
            let of_mesh = OfMesh::of(inventory);
            // What is said already stands later and overrules.
            logging.extend(of_mesh.known().map_or_else(|| Ok(Vec::new()), write_back)?);
            Ok(of_mesh.change(TelemetryPatch { logging: Some(logging), ..TelemetryPatch::default() }))
        }
    }
}
