//! Limits, timeouts and retries of clients: what is wrong with them, the gravest first.

use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::text;
use super::{chapter, some_of, table};
use crate::plan::Plan;
use crate::resilience::{Bound, Faulty, Guards, Weakness, WeaknessKind};

/// Most rows; JSON has all.
const MOST_ROWS: usize = 40;
/// Most services named in a row.
const MOST_NAMES: usize = 4;
const CAPTION: &str = "Limits, timeouts and retries of clients that do harm or are missing";

/// What is wrong, what was looked at, and what nobody could judge; nothing for a mesh without services.
pub fn guards(plan: &Plan) -> Vec<Block> {
    let found = &plan.resilience.guards;
    let mut blocks = Vec::new();
    if found.is_judged() {
        blocks.push(Block::Paragraph(summary(plan)));
    }
    if !found.weaknesses.is_empty() {
        let rows = found.weaknesses.iter().map(row).collect();
        blocks.push(table(CAPTION, columns(), rows, MOST_ROWS));
    }
    if !found.without_proxies.is_empty() {
        let services = named(&found.without_proxies);
        let why = "ztunnels forward connections and know no requests; a waypoint would";
        blocks.push(Block::Paragraph(format!("Nothing limits, ends or repeats requests to {services}: {why}.")));
    }
    blocks.extend(not_judged(found).map(Block::Paragraph));
    blocks
}

/// What does harm, in a sentence for a screen; nothing where nothing does.
pub fn brief(plan: &Plan) -> Option<Chapter> {
    let wrong = wrong(plan, WeaknessKind::is_acute);
    if wrong.is_empty() {
        return None;
    }
    let said =
        format!("Limits, timeouts and retries: {}; the full report names them, tune sets them.", wrong.join(", "));
    chapter("guards", "Clients' guards", vec![Block::Paragraph(said)])
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("Guard", 0),
        Column::text("Of", 0),
        Column::text("Today", 1),
        Column::text("Needed", 2),
        Column::text("Why", 3),
    ]
}

fn row(weakness: &Weakness) -> Vec<Cell> {
    let tone = if weakness.kind.is_acute() { Tone::Bad } else { Tone::Caution };
    let several = weakness.subjects.len() > 1 && weakness.kind.is_acute();
    let why = if several { format!("at worst {}", weakness.why) } else { weakness.why.clone() };
    let settings = |bound: fn(&Faulty) -> Bound| {
        let each = weakness.settings.iter().map(|it| format!("{} {}", it.name, written(bound(it))));
        let each: Vec<String> = each.collect();
        if each.is_empty() { Cell::Empty } else { Cell::Text(each.join(", ")) }
    };
    vec![
        Cell::Mark(tone, weakness.kind.as_str().to_owned()),
        Cell::Text(some_of(&weakness.subjects, MOST_NAMES)),
        settings(|it| it.today),
        settings(|it| it.needed),
        Cell::Text(why),
    ]
}

fn written(bound: Bound) -> String {
    match bound {
        Bound::Count(number) => text::count(number),
        Bound::Time(time) if time.as_seconds() < 1.0 => format!("{} ms", text::significant(time.as_seconds() * 1000.0)),
        Bound::Time(time) => format!("{} s", text::significant(time.as_seconds())),
    }
}

fn summary(plan: &Plan) -> String {
    let found = &plan.resilience.guards;
    let looked_at = [
        (found.pools.len(), "pool of connections", "pools of connections"),
        (found.timeouts.len(), "route with a measured response time", "routes with measured response times"),
        (found.retries.len(), "service whose callers retry", "services whose callers retry"),
    ];
    let looked_at = looked_at.iter().filter(|(number, _, _)| *number > 0);
    let looked_at: Vec<String> =
        looked_at.map(|(number, one, many)| text::counted(*number as u64, one, many)).collect();
    let looked_at = if looked_at.is_empty() { String::new() } else { format!(" ({})", looked_at.join(", ")) };
    let wrong = wrong(plan, |_| true);
    if wrong.is_empty() {
        return format!("Nothing is wrong with limits, timeouts and retries of clients{looked_at}.");
    }
    let remedy = "tune works out what to set.";
    format!("Limits, timeouts and retries of clients{looked_at}: {}; {remedy}", wrong.join(", "))
}

/// How many services and routes something of some kinds is wrong with.
fn wrong(plan: &Plan, is_meant: fn(WeaknessKind) -> bool) -> Vec<String> {
    let bound = text::significant(plan.policy.resilience.most_amplification.as_number());
    let multiplies = format!("retries make more than {} attempts of one request", text::without_zeros(&bound));
    let (one, many) = (format!("service whose {multiplies}"), format!("services whose {multiplies}"));
    let words = |kind| match kind {
        WeaknessKind::Refuses => {
            ("pool that refuses requests of busy seconds", "pools that refuse requests of busy seconds")
        }
        WeaknessKind::Cuts => ("route whose timeout cuts good requests", "routes whose timeouts cut good requests"),
        WeaknessKind::Multiplies => (one.as_str(), many.as_str()),
        WeaknessKind::Unlimited => ("service without any limit", "services without any limit"),
        WeaknessKind::Endless => ("route without a timeout", "routes without a timeout"),
        WeaknessKind::Unwatched => (
            "service without outlier detection and pods enough for it",
            "services without outlier detection and pods enough for it",
        ),
    };
    let counted = |kind: WeaknessKind| {
        let (number, (one, many)) = (plan.resilience.guards.count(kind), words(kind));
        (number > 0).then(|| text::counted(number, one, many))
    };
    WeaknessKind::ALL.into_iter().filter(|kind| is_meant(*kind)).filter_map(counted).collect()
}

/// For whom nothing was measured; nothing where everything was.
fn not_judged(found: &Guards) -> Option<String> {
    let (requests, times) = (&found.without_requests, &found.without_times);
    let mut missing = Vec::new();
    if !requests.is_empty() {
        missing.push(format!("requests per second of {}: give a table with inbound_rps", named(requests)));
    }
    if !times.is_empty() {
        let how = "give --latency NAMESPACE/NAME=FILE, or a table with response_mean_ms";
        missing.push(format!("response times of {}: {how}", named(times)));
    }
    if !found.calls_known && (found.is_judged() || !missing.is_empty()) {
        missing.push("who calls whom, which decides how retries multiply: give --calls".to_owned());
    }
    let lead = "Not judged are limits, timeouts and retries of clients for which the input does not say";
    (!missing.is_empty()).then(|| format!("{lead} {}.", missing.join("; ")))
}

fn named(services: &[impl ToString]) -> String {
    let names: Vec<String> = services.iter().map(ToString::to_string).collect();
    let counted = text::counted(names.len() as u64, "service", "services");
    format!("{counted} ({})", some_of(&names, MOST_NAMES))
}
