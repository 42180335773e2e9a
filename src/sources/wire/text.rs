//! Forgiving building blocks: text that may be a number, lists and maps that may be null.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::inventory::objects::{Labels, is_relevant_annotation};

/// Text, also where it came as a number or a boolean; empty for null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, if there is any.
    pub(super) fn to_option(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.0.clone().into_owned())
    }
}

impl From<&Text<'_>> for String {
    fn from(text: &Text<'_>) -> String {
        text.as_str().to_owned()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(truth.to_string())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A list; empty for null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seq<T>(pub(super) Vec<T>);

impl<T> Default for Seq<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Seq<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// Text by text, in the order written; empty for null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TextMap<'a>(pub(super) Vec<(Text<'a>, Text<'a>)>);

impl TextMap<'_> {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.as_str() == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn to_labels(&self) -> Labels {
        self.0.iter().map(|(key, value)| (key.into(), value.into())).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TextMap<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = TextMap<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextMap<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(TextMap(entries))
            }
            fn visit_unit<E>(self) -> Result<TextMap<'de>, E> {
                Ok(TextMap::default())
            }
        }
        deserializer.deserialize_any(MapVisitor)
    }
}

/// Annotations that matter; the values of all others are not even decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Annotations(pub(super) Labels);

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnnotationsVisitor;
        impl<'de> Visitor<'de> for AnnotationsVisitor {
            type Value = Annotations;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
                let mut kept = Labels::new();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if is_relevant_annotation(key.as_str()) {
                        kept.insert((&key).into(), (&map.next_value::<Text<'de>>()?).into());
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Annotations(kept))
            }
            fn visit_unit<E>(self) -> Result<Annotations, E> {
                Ok(Annotations::default())
            }
        }
        deserializer.deserialize_any(AnnotationsVisitor)
    }
}

/// A whole number, also where it came as text; nothing for null, and nothing for a list (the status
/// of a CronJob lists its active jobs where that of a Job counts them).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Int(pub(super) Option<i64>);

impl Int {
    /// The number as a count; nothing below zero.
    pub(super) fn count(self) -> Option<u64> {
        self.0.and_then(|number| u64::try_from(number).ok())
    }

    /// The number as a port; nothing outside 1 … 65535.
    pub(super) fn port(self) -> Option<u16> {
        self.0.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntVisitor;
        impl<'de> Visitor<'de> for IntVisitor {
            type Value = Int;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Int, E> {
                Ok(Int(Some(number)))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Int, E> {
                Ok(Int(Some(i64::try_from(number).unwrap_or(i64::MAX))))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Int, E> {
                if number.fract() == 0.0 {
                    return Ok(Int(Some(number as i64)));
                }
                Err(E::invalid_value(serde::de::Unexpected::Float(number), &self))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Int, E> {
                let number = text.trim().parse();
                number
                    .map(|number| Int(Some(number)))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
            fn visit_unit<E>(self) -> Result<Int, E> {
                Ok(Int(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Int, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Int(None))
            }
        }
        deserializer.deserialize_any(IntVisitor)
    }
}

/// An object; its default for null.
#[derive(Debug, Clone, Default)]
pub(super) struct Nullable<T>(pub(super) T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl<T> std::ops::Deref for Nullable<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
