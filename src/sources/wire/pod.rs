//! Pods and pod templates.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_IGNORED;
use super::affinity::{AffinityWire, SpreadWire, spread};
use super::amounts::declared;
use super::life::{StatusWire, life};
use super::storage::{VolumeWire, mounts_claim, volume};
use super::text::{Int, Nullable, Seq, Text, TextMap};
use super::update::whole_seconds;
use super::{Metadata, Oddity};
use crate::inventory::objects::{
    Container, ContainerPort, NodeSelectorTerm, Operator, PodObject, PodPhase, PodSpec, Requirement, TaintEffect,
    Toleration, TopologySpread, Transport, Volume, WholeSeconds,
};
use crate::resources::Requirements;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PodWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<SpecWire<'a>>,
    #[serde(borrow)]
    status: Nullable<StatusWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TemplateWire<'a> {
    #[serde(borrow)]
    pub(super) metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    pub(super) spec: Nullable<SpecWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SpecWire<'a> {
    #[serde(borrow)]
    containers: Seq<ContainerWire<'a>>,
    #[serde(borrow)]
    init_containers: Seq<ContainerWire<'a>>,
    #[serde(borrow)]
    resources: Nullable<ResourcesWire<'a>>,
    #[serde(borrow)]
    overhead: TextMap<'a>,
    #[serde(borrow)]
    runtime_class_name: Text<'a>,
    #[serde(borrow)]
    priority_class_name: Text<'a>,
    priority: Int,
    #[serde(borrow)]
    node_name: Text<'a>,
    #[serde(borrow)]
    node_selector: TextMap<'a>,
    #[serde(borrow)]
    affinity: Nullable<AffinityWire<'a>>,
    #[serde(borrow)]
    tolerations: Seq<TolerationWire<'a>>,
    #[serde(borrow)]
    topology_spread_constraints: Seq<SpreadWire<'a>>,
    #[serde(borrow)]
    volumes: Seq<VolumeWire<'a>>,
    #[serde(borrow)]
    preemption_policy: Text<'a>,
    scheduling_gates: Seq<IgnoredAny>,
    #[serde(borrow)]
    scheduler_name: Text<'a>,
    host_network: Option<bool>,
    security_context: Nullable<SecurityWire>,
    termination_grace_period_seconds: Int,
}

/// Dumps with Go field names keep `hostNetwork` here.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SecurityWire {
    host_network: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ContainerWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    image: Text<'a>,
    #[serde(borrow)]
    resources: Nullable<ResourcesWire<'a>>,
    #[serde(borrow)]
    restart_policy: Text<'a>,
    #[serde(borrow)]
    args: Seq<Text<'a>>,
    #[serde(borrow)]
    ports: Seq<PortWire<'a>>,
    readiness_probe: Nullable<ProbeWire>,
    startup_probe: Nullable<ProbeWire>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ProbeWire {
    initial_delay_seconds: Int,
    period_seconds: Int,
    success_threshold: Int,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourcesWire<'a> {
    #[serde(borrow)]
    requests: TextMap<'a>,
    #[serde(borrow)]
    limits: TextMap<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PortWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    container_port: Int,
    host_port: Int,
    #[serde(borrow)]
    protocol: Text<'a>,
    #[serde(borrow, rename = "hostIP")]
    host_ip: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TermWire<'a> {
    #[serde(borrow)]
    match_expressions: Seq<RequirementWire<'a>>,
    #[serde(borrow)]
    match_fields: Seq<RequirementWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RequirementWire<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    operator: Text<'a>,
    #[serde(borrow)]
    values: Seq<Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TolerationWire<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    operator: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    effect: Text<'a>,
}

/// A pod; nothing where it has no name.
pub(super) fn pod(wire: &PodWire<'_>, odd: &mut Vec<Oddity>) -> Option<PodObject> {
    let metadata = &wire.metadata;
    let name = metadata.object_name()?;
    let phase = match wire.status.phase.as_str() {
        "" | "Pending" => PodPhase::Pending,
        "Running" => PodPhase::Running,
        "Succeeded" => PodPhase::Succeeded,
        "Failed" => PodPhase::Failed,
        _ => PodPhase::Unknown,
    };
    let node = &wire.spec.node_name;
    let spec = pod_spec(&wire.spec, "spec", odd);
    let life = life(metadata, &wire.status, &spec, odd);
    Some(PodObject {
        name,
        labels: Arc::new(metadata.labels()),
        owner: metadata.owner(),
        spec: Arc::new(spec),
        life,
        node: (!node.is_empty()).then(|| node.as_str().into()),
        phase,
        terminating: !metadata.deletion_timestamp.is_empty(),
        annotations: Arc::new(metadata.annotations.0.clone()),
    })
}

