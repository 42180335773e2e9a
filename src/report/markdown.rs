//! The report as GitHub-flavoured Markdown.

use super::document::{
    Align, Block, Callout, Cell, Chapter, Column, Details, Document, Headline, KeyFigure, Table, Tone,
};
use super::markup::escaped as html_escaped;
use super::text;

/// Longest report in characters: comments on pull requests end at 65,536.
const LONGEST: usize = 60_000;
/// Rows of each table, tried in turn until the report is short enough.
const ROWS: [usize; 4] = [50, 20, 8, 3];
/// Items of each list and blocks of each level shown beside each number of rows.
const ITEMS_PER_ROW: usize = 2;
/// Columns of a higher rank are left out: a comment is as wide as a column of text.
const HIGHEST_RANK: u8 = 6;
/// Kept free for the sentence on chapters left out.
const CLOSING: usize = 300;

/// Renders a document.
pub fn render(document: &Document) -> String {
    let mut report = String::new();
    for rows in ROWS {
        report = with_rows(document, rows);
        if report.chars().count() < LONGEST {
            return report;
        }
    }
    // Even the shortest tables are too long: names are absurd. Whole chapters go, from the end.
    cut_to_length(document, &report)
}

fn with_rows(document: &Document, rows: usize) -> String {
    let mut writer = Writer { out: String::new(), rows };
    writer.headline(document);
    for chapter in &document.chapters {
        writer.chapter(chapter);
    }
    writer.out
}

fn cut_to_length(document: &Document, report: &str) -> String {
    let mut writer = Writer { out: String::new(), rows: ROWS.last().copied().unwrap_or(1) };
    writer.headline(document);
    let mut kept = writer.out.clone();
    let mut left_out = 0_u64;
    for chapter in &document.chapters {
        let before = writer.out.len();
        writer.chapter(chapter);
        if left_out == 0 && writer.out.chars().count() < LONGEST - CLOSING {
            kept.clone_from(&writer.out);
        } else {
            writer.out.truncate(before);
            left_out += 1;
        }
    }
    let length = text::count(report.chars().count() as u64);
    let chapters = text::counted(left_out, "chapter is", "chapters are");
    let mut short: String = kept.chars().take(LONGEST - CLOSING).collect();
    short.push_str(&format!(
        "\n\nThe full text would have {length} characters, so {chapters} left out here; the HTML and JSON outputs have everything.\n"
    ));
    short
}

struct Writer {
    out: String,
    rows: usize,
}

impl Writer {
    fn headline(&mut self, document: &Document) {
        let Headline { badge, tone, sentence, advice } = &document.headline;
        self.line(&format!("# {}", inline(&document.title)));
        self.line("");
        self.line(&format!("{} **{}** {}", sign(*tone), badge.to_uppercase(), inline(sentence)));
        self.line("");
        self.list(advice);
    }

