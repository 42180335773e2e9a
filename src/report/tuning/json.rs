//! Recommendations for machines: a promise, so it has types of its own.

use serde::Serialize;

use crate::report::json::{self, Card, Finding, Input, Number, Outcome, Tool};
use crate::tuning;

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes the recommendations.
pub fn render(tuning: &tuning::Tuning) -> String {
    json::write(&Tuning::from(tuning))
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    json::schema_of::<Tuning<'static>>()
}

/// What to change, and what that makes of the plan.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Tuning<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// What made it.
    tool: Tool,
    /// Where the inventory came from.
    inputs: Vec<Input<'a>>,
    /// The model card whose coefficients were used.
    card: Card<'a>,
    /// What was wanted.
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    policy: &'a crate::policy::Policy,
    #[serde(flatten)]
    changes: Changes<'a>,
    /// What was noticed in the plan as it is, gravest first.
    findings: Vec<Finding<'a>>,
}

/// Recommendations and what they make of the plan.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changes<'a> {
    /// The plan as it is.
    before: Figures,
    /// The plan with everything applied that is not withheld.
    after: Figures,
    /// What all of them together save: not the sum of each.
    saves: Saves,
    /// Recommendations: those to apply first, dangers first among them, then by nodes saved.
    recommendations: Vec<Recommendation<'a>>,
}

/// Figures of a plan.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Figures {
    /// How it stands with the policy.
    outcome: Outcome,
    /// CPU that proxies and istiod request, in cores.
    cpu_requested_cores: Number,
    /// Memory that they request, in bytes.
    memory_requested_bytes: Number,
    /// CPU that they use, in cores.
    cpu_used_cores: Number,
    /// Memory that they use, in bytes.
    memory_used_bytes: Number,
    /// Nodes of the policy's pool that all requests fill.
    nodes_filled: Number,
    /// Time series of the mesh.
    series: Number,
    /// Spans per second.
    spans_per_second: Number,
    /// Access log in a day, in bytes.
    log_bytes_per_day: Number,
    /// How long a change of configuration takes until the last proxy has it, in seconds.
    config_change_seconds: Number,
    /// How long all proxies take to connect again after istiod restarts, in seconds.
    reconnect_seconds: Number,
    /// Nodes to add.
    nodes_to_add: u64,
    /// Pods without a place.
    unplaced: u64,
    /// Proxies that may be killed while they start.
    proxies_at_risk: u64,
    /// Outlier detections that, with the loss of one more pod, leave fewer than carry the load.
    ejections_that_leave_too_few: u64,
    /// Services whose pools of connections refuse requests of busy seconds.
    pools_that_refuse: u64,
    /// Routes whose timeouts cut requests that would have been answered.
    timeouts_that_cut: u64,
    /// Services whose retries make more of a request than the policy lets a chain of callers make.
    retries_beyond_bound: u64,
    /// Limits, timeouts and outlier detections that are missing where it is known what they should be.
    missing_guards: u64,
}

/// What a change saves; below 0 where it takes more.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Saves {
    /// CPU requested, in cores.
    cpu: Number,
    /// Memory requested, in bytes.
    memory: Number,
    /// CPU in use, in cores.
    cpu_used: Number,
    /// Memory in use, in bytes.
    memory_used: Number,
    /// Nodes of the policy's pool.
    nodes: Number,
    /// Time series of the mesh.
    series: Number,
    /// Spans per second.
    spans_per_second: Number,
    /// Access log in a day, in bytes.
    log_bytes_per_day: Number,
    /// How long a change of configuration takes until the last proxy has it, in seconds.
    config_change_seconds: Number,
    /// How long all proxies take to connect again after istiod restarts, in seconds.
    reconnect_seconds: Number,
    /// Their price per hour.
    money: Number,
    /// Dangers that go: of those of the figures that count one.
    dangers: Number,
    /// Missing guards that come.
    guards: Number,
}

/// What to set, why, and what it saves.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Recommendation<'a> {
    /// Its name, the same in every run.
    id: &'a str,
    /// What it is about.
    subject: &'a str,
    /// Of which kind it is.
    kind: &'static str,
    /// What the first setting is today, as it is written; `null` where it is not set.
    current: Option<String>,
    /// Lower end of what the evidence allows for it.
    lower: Option<String>,
    /// What to set it to.
    target: Option<String>,
    /// Upper end of what the evidence asks for.
    upper: Option<String>,
    /// All settings, the one that matters most first.
    settings: Vec<Setting>,
    /// What decided, sentence by sentence.
    basis: &'a [String],
    /// The arithmetic of the first setting, where it is an estimate.
    terms: &'a [crate::estimate::Term],
    /// What it saves by itself, according to the plan before and after it.
    saves: Saves,
    /// What it makes safe and what it risks.
    risk: Risk<'a>,
    /// Recommendations without which it must not be applied.
    needs: &'a [String],
    /// Files that make it; those of several recommendations on one object are one file in the folder.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<std::collections::BTreeMap<String, serde_json::Value>>"))]
    patch: Vec<serde_json::Value>,
    /// Whether a person has to do it: then there is no patch, and `after` does not count it.
    by_hand: bool,
    /// Why it is not to be applied; `null` for one that is.
    withheld: Option<String>,
}

