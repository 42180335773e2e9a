//! What the mesh requests and uses in a plan, and what a change of it saves.

use super::{Dangers, Saves};
use crate::inventory::{Inventory, request};
use crate::overhead::Event;
use crate::placement::new_node;
use crate::plan::{Outcome, Plan};
use crate::units::{Cores, DataRate, Memory, Rate, Seconds, Series};

/// What the mesh requests and uses, and how the cluster stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// CPU that proxies, ztunnels among them, and istiod request.
    pub cpu: Cores,
    /// Memory that they request.
    pub memory: Memory,
    /// CPU that they use.
    pub cpu_used: Cores,
    /// Memory that they use.
    pub memory_used: Memory,
    /// Nodes of the policy's pool that all requests fill, applications' among them.
    pub nodes: f64,
    /// Time series of the mesh.
    pub series: Series,
    /// Spans that its proxies make.
    pub spans: Rate,
    /// Access log that they write.
    pub log: DataRate,
    /// How long a change of configuration takes until the last proxy has it.
    pub config_change: Seconds,
    /// How long all proxies take to connect again after istiod restarts.
    pub reconnect: Seconds,
    /// Pods without a place.
    pub unplaced: u64,
    /// What is in danger.
    pub dangers: Dangers,
    /// Nodes to add.
    pub nodes_to_add: u64,
    /// Whether the policy is met; `None` where it cannot be judged.
    pub policy_met: Option<bool>,
}

impl Figures {
    /// The figures of a plan and the inventory it was made of.
    #[must_use]
    pub fn of(plan: &Plan, inventory: &Inventory) -> Self {
        let totals = &plan.totals;
        let istiod = &plan.control_plane;
        let (replicas, cpu, memory) = match &istiod.deployed {
            Some((replicas, declared)) => {
                (*replicas, declared.cpu.unwrap_or_default(), declared.memory.unwrap_or_default())
            }
            None => (istiod.replicas, istiod.cpu_request, istiod.memory_request),
        };
        let count = replicas as f64;
        let ztunnel = plan.ztunnel.as_ref().map(|cost| cost.requests.to_resources()).unwrap_or_default();
        let ztunnels = totals.ztunnels as f64;
        let cpu = totals.proxy_cpu_requested + ztunnel.cpu.to_cores() * ztunnels + cpu.to_cores() * count;
        let memory = totals.proxy_memory_requested + ztunnel.memory.to_memory() * ztunnels + memory.to_memory() * count;
        let istiod_cpu = istiod.operation.as_ref().map_or(Cores::ZERO, |operation| operation.cpu.value);
        let times = || istiod.operation.iter().flat_map(|operation| &operation.times);
        let waiting = |event: &Event| times().find(|it| it.event == *event).map_or(Seconds::ZERO, |it| it.time.value);
        let applications = applications(inventory);
        let (_, offered) = new_node(&inventory.nodes, &plan.policy);
        let filled = |requested: f64, offered: f64| if offered > 0.0 { requested / offered } else { 0.0 };
        let by_cpu = filled((applications.0 + cpu).as_cores(), offered.resources.cpu.to_cores().as_cores());
        let by_memory = filled((applications.1 + memory).as_bytes(), offered.resources.memory.to_memory().as_bytes());
        Self {
            cpu,
            memory,
            cpu_used: totals.proxy_cpu.value + istiod_cpu,
            memory_used: totals.proxy_memory.value + istiod.memory.value * count,
            nodes: by_cpu.max(by_memory),
            series: plan.telemetry.total.series.value,
            spans: plan.telemetry.total.spans.value,
            log: plan.telemetry.total.log_traffic.value,
            config_change: waiting(&Event::ConfigChange),
            reconnect: waiting(&Event::Restart),
            unplaced: plan.headroom.unplaced.len() as u64,
            dangers: Dangers::of(plan),
            nodes_to_add: plan.headroom.nodes_to_add.count,
            policy_met: match plan.verdict.outcome {
                Outcome::Fits => Some(true),
                Outcome::Tight | Outcome::DoesNotFit => Some(false),
                Outcome::Unjudged => None,
            },
        }
    }

    /// What changing to other figures saves.
    #[must_use]
    pub fn saved_by(&self, after: &Self, plan: &Plan) -> Saves {
        let nodes = self.nodes - after.nodes;
        Saves {
            cpu: self.cpu - after.cpu,
            memory: self.memory - after.memory,
            cpu_used: self.cpu_used - after.cpu_used,
            memory_used: self.memory_used - after.memory_used,
            nodes,
            series: self.series - after.series,
            spans: self.spans - after.spans,
            log: self.log - after.log,
            config_change: self.config_change - after.config_change,
            reconnect: self.reconnect - after.reconnect,
            money: plan.policy.node_pool.price_per_hour * nodes,
            dangers: fewer(self.dangers.acute(), after.dangers.acute()),
            guards: fewer(self.dangers.unguarded, after.dangers.unguarded),
        }
    }

    /// What a change makes worse for the whole cluster, in words; `None` where it makes nothing worse. Pools and
    /// timeouts are left out: what they must hold is asked again once everything else is decided.
    #[must_use]
    pub fn harm_of(&self, after: &Self) -> Option<String> {
        if after.unplaced > self.unplaced {
            return Some(format!("{} more pods would have no place", after.unplaced - self.unplaced));
        }
        let (was, is) = (&self.dangers, &after.dangers);
        if is.killed > was.killed {
            return Some(format!("{} more proxies could be killed while they start", is.killed - was.killed));
        }
        if is.ejections > was.ejections {
            let more = is.ejections - was.ejections;
            return Some(format!("{more} more outlier detections would leave fewer pods than carry the load"));
        }
        (self.policy_met == Some(true) && after.policy_met == Some(false))
            .then(|| "the policy would no longer be met".to_owned())
    }
}

/// How many fewer there are, below 0 where there are more.
fn fewer(before: u64, after: u64) -> f64 {
    before as f64 - after as f64
}

/// What the containers of applications request.
fn applications(inventory: &Inventory) -> (Cores, Memory) {
    inventory.workloads.iter().fold((Cores::ZERO, Memory::ZERO), |(cpu, memory), workload| {
        let own = request::application_request(&workload.spec);
        let replicas = workload.replicas as f64;
        (cpu + own.cpu.to_cores() * replicas, memory + own.memory.to_memory() * replicas)
    })
}
