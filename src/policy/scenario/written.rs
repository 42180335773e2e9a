//! Scenarios as they are written: a kind with its fields, and further steps.

use serde::{Deserialize, Serialize};

use super::{Scenario, Step, StepOrder};

/// A step as it is written: any field, of which its kind takes some.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    come_back: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workloads: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<Vec<Written>>,
}

impl TryFrom<Written> for Scenario {
    type Error = String;

    fn try_from(mut written: Written) -> Result<Self, String> {
        let (name, then) = (written.name.take(), written.then.take().unwrap_or_default());
        let mut steps = vec![written.step()?];
        for mut next in then {
            if next.name.take().is_some() || next.then.take().is_some() {
                return Err("a step of `then` has no `name` and no `then` of its own: list it as a further step".into());
            }
            steps.push(next.step()?);
        }
        in_order(&steps)?;
        let kinds: Vec<&str> = steps.iter().map(Step::kind).collect();
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| kinds.join(", then "));
        Ok(Self { name, steps })
    }
}

/// Steps follow the order in which they can happen.
fn in_order(steps: &[Step]) -> Result<(), String> {
    for pair in steps.windows(2) {
        let [first, second] = pair else { continue };
        if first.order() == StepOrder::Question {
            return Err(format!("`{}` is a question and comes last, but `{}` follows", first.kind(), second.kind()));
        }
        if first.order() > second.order() {
            return Err(format!(
                "`{}` comes before `{}`: nodes are lost once everything planned is in place; put it after all changes",
                first.kind(),
                second.kind()
            ));
        }
    }
    Ok(())
}

impl Written {
    fn step(self) -> Result<Step, String> {
        let kinds = || KINDS.map(|(kind, _)| format!("`{kind}`")).join(", ");
        let Some(kind) = self.kind.clone() else {
            return Err(format!("`kind` is missing; expected one of {}", kinds()));
        };
        let Some((_, fields)) = KINDS.iter().find(|(known, _)| *known == kind) else {
            return Err(format!("unknown kind `{kind}`, expected one of {}", kinds()));
        };
        if let Some(field) = self.given().into_iter().find(|field| !fields.contains(field)) {
            let takes = match fields {
                [] => "it takes no fields".to_owned(),
                fields => format!("it takes `{}`", fields.join("`, `")),
            };
            return Err(format!("`{field}` says nothing to kind `{kind}`; {takes}"));
        }
        let needs = |field: &str| format!("kind `{kind}` needs `{field}`");
        let named = |value: Option<String>, field: &str| {
            value.filter(|value| !value.trim().is_empty()).ok_or_else(|| needs(field))
        };
        let count = |value: Option<u64>| {
            value
                .filter(|count| (1..=MOST).contains(count))
                .ok_or_else(|| format!("kind `{kind}` needs `count`, a whole number from 1 to {MOST}"))
        };
        let namespaces = self.namespaces.unwrap_or_default();
        Ok(match kind.as_str() {
            "enrol" if namespaces.is_empty() => {
                return Err(needs("namespaces") + ", a list such as [\"shop\"] or [\"all\"]");
            }
            "enrol" => Step::Enrol { namespaces },
            "ambient" => Step::Ambient { namespaces },
            "traffic" => match self.factor {
                Some(factor) if factor.is_finite() && factor > 0.0 && factor <= MOST as f64 => Step::Traffic { factor },
                Some(factor) => return Err(format!("`factor` is {factor}, but must be above 0 and at most {MOST}")),
                None => return Err(needs("factor") + ", such as 1.5"),
            },
            "autoscalers-at-maximum" => Step::AutoscalersAtMaximum,
            "add-pods" => Step::AddPods { workload: named(self.workload, "workload")?, count: count(self.count)? },
            "add-nodes" => Step::AddNodes { count: count(self.count)?, shape: self.shape },
            "lose-node" => Step::LoseNode { node: named(self.node, "node")? },
            "lose-zone" => Step::LoseZone { zone: named(self.zone, "zone")? },
            "fit-more-pods" => Step::FitMorePods { workload: named(self.workload, "workload")? },
            "cheapest-nodes" => Step::CheapestNodes { replace: self.replace.unwrap_or(false) },
            "lose-every-node" => Step::LoseEveryNode,
            "lose-every-zone" => Step::LoseEveryZone,
            "traffic-until-break" => Step::TrafficUntilBreak,
            "enrol-in-turn" => Step::EnrolInTurn { namespaces },
            "drain" => {
                let nodes = self.nodes.unwrap_or_default();
                // All nodes are drained to be upgraded: without one that comes back nothing would be left.
                Step::Drain { come_back: self.come_back.unwrap_or(nodes.is_empty()), nodes }
            }
            "rollout" => Step::Rollout { workloads: self.workloads.unwrap_or_default() },
            "restart-data-plane" => Step::RestartDataPlane { namespaces },
            "upgrade" => Step::Upgrade { namespaces },
            _ => Step::Consolidate,
        })
    }

