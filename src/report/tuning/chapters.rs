//! Recommendations one by one.

use super::super::chapters::{chapter, table};
use super::super::document::{Block, Cell, Chapter, Column, Details, Tone};
use super::super::text;
use super::{effect, mark, nodes, saved};
use crate::tuning::{Recommendation, Setting, Tuning};

/// What to apply, the most important first.
pub fn ranked(tuning: &Tuning, most: usize) -> Option<Chapter> {
    let found = of(tuning, Recommendation::is_applied);
    let title = "To apply, dangers first, then by nodes saved";
    chapter_of(("recommendations", "What to apply", title), &found, most)
}

/// What only a person can do, the most important first.
pub fn by_hand(tuning: &Tuning, most: usize) -> Option<Chapter> {
    let found = of(tuning, Recommendation::is_by_hand);
    let title = "By hand: no file does it, and the figures above do not count it";
    chapter_of(("by-hand", "What to do by hand", title), &found, most)
}

fn of(tuning: &Tuning, is: fn(&Recommendation) -> bool) -> Vec<&Recommendation> {
    tuning.recommendations.iter().filter(|it| is(it)).collect()
}

fn chapter_of(
    (id, heading, title): (&'static str, &'static str, &str),
    found: &[&Recommendation],
    most: usize,
) -> Option<Chapter> {
    let columns = vec![
        Column::text("Recommendation", 0),
        Column::text("Set", 0),
        Column::number("Saves", "nodes", 2),
        Column::text("Effect", 1),
        Column::text("Why", 0),
    ];
    let rows = found.iter().map(|it| {
        vec![Cell::Name(it.id.clone()), Cell::Text(what(it)), nodes(&it.saves), Cell::Text(effect(&it.saves)), mark(it)]
    });
    let blocks = vec![table(title, columns, rows.collect(), most)];
    if found.is_empty() { None } else { chapter(id, heading, blocks) }
}

/// The setting that matters most of those that change.
fn what(recommendation: &Recommendation) -> String {
    let setting = recommendation.settings.iter().find(|setting| setting.changes());
    setting.map_or_else(String::new, |setting| {
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

fn because(recommendation: &Recommendation) -> String {
    recommendation.withheld.as_ref().map_or_else(String::new, ToString::to_string)
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
    let effects = saved(&recommendation.saves);
    if !effects.is_empty() {
        points.push(format!("Simulated alone it saves {}.", effects.join(", ")));
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