/// One thing to set.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Setting {
    /// What it is called.
    name: &'static str,
    /// What it is today; `null` where it is not set.
    current: Option<String>,
    /// Lower end of what the evidence allows.
    lower: String,
    /// What to set.
    target: String,
    /// Upper end of what the evidence asks for.
    upper: String,
}

/// What it makes safe and what it risks.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Risk<'a> {
    /// The danger of today that goes; `null` without one.
    removes: Option<&'a str>,
    /// What may go wrong.
    brings: &'a [String],
}

impl<'a> From<&'a tuning::Tuning> for Tuning<'a> {
    fn from(tuning: &'a tuning::Tuning) -> Self {
        let before = &tuning.before;
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::THIS,
            inputs: before.inputs.iter().map(Input::from).collect(),
            card: Card::from(&before.card),
            policy: &before.policy,
            changes: Changes::from(tuning),
            findings: before.findings.iter().map(Finding::from).collect(),
        }
    }
}

impl<'a> From<&'a tuning::Tuning> for Changes<'a> {
    fn from(tuning: &'a tuning::Tuning) -> Self {
        Self {
            before: figures(&tuning.figures_before, &tuning.before),
            after: figures(&tuning.figures_after, &tuning.after),
            saves: Saves::from(&tuning.saves),
            recommendations: tuning.recommendations.iter().map(Recommendation::from).collect(),
        }
    }
}

fn figures(figures: &tuning::Figures, plan: &crate::plan::Plan) -> Figures {
    Figures {
        outcome: plan.verdict.outcome.into(),
        cpu_requested_cores: Number::new(figures.cpu.as_cores()),
        memory_requested_bytes: Number::new(figures.memory.as_bytes()),
        cpu_used_cores: Number::new(figures.cpu_used.as_cores()),
        memory_used_bytes: Number::new(figures.memory_used.as_bytes()),
        nodes_filled: Number::new(figures.nodes),
        series: Number::new(figures.series.count()),
        spans_per_second: Number::new(figures.spans.as_per_second()),
        log_bytes_per_day: Number::new(figures.log.per_day().as_bytes()),
        config_change_seconds: Number::new(figures.config_change.as_seconds()),
        reconnect_seconds: Number::new(figures.reconnect.as_seconds()),
        nodes_to_add: figures.nodes_to_add,
        unplaced: figures.unplaced,
        proxies_at_risk: figures.dangers.killed,
        ejections_that_leave_too_few: figures.dangers.ejections,
        pools_that_refuse: figures.dangers.pools,
        timeouts_that_cut: figures.dangers.timeouts,
        retries_beyond_bound: figures.dangers.retries,
        missing_guards: figures.dangers.unguarded,
    }
}

impl From<&tuning::Saves> for Saves {
    fn from(saves: &tuning::Saves) -> Self {
        Self {
            cpu: Number::new(saves.cpu.as_cores()),
            memory: Number::new(saves.memory.as_bytes()),
            cpu_used: Number::new(saves.cpu_used.as_cores()),
            memory_used: Number::new(saves.memory_used.as_bytes()),
            nodes: Number::new(saves.nodes),
            series: Number::new(saves.series.count()),
            spans_per_second: Number::new(saves.spans.as_per_second()),
            log_bytes_per_day: Number::new(saves.log.per_day().as_bytes()),
            config_change_seconds: Number::new(saves.config_change.as_seconds()),
            reconnect_seconds: Number::new(saves.reconnect.as_seconds()),
            money: Number::new(saves.money.amount()),
            dangers: Number::new(saves.dangers),
            guards: Number::new(saves.guards),
        }
    }
}

impl<'a> From<&'a tuning::Recommendation> for Recommendation<'a> {
    fn from(it: &'a tuning::Recommendation) -> Self {
        let first = it.settings.first();
        let files = tuning::manifests(&it.changes).into_iter().filter(|file| file.path != "kustomization.yaml");
        Self {
            id: &it.id,
            subject: &it.subject,
            kind: it.kind.as_str(),
            current: first.and_then(|setting| setting.current.as_ref()).map(ToString::to_string),
            lower: first.map(|setting| setting.lower.to_string()),
            target: first.map(|setting| setting.target.to_string()),
            upper: first.map(|setting| setting.upper.to_string()),
            settings: it.settings.iter().map(Setting::from).collect(),
            basis: &it.basis,
            terms: &it.terms,
            saves: Saves::from(&it.saves),
            risk: Risk { removes: it.risk.removes.as_deref(), brings: &it.risk.brings },
            needs: &it.needs,
            patch: files.map(|file| serde_json::json!({ "path": file.path, "object": file.object })).collect(),
            by_hand: it.is_by_hand(),
            withheld: it.withheld.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&tuning::Setting> for Setting {
    fn from(setting: &tuning::Setting) -> Self {
        Self {
            name: setting.name,
            current: setting.current.as_ref().map(ToString::to_string),
            lower: setting.lower.to_string(),
            target: setting.target.to_string(),
            upper: setting.upper.to_string(),
        }
    }
}
