//! What metadata and status of a pod say to the scheduler.

use std::sync::Arc;

use serde::Deserialize;

use super::amounts::declared;
use super::text::{Seq, Text, TextMap};
use super::{Metadata, Oddity};
use crate::inventory::objects::{Container, PodLife, PodSpec, Resized, Timestamp, WholeSeconds};
use crate::resources::Resources;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StatusWire<'a> {
    #[serde(borrow)]
    pub(super) phase: Text<'a>,
    #[serde(borrow)]
    start_time: Text<'a>,
    #[serde(borrow)]
    nominated_node_name: Text<'a>,
    #[serde(borrow)]
    resize: Text<'a>,
    #[serde(borrow)]
    conditions: Seq<ConditionWire<'a>>,
    #[serde(borrow)]
    container_statuses: Seq<ContainerStatus<'a>>,
    #[serde(borrow)]
    init_container_statuses: Seq<ContainerStatus<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ConditionWire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    #[serde(borrow)]
    last_transition_time: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    allocated_resources: TextMap<'a>,
    #[serde(borrow)]
    resources: Option<Held<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Held<'a> {
    #[serde(borrow)]
    requests: TextMap<'a>,
}

/// What metadata and status say; most pods say little.
pub(super) fn life(metadata: &Metadata<'_>, status: &StatusWire<'_>, spec: &PodSpec, odd: &mut Vec<Oddity>) -> PodLife {
    let condition = status.conditions.0.iter().find(|condition| condition.kind.as_str() == "Ready");
    let ready = condition.map(|condition| condition.status.as_str() == "True");
    let started = moment(&status.start_time);
    let since = condition.filter(|_| ready == Some(true)).and_then(|it| moment(&it.last_transition_time));
    PodLife {
        created: moment(&metadata.creation_timestamp),
        started,
        ready,
        ready_after: started.zip(since).and_then(|(start, ready)| after(start, ready)),
        nominated_node: (!status.nominated_node_name.is_empty()).then(|| status.nominated_node_name.as_str().into()),
        resized: resized(status, spec, odd),
    }
}

fn after(start: Timestamp, end: Timestamp) -> Option<WholeSeconds> {
    let passed = end.0.checked_sub(start.0)?;
    u32::try_from(passed).ok().map(WholeSeconds)
}

fn moment(text: &Text<'_>) -> Option<Timestamp> {
    text.as_str().parse::<jiff::Timestamp>().ok().map(|moment| Timestamp(moment.as_second()))
}

/// Containers that hold something else than they ask for.
fn resized(status: &StatusWire<'_>, spec: &PodSpec, odd: &mut Vec<Oddity>) -> Option<Arc<Resized>> {
    let statuses = status.container_statuses.0.iter().chain(&status.init_container_statuses.0);
    let mut containers = Vec::new();
    for wire in statuses {
        let running = wire.resources.as_ref().map(|held| &held.requests);
        if wire.allocated_resources.0.is_empty() && running.is_none_or(|running| running.0.is_empty()) {
            continue;
        }
        let mut held = declared(&wire.allocated_resources, "status.allocatedResources", odd).to_resources();
        if let Some(running) = running {
            held = held.max(&declared(running, "status.resources.requests", odd).to_resources());
        }
        let asked = spec.containers.iter().chain(&spec.init_containers).find(|it| it.name == wire.name.as_str());
        if asked.is_some_and(|container| held != asked_by(container)) {
            containers.push(((&wire.name).into(), held));
        }
    }
    let infeasible = status.resize.as_str() == "Infeasible"
        || status.conditions.0.iter().any(|condition| {
            condition.kind.as_str() == "PodResizePending"
                && condition.status.as_str() == "True"
                && condition.reason.as_str() == "Infeasible"
        });
    (!containers.is_empty()).then(|| Arc::new(Resized { containers, infeasible }))
}

fn asked_by(container: &Container) -> Resources {
    container.resources.effective_requests().to_resources()
}
