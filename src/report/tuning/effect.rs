//! The plan before and after: what all recommendations together give.

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Column};
use super::super::text::{self, Unit};
use super::charts;
use crate::tuning::{Figures, Tuning};

/// Figures before and after, and how they look.
pub fn effect(tuning: &Tuning) -> Option<Chapter> {
    if !tuning.recommendations.iter().any(crate::tuning::Recommendation::is_applied) {
        return None;
    }
    let (before, after) = (&tuning.figures_before, &tuning.figures_after);
    let cpu = Unit::for_cpu([before.cpu.as_cores(), after.cpu.as_cores()]);
    let memory = Unit::for_memory([before.memory.as_bytes(), after.memory.as_bytes()]);
    let row = |what: &str, print: &dyn Fn(&Figures) -> String| {
        vec![Cell::Text(what.to_owned()), Cell::Number(print(before)), Cell::Number(print(after))]
    };
    let mut rows = vec![
        row("Memory requested by the mesh", &|it| memory.amount(it.memory.as_bytes())),
        row("CPU requested by the mesh", &|it| cpu.amount(it.cpu.as_cores())),
        row("Memory in use", &|it| memory.amount(it.memory_used.as_bytes())),
        row("CPU in use", &|it| cpu.amount(it.cpu_used.as_cores())),
        row("Nodes that all requests fill", &|it| format!("{:.2}", it.nodes)),
        row("Nodes to add", &|it| text::count(it.nodes_to_add)),
        row("Pods without a place", &|it| text::count(it.unplaced)),
    ];
    for (at, (name, _)) in before.dangers.by_name().into_iter().enumerate() {
        let count = |it: &Figures| it.dangers.by_name().get(at).map_or(0, |(_, count)| *count);
        // Proxies are always told of, the other dangers where there are any.
        if at == 0 || count(before) + count(after) > 0 {
            rows.push(row(&capitalised(name), &|it| text::count(count(it))));
        }
    }
    let guards_are_missing = before.dangers.unguarded + after.dangers.unguarded > 0;
    if guards_are_missing {
        rows.push(row("Guards that are missing", &|it| text::count(it.dangers.unguarded)));
    }
    rows.extend(telemetry(before, after));
    let waits = [
        row("A change of configuration reaches all proxies in", &|it| {
            format!("{:.2} s", it.config_change.as_seconds())
        }),
        row("All proxies are connected again after istiod restarts in", &|it| {
            format!("{:.1} s", it.reconnect.as_seconds())
        }),
    ];
    rows.extend(waits);
    let columns = vec![Column::text("Figure", 0), Column::number("Today", "", 0), Column::number("Then", "", 0)];
    let mut blocks = vec![table("The plan with all recommendations applied", columns, rows, usize::MAX)];
    blocks.extend(charts::charts(tuning).into_iter().map(Block::Chart));
    let mut words = String::from(
        "Both columns are plans: the effect of all together is not the sum of each. The requests and use of the mesh \
         are those of proxies, ztunnels among them, and istiod; nodes are of the policy's pool, filled by whichever of CPU \
         and memory fills more.",
    );
    if guards_are_missing {
        words.push_str(
            " Guards are limits of what is under way, timeouts and outlier detection; they are missing where it is known \
             what they should be.",
        );
    }
    blocks.push(Block::Paragraph(words));
    chapter("effect", "What it gives", blocks)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What the mesh tells of itself, as far as that changes.
fn telemetry(before: &Figures, after: &Figures) -> Vec<Vec<Cell>> {
    let row = |what: &str, print: &dyn Fn(&Figures) -> String| {
        let (was, is) = (print(before), print(after));
        (was != is).then(|| vec![Cell::Text(what.to_owned()), Cell::Number(was), Cell::Number(is)])
    };
    let rows = [
        row("Time series", &|it| text::significant(it.series.count())),
        row("Spans per second", &|it| text::significant(it.spans.as_per_second())),
        row("Access log a day", &|it| text::memory(it.log.per_day().as_bytes())),
    ];
    rows.into_iter().flatten().collect()
}
