//! Scenarios side by side.

use super::known::Unknown;
use super::row::{Row, row};
use crate::card::ModelCard;
use crate::finding::{self, Finding};
use crate::inventory::Inventory;
use crate::parallel;
use crate::policy::{NodePoolPolicy, Policy, Scenario, Step};
use crate::scheduler::Profile;

/// What scenarios start from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What is.
    pub inventory: &'a Inventory,
    /// What is wanted.
    pub policy: &'a Policy,
    /// What things cost.
    pub card: &'a ModelCard,
    /// By whose rules pods are placed.
    pub rules: &'a Profile,
    /// Shapes of nodes to choose from.
    pub shapes: &'a [NodePoolPolicy],
}

/// Scenarios side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// The cluster as planned, then one row for each scenario in their order.
    pub rows: Vec<Row>,
    /// Scenarios that this input cannot answer.
    pub unknown: Vec<Unknown>,
    /// What was noticed while pods of the first row were placed.
    pub findings: Vec<Finding>,
}

/// Name of the first row.
const AS_PLANNED: &str = "as planned";

/// Works out every scenario. `done` is told of each row that is ready, from whatever thread; rows keep their order.
#[must_use]
pub fn matrix(situation: &Situation<'_>, scenarios: &[Scenario], done: &(dyn Fn() + Sync)) -> Matrix {
    let nothing: (&str, &[Step]) = (AS_PLANNED, &[]);
    let all: Vec<(&str, &[Step])> =
        [nothing].into_iter().chain(scenarios.iter().map(|it| (it.name.as_str(), it.steps.as_slice()))).collect();
    let of_one = |number: usize| {
        let (name, steps) = all.get(number).copied().unwrap_or(nothing);
        let row = row(name, steps, situation);
        done();
        row.map_err(|trouble| Unknown { scenario: name.to_owned(), trouble })
    };
    let rows = parallel::map(all.len(), 1, || (), |(), number| of_one(number));
    let mut matrix = Matrix::default();
    for (number, row) in rows.into_iter().enumerate() {
        match row {
            Err(unknown) => matrix.unknown.push(unknown),
            Ok((row, findings)) => {
                if number == 0 {
                    matrix.findings = findings;
                }
                matrix.rows.push(row);
            }
        }
    }
    finding::sort(&mut matrix.findings);
    matrix
}
