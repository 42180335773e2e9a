//! JSON values without what must not enter: environment values, Secret and ConfigMap contents.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::inventory::objects::Made;

/// A value of which lists called `env` and maps called `data` were never decoded, but for the entries of such a map that
/// hold the settings of a mesh or what istiod makes of Gateways; of other entries only the names are left.
#[derive(Debug)]
pub(super) struct Pruned(pub(super) Value);

impl<'de> Deserialize<'de> for Pruned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Prune::default().deserialize(deserializer).map(Self)
    }
}

/// Decides by the key a value stands under; a label may well be called `env`, but is no list.
#[derive(Default, Clone, Copy)]
struct Prune {
    drop_lists: bool,
    drop_maps: bool,
}

impl Prune {
    fn under(key: &str) -> Self {
        Self {
            drop_lists: matches!(key, "env" | "Env" | "managedFields"),
            drop_maps: matches!(key, "data" | "Data" | "stringData" | "StringData" | "binaryData" | "BinaryData"),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Prune {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Prune {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }
    fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
        Ok(Value::String(number.to_string()))
    }
    fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
        Ok(Value::String(number.to_string()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        if self.drop_lists {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
        } else {
            while let Some(value) = seq.next_element_seed(Prune::default())? {
                list.push(value);
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if self.drop_maps {
                // What istiod reads of ConfigMaps lies there under such names, as text.
                let is_read = key == "mesh" || Made::of_key(&key).is_some();
                let value = if is_read {
                    Some(map.next_value_seed(Self::default())?).filter(Value::is_string)
                } else {
                    map.next_value::<IgnoredAny>()?;
                    None
                };
                members.insert(key, value.unwrap_or_default());
                continue;
            }
            let value = map.next_value_seed(Prune::under(&key))?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

/// An object with Go field names as today's API would print it: lower-case names, and metadata of
/// their own instead of at the top.
///
/// # Errors
/// Text that is no JSON.
pub(super) fn without_go_names(json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let Pruned(value) = serde_json::from_slice(json)?;
    serde_json::to_vec(&renamed(value))
}

fn renamed(value: Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(renamed).collect()),
        Value::Object(members) => Value::Object(with_metadata(members.into_iter().map(renamed_member).collect())),
        other => other,
    }
}

fn renamed_member((name, value): (String, Value)) -> (String, Value) {
    let mut letters = name.chars();
    let name = letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect());
    // Keys of these maps are the user's, not Go's.
    let user_keys = matches!(
        name.as_str(),
        "labels" | "annotations" | "nodeSelector" | "matchLabels" | "requests" | "limits" | "capacity" | "allocatable"
    ) && value.is_object();
    let is_label_selector =
        name == "selector" && value.as_object().is_some_and(|members| members.values().all(Value::is_string));
    (name, if user_keys || is_label_selector { value } else { renamed(value) })
}

fn with_metadata(mut members: Map<String, Value>) -> Map<String, Value> {
    const METADATA: [&str; 9] = [
        "name",
        "generateName",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "labels",
        "annotations",
        "ownerReferences",
    ];
    if !members.contains_key("spec") || members.contains_key("metadata") {
        return members;
    }
    let metadata: Map<String, Value> =
        METADATA.iter().filter_map(|name| members.remove(*name).map(|value| ((*name).to_owned(), value))).collect();
    members.insert("metadata".to_owned(), Value::Object(metadata));
    members
}
