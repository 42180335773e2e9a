//! Traces of Zipkin, version 2: a list of spans, or of traces that are lists of spans; times in microseconds.
//!
//! Where client and server share a span, as Envoy's do by default, they have one identifier: the server's is
//! taken as a child of the client's.

use serde_json::Value;

use super::super::InputError;
use super::Context;
use super::spans::{Span, Traces};

pub(super) fn recognise(value: &Value) -> bool {
    spans(value).next().is_some_and(|span| span.get("traceId").is_some() && span.get("id").is_some())
}

/// All spans, whether or not they stand in traces.
fn spans(value: &Value) -> impl Iterator<Item = &Value> {
    let top = value.as_array().map(Vec::as_slice).unwrap_or_default();
    top.iter().flat_map(|entry| entry.as_array().map_or(std::slice::from_ref(entry), Vec::as_slice))
}

pub(super) fn read(context: &Context<'_>, value: &Value) -> Result<Traces, InputError> {
    let mut traces = Traces::default();
    let mut clients = std::collections::BTreeSet::new();
    for span in spans(value) {
        if kind(span) == "CLIENT" {
            clients.extend(text(span, "traceId").zip(text(span, "id")).map(|(trace, id)| format!("{trace} {id}")));
        }
    }
    for span in spans(value) {
        match one(span, &clients) {
            Some(span) => traces.spans.push(span),
            None => traces.left_out.add(text(span, "id").unwrap_or("a span without id")),
        }
    }
    if traces.spans.is_empty() {
        return Err(InputError::new(context.name, "no span with service and duration", "spans", "fetch whole traces"));
    }
    Ok(traces)
}

fn text<'a>(span: &'a Value, key: &str) -> Option<&'a str> {
    span.get(key).and_then(Value::as_str)
}

fn kind(span: &Value) -> &str {
    text(span, "kind").unwrap_or_default()
}

fn one(span: &Value, clients: &std::collections::BTreeSet<String>) -> Option<Span> {
    let trace = text(span, "traceId")?;
    let id = format!("{trace} {}", text(span, "id")?);
    let above = text(span, "parentId").map(|above| format!("{trace} {above}"));
    let shared = kind(span) == "SERVER" && clients.contains(&id);
    let (id, parent) = if shared { (format!("{id} server"), Some(id)) } else { (id, above) };
    Some(Span {
        id,
        parent,
        service: span.get("localEndpoint")?.get("serviceName")?.as_str()?.to_owned(),
        start: span.get("timestamp").and_then(Value::as_f64),
        duration: span.get("duration").and_then(Value::as_f64)?,
    })
}
