//! Where Kubernetes would put every pod.

use std::io::{self, Write};
use std::path::Path;

use super::args::{Format, Global, Pack as PackArgument, PlaceArguments};
use super::{Failure, Outcome, load, output, terminal};
use crate::finding::Finding;
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node};
use crate::placement::{new_node, reservation};
use crate::policy::Policy;
use crate::report::{self, Agreed, NodeUse, Packed, PlacementReport, TerminalOptions, Use};
use crate::scheduler::{
    self, Agreement, Decision, Follow, Judge, KubernetesVersion, Pack, Placement, Profile, Scheduling, TieBreak,
    schedule,
};
use crate::sources;

pub fn run(arguments: &PlaceArguments, global: &Global) -> Result<Outcome, Failure> {
    let files = output::files::<Format>(&arguments.report.output)?;
    if let Some(trace) = arguments.trace.as_deref().filter(|path| !output::is_standard(path)) {
        output::check(trace)?;
    }
    let policy = load::policy(arguments.policy.as_deref())?;
    let (profile, mut findings) = (profile(&arguments.rules)?, Vec::new());
    let traced = arguments.compare.as_deref().map(sources::read_scheduler_trace).transpose()?;
    let inventory = load::inventory(&arguments.inputs, global, &mut findings)?;
    let ground = Ground::new(&inventory, &policy, &mut findings);
    let follow = traced.as_deref().map(Follow::new);
    let scheduling = Scheduling {
        inventory: &inventory,
        offered: &ground.offered,
        profile: &profile,
        pack: arguments.pack.into(),
        ties: if arguments.lowest_index { TieBreak::LowestIndex } else { TieBreak::Seeded(arguments.seed) },
        reschedule: arguments.reschedule,
        new_node: Some((&ground.node, &ground.new)),
        follow: follow.as_ref(),
    };
    let mut judge = traced.as_deref().map(Judge::new);
    let placement = match &arguments.trace {
        Some(path) => traced_to(path, &scheduling, judge.as_mut())?,
        None => observed(&scheduling, judge.as_mut()),
    };
    let other = match scheduling.pack {
        Pack::Scheduler => Pack::FirstFitDecreasing,
        Pack::FirstFitDecreasing => Pack::Scheduler,
    };
    let packed = |pack| schedule(&Scheduling { pack, follow: None, ..scheduling }, None);
    findings.extend(placement.findings.iter().cloned());
    crate::finding::sort(&mut findings);
    let trace = arguments.compare.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let report = PlacementReport {
        version: profile.version.to_string(),
        seed: arguments.seed,
        nodes: inventory.nodes.len() as u64,
        fills: filled(&inventory, &ground.offered, &placement, profile.version),
        ceiling: 1.0 - policy.headroom.target.get(),
        chosen: described(&inventory, scheduling.pack, &placement),
        other: described(&inventory, other, &packed(other)),
        agreement: judge.map(|judge| agreed(trace, judge.verdict())),
        findings,
    };
    for (path, format) in files {
        output::write_text(path, &render(&report, format, TerminalOptions::FILE), global.quiet)?;
    }
    // Standard output belongs to the trace where it goes there.
    if arguments.trace.as_deref().is_some_and(output::is_standard) {
        return Ok(Outcome::Done);
    }
    let format = arguments.report.printed();
    let options = TerminalOptions { width: terminal::width(), color: terminal::color(global) };
    output::print(&render(&report, format, options))?;
    Ok(Outcome::Done)
}

fn render(report: &PlacementReport, format: Format, options: TerminalOptions) -> String {
    match format {
        Format::Text => report::placement_terminal(report, options),
        Format::Markdown => report::placement_markdown(report),
        Format::Html => report::placement_html(report),
        Format::Json => report::placement_json(report),
    }
}

/// The profile that version and configuration ask for.
pub fn profile(rules: &super::args::SchedulerRules) -> Result<Profile, Failure> {
    let version: KubernetesVersion = rules.k8s_version;
    let Some(path) = &rules.scheduler_config else { return Ok(Profile::new(version)) };
    let read = sources::read_scheduler_config(path, version)?;
    if !read.ignored.is_empty() {
        super::complain(&format!("{}: without effect here: {}", path.display(), read.ignored.join(", ")));
    }
    Ok(read.profile)
}

/// What nodes offer, and the node that would be added.
pub struct Ground {
    pub offered: Vec<NodeResources>,
    node: Node,
    new: NodeResources,
}

impl Ground {
    pub fn new(inventory: &Inventory, policy: &Policy, findings: &mut Vec<Finding>) -> Self {
        let offered = inventory.nodes.iter().map(|node| {
            let (offered, _, finding) = reservation::for_node(node);
            findings.extend(finding);
            offered
        });
        let offered = offered.collect();
        let (node, new) = new_node(&inventory.nodes, policy);
        Self { offered, node, new }
    }
}

