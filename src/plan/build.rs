//! One straight line from what is, what is wanted and what things cost to the plan.

use std::collections::BTreeMap;

use super::bands::bands;
use super::responses::{self, Question, responses};
use super::savings::{self, savings};
use super::scenarios;
use super::totals::totals;
use super::verdict::{Evidence, verdict};
use super::{BehindWaypoint, CardId, Input, Plan, WorkloadPlan, WorkloadResponse};
use crate::card::ModelCard;
use crate::finding::{self, Finding, FindingKind};
use crate::groundwork::{Demands, Groundwork};
use crate::inventory::objects::{Call, NodeResources};
use crate::inventory::{Inventory, Node};
use crate::measurement::{self, Measurement, Slo};
use crate::mesh::{self, Mesh, ProxyMode, Visibility};
use crate::model::IstiodSettings;
use crate::overhead::{self, Overhead};
use crate::placement::{self, Headroom, reservation};
use crate::policy::{Policy, SizingPolicy};
use crate::profile::Profile;
use crate::resilience::{self, Resilience};
use crate::telemetry;

/// What a plan is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// What is.
    pub inventory: Inventory,
    /// What is wanted.
    pub policy: Policy,
    /// What things cost.
    pub card: ModelCard,
    /// Where the inventory came from, for the report.
    pub sources: Vec<Input>,
    /// What was noticed while it was read and assembled.
    pub findings: Vec<Finding>,
    /// Measured response times; each finds its workload by name (see [`Measurement::is_of`]).
    pub response_times: Vec<Measurement>,
    /// Objectives on response times, the same for every workload that was measured.
    pub objectives: Vec<Slo>,
    /// Who calls whom, if that is known.
    pub calls: Option<Vec<Call>>,
}

impl Inputs {
    /// An inventory with a policy and a card; where it came from, what was noticed and response times can be
    /// added.
    #[must_use]
    pub fn new(inventory: Inventory, policy: Policy, card: ModelCard) -> Self {
        let (sources, findings, response_times, objectives) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { inventory, policy, card, sources, findings, response_times, objectives, calls: None }
    }

    /// The card for an istiod whose installation sets some of its limits itself.
    #[must_use]
    pub fn card_as_installed(&self) -> ModelCard {
        let mut card = self.card.clone();
        let settings = self.inventory.istio.mesh.pilot.settings;
        card.istiod_limits = card.istiod_limits.set_by(&IstiodSettings {
            pushes_at_once: settings.push_throttle.map(|throttle| throttle as f64),
            connection_rate: settings.connection_rate,
            debounce_quiet: settings.debounce_after,
            debounce_longest: settings.debounce_max,
            connection_age: settings.connection_age,
            endpoints_wait: settings.endpoint_debounce,
        });
        card
    }

    /// The same with another inventory.
    #[must_use]
    pub fn with_inventory(&self, inventory: Inventory) -> Self {
        Self {
            inventory,
            policy: self.policy.clone(),
            card: self.card.clone(),
            sources: self.sources.clone(),
            findings: self.findings.clone(),
            response_times: self.response_times.clone(),
            objectives: self.objectives.clone(),
            calls: self.calls.clone(),
        }
    }
}

impl Plan {
    /// Makes the plan.
    #[must_use]
    pub fn new(inputs: Inputs) -> Self {
        Self::made(inputs, Extent::Whole)
    }

    /// Makes the plan without what it only asks itself: scenarios, and what scoping would save. For many plans of which
    /// each is compared with others.
    #[must_use]
    pub fn to_compare(inputs: Inputs) -> Self {
        Self::made(inputs, Extent::Unasked)
    }

