//! Selectors and tolerations: where pods may run, and which labels are meant.

use super::{Labels, Node, Taint, TaintEffect};

/// One alternative of a required node affinity: all requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NodeSelectorTerm {
    /// On labels of the node.
    pub expressions: Vec<Requirement>,
    /// On fields of the node; Kubernetes allows `metadata.name` only.
    pub fields: Vec<Requirement>,
}

/// `key operator values`, as in label selectors and node affinity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement {
    /// Label key or field path.
    pub key: String,
    /// Operator.
    pub operator: Operator,
    /// Values, where the operator takes any.
    pub values: Vec<String>,
}

/// Operator of a [`Requirement`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// The value is one of the listed.
    In,
    /// The value is none of the listed, or the key is absent.
    NotIn,
    /// The key is present.
    Exists,
    /// The key is absent.
    DoesNotExist,
    /// The value is a number above the listed one.
    Gt,
    /// The value is a number below the listed one.
    Lt,
    /// Not an operator Kubernetes knows; matches nothing.
    Unknown(String),
}

/// A toleration of taints.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Toleration {
    /// Key; empty with `Exists` tolerates everything.
    pub key: String,
    /// `Equal` (also when absent) or `Exists`.
    pub exists: bool,
    /// Value for `Equal`.
    pub value: String,
    /// Effect tolerated; `None` tolerates every effect.
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    /// Whether it tolerates a taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        if self.effect.is_some_and(|effect| effect != taint.effect) {
            return false;
        }
        if self.exists {
            return self.key.is_empty() || self.key == taint.key;
        }
        self.key == taint.key && self.value == taint.value
    }
}

impl NodeSelectorTerm {
    /// Whether a node matches; an empty term matches nothing. Of fields Kubernetes knows the node's name, with `In` and `NotIn`.
    #[must_use]
    pub fn matches(&self, node: &Node) -> bool {
        let empty = self.expressions.is_empty() && self.fields.is_empty();
        let field_holds = |field: &Requirement| {
            let listed = field.values.iter().any(|value| **value == *node.name);
            match field.operator {
                Operator::In => field.key == "metadata.name" && listed,
                Operator::NotIn => field.key == "metadata.name" && !listed,
                _ => false,
            }
        };
        !empty
            && self.fields.iter().all(field_holds)
            && self.expressions.iter().all(|expression| expression.matches(&node.labels))
    }
}

impl Requirement {
    /// `key In [value]` for each of those keys that the labels have.
    pub fn equal_to<'a>(labels: &'a Labels, keys: &'a [String]) -> impl Iterator<Item = Self> + 'a {
        let present = keys.iter().filter_map(|key| labels.get_key_value(key));
        present.map(|(key, value)| Self { key: key.clone(), operator: Operator::In, values: vec![value.clone()] })
    }

    /// Whether labels meet it.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let number = |text: &String| text.parse::<i64>().ok();
        let compare = |holds: fn(i64, i64) -> bool| {
            let bound = self.values.first().and_then(number);
            value.and_then(number).zip(bound).is_some_and(|(have, bound)| holds(have, bound))
        };
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => compare(|have, bound| have > bound),
            Operator::Lt => compare(|have, bound| have < bound),
            Operator::Unknown(_) => false,
        }
    }
}