    /// Fields that say something, name and kind aside.
    fn given(&self) -> Vec<&'static str> {
        let all = [
            ("namespaces", self.namespaces.is_some()),
            ("factor", self.factor.is_some()),
            ("workload", self.workload.is_some()),
            ("count", self.count.is_some()),
            ("shape", self.shape.is_some()),
            ("node", self.node.is_some()),
            ("zone", self.zone.is_some()),
            ("replace", self.replace.is_some()),
            ("nodes", self.nodes.is_some()),
            ("come_back", self.come_back.is_some()),
            ("workloads", self.workloads.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(field, _)| field).collect()
    }
}

/// Most pods or nodes added, and largest factor.
const MOST: u64 = 100_000;

impl From<Scenario> for Written {
    fn from(scenario: Scenario) -> Self {
        let mut steps = scenario.steps.into_iter().map(Self::from);
        let mut first = steps.next().unwrap_or_default();
        let rest: Vec<Self> = steps.collect();
        first.name = Some(scenario.name);
        first.then = (!rest.is_empty()).then_some(rest);
        first
    }
}

impl From<Step> for Written {
    fn from(step: Step) -> Self {
        let written = Self { kind: Some(step.kind().to_owned()), ..Self::default() };
        match step {
            Step::Enrol { namespaces }
            | Step::Ambient { namespaces }
            | Step::EnrolInTurn { namespaces }
            | Step::RestartDataPlane { namespaces }
            | Step::Upgrade { namespaces } => Self { namespaces: Some(namespaces), ..written },
            Step::Drain { nodes, come_back } => Self { nodes: Some(nodes), come_back: Some(come_back), ..written },
            Step::Rollout { workloads } => Self { workloads: Some(workloads), ..written },
            Step::Traffic { factor } => Self { factor: Some(factor), ..written },
            Step::AddPods { workload, count } => Self { workload: Some(workload), count: Some(count), ..written },
            Step::AddNodes { count, shape } => Self { count: Some(count), shape, ..written },
            Step::LoseNode { node } => Self { node: Some(node), ..written },
            Step::LoseZone { zone } => Self { zone: Some(zone), ..written },
            Step::FitMorePods { workload } => Self { workload: Some(workload), ..written },
            Step::CheapestNodes { replace } => Self { replace: Some(replace), ..written },
            Step::AutoscalersAtMaximum
            | Step::LoseEveryNode
            | Step::LoseEveryZone
            | Step::TrafficUntilBreak
            | Step::Consolidate => written,
        }
    }
}

/// Kinds of steps in files, each with the fields it takes.
const KINDS: [(&str, &[&str]); 19] = [
    ("enrol", &["namespaces"]),
    ("ambient", &["namespaces"]),
    ("traffic", &["factor"]),
    ("autoscalers-at-maximum", &[]),
    ("add-pods", &["workload", "count"]),
    ("add-nodes", &["count", "shape"]),
    ("lose-node", &["node"]),
    ("lose-zone", &["zone"]),
    ("fit-more-pods", &["workload"]),
    ("cheapest-nodes", &["replace"]),
    ("lose-every-node", &[]),
    ("lose-every-zone", &[]),
    ("traffic-until-break", &[]),
    ("enrol-in-turn", &["namespaces"]),
    ("consolidate", &[]),
    ("drain", &["nodes", "come_back"]),
    ("rollout", &["workloads"]),
    ("restart-data-plane", &["namespaces"]),
    ("upgrade", &["namespaces"]),
];