    fn chapter(&mut self, chapter: &Chapter) {
        self.line(&format!("## {}", inline(chapter.title)));
        self.line("");
        self.blocks(&chapter.blocks);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        let limit = self.rows.saturating_mul(ITEMS_PER_ROW);
        for block in blocks.iter().take(limit) {
            match block {
                Block::Paragraph(text) => self.paragraph(text),
                Block::List(points) => self.list(points),
                Block::KeyFigures(figures) => self.key_figures(figures),
                Block::Table(table) => self.table(table),
                Block::Chart(_) => {}
                Block::Callout(callout) => self.callout(callout),
                Block::Details(details) => self.details(details),
            }
        }
        if blocks.len() > limit {
            let number = text::count((blocks.len() - limit) as u64);
            self.paragraph(&format!("{number} more are in the HTML and JSON outputs."));
        }
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn paragraph(&mut self, text: &str) {
        self.line(&line_start(&inline(text)));
        self.line("");
    }

    fn list(&mut self, points: &[String]) {
        if points.is_empty() {
            return;
        }
        let limit = self.rows.saturating_mul(ITEMS_PER_ROW);
        for point in points.iter().take(limit) {
            self.line(&format!("- {}", line_start(&inline(point))));
        }
        if points.len() > limit {
            self.line(&format!("- {} more in the JSON output", text::count((points.len() - limit) as u64)));
        }
        self.line("");
    }

    fn key_figures(&mut self, figures: &[KeyFigure]) {
        self.line("| | | |");
        self.line("|:--|--:|:--|");
        for figure in figures {
            let sign = if matches!(figure.tone, Tone::Caution | Tone::Bad) { sign(figure.tone) } else { "" };
            let note = format!("{sign} {}", inline(&figure.note));
            self.line(&format!("| {} | **{}** | {} |", figure.label, inline(&figure.value), note.trim()));
        }
        self.line("");
    }

    fn table(&mut self, table: &Table) {
        self.line(&format!("_{}_", inline(&table.caption)));
        self.line("");
        let kept = |column: &Column| column.rank <= HIGHEST_RANK;
        let columns: Vec<&Column> = table.columns.iter().filter(|column| kept(column)).collect();
        let headings: Vec<String> = columns.iter().map(|column| inline(&column.heading())).collect();
        self.line(&format!("| {} |", headings.join(" | ")));
        let rules = columns.iter().map(|column| match column.align {
            Align::Left => ":--",
            Align::Right => "--:",
        });
        self.line(&format!("|{}|", rules.collect::<Vec<_>>().join("|")));
        for row in table.rows.iter().take(self.rows) {
            let cells = row.iter().zip(&table.columns).filter(|(_, column)| kept(column));
            let cells: Vec<String> = cells.map(|(cell, _)| self::cell(cell)).collect();
            self.line(&format!("| {} |", cells.join(" | ")));
        }
        self.line("");
        let left_out: Vec<&str> =
            table.columns.iter().filter(|column| !kept(column)).map(|column| column.title).collect();
        if !left_out.is_empty() {
            self.paragraph(&format!("Columns in the HTML and JSON outputs only: {}.", left_out.join(", ")));
        }
        if let Some(remainder) = table.remainder(self.rows) {
            self.paragraph(&remainder);
        }
    }

    fn callout(&mut self, callout: &Callout) {
        self.line(&format!("> {} **{}** {}", sign(callout.tone), inline(&callout.title), inline(&callout.text)));
        self.line("");
    }

    fn details(&mut self, details: &Details) {
        self.line(&format!("<details><summary>{}</summary>", html_escaped(&details.summary)));
        self.line("");
        self.blocks(&details.blocks);
        self.line("</details>");
        self.line("");
    }
}

fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✅",
        Tone::Caution => "⚠️",
        Tone::Bad => "❌",
        Tone::Neutral => "ℹ️",
    }
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Name(name) => code(name),
        Cell::Mark(tone @ (Tone::Caution | Tone::Bad), words) => format!("{} {}", sign(*tone), inline(words)),
        other => inline(other.as_str()),
    }
}

/// A code span; names that could end it or its cell, or that look like markup, are written as escaped text.
fn code(name: &str) -> String {
    let cleaned = text::clean(name);
    if cleaned.is_empty() || cleaned.contains(['`', '|', '\\', '<']) {
        return inline(&cleaned);
    }
    format!("`{cleaned}`")
}

/// Text in which nothing is markup.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text::clean(text).chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

/// Keeps the start of a line from being read as a heading, list or rule.
fn line_start(line: &str) -> String {
    let special = line.starts_with(['#', '+', '-', '=']);
    if special {
        return format!("\\{line}");
    }
    let digits = line.len() - line.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    match line.split_at_checked(digits) {
        Some((number, rest)) if digits > 0 && rest.starts_with(['.', ')']) => format!("{number}\\{rest}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Column;
    use proptest::prelude::*;

    fn one_table(name: &str, rows: usize) -> Document {
        let columns = vec![Column::text("Name", 0), Column::text("Words", 0)];
        let row = vec![Cell::Name(name.to_owned()), Cell::Text(name.to_owned())];
        let table = Table { caption: String::new(), columns, rows: vec![row; rows], omitted: 0 };
        let headline =
            Headline { badge: "fits", tone: Tone::Good, sentence: name.to_owned(), advice: vec![name.to_owned()] };
        let chapters = vec![Chapter { id: "one", title: "One", blocks: vec![Block::Table(table); 3] }; 20];
        Document { title: "Plan".to_owned(), headline, chapters }
    }

    #[test]
    fn pipes_and_markup_in_names_are_escaped() {
        assert_eq!(code("shop/cart"), "`shop/cart`");
        assert_eq!(code("a|b"), "a\\|b");
        assert_eq!(inline("<b>|*x*"), "&lt;b&gt;\\|\\*x\\*");
        assert_eq!(line_start("1. not a list"), "1\\. not a list");
        assert_eq!(line_start("# no"), "\\# no");
    }

    #[test]
    fn a_report_is_never_longer_than_a_comment() {
        for (name, rows) in [("x", 10), ("shop/cart", 5_000), (&*"long".repeat(200), 50)] {
            let report = render(&one_table(name, rows));
            assert!(report.chars().count() <= LONGEST, "{rows} rows of {} characters", name.len());
        }
        assert!(render(&one_table(&"long".repeat(200), 50)).contains("chapters are left out"));
    }

    proptest! {
        #[test]
        fn every_table_row_has_its_two_cells(name in any::<String>()) {
            let report = render(&one_table(&name, 1));
            for line in report.lines().filter(|line| line.starts_with("| ")) {
                let pipes = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
                prop_assert_eq!(pipes, 3, "{}", line);
            }
        }
    }
}