    fn made(inputs: Inputs, extent: Extent) -> Self {
        let card = inputs.card_as_installed();
        let Inputs { inventory, policy, card: _, sources, mut findings, response_times, objectives, calls } = inputs;
        let (matrix, scenario_findings) = match extent {
            Extent::Whole => scenarios::scenarios(&inventory, &policy, &card),
            Extent::Unasked => Default::default(),
        };
        let groundwork = Groundwork::new(inventory, &policy, &card);
        let planned = groundwork.as_planned(&policy);
        let Groundwork { inventory, mesh, visibility, profiles, overhead, cni, findings: noticed } = groundwork;
        let (observed, telemetry) = telemetry::estimate(&telemetry::Inputs {
            inventory: &inventory,
            mesh: &mesh,
            visibility: &visibility,
            profiles: &profiles,
            card: &card,
            policy: &policy,
            calls: calls.as_deref(),
        });

        let today = Demands::today(&inventory, &mesh);
        let planned = Demands::planned(&planned);
        let (allocatable, node_findings) = allocatable(&inventory.nodes);
        let headroom_today = placement::assess(&inventory.nodes, &allocatable, &today.pods(), None, &policy);
        let mut headroom =
            placement::assess(&inventory.nodes, &allocatable, &planned.pods(), Some(&headroom_today), &policy);
        add_dedicated_nodes(&mut headroom, &overhead, &policy);

        let mut workloads = workloads(&inventory, &mesh, &visibility, &profiles, &overhead, &policy.sizing);
        for (workload, observed) in workloads.iter_mut().zip(observed) {
            workload.telemetry = observed;
        }
        let question = Question { measurements: &response_times, slos: &objectives, policy: &policy, card: &card };
        let (responses, response_findings) = responses(question, &mesh.members, &workloads);
        let totals = totals(&inventory, &mesh, &overhead, &workloads);
        let verdict = verdict(Evidence {
            totals: &totals,
            workloads: &workloads,
            responses: &responses,
            control_plane: &overhead.control_plane,
            today: &headroom_today,
            planned: &headroom,
            policy: &policy,
        });
        let savings = match extent {
            Extent::Whole => savings(savings::Basis {
                inventory: &inventory,
                mesh: &mesh,
                visibility: &visibility,
                profiles: &profiles,
                card: &card,
                policy: &policy,
                overhead: &overhead,
                calls: calls.as_deref(),
            }),
            Extent::Unasked => Vec::new(),
        };
        let resilience = resilience::assess(&resilience::Inputs {
            inventory: &inventory,
            mesh: &mesh,
            profiles: &profiles,
            policy: &policy,
            traffic: &traffic(
                (&inventory, &mesh, &visibility),
                &workloads,
                &responses,
                (&policy, &card),
                calls.as_deref(),
            ),
        });
        let bands = bands(&totals, &workloads, &overhead.control_plane, &headroom, &policy);
        let not_modelled = not_modelled(&visibility, &resilience, &policy);
        findings.extend(noticed);
        findings.extend(scenario_findings);
        findings.extend(node_findings);
        findings.extend(response_findings);
        findings.extend(overhead.findings);
        findings.extend(headroom.findings.iter().cloned());
        findings.extend(telemetry.findings.iter().cloned());
        findings.extend(resilience.findings.iter().cloned());
        finding::sort(&mut findings);
        Self {
            inputs: sources,
            card: CardId::of(&card),
            policy,
            verdict,
            totals,
            control_plane: overhead.control_plane,
            savings,
            telemetry,
            workloads,
            responses,
            ztunnel: overhead.ztunnel,
            busiest_ztunnel: overhead.busiest_ztunnel,
            cni,
            headroom_today,
            headroom,
            scenarios: matrix,
            resilience,
            bands,
            findings,
            not_modelled,
        }
    }
}

/// How much of a plan is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// All but what if.
    Unasked,
}

/// What pods may use of every node, and what had to be worked out for it.
fn allocatable(nodes: &[Node]) -> (Vec<NodeResources>, Vec<Finding>) {
    let mut findings = Vec::new();
    let offered = nodes.iter().map(|node| {
        let (offered, _, finding) = reservation::for_node(node);
        findings.extend(finding);
        offered
    });
    (offered.collect(), findings)
}

