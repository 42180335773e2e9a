//! Measurements to the workloads they speak of.

mod names;
mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::names::Names;
use super::findings::{MEASURED_TWICE, MEASUREMENT_WITHOUT_WORKLOAD, SERIES_THIN};
use super::objects::{MeasuredSeries, MeasuredWorkload};
use super::{FEWEST_MOMENTS, Inventory, Measured, PodMemories, PodMemory};
use crate::finding::{Finding, Tally};
use crate::units::{Memory, Seconds};

/// Gives measurements to their workloads; what a series tells goes before what a row without a time tells.
pub(super) fn attach(
    inventory: &mut Inventory,
    measured: Vec<MeasuredWorkload>,
    series: &[MeasuredSeries],
    findings: &mut Vec<Finding>,
) {
    if measured.is_empty() && series.is_empty() {
        return;
    }
    let names = Names::new(inventory, series.iter().any(|it| it.pod.is_some()));
    for row in measured {
        let target = names.workload(&row.name, row.kind.as_deref());
        match target.and_then(|index| inventory.workloads.get_mut(index)) {
            Some(workload) => {
                workload.measured = row.measured;
                workload.measured.pods = of_moment(&row.measured, workload.replicas);
            }
            None => {
                let message = "no workload of that name is in the input".to_owned();
                findings.push(Finding::new(&MEASUREMENT_WITHOUT_WORKLOAD, row.name.to_string(), message));
            }
        }
    }
    let mut of_workload: BTreeMap<usize, Vec<&MeasuredSeries>> = BTreeMap::new();
    let mut without: BTreeMap<(String, &'static str), u64> = BTreeMap::new();
    for it in series {
        match names.of_series(it) {
            Ok(index) => of_workload.entry(index).or_default().push(it),
            Err(why) => *without.entry((name(it), why)).or_default() += it.points.len() as u64,
        }
    }
    note_without(without, findings);
    let (mut twice, mut thin) = (Tally::default(), Tally::default());
    for (index, series) in of_workload {
        let Some(workload) = inventory.workloads.get_mut(index) else { continue };
        let told = series::measured(&series, workload.replicas);
        workload.measured = told.measured.or(workload.measured);
        if told.twice > 0 {
            twice.add(&workload.id);
        }
        if told.thin {
            thin.add(&workload.id);
        }
    }
    findings.extend(twice.finding(&MEASURED_TWICE, "series", |names| format!("measured twice: {names}")));
    let few = |names: &str| format!("fewer than {FEWEST_MOMENTS} moments: {names}");
    findings.extend(thin.finding(&SERIES_THIN, "series", few));
}

/// Memory of single pods by a number without a time, which their replicas share.
fn of_moment(measured: &Measured, replicas: u64) -> PodMemories {
    let each = |sum: Option<Memory>| {
        let share = sum? / replicas as f64;
        PodMemory::of(vec![share.as_bytes()], 1, None, Seconds::ZERO)
    };
    PodMemories { proxy: each(measured.proxy_memory), app: each(measured.app_memory) }
}

/// The first of them by name, and how many more there are.
fn note_without(without: BTreeMap<(String, &'static str), u64>, findings: &mut Vec<Finding>) {
    const SHOWN: usize = 10;
    let hidden = without.len().saturating_sub(SHOWN);
    for ((name, why), points) in without.into_iter().take(SHOWN) {
        let message = format!("{why}; {points} measurements are not used");
        findings.push(Finding::new(&MEASUREMENT_WITHOUT_WORKLOAD, name, message).counted(points));
    }
    if hidden > 0 {
        let message = format!("{hidden} more names without a workload");
        findings.push(Finding::new(&MEASUREMENT_WITHOUT_WORKLOAD, "series", message).counted(hidden as u64));
    }
}

fn name(series: &MeasuredSeries) -> String {
    let name = series.workload.as_ref().or(series.pod.as_ref()).map_or("", |name| name);
    series.namespace.as_ref().map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}
