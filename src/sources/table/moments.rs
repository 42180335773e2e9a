//! Rows that are moments of a workload or pod, to one series for each quantity of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::error::Trouble;
use super::super::notes::{CELL_IGNORED, COLUMNS_NOT_READ};
use super::super::session::Session;
use super::super::wire::{Decoded, Oddity};
use super::cells::Row;
use super::columns::Column;
use super::frame::Frame;
use super::time::moment;
use crate::finding::Finding;
use crate::inventory::Measured;
use crate::inventory::objects::{MeasuredSeries, Object, Point, Quantity};
use crate::units::{Cores, Memory, Rate, Seconds, Share};

/// Whose moments they are, and of what.
type Key = (Option<String>, Option<String>, Option<String>, Option<String>, Quantity);

/// Reads all rows; those without a time are of one moment.
///
/// # Errors
/// [`Trouble::Exhausted`] when there are more measurements than the limit of a run.
pub(super) fn read(
    session: &mut Session<'_>,
    source: &Arc<str>,
    frame: &Frame,
    columns: &[(Column, usize)],
) -> Result<(), Trouble> {
    note_others(session, source, frame, columns);
    let has_time = columns.iter().any(|(column, _)| *column == Column::Time);
    let mut series: BTreeMap<Key, Vec<Point>> = BTreeMap::new();
    let mut absent = 0;
    for index in 0..frame.rows() {
        let mut row = Row { frame, columns, index, odd: Vec::new(), absent: Some(0) };
        if row.is_empty() {
            continue;
        }
        let measured = row.measured();
        let at = if has_time { time(&mut row) } else { Some(Seconds::ZERO) };
        let name = |column| row.text(column);
        let (namespace, workload, pod) = (name(Column::Namespace), name(Column::Name), name(Column::PodName));
        let kind = name(Column::Kind);
        if workload.is_none() && pod.is_none() {
            row.ignored("name", "the row has none; skipped");
        }
        // The header is row 1.
        let subject = format!("row {}", index + 2);
        for Oddity { kind, field, message } in std::mem::take(&mut row.odd) {
            session.notes.add(kind, source, subject.as_str(), format!("{source}: {field}: {message}"));
        }
        absent += row.absent.unwrap_or(0);
        let Some(at) = at.filter(|_| workload.is_some() || pod.is_some()) else { continue };
        let points = points(&measured);
        session.count_points(source, points.len() as u64)?;
        for (quantity, value) in points {
            let key = (namespace.clone(), workload.clone(), pod.clone(), kind.clone(), quantity);
            series.entry(key).or_default().push(Point { at, value });
        }
    }
    if absent > 0 {
        let message = format!("{source}: {absent} cells hold NaN: nothing was measured then");
        session.notes.push(Finding::new(&CELL_IGNORED, &**source, message).counted(absent));
    }
    for ((namespace, workload, pod, kind, quantity), points) in series {
        let text = |name: Option<String>| name.map(Arc::from);
        let it = MeasuredSeries {
            namespace: text(namespace),
            workload: text(workload),
            pod: text(pod),
            kind,
            quantity,
            points,
        };
        session.accept(Decoded { object: Object::Series(it), oddities: Vec::new() }, source, String::new)?;
    }
    session.report();
    Ok(())
}

/// Columns that tables of other kinds have.
fn note_others(session: &mut Session<'_>, source: &Arc<str>, frame: &Frame, columns: &[(Column, usize)]) {
    let is_read = |column: Column| {
        column.is_measured()
            || matches!(column, Column::Namespace | Column::Name | Column::PodName | Column::Kind | Column::Time)
    };
    let names = frame.names();
    let others = columns.iter().filter(|(column, _)| !is_read(*column) && *column != Column::Unused);
    let others: Vec<&str> = others.filter_map(|(_, place)| names.get(*place)).map(String::as_str).collect();
    if !others.is_empty() {
        let message = format!("{}: not read of a table of moments", others.join(", "));
        session.notes.push(Finding::new(&COLUMNS_NOT_READ, &**source, message).counted(others.len() as u64));
    }
}

fn time(row: &mut Row<'_>) -> Option<Seconds> {
    let text = row.text(Column::Time).unwrap_or_default();
    let found = moment(&text);
    if found.is_none() {
        let shown: String = text.chars().take(40).collect();
        row.ignored("time", &format!("{shown:?} is no moment, such as 2026-01-13T14:48:15Z; the row is skipped"));
    }
    found
}

/// What a row measures, in the units of their quantities.
fn points(measured: &Measured) -> Vec<(Quantity, f64)> {
    let tail = measured.response.tail;
    let all = [
        (Quantity::InboundRps, measured.inbound_rps.map(Rate::as_per_second)),
        (Quantity::OutboundRps, measured.outbound_rps.map(Rate::as_per_second)),
        (Quantity::BytesPerRequest, measured.bytes_per_request.map(Memory::as_bytes)),
        (Quantity::Connections, measured.connections),
        (Quantity::AppCpu, measured.app_cpu.map(Cores::as_cores)),
        (Quantity::AppMemory, measured.app_memory.map(Memory::as_bytes)),
        (Quantity::ProxyCpu, measured.proxy_cpu.map(Cores::as_cores)),
        (Quantity::ProxyMemory, measured.proxy_memory.map(Memory::as_bytes)),
        (Quantity::Throttled, measured.throttled.map(Share::get)),
        (Quantity::ResponseMean, measured.response.mean.map(Seconds::as_seconds)),
        (
            Quantity::ResponseQuantile(tail.map_or(0, |tail| (tail.quantile.get() * 1000.0).round() as u16)),
            tail.map(|tail| tail.at_most.as_seconds()),
        ),
    ];
    all.into_iter().filter_map(|(quantity, value)| Some((quantity, value?))).collect()
}
