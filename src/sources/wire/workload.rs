//! Controllers and disruption budgets.

use std::sync::Arc;

use serde::Deserialize;

use super::super::notes::FIELD_IGNORED;
use super::pod::{TemplateWire, pod_spec};
use super::selector::{OwnPods, SelectorWire};
use super::storage::{ClaimTemplateWire, own_claim};
use super::text::{Int, Nullable, Seq, Text};
use super::update::{Beside, StrategyWire, update};
use super::{Metadata, Oddity};
use crate::inventory::objects::{Controller, ControllerKind, DisruptionBudget, PodSpec, UpdateStrategy};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ControllerWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<ControllerSpec<'a>>,
    status: Nullable<ControllerStatus>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ControllerSpec<'a> {
    replicas: Int,
    parallelism: Int,
    completions: Int,
    suspend: Option<bool>,
    #[serde(borrow)]
    selector: OwnPods<'a>,
    #[serde(borrow)]
    template: Nullable<TemplateWire<'a>>,
    #[serde(borrow)]
    job_template: Nullable<JobTemplate<'a>>,
    #[serde(borrow)]
    volume_claim_templates: Seq<ClaimTemplateWire<'a>>,
    #[serde(borrow)]
    strategy: Nullable<StrategyWire<'a>>,
    #[serde(borrow)]
    update_strategy: Nullable<StrategyWire<'a>>,
    min_ready_seconds: Int,
    #[serde(borrow)]
    pod_management_policy: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobTemplate<'a> {
    #[serde(borrow)]
    spec: Nullable<JobSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JobSpec<'a> {
    parallelism: Int,
    completions: Int,
    #[serde(borrow)]
    template: Nullable<TemplateWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ControllerStatus {
    replicas: Int,
    desired_number_scheduled: Int,
    /// A number for jobs, a list for cron jobs.
    active: Int,
}

/// A controller; nothing where it has no name.
pub(super) fn controller(kind: ControllerKind, wire: &ControllerWire<'_>, odd: &mut Vec<Oddity>) -> Option<Controller> {
    let name = wire.metadata.object_name()?;
    let metadata = &wire.metadata;
    let (spec, status) = (&wire.spec, &wire.status);
    let job = &spec.job_template.spec;
    let (template, field) = match kind {
        ControllerKind::CronJob => (&job.template, "spec.jobTemplate.spec.template.spec"),
        _ => (&spec.template, "spec.template.spec"),
    };
    let replicas = match kind {
        ControllerKind::DaemonSet => None,
        ControllerKind::Job => job_replicas(spec.parallelism, spec.completions, odd),
        ControllerKind::CronJob => job_replicas(job.parallelism, job.completions, odd),
        _ => count(spec.replicas, "spec.replicas", odd),
    };
    let status_replicas = match kind {
        ControllerKind::DaemonSet => status.desired_number_scheduled.count(),
        ControllerKind::CronJob => None,
        // The API server leaves a count of zero out.
        ControllerKind::Job => status.active.count().or(metadata.is_live().then_some(0)),
        _ => status.replicas.count(),
    };
    let mut run = pod_spec(&template.spec, field, odd);
    // Each pod gets a claim of its own of every template, as of a generic ephemeral volume.
    let mut volumes = std::mem::take(&mut run.volumes);
    volumes.extend(spec.volume_claim_templates.0.iter().map(own_claim));
    Some(Controller {
        kind,
        name,
        labels: metadata.labels(),
        owner: metadata.owner(),
        replicas,
        status_replicas,
        suspended: spec.suspend.unwrap_or_default(),
        live: metadata.is_live(),
        update: update_of(kind, spec, odd),
        selector: spec.selector.requirements(kind, &template.metadata),
        template_labels: Arc::new(template.metadata.labels()),
        template: Arc::new(PodSpec { volumes, ..run }),
        template_annotations: Arc::new(template.metadata.annotations.0.clone()),
    })
}

/// How it replaces its pods; kinds that never do have nothing to say.
fn update_of(kind: ControllerKind, spec: &ControllerSpec<'_>, odd: &mut Vec<Oddity>) -> UpdateStrategy {
    let (strategy, field) = match kind {
        ControllerKind::Deployment | ControllerKind::DeploymentConfig => (&spec.strategy, "spec.strategy"),
        ControllerKind::StatefulSet | ControllerKind::DaemonSet => (&spec.update_strategy, "spec.updateStrategy"),
        _ => return UpdateStrategy::default(),
    };
    let beside = Beside { min_ready: spec.min_ready_seconds, management: &spec.pod_management_policy };
    update(strategy, &beside, field, odd)
}

/// Pods of a job at a time: no more than it has left to complete.
fn job_replicas(parallelism: Int, completions: Int, odd: &mut Vec<Oddity>) -> Option<u64> {
    let parallelism = count(parallelism, "spec.parallelism", odd).unwrap_or(1);
    let completions = count(completions, "spec.completions", odd);
    Some(completions.map_or(parallelism, |completions| parallelism.min(completions)))
}

pub(super) fn count(number: Int, field: &str, odd: &mut Vec<Oddity>) -> Option<u64> {
    if let Some(negative) = number.0.filter(|&number| number < 0) {
        odd.push(Oddity {
            kind: &FIELD_IGNORED,
            field: field.to_owned(),
            message: format!("{negative} is negative: expected 0 or more; planned as not declared"),
        });
    }
    number.count()
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct BudgetWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<BudgetSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct BudgetSpec<'a> {
    #[serde(borrow)]
    selector: Nullable<SelectorWire<'a>>,
    #[serde(borrow)]
    min_available: Text<'a>,
    #[serde(borrow)]
    max_unavailable: Text<'a>,
    #[serde(borrow)]
    unhealthy_pod_eviction_policy: Text<'a>,
}

/// A disruption budget; nothing where it has no name.
pub(super) fn disruption_budget(wire: &BudgetWire<'_>) -> Option<DisruptionBudget> {
    let spec = &wire.spec;
    Some(DisruptionBudget {
        name: wire.metadata.object_name()?,
        selector: spec.selector.requirements(),
        min_available: spec.min_available.to_option(),
        max_unavailable: spec.max_unavailable.to_option(),
        lets_unready_go: spec.unhealthy_pod_eviction_policy.as_str() == "AlwaysAllow",
        owner: wire.metadata.owner(),
    })
}
