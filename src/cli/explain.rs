//! The arithmetic behind a figure, and what a finding means.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::args::{Explain, ExplainArguments, Global, SchedulerRules};
use super::{Failure, Outcome, load, output, place, terminal};
use crate::finding::FindingKind;
use crate::plan::{self, Inputs, Plan, Scoping, WorkloadPlan};
use crate::policy::Policy;
use crate::report::{self, NodeAnswers, PodAnswers, TerminalOptions};
use crate::scheduler::{self, NodeAnswer};
use crate::sources;

pub fn run(arguments: &ExplainArguments, global: &Global) -> Result<Outcome, Failure> {
    let text = match &arguments.what {
        Explain::Workload { workload, inventory, calls } => {
            let (namespace, name) = workload.split_once('/').ok_or_else(|| {
                Failure::Input(format!("failed to read {workload:?}: expected NAMESPACE/NAME, such as shop/cart"))
            })?;
            let calls = calls.as_deref().map(sources::read_calls).transpose()?;
            let mut inputs = load::inputs(inventory, global)?;
            let scopings = plan::scoping(&inputs, namespace, name, calls.as_deref());
            inputs.calls = calls;
            inputs.policy.scenarios.clear();
            let plan = Plan::new(inputs);
            let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
            workloads(&plan, &scopings, namespace, name, options)?
        }
        Explain::ControlPlane { inventory, calls } => {
            let calls = calls.as_deref().map(sources::read_calls).transpose()?;
            let mut inputs = Inputs { calls, ..load::inputs(inventory, global)? };
            inputs.policy.scenarios.clear();
            let plan = Plan::new(inputs);
            report::explain_control_plane(
                &plan,
                TerminalOptions { width: terminal::width(), color: terminal::color(global) },
            )
        }
        Explain::Pod { pod, inputs, rules } => {
            let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
            report::pod_answers(&pod_answers(pod, inputs, rules, global)?, options)
        }
        Explain::Finding { id: Some(id) } => finding(id)?,
        Explain::Finding { id: None } => every_finding(),
    };
    output::print(&text)?;
    Ok(Outcome::Done)
}

/// All workloads of that name: a Deployment and a CronJob may share one.
fn workloads(
    plan: &Plan,
    scopings: &[Scoping],
    namespace: &str,
    name: &str,
    options: TerminalOptions,
) -> Result<String, Failure> {
    let scoping = |workload: &WorkloadPlan| scopings.iter().find(|scoping| scoping.kind == workload.kind);
    let named = plan.workloads.iter().filter(|workload| workload.namespace == namespace && workload.name == name);
    let texts: Vec<String> = named.map(|workload| report::explain(workload, scoping(workload), options)).collect();
    if texts.is_empty() {
        let close: Vec<String> = plan
            .workloads
            .iter()
            .filter(|workload| workload.namespace == namespace)
            .take(8)
            .map(|workload| workload.name.escape_debug().to_string())
            .collect();
        let known = if close.is_empty() {
            "the input has no workloads in that namespace".to_owned()
        } else {
            format!("workloads of that namespace include {}", close.join(", "))
        };
        return Err(Failure::Input(format!("failed to find workload {namespace}/{name}: {known}")));
    }
    Ok(texts.join("\n"))
}

/// How every node answers a pod, all others where they are.
fn pod_answers(
    wanted: &str,
    inputs: &[PathBuf],
    rules: &SchedulerRules,
    global: &Global,
) -> Result<PodAnswers, Failure> {
    let profile = place::profile(rules)?;
    let mut findings = Vec::new();
    let inventory = load::inventory(inputs, global, &mut findings)?;
    let Some(pod) = inventory.pods.iter().position(|pod| pod.name.to_string() == wanted) else {
        let namespace = wanted.split_once('/').map_or("default", |(namespace, _)| namespace);
        let near = inventory.pods.iter().filter(|pod| *pod.name.namespace == *namespace).take(8);
        let near: Vec<String> = near.map(|pod| pod.name.to_string().escape_debug().to_string()).collect();
        let known = match near.as_slice() {
            [] => "the input has no pods in that namespace; expected NAMESPACE/NAME, such as shop/cart-0".to_owned(),
            near => format!("pods of that namespace include {}", near.join(", ")),
        };
        return Err(Failure::Input(format!("failed to find pod {wanted}: {known}")));
    };
    let ground = place::Ground::new(&inventory, &Policy::default(), &mut findings);
    let explanation = scheduler::explain(&inventory, &ground.offered, &profile, pod)
        .ok_or_else(|| Failure::Input(format!("failed to find pod {wanted}")))?;
    let answer = |node: &NodeAnswer<'_>| NodeAnswers {
        node: node.node.to_owned(),
        refusal: node.refusal.as_ref().map(|(plugin, reason)| (plugin.name(), reason.to_string())),
        scores: node
            .scores
            .iter()
            .map(|score| (score.plugin.name(), score.raw, score.normalised, score.weighted))
            .collect(),
        total: node.total().unwrap_or(0),
    };
    Ok(PodAnswers {
        pod: wanted.to_owned(),
        on: explanation.on.map(str::to_owned),
        version: profile.version.to_string(),
        nodes: explanation.nodes.iter().map(answer).collect(),
    })
}

fn finding(id: &str) -> Result<String, Failure> {
    let Some(kind) = kinds().into_iter().find(|kind| kind.id == id) else {
        return Err(Failure::Input(format!(
            "there is no kind of finding {id:?}; `meshcap explain finding` lists all of them"
        )));
    };
    Ok(format!(
        "{} ({:?})\n\nWhat it means:  {}.\nWhy it matters: {}.\nWhat to do:     {}.\n",
        kind.id, kind.severity, kind.meaning, kind.why, kind.remedy
    ))
}

fn every_finding() -> String {
    let mut text = String::new();
    for kind in kinds() {
        let _ = writeln!(text, "{:<34} {}", kind.id, kind.meaning);
    }
    text
}

/// Every kind of finding any module can raise, by id.
fn kinds() -> Vec<&'static FindingKind> {
    let mut kinds = [
        plan::findings(),
        sources::FINDINGS.to_vec(),
        sources::latency::FINDINGS.to_vec(),
        sources::paths::FINDINGS.to_vec(),
        sources::observations::FINDINGS.to_vec(),
        crate::composition::FINDINGS.to_vec(),
        scheduler::FINDINGS.to_vec(),
        crate::fit::FINDINGS.to_vec(),
        crate::calibrate::FINDINGS.to_vec(),
    ]
    .concat();
    kinds.sort_by_key(|kind| kind.id);
    kinds
}
