//! What `kubectl top pods --containers` prints: use of every container at one moment.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use super::error::{InputError, Trouble};
use super::notes::CELL_IGNORED;
use super::session::{Session, Tally};
use super::wire::Decoded;
use crate::inventory::PROXY_CONTAINER;
use crate::inventory::objects::{MeasuredSeries, Object, Point, Quantity};
use crate::quantity::{parse_bytes, parse_cpu};
use crate::units::Seconds;

/// Whether a line is the header of `kubectl top pods`, with containers or without.
pub(super) fn recognise(line: &str) -> bool {
    line.contains("CPU(cores)") && line.contains("MEMORY(bytes)") && !line.contains("CPU%") && !line.contains("CPU(%)")
}

/// Reads the lines under the header.
///
/// # Errors
/// [`Trouble`] when they are no text, too many, or name no containers.
pub(super) fn read(
    session: &mut Session<'_>,
    source: &Arc<str>,
    reader: impl Read,
    tally: &mut Tally,
) -> Result<(), Trouble> {
    let bytes = super::table::whole(session, source, reader)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        InputError::new(&**source, "bytes that are not UTF-8", "the output of kubectl top", "write it again")
    })?;
    let mut lines = text.lines().enumerate();
    let header = lines.find(|(_, line)| !line.trim().is_empty()).map_or("", |(_, line)| line);
    let columns: Vec<&str> = header.split_whitespace().collect();
    let place = |name: &str| columns.iter().position(|column| *column == name);
    let (Some(pod), Some(container)) = (place("POD"), place("NAME")) else {
        let found = "the output of kubectl top without --containers, which does not tell a proxy from its application";
        return Err(Trouble::NoInventory(found.to_owned()));
    };
    let (namespace, cpu, memory) = (place("NAMESPACE"), place("CPU(cores)"), place("MEMORY(bytes)"));
    let mut used: BTreeMap<(Option<String>, String, Quantity), f64> = BTreeMap::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty() && *line != header) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let word = |place: Option<usize>| place.and_then(|place| words.get(place)).copied();
        let cores = word(cpu).and_then(|text| parse_cpu(text).ok()).map(|cpu| cpu.to_cores().as_cores());
        let bytes = word(memory).and_then(|text| parse_bytes(text).ok()).map(|it| it.to_memory().as_bytes());
        let (Some(pod), Some(container), true) = (word(Some(pod)), word(Some(container)), cores.or(bytes).is_some())
        else {
            let shown: String = line.chars().take(80).collect();
            let message = format!("{source}: {shown:?} is no use of a container");
            session.notes.add(&CELL_IGNORED, source, format!("line {}", number + 1), message);
            continue;
        };
        let is_proxy = container == PROXY_CONTAINER;
        let quantities = match is_proxy {
            true => [(Quantity::ProxyCpu, cores), (Quantity::ProxyMemory, bytes)],
            false => [(Quantity::AppCpu, cores), (Quantity::AppMemory, bytes)],
        };
        for (quantity, value) in quantities {
            let Some(value) = value else { continue };
            let key = (word(namespace).map(str::to_owned), pod.to_owned(), quantity);
            *used.entry(key).or_default() += value;
        }
    }
    session.count_points(source, used.len() as u64)?;
    tally.recognised += 1;
    for ((namespace, pod, quantity), value) in used {
        let series = MeasuredSeries {
            namespace: namespace.map(Into::into),
            workload: None,
            pod: Some(pod.into()),
            kind: None,
            quantity,
            points: vec![Point { at: Seconds::ZERO, value }],
        };
        session.accept(Decoded { object: Object::Series(series), oddities: Vec::new() }, source, String::new)?;
    }
    Ok(())
}
