//! The answer as it is written.

use serde::Serialize;

use super::wire::Number;
use crate::plan;

/// The answer.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verdict<'a> {
    /// How the plan stands with its policy.
    outcome: Outcome,
    /// What the policy asks for, one by one; empty where there is nothing to judge.
    checks: Vec<Check>,
    /// The answer in words.
    sentence: &'a str,
    /// What to do next.
    advice: &'a [String],
}

/// How a plan stands with its policy.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// Everything fits and the policy is met.
    Fits,
    /// Everything fits, but the policy is not met.
    Tight,
    /// Some pods cannot be placed.
    DoesNotFit,
    /// There are no nodes or no pods to judge.
    Unjudged,
}

/// One demand of the policy.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Check {
    /// What is asked for.
    check: CheckKind,
    /// Whether the plan meets it.
    met: bool,
    /// The figure as the cluster is; `null` where it cannot be said.
    today: Option<Number>,
    /// The figure after the change.
    planned: Number,
    /// The least headroom, or the most pods, that the policy accepts.
    limit: Number,
}

/// What a policy asks for.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum CheckKind {
    /// Pods that fit on no node: a count, at most the limit.
    UnplacedPods,
    /// Share of CPU that is not requested, at least the limit; below 0 when overcommitted.
    CpuHeadroom,
    /// Share of memory that is not requested, at least the limit.
    MemoryHeadroom,
    /// Pods without a place once the node whose loss hurts most is gone: a count, at most the limit.
    NodeLoss,
    /// Objectives on response times that are missed: a count, at most the limit.
    ResponseTimes,
}

impl<'a> From<&'a plan::Verdict> for Verdict<'a> {
    fn from(verdict: &'a plan::Verdict) -> Self {
        Self {
            outcome: verdict.outcome.into(),
            checks: verdict.checks.iter().map(Check::from).collect(),
            sentence: &verdict.sentence,
            advice: &verdict.advice,
        }
    }
}

impl From<&plan::Check> for Check {
    fn from(check: &plan::Check) -> Self {
        Self {
            check: match check.kind {
                plan::CheckKind::UnplacedPods => CheckKind::UnplacedPods,
                plan::CheckKind::CpuHeadroom => CheckKind::CpuHeadroom,
                plan::CheckKind::MemoryHeadroom => CheckKind::MemoryHeadroom,
                plan::CheckKind::NodeLoss => CheckKind::NodeLoss,
                plan::CheckKind::ResponseTimes => CheckKind::ResponseTimes,
            },
            met: check.met,
            today: check.today.map(Number::new),
            planned: Number::new(check.planned),
            limit: Number::new(check.limit),
        }
    }
}

impl From<plan::Outcome> for Outcome {
    fn from(outcome: plan::Outcome) -> Self {
        match outcome {
            plan::Outcome::Fits => Self::Fits,
            plan::Outcome::Tight => Self::Tight,
            plan::Outcome::DoesNotFit => Self::DoesNotFit,
            plan::Outcome::Unjudged => Self::Unjudged,
        }
    }
}
