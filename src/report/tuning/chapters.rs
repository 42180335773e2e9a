//! Recommendations: in short, one by one, and what is withheld.

use std::collections::BTreeSet;

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Column, Details, Tone};
use super::super::text;
use super::{effect, mark, mark_of, nodes, safer, saved};
use crate::tuning::{Group, Recommendation, Setting, Tuning};

/// What to apply, the most important first: alike ones together on about ten lines, and where that hides any, up to
/// `most` of them one by one.
pub fn ranked(tuning: &Tuning, most: usize) -> Option<Chapter> {
    const LINES: usize = 10;
    let groups = tuning.groups(LINES);
    let applied = of(tuning, Recommendation::is_applied);
    let rows = groups.iter().map(|group| {
        let name = match group.members.len() {
            1 => group.name(),
            members => format!("{} ({})", group.name(), text::count(members as u64)),
        };
        vec![
            Cell::Name(name),
            Cell::Text(what_of(group)),
            nodes(&group.saves),
            Cell::Text(effect(&group.saves)),
            mark_of(group.is_danger(), &group.saves),
        ]
    });
    let mut blocks = vec![table("To apply, dangers first, then by nodes saved", columns(), rows.collect(), usize::MAX)];
    if groups.len() < applied.len() && most > 0 {
        blocks.push(table("One by one", columns(), applied.iter().map(|it| in_short(it)).collect(), most));
    }
    if applied.is_empty() { None } else { chapter("recommendations", "What to apply", blocks) }
}

/// What only a person can do, the most important first.
pub fn by_hand(tuning: &Tuning, most: usize) -> Option<Chapter> {
    let found = of(tuning, Recommendation::is_by_hand);
    let title = "By hand: no file does it, and the figures above do not count it";
    let rows: Vec<Vec<Cell>> = found.iter().map(|it| in_short(it)).collect();
    if rows.is_empty() {
        None
    } else {
        chapter("by-hand", "What to do by hand", vec![table(title, columns(), rows, most)])
    }
}

fn of(tuning: &Tuning, is: fn(&Recommendation) -> bool) -> Vec<&Recommendation> {
    tuning.recommendations.iter().filter(|it| is(it)).collect()
}

fn in_short(it: &Recommendation) -> Vec<Cell> {
    vec![Cell::Name(it.id.clone()), Cell::Text(what(it)), nodes(&it.saves), Cell::Text(effect(&it.saves)), mark(it)]
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("Recommendation", 0),
        Column::text("Set", 0),
        Column::number("Saves", "nodes", 2),
        Column::text("Effect", 1),
        Column::text("Why", 0),
    ]
}

/// What all of a group set, where it is the same; else which settings.
fn what_of(group: &Group<'_>) -> String {
    let all: BTreeSet<String> = group.members.iter().map(|it| what(it)).collect();
    let names = group.members.iter().filter_map(|it| changing(it)).map(|setting| setting.name);
    let names: BTreeSet<&str> = names.collect();
    match all.first().filter(|_| all.len() == 1) {
        Some(same) => same.clone(),
        None => format!("{}, each its own", names.into_iter().collect::<Vec<&str>>().join(" or ")),
    }
}

fn changing(recommendation: &Recommendation) -> Option<&Setting> {
    recommendation.settings.iter().find(|setting| setting.changes())
}

/// The setting that matters most of those that change.
fn what(recommendation: &Recommendation) -> String {
    changing(recommendation).map_or_else(String::new, |setting| {
        let today = setting.current.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
        format!("{} {today} → {}", setting.name, setting.target)
    })
}

/// Each recommendation in full.
pub fn explained(tuning: &Tuning) -> Option<Chapter> {
    const MOST: usize = 100;
    let shown = tuning
        .recommendations
        .iter()
        .take(MOST)
        .map(|it| Block::Details(Details { summary: it.id.clone(), tone: Tone::Neutral, blocks: blocks(it) }));
    let mut all: Vec<Block> = shown.collect();
    if tuning.recommendations.len() > MOST {
        let others = (tuning.recommendations.len() - MOST) as u64;
        all.push(Block::Paragraph(format!(
            "{} more are left out here. The JSON output is complete.",
            text::counted(others, "recommendation", "recommendations")
        )));
    }
    if all.is_empty() { None } else { chapter("explained", "One by one", all) }
}

