//! Canaries and failures: what each subset, what is left of hosts and zones must carry, and whether it does; and what
//! clients do meanwhile.

use super::super::derivation;
use super::super::document::{Block, Cell, Chapter, Column, Tone};
use super::super::text::{self, Unit};
use super::{chapter, details, guards, table};
use crate::plan::Plan;
use crate::resilience::{Carrying, EjectionCase, Resilience, Split, Verdict, ZoneCase};
use crate::units::Quantity;

/// Most rows of each table; JSON has all.
const MOST_ROWS: usize = 60;
/// Most judgements whose arithmetic is written out.
const MOST_DERIVATIONS: usize = 40;
const PER_SECOND: Unit = Unit::plain("requests per second", 1.0);
const TIMES: Unit = Unit::plain("times", 1.0);

const READING: &str = "What a replica can carry is its CPU where the CPU of a request was measured, and otherwise only what \
    replicas of the same service take today. Requests spread evenly; a figure is an interval where rules look at \
    something of which the input does not say how many requests have it.";

/// Every judgement, the worst first; nothing where nothing is asked of anyone.
pub fn resilience(plan: &Plan) -> Option<Chapter> {
    let found = &plan.resilience;
    let mut blocks = Vec::new();
    if found.judged().next().is_some() {
        blocks.push(Block::Paragraph(summary(found)));
        blocks.extend(splits(&found.splits));
        blocks.extend(ejections(&found.ejections));
        blocks.extend(zones(&found.zones));
        blocks.push(Block::Paragraph(READING.to_owned()));
        blocks.extend(arithmetic(found));
    }
    blocks.extend(guards::guards(plan));
    chapter("resilience", "Canaries and failures", blocks)
}

fn summary(found: &Resilience) -> String {
    let judged = |number: usize, one: &str, many: &str| text::counted(number as u64, one, many);
    let verb = |verdict, one: &str, many: &str| {
        let number = found.count(verdict) as u64;
        format!("{} {}", text::count(number), if number == 1 { one } else { many })
    };
    format!(
        "Judged were {}, {} and {}: {} what is asked, {} so above the target or once an autoscaler has added \
         pods, {} not, and of {} the input does not say enough.",
        judged(found.splits.len(), "share of a route", "shares of routes"),
        judged(found.ejections.len(), "outlier detection", "outlier detections"),
        judged(found.zones.len(), "service by zone", "services by zone"),
        verb(Verdict::Carries, "carries", "carry"),
        verb(Verdict::Tight, "does", "do"),
        verb(Verdict::Cannot, "does", "do"),
        text::count(found.count(Verdict::Unknown) as u64),
    )
}

fn splits(splits: &[Split]) -> Option<Block> {
    let row = |split: &Split| {
        let mut cells = vec![
            Cell::Name(split.route.clone()),
            Cell::Text(destination(&split.host, split.subset.as_deref())),
            Cell::Number(share(split)),
        ];
        cells.extend(judgement(&split.carrying));
        cells
    };
    let columns = [Column::text("Route", 1), Column::text("Destination", 0), Column::number("Share", "", 1)];
    rows("Shares of routes", columns.to_vec(), splits, |split| &split.carrying, row)
}

fn share(split: &Split) -> String {
    let interval = text::percent_interval(split.share.lower.base(), split.share.upper.base());
    if split.mirrored { format!("{interval}, copies") } else { interval }
}

fn ejections(cases: &[EjectionCase]) -> Option<Block> {
    let row = |case: &EjectionCase| {
        let port = case.port.map_or_else(String::new, |port| format!(":{port}"));
        let mut cells = vec![
            Cell::Name(case.rule.clone()),
            Cell::Text(format!("{}{port}", destination(&case.host, case.subset.as_deref()))),
            Cell::Number(format!("{} of {}", text::count(case.at_once), text::count(case.hosts))),
            Cell::Number(text::count(case.gone)),
        ];
        cells.extend(judgement(&case.carrying));
        cells
    };
    let columns = [
        Column::text("Destination rule", 3),
        Column::text("Hosts of", 0),
        Column::number("Ejected at once", "", 1),
        Column::number("Taken as gone", "", 4),
    ];
    rows("Without the hosts that outlier detection may eject", columns.to_vec(), cases, |case| &case.carrying, row)
}