/// A pod specification at `field`.
pub(super) fn pod_spec(wire: &SpecWire<'_>, field: &str, odd: &mut Vec<Oddity>) -> PodSpec {
    let mut containers = |list: &Seq<ContainerWire<'_>>, name: &str| {
        list.0
            .iter()
            .enumerate()
            .map(|(index, wire)| container(wire, &|| format!("{field}.{name}[{index}]"), odd))
            .collect()
    };
    let affinity = &wire.affinity;
    let (near, away) = (affinity.near_pods(), affinity.away_from_pods());
    let spreads: Vec<TopologySpread> = wire.topology_spread_constraints.0.iter().map(spread).collect();
    let volumes: Vec<Volume> = wire.volumes.0.iter().filter_map(volume).collect();
    let mut spec = PodSpec {
        containers: containers(&wire.containers, "containers"),
        init_containers: containers(&wire.init_containers, "initContainers"),
        pod_level: requirements(&wire.resources, &|| field.to_owned(), odd),
        overhead: declared(&wire.overhead, &format!("{field}.overhead"), odd),
        runtime_class: wire.runtime_class_name.to_option(),
        priority_class: wire.priority_class_name.to_option(),
        priority: wire.priority.0.map(|priority| priority.clamp(i32::MIN.into(), i32::MAX.into()) as i32),
        node_selector: wire.node_selector.to_labels(),
        required_node_affinity: affinity.required_nodes(),
        preferred_node_affinity: affinity.preferred_nodes(),
        tolerations: wire
            .tolerations
            .0
            .iter()
            .filter_map(|wire| toleration(wire, &format!("{field}.tolerations"), odd))
            .collect(),
        has_pod_constraints: false,
        has_volume_claims: mounts_claim(&volumes),
        pod_affinity: near,
        pod_anti_affinity: away,
        topology_spread: spreads,
        volumes,
        never_preempts: wire.preemption_policy.as_str() == "Never",
        gated: !wire.scheduling_gates.0.is_empty(),
        scheduler: other_scheduler(wire.scheduler_name.as_str()),
        host_network: wire.host_network.or(wire.security_context.host_network).unwrap_or_default(),
        termination_grace: whole_seconds(wire.termination_grace_period_seconds),
    };
    spec.has_pod_constraints = spec.has_rules_between_pods();
    spec
}

/// A scheduler other than the one every pod gets that names none.
fn other_scheduler(name: &str) -> Option<Arc<str>> {
    (!matches!(name, "" | "default-scheduler")).then(|| name.into())
}

fn container(wire: &ContainerWire<'_>, field: &dyn Fn() -> String, odd: &mut Vec<Oddity>) -> Container {
    const ROLE_ARGUMENTS: usize = 4;
    let args = &wire.args.0;
    let is_mesh_name = matches!(wire.name.as_str(), "istio-proxy" | "ztunnel" | "discovery");
    let tells_role = is_mesh_name || args.first().is_some_and(|first| first.as_str() == "proxy");
    Container {
        name: (&wire.name).into(),
        image: (&wire.image).into(),
        resources: requirements(&wire.resources, field, odd),
        restartable: wire.restart_policy.as_str() == "Always",
        role_arguments: if tells_role {
            args.iter().take(ROLE_ARGUMENTS).map(String::from).collect()
        } else {
            Vec::new()
        },
        ports: wire.ports.0.iter().filter_map(|port| container_port(port, field, odd)).collect(),
        concurrency: concurrency(args),
        probed_after: probed_after(&wire.startup_probe, &wire.readiness_probe),
    }
}

