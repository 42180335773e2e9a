//! Requests and replicas of istiod.
//!
//! **Question.** Does istiod carry the mesh at its peaks, after the losses the policy names?
//! **Law.** [`crate::overhead::ControlPlane`]: what a replica needs while much of the mesh changes at once, and how many
//! must survive. Its autoscaler answers too late for that: new replicas get new connections only, and those there are
//! move within half an hour. So the least number of replicas is that of the peak.
//! **Decision.** Raised where it is short; lowered where it requests more than the policy tolerates. A memory limit that
//! there is never stays below the upper end of its peak, the largest measurement with the policy's reserve, or the request.
//! **Patch.** Helm values of istiod.
//!
//! **Source.** istio/istio issues 34203 (replicas going up and down) and 11181 (the old replica keeps its load).

use super::{Amount, Kind, Question, Recommendation, Risk, Setting, Withheld, steps};
use crate::inventory::Change;
use crate::inventory::objects::{MeshConfig, MeshConfigOrigin, PilotValues};
use crate::overhead::{ControlPlane, Event, MeasuredMemory};
use crate::resources::Declared;
use crate::units::{Bytes, Cores, Memory, Millicores};

/// Sizes istiod.
#[must_use]
pub fn istiod(question: &Question<'_>) -> Vec<Recommendation> {
    of_mesh(question).into_iter().collect()
}

fn of_mesh(question: &Question<'_>) -> Option<Recommendation> {
    let needed = &question.plan.control_plane;
    if needed.proxies == 0 {
        return None;
    }
    let today = Today::of(needed);
    let target = Target::of(question, needed, &today);
    if !target.is_worth(&today, question.policy().tolerance.get()) {
        return None;
    }
    let settings = settings(needed, &today, &target);
    let mut found = Recommendation::new(Kind::Istiod, "mesh", "istiod", settings);
    found.terms.clone_from(&needed.memory.basis.terms);
    found.basis = basis(needed);
    let (before, after) = (today.replicas as f64, target.least as f64);
    found.own = (
        today.cpu.unwrap_or_default().to_cores() * before - target.cpu.to_cores() * after,
        today.memory.unwrap_or_default().to_memory() * before - target.memory.to_memory() * after,
    );
    found.risk = risk(question, needed, &today);
    if let Some(binds) = &needed.infeasible {
        let what = format!(
            "{binds}; scope what proxies are sent first, or allow larger replicas (control_plane.replica_memory)"
        );
        return Some(found.withhold(Withheld::Infeasible(what)));
    }
    found.changes = vec![Change::Values(Box::new(values(&target)))];
    Some(found)
}

/// istiod as it is.
struct Today {
    replicas: u64,
    cpu: Option<Millicores>,
    memory: Option<Bytes>,
    memory_limit: Option<Bytes>,
    bounds: Option<(u64, u64)>,
}

impl Today {
    fn of(needed: &ControlPlane) -> Self {
        let (replicas, requests) = needed.deployed.clone().unwrap_or((0, Declared::default()));
        let autoscaling = needed.operation.as_ref().and_then(|operation| operation.autoscaling.as_ref());
        let bounds = autoscaling.filter(|own| !own.assumed).map(|own| own.bounds);
        Self { replicas, cpu: requests.cpu, memory: requests.memory, memory_limit: needed.memory_limit, bounds }
    }
}

/// istiod as it should be.
struct Target {
    least: u64,
    most: u64,
    cpu: Millicores,
    memory: Bytes,
    /// Where the one there is has to be raised.
    memory_limit: Option<Bytes>,
}

impl Target {
    fn of(question: &Question<'_>, needed: &ControlPlane, today: &Today) -> Self {
        let lowered = 1.0 - question.policy().max_change.get();
        let least = |now: u64| (now as f64 * lowered).ceil() as u64;
        let cpu = today.cpu.map_or(0, |now| least(now.get()));
        let memory = today.memory.map_or(0, |now| least(now.get()));
        let memory = needed.memory_request.max(Bytes::from_mib(memory.div_ceil(1 << 20)));
        let limit_needed = steps::memory(needed.memory_limit_needed()).max(memory);
        let (_, usual) = question.inputs.card.istiod_limits.autoscaler_bounds();
        Self {
            // Replicas beyond the need cost little and are left to whoever wanted them.
            least: needed.replicas.max(today.replicas),
            most: today.bounds.map_or(usual, |(_, most)| most).max(needed.replicas).max(today.replicas),
            cpu: needed.cpu_request.max(Millicores::new(cpu)),
            memory,
            memory_limit: today.memory_limit.filter(|limit| *limit < limit_needed).map(|_| limit_needed),
        }
    }

