//! What the policy asks for, looked at in one scenario.

use super::answer::{Answer, Loss, NamedCourse};
use super::placed::Placed;
use crate::policy::Policy;

/// One demand, and how it is met.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is asked for.
    pub kind: CheckKind,
    /// Where it is missed: a node or workload; empty for the cluster.
    pub subject: String,
    /// The figure, in the unit of the kind.
    pub found: f64,
    /// The most or least that is accepted.
    pub limit: f64,
    /// Whether it is.
    pub met: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckKind {
    /// Pods without a node; a count, at most the limit.
    UnplacedPods,
    /// Share of CPU that no pod requests, at least the limit.
    CpuHeadroom,
    /// Share of memory that no pod requests, at least the limit.
    MemoryHeadroom,
    /// Pods that fit nowhere once the node whose loss hurts most is gone; a count, at most the limit.
    NodeLoss,
    /// Replicas that an autoscaler asks for, at most the limit.
    Autoscaler,
    /// Cores that a proxy needs, at most its limit.
    ProxyCpu,
    /// Cores that an application uses over its replicas, at most what they may use.
    ApplicationCpu,
    /// Pods that are in the way of a course or that it leaves without a node; a count, at most the limit.
    Course,
}

/// Whether courses come to their end, every pod with a node.
pub(super) fn of_courses(answer: &Answer) -> Vec<Check> {
    let Answer::Courses(courses) = answer else { return Vec::new() };
    let check = |named: &NamedCourse| {
        let waiting: u64 = named.course.waiting.iter().map(|waiting| waiting.pods).sum();
        let met = named.course.succeeds();
        let found = if met { 0 } else { waiting.max(1) };
        Check { kind: CheckKind::Course, subject: named.name.to_owned(), found: found as f64, limit: 0.0, met }
    };
    courses.iter().map(check).collect()
}

/// Whether the loss that is worst leaves no pod without a node.
pub(super) fn node_loss(worst: &Loss) -> Check {
    let found = worst.unplaced as f64;
    Check { kind: CheckKind::NodeLoss, subject: worst.member.clone(), found, limit: 0.0, met: worst.unplaced == 0 }
}

/// Shares this close to the target meet it: the rest is floating-point dust.
const DUST: f64 = 1e-9;

/// Whether every pod has a node, and whether what the policy asks for stays free. After a loss the reserve may be
/// used: then only places count.
pub(super) fn of_placement(placed: &Placed<'_>, policy: &Policy, after_loss: bool) -> Vec<Check> {
    let unplaced = placed.unplaced.len() as f64;
    let subject = placed.first_unplaced().map_or_else(String::new, |(pod, _)| pod.to_string());
    let mut checks =
        vec![Check { kind: CheckKind::UnplacedPods, subject, found: unplaced, limit: 0.0, met: unplaced <= 0.0 }];
    let fill = &placed.fill;
    if after_loss || placed.inventory.nodes.is_empty() {
        return checks;
    }
    let target = policy.headroom.target.get();
    for (kind, found) in
        [(CheckKind::CpuHeadroom, fill.cpu_headroom()), (CheckKind::MemoryHeadroom, fill.memory_headroom())]
    {
        checks.push(Check { kind, subject: String::new(), found, limit: target, met: found >= target - DUST });
    }
    checks
}
