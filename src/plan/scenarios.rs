//! The scenarios a policy asks for.

use std::collections::BTreeSet;

use crate::card::ModelCard;
use crate::finding::{Finding, FindingKind, Severity};
use crate::inventory::Inventory;
use crate::policy::{Policy, Step};
use crate::scenario::{Matrix, Situation, catalogue, matrix};
use crate::scheduler::{KubernetesVersion, Profile};

/// A scenario of the policy that this input cannot answer.
pub const SCENARIO_UNANSWERED: FindingKind = FindingKind {
    id: "scenario-unanswered",
    severity: Severity::Error,
    meaning: "a scenario of the policy names something that the input does not have, or asks what cannot be asked of it",
    why: "the scenario is missing from the plan",
    remedy: "correct the name in the policy, or give the input that has it",
};

/// The policy's scenarios worked out, and what was noticed; nothing where it has none.
pub fn scenarios(inventory: &Inventory, policy: &Policy, card: &ModelCard) -> (Matrix, Vec<Finding>) {
    if policy.scenarios.is_empty() {
        return (Matrix::default(), Vec::new());
    }
    let rules = Profile::new(KubernetesVersion::default());
    let own = catalogue();
    let shapes = if policy.shapes.is_empty() { &own } else { &policy.shapes };
    let matrix = matrix(&Situation { inventory, policy, card, rules: &rules, shapes }, &policy.scenarios, &|| ());
    let unanswered = matrix.unknown.iter().map(|unknown| {
        let subject = format!("scenario {}", unknown.scenario);
        Finding::new(&SCENARIO_UNANSWERED, subject, unknown.trouble.clone())
    });
    let findings = unanswered.collect();
    (matrix, findings)
}

/// What of scenarios a plan does not look at; `None` where it looks at all of them.
pub fn not_looked_at(policy: &Policy) -> Option<String> {
    let asked: BTreeSet<&str> = policy.scenarios.iter().flat_map(|it| &it.steps).map(Step::kind).collect();
    let is_asked = |kinds: &[&str]| kinds.iter().any(|kind| asked.contains(kind));
    let all = [
        ("autoscalers at their maximum", is_asked(&["autoscalers-at-maximum"])),
        ("rollouts with surge", is_asked(&["rollout", "restart-data-plane"])),
        ("room elsewhere for the pods of a zone that is gone", is_asked(&["lose-zone", "lose-every-zone"])),
    ];
    let left: Vec<&str> = all.iter().filter(|(_, asked)| !asked).map(|(what, _)| *what).collect();
    let words = match left[..] {
        [] => return None,
        [one] => one.to_owned(),
        [one, two] => format!("{one} and {two}"),
        [ref initial @ .., last] => format!("{}, and {last}", initial.join(", ")),
    };
    let mut letters = words.chars();
    let first = letters.next()?.to_uppercase();
    Some(format!("{first}{}.", letters.as_str()))
}
