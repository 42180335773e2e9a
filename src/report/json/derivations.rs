//! The arithmetic behind figures, each distinct one written once and referred to by its place.

use std::collections::BTreeMap;

use serde::Serialize;

use super::wire::Number;
use crate::estimate::{Basis, Estimate};

/// How a figure came about: terms that add up to it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Derivation<'a> {
    /// Name of the law, e.g. `proxy memory`.
    law: &'a str,
    /// Summands, in reading order.
    terms: Vec<Term<'a>>,
    /// What was assumed because the input did not say.
    assumptions: Vec<&'a str>,
}

/// One summand: `count × coefficient = amount`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Term<'a> {
    /// What is counted.
    what: &'a str,
    /// How many of it.
    count: Number,
    /// What one of it costs, in `unit`.
    coefficient: Number,
    /// The product, in `unit`.
    amount: Number,
    /// Unit of coefficient and amount.
    unit: &'a str,
}

/// Derivations met so far. A mesh of a hundred thousand proxies has a few hundred distinct ones.
#[derive(Default)]
pub struct Derivations<'a> {
    list: Vec<Derivation<'a>>,
    place_of: BTreeMap<String, usize>,
}

impl<'a> Derivations<'a> {
    /// The place of an estimate's derivation in the list; `None` for a figure without arithmetic.
    pub fn place<Q>(&mut self, estimate: &'a Estimate<Q>) -> Option<usize> {
        let basis = &estimate.basis;
        if basis.terms.is_empty() && basis.assumptions.is_empty() {
            return None;
        }
        let derivation = Derivation::from(basis);
        // Text is its own key: numbers that are written alike are alike to the reader.
        let key = serde_json::to_string(&derivation).unwrap_or_default();
        let next = self.list.len();
        let place = *self.place_of.entry(key).or_insert(next);
        if place == next {
            self.list.push(derivation);
        }
        Some(place)
    }

    /// All of them, in the order in which they were first met.
    pub fn into_list(self) -> Vec<Derivation<'a>> {
        self.list
    }
}

impl<'a> From<&'a Basis> for Derivation<'a> {
    fn from(basis: &'a Basis) -> Self {
        let term = |term: &'a crate::estimate::Term| Term {
            what: &term.what,
            count: Number::new(term.count),
            coefficient: Number::new(term.coefficient),
            amount: Number::new(term.amount),
            unit: &term.unit,
        };
        let assumptions = basis.assumptions.iter().map(String::as_str).collect();
        Self { law: &basis.law, terms: basis.terms.iter().map(term).collect(), assumptions }
    }
}
