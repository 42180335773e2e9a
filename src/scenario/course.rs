//! What takes time, asked of the cluster as planned once everything in it has its place.

use std::collections::BTreeSet;

use super::answer::{Answer, NamedCourse};
use super::known::{self, Trouble};
use super::placed::Placed;
use crate::card::ModelCard;
use crate::course::{Course, Drain, Restart, Rollout, Setting, Upgrade, Upgraded, drain, restart, rollout, upgrade};
use crate::groundwork::proxy_of;
use crate::inventory::Inventory;
use crate::overhead::Serving;
use crate::policy::{RolloutPolicy, Step};
use crate::scheduler::TieBreak;

/// What a course is asked of.
pub(super) struct Ask<'a> {
    pub(super) placed: &'a Placed<'a>,
    pub(super) policy: &'a RolloutPolicy,
    pub(super) card: &'a ModelCard,
    /// What istiod sends proxies that connect; nothing without proxies.
    pub(super) serving: Option<Serving>,
}

/// The course of a step; nothing of any other.
pub(super) fn courses(ask: &Ask<'_>, step: &Step) -> Result<Option<Answer>, Trouble> {
    let inventory = &ask.placed.inventory;
    let setting = Setting {
        inventory,
        offered: &ask.placed.offered,
        profile: ask.placed.rules,
        ties: TieBreak::LowestIndex,
        policy: ask.policy,
    };
    let courses = match step {
        Step::Drain { nodes, come_back } => {
            let nodes = named_nodes(inventory, nodes)?;
            vec![("drain", drain(&setting, &Drain { nodes, come_back: *come_back }))]
        }
        Step::Rollout { workloads } => {
            let workloads = named_workloads(inventory, workloads)?;
            vec![("rollout", rollout(&setting, &Rollout { workloads, at_once: None }))]
        }
        Step::RestartDataPlane { namespaces } => {
            let workloads = with_proxy(inventory, namespaces)?.into_iter().flat_map(|(_, workloads)| workloads);
            vec![("restart", restart(&setting, &Restart { workloads: workloads.collect() }))]
        }
        Step::Upgrade { namespaces } => {
            let Upgraded { forward, back } = upgrade(&setting, &upgrade_of(inventory, namespaces)?);
            let back = back.map(|course| ("way back", course));
            [("upgrade", forward)].into_iter().chain(back).collect()
        }
        _ => return Ok(None),
    };
    let named = |(name, course): (&'static str, Course)| {
        let connected = ask.serving.filter(|_| course.peak.connecting > 0);
        let connected = connected.map(|serving| serving.restart(ask.card, course.peak.connecting));
        NamedCourse { name, course, connected }
    };
    Ok(Some(Answer::Courses(courses.into_iter().map(named).collect())))
}

/// Nodes by name, in that order; all of them where none is named.
fn named_nodes(inventory: &Inventory, names: &[String]) -> Result<Vec<usize>, Trouble> {
    if inventory.nodes.is_empty() {
        return Err("there is nothing to drain: the input has no nodes".to_owned());
    }
    if names.is_empty() {
        return Ok((0..inventory.nodes.len()).collect());
    }
    let mut nodes = Vec::with_capacity(names.len());
    for name in names {
        nodes.extend(known::node(inventory, name)?);
    }
    Ok(nodes)
}

/// Workloads by name, in that order; all of them where none is named.
fn named_workloads(inventory: &Inventory, names: &[String]) -> Result<Vec<usize>, Trouble> {
    if names.is_empty() {
        return Ok((0..inventory.workloads.len()).collect());
    }
    names.iter().map(|name| known::workload(inventory, name)).collect()
}

/// Workloads whose pods have a proxy, by namespace: in the order of those named, else by name.
fn with_proxy(inventory: &Inventory, names: &[String]) -> Result<Vec<(String, Vec<usize>)>, Trouble> {
    known::namespaces(inventory, names)?;
    let has_proxy = |index: &usize| {
        inventory
            .workloads
            .get(*index)
            .is_some_and(|it| inventory.pods_of(it).iter().any(|pod| proxy_of(&pod.spec).is_some()))
    };
    let own = |namespace: &str| {
        let all = inventory.workloads.iter().enumerate().filter(|(_, it)| &*it.id.namespace == namespace);
        all.map(|(index, _)| index).filter(has_proxy).collect::<Vec<usize>>()
    };
    let all = || inventory.workloads.iter().map(|it| it.id.namespace.to_string()).collect::<BTreeSet<String>>();
    let wanted: Vec<String> = match names {
        [] => all().into_iter().collect(),
        names if names.iter().any(|name| name == "all") => all().into_iter().collect(),
        names => names.to_vec(),
    };
    let found: Vec<(String, Vec<usize>)> = wanted
        .into_iter()
        .map(|namespace| (own(&namespace), namespace))
        .filter(|(workloads, _)| !workloads.is_empty())
        .map(|(workloads, namespace)| (namespace, workloads))
        .collect();
    match found.is_empty() {
        true => Err("there is nothing to restart: no workload has a proxy".to_owned()),
        false => Ok(found),
    }
}

fn upgrade_of(inventory: &Inventory, names: &[String]) -> Result<Upgrade, Trouble> {
    let is_istiod = |index: &usize| {
        let labels = inventory.workloads.get(*index).map(|workload| &workload.labels);
        labels.and_then(|labels| labels.get("app")).is_some_and(|app| app == "istiod")
    };
    let control_plane: Vec<usize> = (0..inventory.workloads.len()).filter(is_istiod).collect();
    if control_plane.is_empty() {
        return Err("there is no istiod to put a second one beside".to_owned());
    }
    let waves = with_proxy(inventory, names)?.into_iter().map(|(_, workloads)| workloads);
    Ok(Upgrade { control_plane, waves: waves.collect() })
}