/// One recommendation as a chapter of its own.
pub fn of_one(recommendation: &Recommendation) -> Option<Chapter> {
    chapter("recommendation", "In full", blocks(recommendation))
}

/// What is not to be applied, and why.
pub fn withheld(tuning: &Tuning, most: usize) -> Option<Chapter> {
    let columns = vec![Column::text("Withheld", 0), Column::text("Set", 1), Column::text("Because", 0)];
    let rows: Vec<Vec<Cell>> = of(tuning, |it| it.withheld.is_some())
        .into_iter()
        .map(|it| vec![Cell::Name(it.id.clone()), Cell::Text(what(it)), Cell::Text(because(it))])
        .collect();
    if rows.is_empty() {
        return None;
    }
    chapter("withheld", "What is withheld", vec![table("Not to be applied", columns, rows, most)])
}

/// The same for a narrow page: reasons in full.
pub fn withheld_in_short(tuning: &Tuning, most: usize) -> Option<Chapter> {
    let withheld = of(tuning, |it| it.withheld.is_some());
    let mut points: Vec<String> = withheld.iter().take(most).map(|it| format!("{}: {}.", it.id, because(it))).collect();
    let hidden = withheld.len().saturating_sub(most);
    if hidden > 0 {
        points.push(format!("{} more in the full report.", text::count(hidden as u64)));
    }
    if points.is_empty() { None } else { chapter("withheld", "What is withheld", vec![Block::List(points)]) }
}

fn because(recommendation: &Recommendation) -> String {
    let reason = recommendation.withheld.as_ref().map_or_else(String::new, ToString::to_string);
    match saved(&recommendation.saves) {
        Some(would) => format!("{reason}; simulated: {would}"),
        None => reason,
    }
}

fn blocks(recommendation: &Recommendation) -> Vec<Block> {
    let columns = vec![
        Column::text("Setting", 0),
        Column::text("Today", 0),
        Column::text("Lower", 1),
        Column::text("Target", 0),
        Column::text("Upper", 1),
    ];
    let rows = recommendation.settings.iter().map(row).collect();
    let mut blocks = vec![table("Settings", columns, rows, usize::MAX)];
    let mut points: Vec<String> = recommendation.basis.clone();
    points.extend(recommendation.risk.removes.iter().map(|danger| format!("Removes a danger: {danger}.")));
    points.extend(recommendation.risk.brings.iter().map(|risk| format!("Mind: {risk}.")));
    if !recommendation.needs.is_empty() {
        points.push(format!("Only together with {}.", recommendation.needs.join(", ")));
    }
    points.extend(recommendation.withheld.iter().map(|why| format!("Withheld: {why}.")));
    let effects: Vec<String> = saved(&recommendation.saves).into_iter().chain(safer(&recommendation.saves)).collect();
    if !effects.is_empty() {
        points.push(format!("Simulated alone: {}.", effects.join(", ")));
    }
    blocks.push(Block::List(points));
    if !recommendation.terms.is_empty() {
        let terms = recommendation.terms.iter().map(|term| {
            format!(
                "{} {} × {} {} = {} {}",
                text::significant(term.count),
                term.what,
                text::significant(term.coefficient),
                term.unit,
                text::significant(term.amount),
                term.unit
            )
        });
        blocks.push(Block::List(terms.collect()));
    }
    blocks
}

fn row(setting: &Setting) -> Vec<Cell> {
    let today = setting.current.as_ref().map_or(Cell::Empty, |amount| Cell::Text(amount.to_string()));
    vec![
        Cell::Text(setting.name.to_owned()),
        today,
        Cell::Text(setting.lower.to_string()),
        Cell::Text(setting.target.to_string()),
        Cell::Text(setting.upper.to_string()),
    ]
}
