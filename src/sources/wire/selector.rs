//! Label selectors.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::Metadata;
use super::pod::{RequirementWire, requirement};
use super::text::{Seq, Text, TextMap};
use crate::inventory::objects::{ControllerKind, Operator, Requirement};

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
        let equal = labels.into_iter().map(|(key, value)| equal(key, value));
        equal.chain(self.match_expressions.0.iter().map(requirement)).collect()
    }
}

/// Selector of a controller: labels and expressions, or, in old kinds, labels alone at the top.
#[derive(Default)]
pub(super) struct OwnPods<'a> {
    selector: SelectorWire<'a>,
    plain: Vec<(Text<'a>, Text<'a>)>,
}

impl OwnPods<'_> {
    /// What pods must meet; of controllers that need not say, the labels of their template.
    pub(super) fn requirements(&self, kind: ControllerKind, template: &Metadata<'_>) -> Vec<Requirement> {
        let mut requirements = self.selector.requirements();
        requirements.extend(self.plain.iter().map(|(key, value)| equal(key.into(), value.into())));
        let may_be_silent = matches!(kind, ControllerKind::ReplicationController | ControllerKind::DeploymentConfig);
        if requirements.is_empty() && may_be_silent {
            requirements.extend(template.labels().into_iter().map(|(key, value)| equal(key, value)));
        }
        requirements
    }
}

fn equal(key: String, value: String) -> Requirement {
    Requirement { key, operator: Operator::In, values: vec![value] }
}

impl<'de: 'a, 'a> Deserialize<'de> for OwnPods<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SelectorVisitor;
        impl<'de> Visitor<'de> for SelectorVisitor {
            type Value = OwnPods<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a selector")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OwnPods<'de>, A::Error> {
                let mut own = OwnPods::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.as_str() {
                        "matchLabels" => own.selector.match_labels = map.next_value()?,
                        "matchExpressions" => own.selector.match_expressions = map.next_value()?,
                        _ => own.plain.push((key, map.next_value()?)),
                    }
                }
                Ok(own)
            }
            fn visit_unit<E>(self) -> Result<OwnPods<'de>, E> {
                Ok(OwnPods::default())
            }
        }
        deserializer.deserialize_any(SelectorVisitor)
    }
}
