//! A table of calls: `from,to,calls_per_request[,probability][,parallel][,includes_callees]`.
//!
//! `calls_per_request` counts calls per request of `from`, made one after the other, each with the
//! probability; calls with the same `parallel` are made at the same time. `includes_callees` says of `from`
//! whether its measurement holds its calls. Response times come from measurements named after services.

use std::collections::{BTreeMap, BTreeSet};

use super::super::InputError;
use super::super::latency::text::fields;
use super::{Context, PathReading, no_graph};
use crate::composition::{Call, CallGraph, Service, Step};
use crate::units::Share;

/// Whether a line that starts with a bracket names a table of TOML: `[services.web]`.
pub(super) fn is_table_name(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let inside = line.split('#').next().unwrap_or_default().trim().trim_matches(['[', ']']);
    let named = inside.chars().next().is_some_and(|first| first.is_alphabetic());
    named && line.contains(']') && !inside.contains(['{', ','])
}

pub(super) fn recognise(header: &str) -> bool {
    let names: Vec<String> = columns(header);
    ["from", "to"].iter().all(|wanted| names.iter().any(|name| name == wanted))
}

fn columns(header: &str) -> Vec<String> {
    fields(header).iter().map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[derive(Default)]
struct Row {
    steps: Vec<(Option<String>, Step)>,
    includes_callees: Option<(bool, usize)>,
}

pub(super) fn read(context: &Context<'_>, text: &str) -> Result<PathReading, InputError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let names = columns(lines.next().map_or("", |(_, header)| header));
    let mut services: BTreeMap<String, Row> = BTreeMap::new();
    for (number, line) in lines {
        let record = Record { place: format!("{}:{}", context.name, number + 1), names: &names, values: fields(line) };
        let (from, to) = (record.needed("from")?, record.needed("to")?);
        let chance = Share::new(record.number("probability", 1.0)?);
        let chance = chance.map_err(|error| record.error(format!("a probability: {error}"), "a number from 0 to 1"))?;
        let call = Call { chance, times: record.number("calls_per_request", 1.0)?, ..Call::to(to) };
        services.entry(to.to_owned()).or_default();
        let row = services.entry(from.to_owned()).or_default();
        if let Some(said) = record.value("includes_callees") {
            let said = match said {
                "true" | "yes" | "1" => true,
                "false" | "no" | "0" => false,
                _ => return Err(record.error(format!("includes_callees {said:?}"), "true or false")),
            };
            match row.includes_callees {
                Some((before, line)) if before != said => {
                    let found = format!("includes_callees {said} for {from}, which line {line} says is {before}");
                    return Err(record.error(found, "the same in every row of a service"));
                }
                _ => row.includes_callees = Some((said, number + 1)),
            }
        }
        let group = record.value("parallel").map(str::to_owned);
        match row.steps.iter_mut().find(|(known, _)| group.is_some() && *known == group) {
            Some((_, step)) => step.calls.push(call),
            None => row.steps.push((group, Step { calls: vec![call] })),
        }
    }
    let root = root(context, &services)?;
    let mut findings = Vec::new();
    let mut known = BTreeMap::new();
    for (name, row) in services {
        if row.includes_callees.is_none() && !row.steps.is_empty() {
            return Err(InputError::new(
                format!("{}, service {name}", context.name),
                "a measured time and calls",
                "a column includes_callees",
                "add it: true where times were measured at the server, calls included, false where they are the service's own",
            ));
        }
        let time = context.known.of(context.name, &name, &mut findings)?;
        let includes_callees = row.includes_callees.is_some_and(|(said, _)| said);
        let steps = row.steps.into_iter().map(|(_, step)| step).collect();
        known.insert(name, Service { time, includes_callees, steps });
    }
    let graph = CallGraph::new(root, known).map_err(|error| no_graph(context, &error))?;
    Ok(PathReading { name: context.name.to_owned(), graph, measured: None, findings })
}

fn root(context: &Context<'_>, services: &BTreeMap<String, Row>) -> Result<String, InputError> {
    let steps = services.values().flat_map(|row| &row.steps);
    let called: BTreeSet<&str> = steps.flat_map(|(_, step)| &step.calls).map(|call| call.to.as_str()).collect();
    let roots: Vec<&str> = services.keys().map(String::as_str).filter(|name| !called.contains(name)).collect();
    match &*roots {
        [only] => Ok((*only).to_owned()),
        several => {
            let found = format!("{} services that none calls", several.len());
            Err(InputError::new(context.name, found, "one", "leave the edges of one path, or write the graph as TOML"))
        }
    }
}

struct Record<'a> {
    place: String,
    names: &'a [String],
    values: Vec<String>,
}

impl Record<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        let index = self.names.iter().position(|known| known == name)?;
        self.values.get(index).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn needed(&self, name: &str) -> Result<&str, InputError> {
        self.value(name).ok_or_else(|| self.error(format!("nothing as {name}"), "the name of a service"))
    }

    fn number(&self, name: &str, otherwise: f64) -> Result<f64, InputError> {
        let Some(text) = self.value(name) else { return Ok(otherwise) };
        text.parse().map_err(|_| self.error(format!("{name} {text:?}"), "a number"))
    }

    fn error(&self, found: impl Into<String>, expected: &str) -> InputError {
        InputError::new(self.place.clone(), found, expected, "correct the row")
    }
}