/// Until both probes can have succeeded as often as they must; a startup probe does so once.
fn probed_after(startup: &ProbeWire, readiness: &ProbeWire) -> WholeSeconds {
    const DEFAULT_PERIOD: u64 = 10;
    let delay = |probe: &ProbeWire| probe.initial_delay_seconds.count().unwrap_or(0);
    let again = readiness.success_threshold.count().unwrap_or(1).saturating_sub(1);
    let period = readiness.period_seconds.count().filter(|period| *period > 0).unwrap_or(DEFAULT_PERIOD);
    let after = delay(startup).max(delay(readiness)).saturating_add(again.saturating_mul(period));
    WholeSeconds(u32::try_from(after).unwrap_or(u32::MAX))
}

fn concurrency(args: &[Text<'_>]) -> Option<u32> {
    const FLAG: &str = "--concurrency";
    let position = args.iter().position(|arg| arg.as_str().starts_with(FLAG))?;
    let number = match args.get(position)?.as_str().strip_prefix(FLAG)? {
        "" => args.get(position + 1)?.as_str(),
        joined => joined.strip_prefix('=')?,
    };
    number.parse().ok()
}

fn container_port(wire: &PortWire<'_>, field: &dyn Fn() -> String, odd: &mut Vec<Oddity>) -> Option<ContainerPort> {
    let port = |number: Int| u16::try_from(number.0.unwrap_or(0)).ok();
    let (Some(number), Some(host)) = (port(wire.container_port), port(wire.host_port)) else {
        odd.push(Oddity {
            kind: &FIELD_IGNORED,
            field: format!("{}.ports", field()),
            message: "a port is not in 0 … 65535; planned without it".to_owned(),
        });
        return None;
    };
    let protocol = match wire.protocol.as_str() {
        "UDP" => Transport::Udp,
        "SCTP" => Transport::Sctp,
        _ => Transport::Tcp,
    };
    let host_ip = (&wire.host_ip).into();
    Some(ContainerPort { name: (&wire.name).into(), port: number, host_port: host, protocol, host_ip })
}

fn requirements(wire: &ResourcesWire<'_>, field: &dyn Fn() -> String, odd: &mut Vec<Oddity>) -> Requirements {
    let mut side = |amounts: &TextMap<'_>, name: &str| {
        if amounts.0.is_empty() {
            Default::default()
        } else {
            declared(amounts, &format!("{}.resources.{name}", field()), odd)
        }
    };
    Requirements { requests: side(&wire.requests, "requests"), limits: side(&wire.limits, "limits") }
}

/// One alternative of a node selector.
pub(super) fn term(wire: &TermWire<'_>) -> NodeSelectorTerm {
    let requirements = |list: &Seq<RequirementWire<'_>>| list.0.iter().map(requirement).collect();
    NodeSelectorTerm { expressions: requirements(&wire.match_expressions), fields: requirements(&wire.match_fields) }
}

/// A requirement of a selector.
pub(super) fn requirement(wire: &RequirementWire<'_>) -> Requirement {
    let operator = match wire.operator.as_str() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Gt,
        "Lt" => Operator::Lt,
        other => Operator::Unknown(other.to_owned()),
    };
    Requirement { key: (&wire.key).into(), operator, values: wire.values.0.iter().map(String::from).collect() }
}

fn toleration(wire: &TolerationWire<'_>, field: &str, odd: &mut Vec<Oddity>) -> Option<Toleration> {
    let effect = match wire.effect.as_str() {
        "" => None,
        known => Some(taint_effect(known, field, odd)?),
    };
    let exists = wire.operator.as_str() == "Exists";
    Some(Toleration { key: (&wire.key).into(), exists, value: (&wire.value).into(), effect })
}

/// The effect of that name; a word about any other.
pub(super) fn taint_effect(name: &str, field: &str, odd: &mut Vec<Oddity>) -> Option<TaintEffect> {
    match name {
        "NoSchedule" => Some(TaintEffect::NoSchedule),
        "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
        "NoExecute" => Some(TaintEffect::NoExecute),
        other => {
            odd.push(Oddity {
                kind: &FIELD_IGNORED,
                field: field.to_owned(),
                message: format!(
                    "effect {other:?} is not NoSchedule, PreferNoSchedule or NoExecute; planned without it"
                ),
            });
            None
        }
    }
}
