//! What became of every coefficient.

use super::capitalised;
use crate::fit::{Fit, FittedCoefficient, LawFit, Origin, Outcome};
use crate::model::Coefficient;
use crate::report::document::{Block, Cell, Chapter, Column, Table};
use crate::report::text;

/// Coefficients before and after, law by law, where there are laws.
pub fn chapter(fit: &Fit) -> Option<Chapter> {
    let blocks: Vec<Block> = fit.laws.iter().flat_map(blocks).collect();
    (!blocks.is_empty()).then_some(Chapter { id: "coefficients", title: "Coefficients", blocks })
}

fn blocks(law: &LawFit) -> Vec<Block> {
    let fitting = match &law.outcome {
        Outcome::Withheld(withheld) => {
            return vec![Block::Paragraph(format!("{} {withheld}.", capitalised(law.law.name())))];
        }
        Outcome::Fitted(fitting) => fitting,
    };
    let columns = vec![
        Column::text("Coefficient", 0),
        Column::number("Before", "", 1),
        Column::number("Now", "", 0),
        Column::number("Interval", "", 0),
        Column::text("Unit", 2),
        Column::text("From", 3),
    ];
    let caption = format!(
        "{}: {} at {} of {}",
        capitalised(law.law.name()),
        text::counted(law.rows as u64, "row", "rows"),
        text::counted(fitting.points as u64, "load point", "load points"),
        text::counted(law.groups.len() as u64, "group", "groups"),
    );
    let rows = law.coefficients.iter().map(row).collect();
    let mut blocks = vec![Block::Table(Table { caption, columns, rows, omitted: 0 })];
    if !fitting.speeds.is_empty() {
        let speeds = fitting.speeds.iter().map(|(group, speed)| format!("{group} {}", text::significant(*speed)));
        blocks.push(Block::Paragraph(format!(
            "CPU against the card by group, for cores differ: {}.",
            speeds.collect::<Vec<_>>().join(", ")
        )));
    }
    blocks
}

fn row(one: &FittedCoefficient) -> Vec<Cell> {
    let key = one.after.name.rsplit('.').next().unwrap_or_default();
    let [_, before, _] = one.before.as_written();
    let [lower, value, upper] = one.after.as_written();
    let from = match &one.origin {
        Origin::Fitted => "measured".to_owned(),
        Origin::Kept(kept) => format!("kept: {kept}"),
    };
    vec![
        Cell::Name(key.to_owned()),
        Cell::Number(text::significant(before)),
        Cell::Number(text::significant(value)),
        Cell::Number(interval(lower, upper)),
        Cell::Text(unit(&one.after).to_owned()),
        Cell::Text(from),
    ]
}

fn interval(lower: f64, upper: f64) -> String {
    format!("{}–{}", text::significant(lower), text::significant(upper))
}

fn unit(coefficient: &Coefficient) -> &str {
    if coefficient.unit == "ratio" { "" } else { &coefficient.unit }
}