fn workloads(
    inventory: &Inventory,
    mesh: &Mesh,
    visibility: &Visibility,
    profiles: &[Profile],
    overhead: &Overhead,
    sizing: &SizingPolicy,
) -> Vec<WorkloadPlan> {
    let visible = visibility.workloads.iter().zip(&visibility.scopes);
    let features = mesh.features.iter().zip(&overhead.feature_costs);
    let costs = overhead.workloads.iter().zip(&overhead.pools).zip(features);
    let behind = behind_waypoints(mesh, visibility);
    let parts = inventory.workloads.iter().zip(&mesh.members).zip(visible).zip(profiles).zip(costs).enumerate();
    parts
        .map(
            |(
                index,
                ((((workload, member), (visible, scope)), profile), ((cost, pool), (features, feature_costs))),
            )| {
                let proxy = member.proxy.as_ref();
                WorkloadPlan {
                    namespace: workload.id.namespace.to_string(),
                    name: workload.id.name.to_string(),
                    kind: workload.id.kind.to_string(),
                    replicas: workload.replicas,
                    replicas_basis: workload.replicas_basis.to_string(),
                    autoscaler: workload.autoscaler.as_ref().map(|it| (it.min_replicas, it.max_replicas)),
                    mode: member.mode,
                    reason: member.reason.clone(),
                    proxy_present: proxy.is_some_and(|proxy| proxy.present),
                    workers: proxy.map_or(0, |proxy| proxy.workers),
                    rps_per_proxy: profile.rps_per_proxy.as_per_second(),
                    rps_measured: profile.rps_measured,
                    connections_per_proxy: profile.connections_per_proxy,
                    visible: *visible,
                    scope: scope.clone(),
                    features: features.clone(),
                    inbound: overhead::inbound_share(workload, member.mode),
                    feature_costs: feature_costs.clone(),
                    sizing: cost.as_ref().map(|cost| overhead::sizing_verdicts(cost, sizing)).unwrap_or_default(),
                    proxy: cost.clone(),
                    pool: *pool,
                    waypoint: behind.get(&index).copied().unwrap_or_default(),
                    app_cpu: profile.app_cpu,
                    app_memory: profile.app_memory,
                    app_measured: profile.app_measured,
                    telemetry: None,
                }
            },
        )
        .collect()
}

/// Captured workloads that a waypoint carries; one that runs wins over one that is to come.
fn behind_waypoints(mesh: &Mesh, visibility: &Visibility) -> BTreeMap<usize, BehindWaypoint> {
    let mut behind = BTreeMap::new();
    let is_captured = |index: usize| mesh.members.get(index).is_some_and(|it| it.mode == ProxyMode::Ambient);
    for (waypoint, carried) in &visibility.carried {
        let proxy = mesh.members.get(*waypoint).and_then(|member| member.proxy.as_ref());
        let runs = proxy.is_some_and(|proxy| proxy.running > 0);
        for &index in carried.iter().filter(|&&index| is_captured(index)) {
            let known = behind.entry(index).or_insert(BehindWaypoint::Coming);
            if runs {
                *known = BehindWaypoint::Running;
            }
        }
    }
    behind
}

/// What is known of the requests of each workload: measurements of their own before the inventory's tables.
fn traffic<'a>(
    (inventory, mesh, visibility): (&Inventory, &Mesh, &Visibility),
    workloads: &[WorkloadPlan],
    responses: &[WorkloadResponse],
    (policy, card): (&Policy, &ModelCard),
    calls: Option<&'a [Call]>,
) -> resilience::Traffic<'a> {
    let ztunnels_run = mesh.members.iter().any(|member| member.today == ProxyMode::Ztunnel);
    let mut responses = responses.iter().peekable();
    let parts = workloads.iter().zip(&inventory.workloads).zip(&mesh.members);
    let times = parts.map(|((workload, of_inventory), member)| {
        let name = format!("{}/{}", workload.namespace, workload.name);
        let own = responses.next_if(|response| response.workload == name).and_then(WorkloadResponse::times);
        own.or_else(|| {
            responses::times_of_table(&of_inventory.measured, (member, ztunnels_run), workload, policy, card)
        })
    });
    let workers = workloads.iter().map(|workload| u64::from(workload.workers)).max().unwrap_or(1);
    resilience::Traffic { times: times.collect(), workers, calls, waypoints: waypoints(visibility, workloads) }
}

