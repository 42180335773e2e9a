//! Situations to ask about: what changes, what is lost, and what is then to be found out.

mod written;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::written::Written;
use super::{NodePoolPolicy, PolicyError};

/// A situation with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Scenario {
    /// Its name in reports.
    pub name: String,
    /// What happens, in order: changes of what is planned, then losses, then at most one question.
    pub steps: Vec<Step>,
}

/// One thing that happens, or that is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Namespaces join the mesh.
    Enrol {
        /// Which; `all` for every namespace but the system's.
        namespaces: Vec<String>,
    },
    /// Namespaces leave their sidecars for ambient mode.
    Ambient {
        /// Which; empty for the whole mesh.
        namespaces: Vec<String>,
    },
    /// Traffic grows, or shrinks.
    Traffic {
        /// By this factor, above 0.
        factor: f64,
    },
    /// Every autoscaler goes to its maximum.
    AutoscalersAtMaximum,
    /// A workload gets further pods.
    AddPods {
        /// `NAMESPACE/NAME`, or `NAMESPACE/KIND/NAME`.
        workload: String,
        /// How many.
        count: u64,
    },
    /// Nodes join.
    AddNodes {
        /// How many.
        count: u64,
        /// Name of a [shape](NodeShapes); that of the policy's node pool without it.
        shape: Option<String>,
    },
    /// A node fails.
    LoseNode {
        /// Its name.
        node: String,
    },
    /// A zone fails.
    LoseZone {
        /// The value of its label, or the end of it that tells it apart.
        zone: String,
    },
    /// How many more pods of a workload fit, and what keeps the next one out.
    FitMorePods {
        /// As in [`Self::AddPods`].
        workload: String,
    },
    /// Which shape of node takes the pods that have no place at the least price.
    CheapestNodes {
        /// Whether the new nodes replace all present ones.
        replace: bool,
    },
    /// Which single node's failure is worst.
    LoseEveryNode,
    /// Which zone's failure is worst.
    LoseEveryZone,
    /// By which factor traffic can grow before a check fails, and which check that is.
    TrafficUntilBreak,
    /// Namespaces join one after the other: which one breaks something first.
    EnrolInTurn {
        /// In this order; without any, those outside the mesh, smallest first.
        namespaces: Vec<String>,
    },
    /// Which nodes can go.
    Consolidate,
    /// How draining nodes goes, and where it sticks.
    Drain {
        /// Which, in this order; empty for all of them.
        nodes: Vec<String>,
        /// Whether each comes back empty before the next is drained, as when nodes are upgraded.
        come_back: bool,
    },
    /// How rolling workloads out goes, all at the same time.
    Rollout {
        /// As in [`Self::AddPods`]; empty for all of them.
        workloads: Vec<String>,
    },
    /// How restarting every pod with a proxy goes, in waves that fit.
    RestartDataPlane {
        /// Whose; empty for all of them.
        namespaces: Vec<String>,
    },
    /// How an upgrade with a second istiod goes, and the way back.
    Upgrade {
        /// Which move, in this order; empty for all with proxies, by name.
        namespaces: Vec<String>,
    },
}

/// When a step happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepOrder {
    /// Before the plan is made: it changes what is planned.
    Change,
    /// After everything planned is in place.
    Loss,
    /// At the end.
    Question,
}

