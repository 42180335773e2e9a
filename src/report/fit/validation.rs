//! How rows are predicted that the fit has not seen.

use super::capitalised;
use crate::fit::{Fit, Fitting, LawFit, Outcome, Score};
use crate::report::document::{Block, Cell, Chapter, Column, Table};
use crate::report::text;

/// One table for all laws, where any was fitted.
pub fn chapter(fit: &Fit) -> Option<Chapter> {
    let fitted: Vec<(&LawFit, &Fitting)> = fit.laws.iter().filter_map(fitted).collect();
    if fitted.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text("Quantity", 0),
        Column::text("Judged on", 0),
        Column::number("Rows", "", 1),
        Column::number("Median", "", 0),
        Column::number("Worst", "", 1),
        Column::number("Bias", "", 2),
        Column::number("Covered", "", 0),
    ];
    let rows = fitted.iter().flat_map(|(law, fitting)| rows(law, fitting)).collect();
    let table = Table { caption: "Rows that were left out".to_owned(), columns, rows, omitted: 0 };
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(fitted.iter().filter(|(law, _)| law.groups.len() == 1).map(|(law, _)| {
        Block::Paragraph(format!(
            "{}: all rows are of one group, so leaving one group out cannot be done.",
            capitalised(law.law.name())
        ))
    }));
    blocks.push(Block::Paragraph(LEGEND.to_owned()));
    Some(Chapter { id: "validation", title: "Unseen rows", blocks })
}

const LEGEND: &str = "Median and worst of |predicted − measured| ÷ measured; bias: its signed median, negative where too \
    little is predicted; covered: rows inside the predicted 90 % interval. Each line is a fit of its own, to the rows \
    that it does not judge.";

fn fitted(law: &LawFit) -> Option<(&LawFit, &Fitting)> {
    match &law.outcome {
        Outcome::Fitted(fitting) => Some((law, fitting)),
        Outcome::Withheld(_) => None,
    }
}

fn rows(law: &LawFit, fitting: &Fitting) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let mut add = |what: String, n: usize, score: Option<Score>| rows.push(row(law, what, n, score));
    match &fitting.holdout {
        None => add("a random quarter: the others are too few".to_owned(), 0, None),
        Some(holdout) => {
            for (what, score) in [
                ("a random quarter, within the counts of the others", holdout.within),
                ("the same, at the speed of its own group", holdout.own_speed),
                ("a random quarter, beyond the counts of the others", holdout.beyond),
            ] {
                if let Some(score) = score {
                    add(what.to_owned(), score.n, Some(score));
                }
            }
        }
    }
    for left_out in &fitting.left_out {
        let thin = if left_out.score.is_none() { ": the others are too few" } else { "" };
        add(format!("{}{thin}", left_out.group), left_out.n, left_out.score);
    }
    rows
}

fn row(law: &LawFit, what: String, n: usize, score: Option<Score>) -> Vec<Cell> {
    let figure = |of: fn(&Score) -> String| score.as_ref().map_or(Cell::Empty, |score| Cell::Number(of(score)));
    vec![
        Cell::Text(law.law.name().to_owned()),
        Cell::Name(what),
        Cell::Number(text::count(n as u64)),
        figure(|score| text::percent(score.median)),
        figure(|score| text::percent(score.worst)),
        figure(|score| text::percent(score.bias)),
        figure(|score| text::percent(score.coverage)),
    ]
}
