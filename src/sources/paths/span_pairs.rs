//! Pairs of spans as CSV: child and parent in a row, as DeathStarBench's collector writes them.
//!
//! Columns, in any order: `traceId`, `parentId`, `childId`, `parentMS` and `childMS` (services), `startTime`
//! (of the child, microseconds), `parentDuration` and `childDuration` (microseconds).

use std::collections::BTreeMap;

use super::super::InputError;
use super::super::latency::text::fields;
use super::Context;
use super::spans::{Span, Traces};

const COLUMNS: [&str; 8] =
    ["traceId", "parentId", "childId", "parentMS", "childMS", "startTime", "parentDuration", "childDuration"];

pub(super) fn recognise(header: &str) -> bool {
    let names = fields(header);
    COLUMNS.iter().all(|wanted| names.iter().any(|name| name.trim() == *wanted))
}

pub(super) fn read(context: &Context<'_>, text: &str) -> Result<Traces, InputError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let names = fields(lines.next().map_or("", |(_, header)| header));
    let places = COLUMNS.map(|wanted| names.iter().position(|name| name.trim() == wanted).unwrap_or(usize::MAX));
    let mut traces = Traces::default();
    // Spans that are parents only: of them start and parent are not told.
    let mut parents: BTreeMap<String, Span> = BTreeMap::new();
    let mut children = std::collections::BTreeSet::new();
    for (number, line) in lines {
        let values = fields(line);
        let [trace, parent, child, parent_service, service, start, parent_duration, duration] =
            places.map(|place| values.get(place).map_or("", |value| value.trim()));
        let amount = |name: &str, text: &str| {
            text.parse::<f64>().ok().filter(|amount| amount.is_finite()).ok_or_else(|| {
                let place = format!("{}:{}", context.name, number + 1);
                InputError::new(
                    place,
                    format!("{name} {text:?}"),
                    "a number of microseconds",
                    "check whether the file is cut",
                )
            })
        };
        let id = |span: &str| format!("{trace} {span}");
        let above = Span {
            id: id(parent),
            parent: None,
            service: parent_service.to_owned(),
            start: None,
            duration: amount("parentDuration", parent_duration)?,
        };
        parents.entry(above.id.clone()).or_insert(above);
        children.insert(id(child));
        traces.spans.push(Span {
            id: id(child),
            parent: Some(id(parent)),
            service: service.to_owned(),
            start: Some(amount("startTime", start)?),
            duration: amount("childDuration", duration)?,
        });
    }
    traces.spans.extend(parents.into_values().filter(|parent| !children.contains(&parent.id)));
    Ok(traces)
}
