//! What the policy asks for, one by one.

use super::verdict::Evidence;
use super::{Check, CheckKind, Outcome};
use crate::placement::{Fill, Headroom};

/// Shares this close to the target meet it: the rest is floating-point dust.
const DUST: f64 = 1e-9;

/// Checks a plan against its policy; empty without nodes or without pods.
pub fn checks(evidence: Evidence<'_>) -> Vec<Check> {
    let Evidence { totals, today, planned, policy, responses, .. } = evidence;
    let Some(cluster) = planned.cluster.as_ref().filter(|_| totals.pods > 0) else { return Vec::new() };
    let target = policy.headroom.target.get();
    let headroom = |kind, share: fn(&Fill) -> f64| Check {
        kind,
        today: today.cluster.as_ref().map(share),
        planned: share(cluster),
        limit: target,
        met: share(cluster) >= target - DUST,
    };
    let mut checks = vec![
        none_of(CheckKind::UnplacedPods, Some(today.unplaced.len() as u64), planned.unplaced.len() as u64),
        headroom(CheckKind::CpuHeadroom, Fill::cpu_headroom),
        headroom(CheckKind::MemoryHeadroom, Fill::memory_headroom),
    ];
    if let Some(stranded) = stranded(planned).filter(|_| policy.headroom.survive_node_losses > 0) {
        checks.push(none_of(CheckKind::NodeLoss, self::stranded(today), stranded));
    }
    let objectives = || responses.iter().flat_map(|response| &response.objectives);
    if objectives().next().is_some() {
        let missed_today = objectives().filter(|objective| !objective.today.met).count() as u64;
        let missed = objectives().filter(|objective| !objective.will_be_met()).count() as u64;
        checks.push(none_of(CheckKind::ResponseTimes, Some(missed_today), missed));
    }
    checks
}

/// The outcome that follows from the checks.
pub fn outcome(checks: &[Check]) -> Outcome {
    let missed = |kind| checks.iter().any(|check| check.kind == kind && !check.met);
    if checks.is_empty() {
        Outcome::Unjudged
    } else if missed(CheckKind::UnplacedPods) {
        Outcome::DoesNotFit
    } else if checks.iter().all(|check| check.met) {
        Outcome::Fits
    } else {
        Outcome::Tight
    }
}

/// A count that must be zero.
fn none_of(kind: CheckKind, today: Option<u64>, planned: u64) -> Check {
    Check { kind, today: today.map(|count| count as f64), planned: planned as f64, limit: 0.0, met: planned == 0 }
}

/// Pods without a place once the worst node is lost. A single node has no other to compare with:
/// all of its pods go with it.
fn stranded(headroom: &Headroom) -> Option<u64> {
    match (&headroom.worst_node_loss, &headroom.nodes[..]) {
        (Some(loss), _) => Some(loss.unplaced),
        (None, [only]) => Some(only.fill.pods),
        (None, _) => None,
    }
}