    fn is_worth(&self, today: &Today, tolerance: f64) -> bool {
        let shifts = |from: Option<u64>, to: u64| {
            let from = from.unwrap_or(0);
            to > from || (from - to) as f64 > tolerance * from as f64
        };
        self.least > today.replicas
            || self.memory_limit.is_some()
            || shifts(today.cpu.map(Millicores::get), self.cpu.get())
            || shifts(today.memory.map(Bytes::get), self.memory.get())
    }
}

fn settings(needed: &ControlPlane, today: &Today, target: &Target) -> Vec<Setting> {
    let share = |cores: Cores| Amount::Cpu(Millicores::holding(cores * (1.0 / needed.replicas.max(1) as f64)));
    let peak = |memory: Memory| Amount::Memory(Bytes::from_mib(memory.as_mib().ceil() as u64));
    let limit = target
        .memory_limit
        .map(|limit| Setting::exact("memory limit", today.memory_limit.map(Amount::Memory), Amount::Memory(limit)));
    let mut settings = vec![
        Setting::exact(
            "replicas",
            (today.replicas > 0).then_some(Amount::Count(today.replicas)),
            Amount::Count(target.least),
        ),
        Setting {
            name: "CPU request",
            current: today.cpu.map(Amount::Cpu),
            lower: share(needed.cpu.lower),
            target: Amount::Cpu(target.cpu),
            upper: share(needed.cpu.upper),
        },
        Setting {
            name: "memory request",
            current: today.memory.map(Amount::Memory),
            lower: peak(needed.memory.lower),
            target: Amount::Memory(target.memory),
            upper: peak(needed.memory.upper),
        },
        Setting::exact(
            "autoscaler's bounds",
            today.bounds.map(|(least, most)| Amount::Text(format!("{least}–{most}"))),
            Amount::Text(format!("{}–{}", target.least, target.most)),
        ),
    ];
    settings.extend(limit);
    settings
}

fn basis(needed: &ControlPlane) -> Vec<String> {
    let mut basis = vec![format!(
        "{} proxies: {:.2} cores over all replicas while much changes at once, up to {:.2}; {:.0} MiB a replica, up to {:.0}",
        needed.proxies,
        needed.cpu.value.as_cores(),
        needed.cpu.upper.as_cores(),
        needed.memory.value.as_mib(),
        needed.memory.upper.as_mib(),
    )];
    basis.extend(needed.measured.as_ref().map(MeasuredMemory::in_words));
    let Some(operation) = &needed.operation else { return basis };
    for event in [Event::ConfigChange, Event::Restart] {
        if let Some(waiting) = operation.times.iter().find(|waiting| waiting.event == event) {
            basis.push(format!(
                "today {} takes {:.1} s with {} replicas",
                if event == Event::Restart { "connecting all proxies again" } else { "a change of configuration" },
                waiting.time.value.as_seconds(),
                operation.replicas,
            ));
        }
    }
    if let Some(own) = operation.autoscaling.as_ref().filter(|own| own.flaps) {
        basis.push(format!(
            "its autoscaler flaps: {} replicas at rest, {} under push; a higher minimum ends that",
            own.at_rest, own.under_push
        ));
    }
    basis
}

fn risk(question: &Question<'_>, needed: &ControlPlane, today: &Today) -> Risk {
    let sizing = &question.inputs.policy.sizing;
    let memory = crate::overhead::memory_needed(&needed.memory, sizing, Bytes::ZERO);
    let measured = needed.measured.as_ref().map(|measured| measured.limit_needed);
    let removes = if today.replicas == 0 {
        None
    } else if today.memory_limit.is_some_and(|limit| measured.is_some_and(|most| limit < most)) {
        Some("istiod may be killed: its memory limit is close to what was measured".to_owned())
    } else if today.memory_limit.is_some_and(|limit| limit < needed.memory_limit_needed()) {
        Some("istiod may be killed in the middle of a push: its memory limit is below the peak".to_owned())
    } else if today.memory.is_some_and(|now| now < memory) {
        Some("istiod may run its node out of memory: it requests less than a replica needs at its peak".to_owned())
    } else if today.replicas == 1 {
        Some("a single istiod: while it is away nothing is pushed and no new pod gets a certificate".to_owned())
    } else if today.replicas < needed.replicas {
        Some("the replicas left after a loss do not carry the mesh".to_owned())
    } else {
        None
    };
    Risk { removes, brings: vec!["istiod is replaced once: all proxies connect again".to_owned()] }
}

fn values(target: &Target) -> MeshConfig {
    let pilot = PilotValues {
        requests: Declared::new(Some(target.cpu), Some(target.memory)),
        limits: Declared::new(None, target.memory_limit),
        replicas: None,
        autoscaled: Some(true),
        autoscale_min: Some(target.least),
        autoscale_max: Some(target.most),
        ..PilotValues::default()
    };
    MeshConfig { origin: MeshConfigOrigin::Overlay, pilot, ..MeshConfig::default() }
}