fn zones(cases: &[ZoneCase]) -> Option<Block> {
    let row = |case: &ZoneCase| {
        let pods: Vec<String> = case.pods.iter().map(|(zone, pods)| format!("{zone} {pods}")).collect();
        let mut cells = vec![
            Cell::Name(case.host.clone()),
            case.lost.clone().map_or(Cell::Empty, Cell::Text),
            Cell::Text(pods.join(", ")),
            Cell::Text(case.preference.to_owned()),
            case.busiest.clone().map_or(Cell::Empty, Cell::Text),
        ];
        cells.extend(judgement(&case.carrying));
        cells
    };
    let columns = [
        Column::text("Service", 0),
        Column::text("Zone gone", 0),
        Column::text("Pods by zone", 3),
        Column::text("Preference", 4),
        Column::text("Then busiest", 2),
    ];
    rows("Without the zone that each service can least do without", columns.to_vec(), cases, |case| &case.carrying, row)
}

/// A table with the judgement in its last columns, the gravest first.
fn rows<T>(
    caption: &str,
    mut columns: Vec<Column>,
    cases: &[T],
    carrying: impl Fn(&T) -> &Carrying,
    row: impl Fn(&T) -> Vec<Cell>,
) -> Option<Block> {
    if cases.is_empty() {
        return None;
    }
    columns.extend([
        Column::number("Replicas", "", 3),
        Column::number("Requests/s each", "", 2),
        Column::number("Against today", "", 3),
        Column::number("Needed", "", 4),
        Column::text("Verdict", 0),
        Column::text("Why", 1),
    ]);
    let mut sorted: Vec<&T> = cases.iter().collect();
    sorted.sort_by_key(|case| gravity(carrying(case).verdict));
    Some(table(caption, columns, sorted.into_iter().map(row).collect(), MOST_ROWS))
}

fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Cannot => 0,
        Verdict::Tight => 1,
        Verdict::Unknown => 2,
        Verdict::Carries => 3,
    }
}

fn judgement(carrying: &Carrying) -> Vec<Cell> {
    let tone = match carrying.verdict {
        Verdict::Carries => Tone::Good,
        Verdict::Tight => Tone::Caution,
        Verdict::Cannot => Tone::Bad,
        Verdict::Unknown => Tone::Neutral,
    };
    let word = if carrying.verdict == Verdict::Unknown { "not known" } else { carrying.verdict.as_str() };
    let interval = |lower: f64, upper: f64| {
        let (lower, upper) = (text::significant(lower), text::significant(upper));
        Cell::Number(if lower == upper { lower } else { format!("{lower}–{upper}") })
    };
    vec![
        Cell::Number(text::count(carrying.replicas)),
        carrying.per_replica.as_ref().map_or(Cell::Empty, |it| interval(it.lower.base(), it.upper.base())),
        carrying.against_today.as_ref().map_or(Cell::Empty, |it| interval(it.lower.base(), it.upper.base())),
        carrying.needed.map_or(Cell::Empty, |needed| Cell::Number(text::count(needed))),
        Cell::Mark(tone, word.to_owned()),
        Cell::Text(carrying.why.clone()),
    ]
}

fn destination(host: &str, subset: Option<&str>) -> String {
    let short = host.strip_suffix(".svc.cluster.local").unwrap_or(host);
    subset.map_or_else(|| short.to_owned(), |subset| format!("{short}, {subset}"))
}

/// How judgements came about that are not simply good.
fn arithmetic(found: &Resilience) -> Option<Block> {
    let named = (found.splits.iter().map(|it| (destination(&it.host, it.subset.as_deref()), &it.carrying)))
        .chain(found.ejections.iter().map(|it| (destination(&it.host, it.subset.as_deref()), &it.carrying)))
        .chain(found.zones.iter().map(|it| (destination(&it.host, None), &it.carrying)));
    let mut lines = Vec::new();
    for (name, carrying) in named.filter(|(_, it)| it.verdict != Verdict::Carries).take(MOST_DERIVATIONS) {
        let each = carrying.per_replica.as_ref().and_then(|it| derivation::line(it, PER_SECOND));
        let used = carrying.utilization.as_ref().and_then(|it| derivation::line(it, TIMES));
        let load = derivation::line(&carrying.load, PER_SECOND);
        let parts = [("all", load), ("each", each), ("CPU over request", used)];
        lines.extend(parts.into_iter().filter_map(|(what, line)| Some(format!("{name}, {what}: {}", line?))));
    }
    if lines.is_empty() { None } else { Some(details("The arithmetic".to_owned(), vec![Block::List(lines)])) }
}