impl Step {
    /// Its kind in files.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Enrol { .. } => "enrol",
            Self::Ambient { .. } => "ambient",
            Self::Traffic { .. } => "traffic",
            Self::AutoscalersAtMaximum => "autoscalers-at-maximum",
            Self::AddPods { .. } => "add-pods",
            Self::AddNodes { .. } => "add-nodes",
            Self::LoseNode { .. } => "lose-node",
            Self::LoseZone { .. } => "lose-zone",
            Self::FitMorePods { .. } => "fit-more-pods",
            Self::CheapestNodes { .. } => "cheapest-nodes",
            Self::LoseEveryNode => "lose-every-node",
            Self::LoseEveryZone => "lose-every-zone",
            Self::TrafficUntilBreak => "traffic-until-break",
            Self::EnrolInTurn { .. } => "enrol-in-turn",
            Self::Consolidate => "consolidate",
            Self::Drain { .. } => "drain",
            Self::Rollout { .. } => "rollout",
            Self::RestartDataPlane { .. } => "restart-data-plane",
            Self::Upgrade { .. } => "upgrade",
        }
    }

    /// When it happens.
    #[must_use]
    pub fn order(&self) -> StepOrder {
        match self {
            Self::Enrol { .. }
            | Self::Ambient { .. }
            | Self::Traffic { .. }
            | Self::AutoscalersAtMaximum
            | Self::AddPods { .. }
            | Self::AddNodes { .. } => StepOrder::Change,
            Self::LoseNode { .. } | Self::LoseZone { .. } => StepOrder::Loss,
            Self::FitMorePods { .. }
            | Self::CheapestNodes { .. }
            | Self::LoseEveryNode
            | Self::LoseEveryZone
            | Self::TrafficUntilBreak
            | Self::EnrolInTurn { .. }
            | Self::Consolidate
            | Self::Drain { .. }
            | Self::Rollout { .. }
            | Self::RestartDataPlane { .. }
            | Self::Upgrade { .. } => StepOrder::Question,
        }
    }
}

/// Scenarios and node shapes, as a file of their own or within a policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScenarioFile {
    /// What is asked, in order.
    #[serde(rename = "scenario")]
    pub scenarios: Vec<Scenario>,
    /// Shapes of nodes to choose from, instead of the catalogue that comes with the program.
    #[serde(rename = "shape")]
    pub shapes: NodeShapes,
}

/// Shapes of nodes with prices, each as a policy's node pool.
pub type NodeShapes = Vec<NodePoolPolicy>;

impl ScenarioFile {
    /// Reads scenarios from TOML text.
    ///
    /// # Errors
    /// [`PolicyError`] for text that is not TOML, unknown kinds and fields, values outside their range, an order that
    /// makes no sense, and a file without scenarios.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let file: Self = toml::from_str(text).map_err(|error| PolicyError { message: error.to_string() })?;
        if file.scenarios.is_empty() {
            let message = "there is no [[scenario]] in it; write at least one, such as kind = \"lose-every-node\"";
            return Err(PolicyError { message: message.to_owned() });
        }
        check(&file.scenarios, &file.shapes)?;
        Ok(file)
    }

    /// Reads shapes alone, as in a catalogue.
    ///
    /// # Errors
    /// As [`Self::from_toml`], scenarios aside.
    pub fn shapes_from_toml(text: &str) -> Result<NodeShapes, PolicyError> {
        let file: Self = toml::from_str(text).map_err(|error| PolicyError { message: error.to_string() })?;
        check(&[], &file.shapes)?;
        Ok(file.shapes)
    }
}

