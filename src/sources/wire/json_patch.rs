//! JSON patches (RFC 6902) of virtual services and HTTPRoutes: what they say of time and retries, route by route.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::notes::PATCH_FIELD_NOT_READ;
use super::text::Text;
use super::traffic_policy::duration;
use super::{Decoded, Oddity};
use crate::inventory::objects::{
    HttpRoutePatch, Object, ObjectName, Patch, RoutePatch, RulePatch, VirtualServicePatch,
};

/// An object whose JSON patches are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Routing {
    VirtualService(ObjectName),
    HttpRoute(ObjectName),
}

/// A patch of an object that routes, and what it is called.
///
/// # Errors
/// What is of the wrong form, in words.
pub(in super::super) fn json_patch(value: &Value, of: &Routing) -> Result<(Decoded, String), String> {
    let mut oddities = Vec::new();
    let (patch, shown) = match of {
        Routing::VirtualService(name) => {
            let mut routes = operations(value, "/spec/http/", read, &mut oddities)?;
            routes.retain(|_, route| *route != RoutePatch::default());
            let patch = VirtualServicePatch { name: name.clone(), routes };
            (Patch::VirtualService(patch), format!("VirtualService {name}"))
        }
        Routing::HttpRoute(name) => {
            let mut rules = operations(value, "/spec/rules/", read_rule, &mut oddities)?;
            rules.retain(|_, rule| *rule != RulePatch::default());
            (Patch::HttpRoute(HttpRoutePatch { name: name.clone(), rules }), format!("HTTPRoute {name}"))
        }
    };
    Ok((Decoded { object: Object::Patch(patch), oddities }, shown))
}

/// Takes over what an operation says of a part of a list; whether it is one that is read.
type Reader<T> = fn(&mut T, &str, &str, &Value, &mut Vec<Oddity>) -> bool;

/// What operations say of each part of a list.
fn operations<T: Default>(
    value: &Value,
    list: &str,
    read: Reader<T>,
    oddities: &mut Vec<Oddity>,
) -> Result<BTreeMap<usize, T>, String> {
    let mut parts: BTreeMap<usize, T> = BTreeMap::new();
    for operation in value.as_array().ok_or("no list of operations")? {
        let member = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
        let (verb, path) = (member("op"), member("path"));
        let value = operation.get("value").unwrap_or(&Value::Null);
        let is_read = place(path, list)
            .is_some_and(|(index, field)| read(parts.entry(index).or_default(), verb, field, value, oddities));
        if !is_read {
            let message = format!("{verb:?} there changes no figure");
            oddities.push(Oddity { kind: &PATCH_FIELD_NOT_READ, field: path.to_owned(), message });
        }
    }
    Ok(parts)
}

/// The part of the list and the field in it that a path leads to.
fn place<'a>(path: &'a str, list: &str) -> Option<(usize, &'a str)> {
    let (index, field) = path.strip_prefix(list)?.split_once('/')?;
    Some((index.parse().ok()?, field))
}

fn read_rule(rule: &mut RulePatch, verb: &str, field: &str, value: &Value, odd: &mut Vec<Oddity>) -> bool {
    match (verb, field) {
        ("test", "backendRefs/0/name") => rule.backend = value.as_str().map(str::to_owned),
        ("add" | "replace", "timeouts") => {
            let known = ["request", "backendRequest"];
            if value.as_object().is_none_or(|members| members.keys().any(|key| !known.contains(&key.as_str()))) {
                return false;
            }
            rule.has_timeouts = false;
            rule.request = value.get("request").and_then(|it| time(it, "timeouts.request", odd));
            rule.backend_request = value.get("backendRequest").and_then(|it| time(it, "timeouts.backendRequest", odd));
        }
        ("add" | "replace", "timeouts/request") => {
            rule.has_timeouts = true;
            rule.request = time(value, field, odd);
        }
        ("add" | "replace", "timeouts/backendRequest") => {
            rule.has_timeouts = true;
            rule.backend_request = time(value, field, odd);
        }
        ("add" | "replace", "retry/attempts") => rule.attempts = value.as_u64(),
        _ => return false,
    }
    true
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
