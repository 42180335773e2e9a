//! Traces of Jaeger: `{"data": [{"traceID", "spans": […], "processes": {…}}]}`, times in microseconds.

use serde_json::Value;

use super::super::InputError;
use super::Context;
use super::spans::{Span, Traces};

pub(super) fn recognise(value: &Value) -> bool {
    list(value).is_some_and(|traces| traces.iter().any(|trace| trace.get("spans").is_some_and(Value::is_array)))
}

fn list(value: &Value) -> Option<&Vec<Value>> {
    value.get("data").and_then(Value::as_array)
}

pub(super) fn read(context: &Context<'_>, value: &Value) -> Result<Traces, InputError> {
    let mut traces = Traces::default();
    for trace in list(value).into_iter().flatten() {
        let id = trace.get("traceID").and_then(Value::as_str).unwrap_or_default();
        let spans = trace.get("spans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for span in spans {
            match one(id, trace, span) {
                Some(span) => traces.spans.push(span),
                None => traces.left_out.add(format_args!("one of trace {id}")),
            }
        }
    }
    if traces.spans.is_empty() {
        return Err(InputError::new(context.name, "traces without spans", "spans", "fetch traces of a longer time"));
    }
    Ok(traces)
}

fn one(trace: &str, whole: &Value, span: &Value) -> Option<Span> {
    let text = |key: &str| span.get(key).and_then(Value::as_str);
    let process = span.get("process").or_else(|| whole.get("processes")?.get(text("processID")?));
    let references = span.get("references").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_parent = |reference: &&Value| {
        let same = reference.get("traceID").and_then(Value::as_str).is_none_or(|other| other == trace);
        same && reference.get("refType").and_then(Value::as_str) == Some("CHILD_OF")
    };
    let above = references.iter().find(is_parent).and_then(|reference| reference.get("spanID")?.as_str());
    // Older exports name the parent in the span itself.
    let above = above.or_else(|| text("parentSpanID").filter(|id| !id.is_empty() && *id != "0"));
    Some(Span {
        id: format!("{trace} {}", text("spanID")?),
        parent: above.map(|above| format!("{trace} {above}")),
        service: process?.get("serviceName")?.as_str()?.to_owned(),
        start: span.get("startTime").and_then(Value::as_f64),
        duration: span.get("duration").and_then(Value::as_f64)?,
    })
}
