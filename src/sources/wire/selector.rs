//! Label selectors.

use serde::Deserialize;

use super::pod::{RequirementWire, requirement};
use super::text::{Seq, TextMap};
use crate::inventory::objects::{Operator, Requirement};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SelectorWire<'a> {
    #[serde(borrow)]
    match_labels: TextMap<'a>,
    #[serde(borrow)]
    match_expressions: Seq<RequirementWire<'a>>,
}

impl SelectorWire<'_> {
    /// What labels must meet, all of it.
    pub(super) fn requirements(&self) -> Vec<Requirement> {
        let labels = self.match_labels.to_labels();
        let equal =
            labels.into_iter().map(|(key, value)| Requirement { key, operator: Operator::In, values: vec![value] });
        equal.chain(self.match_expressions.0.iter().map(requirement)).collect()
    }
}
