//! The plan before and after, drawn.

use super::super::document::{Chart, ChartData, HeadroomBar, HeadroomPlot, Interval};
use super::super::text;
use crate::estimate::Estimate;
use crate::plan::Plan;
use crate::tuning::Tuning;
use crate::units::{Cores, Memory, Quantity};

/// Memory, CPU, and where there are nodes what stays free of them.
pub fn charts(tuning: &Tuning) -> Vec<Chart> {
    let (before, after) = (&tuning.figures_before, &tuning.figures_after);
    let (was, is) = (&tuning.before.totals, &tuning.after.totals);
    let memory = Compared {
        what: "Memory",
        unit: "MiB",
        requested: [before.memory, after.memory],
        used: [&was.proxy_memory, &is.proxy_memory],
    };
    let cpu = Compared {
        what: "CPU",
        unit: "cores",
        requested: [before.cpu, after.cpu],
        used: [&was.proxy_cpu, &is.proxy_cpu],
    };
    let mut charts = vec![
        memory.chart("Memory before and after", Memory::as_mib),
        cpu.chart("CPU before and after", Cores::as_cores),
    ];
    charts.extend(headroom(tuning));
    charts
}

/// One resource before and after.
struct Compared<'a, Q: Quantity> {
    what: &'static str,
    unit: &'static str,
    requested: [Q; 2],
    used: [&'a Estimate<Q>; 2],
}

impl<Q: Quantity> Compared<'_, Q> {
    fn chart(&self, title: &'static str, in_unit: fn(Q) -> f64) -> Chart {
        const WHEN: [&str; 2] = ["today", "then"];
        let row = |label: String, [lower, value, upper]: [Q; 3]| Interval {
            label,
            lower: in_unit(lower),
            value: in_unit(value),
            upper: in_unit(upper),
        };
        let requested = self.requested.iter().zip(WHEN).map(|(all, when)| row(format!("Requested, {when}"), [*all; 3]));
        let used = self
            .used
            .iter()
            .zip(WHEN)
            .map(|(used, when)| row(format!("Proxies' use, {when}"), [used.lower, used.value, used.upper]));
        let rows: Vec<Interval> = requested.chain(used).collect();
        let words: Vec<String> =
            rows.iter().map(|row| format!("{}: {} {}", row.label, text::significant(row.value), self.unit)).collect();
        Chart {
            title,
            caption: format!(
                "{} that proxies and istiod request, and that proxies use with its 90 % interval.",
                self.what
            ),
            alt: words.join("; "),
            data: ChartData::Intervals { axis: self.unit.to_owned(), rows },
        }
    }
}

/// What no pod requests, before and after.
fn headroom(tuning: &Tuning) -> Option<Chart> {
    let bar = |label: &str, plan: &Plan| {
        let fill = plan.headroom.cluster.as_ref()?;
        Some(HeadroomBar {
            label: label.to_owned(),
            cpu: fill.cpu_headroom(),
            memory: fill.memory_headroom(),
            unplaced: plan.headroom.unplaced.len() as u64,
        })
    };
    let rows = vec![bar("As it is", &tuning.before)?, bar("With all applied", &tuning.after)?];
    let words: Vec<String> = rows
        .iter()
        .map(|row| {
            format!("{}: {} of CPU and {} of memory", row.label, text::percent(row.cpu), text::percent(row.memory))
        })
        .collect();
    let target = Some(tuning.before.policy.headroom.target.get());
    Some(Chart {
        title: "Headroom before and after",
        caption: "Share of allocatable that no pod requests, pods of the mesh to come among them.".to_owned(),
        alt: words.join("; "),
        data: ChartData::Headroom(HeadroomPlot { rows, target }),
    })
}
