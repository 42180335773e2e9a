//! JSON patches (RFC 6902) of virtual services: what they say of time and retries, route by route.

use serde::Deserialize;
use serde_json::Value;

use super::super::notes::PATCH_FIELD_NOT_READ;
use super::text::Text;
use super::traffic_policy::duration;
use super::{Decoded, Oddity};
use crate::inventory::objects::{Object, ObjectName, Patch, RoutePatch, VirtualServicePatch};

/// A patch of a virtual service, and what it is called.
///
/// # Errors
/// What is of the wrong form, in words.
pub(in super::super) fn json_patch(value: &Value, name: &ObjectName) -> Result<(Decoded, String), String> {
    let operations = value.as_array().ok_or("no list of operations")?;
    let mut patch = VirtualServicePatch { name: name.clone(), ..VirtualServicePatch::default() };
    let mut oddities = Vec::new();
    for operation in operations {
        let member = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
        let (verb, path) = (member("op"), member("path"));
        let value = operation.get("value").unwrap_or(&Value::Null);
        let is_read = place(path).is_some_and(|(index, field)| {
            let route = patch.routes.entry(index).or_default();
            read(route, verb, field, value, &mut oddities)
        });
        if !is_read {
            let message = format!("{verb:?} there changes no figure");
            oddities.push(Oddity { kind: &PATCH_FIELD_NOT_READ, field: path.to_owned(), message });
        }
    }
    patch.routes.retain(|_, route| *route != RoutePatch::default());
    Ok((Decoded { object: Object::Patch(Patch::VirtualService(patch)), oddities }, format!("VirtualService {name}")))
}

/// The route and the field in it that a path leads to.
fn place(path: &str) -> Option<(usize, &str)> {
    let (index, field) = path.strip_prefix("/spec/http/")?.split_once('/')?;
    Some((index.parse().ok()?, field))
}

/// Takes over what an operation says; whether it is one that is read.
fn read(route: &mut RoutePatch, verb: &str, field: &str, value: &Value, odd: &mut Vec<Oddity>) -> bool {
    match (verb, field) {
        ("test", "route/0/destination/host") => route.host = value.as_str().map(str::to_owned),
        ("add" | "replace", "timeout") => route.timeout = time(value, "timeout", odd),
        ("add" | "replace", "retries") => {
            let known = ["attempts", "perTryTimeout"];
            if value.as_object().is_none_or(|members| members.keys().any(|key| !known.contains(&key.as_str()))) {
                return false;
            }
            route.has_retries = false;
            // Retries without a number of attempts are off.
            route.attempts = Some(value.get("attempts").and_then(Value::as_u64).unwrap_or(0));
            route.per_try_timeout = value.get("perTryTimeout").and_then(|it| time(it, "retries.perTryTimeout", odd));
        }
        ("add" | "replace", "retries/attempts") => {
            route.has_retries = true;
            route.attempts = value.as_u64();
        }
        ("add" | "replace", "retries/perTryTimeout") => {
            route.has_retries = true;
            route.per_try_timeout = time(value, "retries.perTryTimeout", odd);
        }
        _ => return false,
    }
    true
}

fn time(value: &Value, field: &str, odd: &mut Vec<Oddity>) -> Option<crate::units::Seconds> {
    let text = Text::deserialize(value).unwrap_or_default();
    duration(&text, field, odd)
}