fn observed(scheduling: &Scheduling<'_>, judge: Option<&mut Judge<'_>>) -> Placement {
    match judge {
        None => schedule(scheduling, None),
        Some(judge) => schedule(scheduling, Some(&mut |decision: Decision<'_>| judge.hear(&decision))),
    }
}

/// Writes every decision as it is taken.
fn traced_to(path: &Path, scheduling: &Scheduling<'_>, judge: Option<&mut Judge<'_>>) -> Result<Placement, Failure> {
    if output::is_standard(path) {
        let mut out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
        let told = told(scheduling, judge, &mut out).and_then(|placement| out.flush().map(|()| placement));
        return told.map_err(|error| output::stdout_failure(&error));
    }
    let mut placement = Placement::default();
    output::write_file(path, |out| {
        placement = told(scheduling, judge, out)?;
        Ok(())
    })?;
    Ok(placement)
}

fn told(scheduling: &Scheduling<'_>, mut judge: Option<&mut Judge<'_>>, out: &mut dyn Write) -> io::Result<Placement> {
    let mut outcome = Ok(());
    let mut observe = |decision: Decision<'_>| {
        if outcome.is_ok() {
            outcome = write_decision(out, &decision);
        }
        if let Some(judge) = &mut judge {
            judge.hear(&decision);
        }
    };
    let placement = schedule(scheduling, Some(&mut observe));
    outcome.map(|()| placement)
}

fn write_decision(out: &mut dyn Write, decision: &Decision<'_>) -> io::Result<()> {
    let pod = decision.pod.to_string();
    for node in &decision.nodes {
        for score in &node.scores {
            let line = serde_json::json!({
                "pod": pod, "node": node.node, "plugin": score.plugin.name(),
                "raw": score.raw, "normalised": score.normalised, "weighted": score.weighted,
            });
            writeln!(out, "{line}")?;
        }
    }
    let mut line = serde_json::json!({ "pod": pod, "node": decision.chosen, "chosen": true });
    if !decision.victims.is_empty() {
        line["victims"] = decision.victims.iter().map(ToString::to_string).collect();
    }
    writeln!(out, "{line}")
}

fn described(inventory: &Inventory, pack: Pack, placement: &Placement) -> Packed {
    let pod = |pod: usize| inventory.pods.get(pod).map_or_else(String::new, |pod| pod.name.to_string());
    let node = |node: usize| inventory.nodes.get(node).map_or_else(String::new, |node| node.name.to_string());
    let addition = placement.addition.unwrap_or_default();
    Packed {
        pack: match pack {
            Pack::Scheduler => "scheduler",
            Pack::FirstFitDecreasing => "first-fit-decreasing",
        },
        kept: placement.kept,
        placed: placement.placed.iter().map(|&(one, on)| (pod(one), node(on))).collect(),
        unplaced: placement.unplaced.iter().map(|one| (pod(one.pod), one.reasons.clone())).collect(),
        preempted: placement.preempted.iter().map(|&(victim, by)| (pod(victim), pod(by))).collect(),
        decisions: placement.decisions,
        ties: placement.ties,
        nodes_used: placement.nodes_used,
        lower_bound: placement.lower_bound,
        nodes_to_add: addition.nodes,
        impossible: addition.impossible,
        cut_short: addition.is_cut_short(),
    }
}

/// How full nodes are once pods are placed.
fn filled(
    inventory: &Inventory,
    offered: &[NodeResources],
    placement: &Placement,
    version: KubernetesVersion,
) -> Vec<NodeUse> {
    let of_node = |(fill, offered): (scheduler::NodeFill, &NodeResources)| {
        let scheduler::NodeFill { requested, mesh } = fill;
        let used = |mesh: u64, requested: u64, allocatable: u64| Use { mesh, requested, allocatable };
        NodeUse {
            cpu: used(mesh.cpu.get(), requested.cpu.get(), offered.resources.cpu.get()),
            memory: used(mesh.memory.get(), requested.memory.get(), offered.resources.memory.get()),
        }
    };
    scheduler::fills(inventory, placement, version).into_iter().zip(offered).map(of_node).collect()
}

fn agreed(trace: String, agreement: Agreement) -> Agreed {
    let different = agreement.different.into_iter().map(|(pod, why)| (pod.to_string(), why)).collect();
    Agreed {
        trace,
        same: agreement.same,
        ties: agreement.ties,
        different,
        unmatched: agreement.unmatched,
        scores: agreement.scores,
        different_scores: agreement.different_scores,
    }
}

impl From<PackArgument> for Pack {
    fn from(argument: PackArgument) -> Self {
        match argument {
            PackArgument::Scheduler => Self::Scheduler,
            PackArgument::FirstFitDecreasing => Self::FirstFitDecreasing,
        }
    }
}