/// What is wrong with scenarios and shapes as a whole, if anything.
pub(super) fn check(scenarios: &[Scenario], shapes: &[NodePoolPolicy]) -> Result<(), PolicyError> {
    let wrong = |message: String| Err(PolicyError { message });
    let mut names = BTreeSet::new();
    for scenario in scenarios {
        if !names.insert(scenario.name.as_str()) {
            return wrong(format!("two scenarios are called {:?}: give each a name of its own", scenario.name));
        }
    }
    for shape in shapes {
        if let Some(message) = shape.wrong() {
            return wrong(format!("shape {:?}: {message}", shape.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        match (ScenarioFile::from_toml(text), expected) {
            (Ok(file), Ok(kinds)) => {
                let found: Vec<&str> = file.scenarios.iter().flat_map(|it| &it.steps).map(Step::kind).collect();
                assert_eq!(found, kinds, "{text}");
                let again = toml::to_string(&file).unwrap();
                assert_eq!(ScenarioFile::from_toml(&again), Ok(file), "{again}");
            }
            (Err(error), Err(word)) => assert!(error.message.contains(word), "{text}: {error}"),
            (found, expected) => panic!("{text}: {found:?} where {expected:?} was expected"),
        }
    }

    #[test]
    fn steps_are_read_and_written() {
        for (text, kinds) in [
            ("[[scenario]]\nkind = \"lose-every-node\"", &["lose-every-node"][..]),
            ("[[scenario]]\nkind = \"drain\"", &["drain"]),
            ("[[scenario]]\nkind = \"drain\"\nnodes = [\"a\", \"b\"]\ncome_back = true", &["drain"]),
            ("[[scenario]]\nkind = \"rollout\"\nworkloads = [\"shop/cart\"]", &["rollout"]),
            (
                "[[scenario]]\nkind = \"add-nodes\"\ncount = 1\nthen = [{ kind = \"restart-data-plane\" }]",
                &["add-nodes", "restart-data-plane"],
            ),
            ("[[scenario]]\nkind = \"upgrade\"\nnamespaces = [\"shop\"]", &["upgrade"]),
            (
                "[[scenario]]\nname = \"enrolled without b\"\nkind = \"enrol\"\nnamespaces = [\"shop\"]\nthen = [{ kind = \
                 \"lose-zone\", zone = \"b\" }, { kind = \"fit-more-pods\", workload = \"shop/cart\" }]",
                &["enrol", "lose-zone", "fit-more-pods"],
            ),
            (
                "[[scenario]]\nkind = \"traffic\"\nfactor = 1.5\n[[scenario]]\nkind = \"consolidate\"",
                &["traffic", "consolidate"],
            ),
            (
                "[[scenario]]\nkind = \"add-nodes\"\ncount = 2\nshape = \"big\"\n[[shape]]\nname = \"big\"\ncpu = 16\nmemory = \"64Gi\"",
                &["add-nodes"],
            ),
        ] {
            check(text, Ok(kinds));
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_its_place() {
        for (text, word) in [
            ("", "no [[scenario]]"),
            ("[[scenario]]\nkind = \"lose-zones\"", "unknown kind `lose-zones`"),
            ("[[scenario]]\nname = \"x\"", "`kind` is missing"),
            ("\n[[scenario]]\nkind = \"lose-zone\"", "line 2"),
            (
                "[[scenario]]\nkind = \"lose-zone\"\nnode = \"b\"",
                "`node` says nothing to kind `lose-zone`; it takes `zone`",
            ),
            ("[[scenario]]\nkind = \"consolidate\"\ncount = 1", "it takes no fields"),
            ("[[scenario]]\nkind = \"lose-zone\"\nzones = \"b\"", "zones"),
            ("[[scenario]]\nkind = \"add-pods\"\nworkload = \"a/b\"\ncount = -1", "-1"),
            ("[[scenario]]\nkind = \"add-pods\"\nworkload = \"a/b\"\ncount = 0", "from 1 to"),
            ("[[scenario]]\nkind = \"add-pods\"\ncount = 3", "needs `workload`"),
            ("[[scenario]]\nkind = \"traffic\"\nfactor = -2.0", "factor"),
            ("[[scenario]]\nkind = \"traffic\"\nfactor = nan", "factor"),
            ("[[scenario]]\nkind = \"enrol\"", "needs `namespaces`"),
            ("[[scenario]]\nkind = \"consolidate\"\nthen = [{ kind = \"lose-zone\", zone = \"b\" }]", "comes last"),
            (
                "[[scenario]]\nkind = \"lose-zone\"\nzone = \"b\"\nthen = [{ kind = \"traffic\", factor = 2.0 }]",
                "put it after all changes",
            ),
            ("[[scenario]]\nkind = \"consolidate\"\n[[scenario]]\nkind = \"consolidate\"", "two scenarios"),
            ("[[scenario]]\nkind = \"consolidate\"\n[[shape]]\nname = \"none\"\ncpu = 0", "shape \"none\""),
            ("[[scenario]]\nkind = \"consolidate\"\n[[shape]]\ncpu = \"-4\"", "-4"),
        ] {
            check(text, Err(word));
        }
    }
}