/// The waypoint of each workload that one carries.
fn waypoints(visibility: &Visibility, workloads: &[WorkloadPlan]) -> Vec<Option<resilience::Waypoint>> {
    let mut of_each = vec![None; workloads.len()];
    for (waypoint, carried) in &visibility.carried {
        let Some(plan) = workloads.get(*waypoint) else { continue };
        let waypoint = resilience::Waypoint { replicas: plan.replicas, workers: u64::from(plan.workers) };
        for &index in carried {
            of_each.get_mut(index).into_iter().for_each(|it| *it = it.or(Some(waypoint)));
        }
    }
    of_each
}

/// istiod replicas that get nodes of their own are not packed; each brings one node.
fn add_dedicated_nodes(headroom: &mut Headroom, overhead: &Overhead, policy: &Policy) {
    let replicas = overhead.control_plane.replicas;
    if !policy.control_plane.dedicated_nodes || replicas == 0 || overhead.control_plane.infeasible.is_some() {
        return;
    }
    let add = &mut headroom.nodes_to_add;
    add.count += replicas;
    add.price = policy.node_pool.price_per_hour * add.count as f64;
    if !add.reason.is_empty() {
        add.reason.push_str(", ");
    }
    add.reason.push_str("dedicated istiod nodes");
}

/// What costs capacity in a mesh and is not in these figures, said plainly.
fn not_modelled(visibility: &Visibility, resilience: &Resilience, policy: &Policy) -> Vec<String> {
    let mut list = vec![
        "Configuration chosen by labels of the calling pod: DestinationRules with a workloadSelector, and matches on sourceLabels or sourceNamespace, which count for every proxy."
            .to_owned(),
        "Response times of workloads for which none were measured, and waiting for the CPU of a full node.".to_owned(),
        "istiod's memory while many proxies reconnect at once, beyond the pushes that its throttle lets it work on at once.".to_owned(),
        "Collectors and backends of traces and logs, metrics of applications and of istiod, and the log line that a ztunnel writes for each connection.".to_owned(),
        "EnvoyFilters: neither what they cost nor what they add to the configuration sent. Of policies and WasmPlugins, what they add to it; calls to providers of authorization."
            .to_owned(),
        "What the istio-cni agents use: only what they request is placed, where ambient mode needs them."
            .to_owned(),
        "Jobs whose classic sidecar outlives them: their proxies are taken to end with them.".to_owned(),
        "Topology spread, pod affinity, volumes, priorities and preemption in placement.".to_owned(),
    ];
    list.extend(scenarios::not_looked_at(policy));
    list.extend(resilience.not_modelled());
    if !policy.control_plane.remote_clusters.is_empty() {
        list.push(
            "What services and endpoints of other clusters add to the proxies of this one: their memory, what they are sent, the largest messages. They count in istiod alone."
                .to_owned(),
        );
    }
    list.extend(visibility.assumptions.iter().cloned());
    list
}

/// Every kind of finding that making a plan can raise.
#[must_use]
pub fn findings() -> Vec<&'static FindingKind> {
    [
        crate::inventory::FINDINGS,
        mesh::FINDINGS,
        crate::card::FINDINGS,
        overhead::FINDINGS,
        &overhead::CONTROL_PLANE_FINDINGS,
        telemetry::FINDINGS,
        placement::FINDINGS,
        resilience::FINDINGS,
        measurement::FINDINGS,
        crate::latency::FINDINGS,
        &[&responses::OF_NO_WORKLOAD, &responses::OF_ANOTHER_KIND, &scenarios::SCENARIO_UNANSWERED],
    ]
    .concat()
}
