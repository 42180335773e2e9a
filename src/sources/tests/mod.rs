//! Every shape of input through one door, and inputs that mean harm.

mod controllers;
mod hostile;
mod istio;
#[cfg(feature = "columnar")]
mod moments;
mod shapes;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use proptest::prelude::*;

use super::items::{Piece, Sizes, Splitter};
use super::{InputError, Limits, Reading, read_bytes};
use crate::inventory::objects::{Object, PodCount, PodObject, UpdateKind, UpdateStrategy, WholeSeconds};
use crate::units::Seconds;

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"250m","memory":"64Mi"}}}]}}"#;
const BARE_POD: &str = r#"{"metadata":{"name":"b"},"spec":{"containers":[{"name":"c"}]}}"#;
const BARE_DEPLOYMENT: &str =
    r#"{"metadata":{"name":"d"},"spec":{"replicas":2,"template":{"spec":{"containers":[]}}}}"#;
const NODE: &str = r#"{"metadata":{"name":"n"},"status":{"capacity":{"cpu":"4","memory":"8Gi","pods":"110"}}}"#;

fn read(name: &str, content: impl AsRef<[u8]>) -> Result<Reading, InputError> {
    read_bytes(name, content.as_ref(), &Limits::default())
}

/// Reads and gives objects by kind, `Pod 2, Node 1`.
fn kinds(name: &str, content: impl AsRef<[u8]>) -> String {
    match read(name, content) {
        Ok(reading) => reading.inputs[0]
            .objects
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect::<Vec<_>>()
            .join(", "),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(name: &str, content: &str, expected: &str) {
    assert_eq!(kinds(name, content), expected, "{name}: {content}");
}

#[track_caller]
fn check_error(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let error = read(name, content).expect_err("an error").to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} in: {error}");
    }
}

#[track_caller]
fn only_pod(content: &str) -> PodObject {
    let reading = read("x", content).unwrap();
    match &reading.objects[..] {
        [sourced] => match &sourced.object {
            Object::Pod(pod) => pod.clone(),
            other => panic!("a pod, not {other:?}"),
        },
        other => panic!("one object, not {}", other.len()),
    }
}

fn findings(reading: &Reading) -> BTreeMap<&str, Vec<String>> {
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in &reading.findings {
        by_kind.entry(finding.kind.id).or_default().push(format!("{}: {}", finding.subject, finding.message));
    }
    by_kind
}

/// The only object of an input.
#[track_caller]
fn only(name: &str, content: &str) -> Object {
    let reading = read(name, content).unwrap();
    assert_eq!(reading.objects.len(), 1, "{content}");
    reading.objects.into_iter().next().unwrap().object
}
