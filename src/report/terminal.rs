//! A document as terminal text: wrapped to a width, coloured only if asked.

use super::document::{Align, Block, Callout, Cell, Document, Headline, KeyFigure, Table, Tone};
use super::text;

/// Narrowest width that is laid out; terminals below it get this one.
const NARROWEST: usize = 40;
/// Narrowest a column of words is squeezed to before a whole column is left out.
const NARROWEST_WORDS: usize = 14;
/// Longest name that is kept on one line: a broken name cannot be searched for.
const LONGEST_NAME: usize = 32;
/// Where there is less room than this, names are broken after three tenths of it: figures matter more.
const NARROW: usize = 50;
/// Most lines of one cell.
const MOST_LINES: usize = 2;
/// Space between columns.
const GAP: usize = 2;

/// How to write to a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Width in characters.
    pub width: usize,
    /// Whether to colour with ANSI sequences.
    pub color: bool,
}

impl TerminalOptions {
    /// For a text that goes to a file.
    pub const FILE: Self = Self { width: 100, color: false };
}

/// Renders a document.
pub fn render(document: &Document, options: TerminalOptions) -> String {
    let mut terminal = Terminal { out: String::new(), width: options.width.max(NARROWEST), color: options.color };
    terminal.headline(&document.headline);
    for chapter in &document.chapters {
        terminal.line("");
        // Key figures and a lone paragraph explain themselves; lines are dear.
        if !matches!(*chapter.blocks, [Block::KeyFigures(_)] | [Block::Paragraph(_)]) {
            terminal.heading(chapter.title);
        }
        terminal.blocks(&chapter.blocks, 2);
    }
    terminal.out
}

struct Terminal {
    out: String,
    width: usize,
    color: bool,
}

impl Terminal {
    fn headline(&mut self, headline: &Headline) {
        let badge = headline.badge.to_uppercase();
        let indent = width(&badge) + 2;
        let mut lines = wrapped(&headline.sentence, self.width.saturating_sub(indent)).into_iter();
        let badge = self.styled(headline.tone, true, &badge);
        self.line(&format!("{badge}  {}", lines.next().unwrap_or_default()));
        for line in lines {
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
        for advice in &headline.advice {
            self.item("→ ", advice, 2);
        }
    }

    fn heading(&mut self, title: &str) {
        let title = self.styled(Tone::Neutral, true, title);
        self.line(&title);
    }

    fn blocks(&mut self, blocks: &[Block], indent: usize) {
        for block in blocks {
            match block {
                Block::Paragraph(text) => self.item("", text, indent),
                Block::List(points) => points.iter().for_each(|point| self.item("• ", point, indent)),
                Block::KeyFigures(figures) => self.key_figures(figures, indent),
                Block::Table(table) => self.table(table, indent),
                Block::Chart(_) => {}
                Block::Callout(callout) => self.callout(callout, indent),
                Block::Details(details) => {
                    self.item("", &details.summary, indent);
                    self.blocks(&details.blocks, indent + 2);
                }
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// Wrapped text behind a mark, its further lines aligned with the first.
    fn item(&mut self, mark: &str, text: &str, indent: usize) {
        let hanging = indent + width(mark);
        for (index, line) in wrapped(text, self.width.saturating_sub(hanging)).into_iter().enumerate() {
            let (margin, mark) = if index == 0 { (indent, mark) } else { (hanging, "") };
            self.line(&format!("{}{mark}{line}", " ".repeat(margin)));
        }
    }

    fn key_figures(&mut self, figures: &[KeyFigure], indent: usize) {
        let label_width = figures.iter().map(|figure| width(figure.label)).max().unwrap_or(0);
        let value_width = figures.iter().map(|figure| width(&text::clean(&figure.value))).max().unwrap_or(0);
        let value_at = indent + label_width + GAP;
        let beside = self.width.saturating_sub(value_at + value_width + GAP);
        for figure in figures {
            let (value, note) = (text::clean(&figure.value), text::clean(&figure.note));
            // On a narrow terminal columns of notes would be slivers: each note follows its own value.
            let room = if beside < NARROWEST_WORDS { width(&value) } else { value_width };
            let label = padded(figure.label, label_width, Align::Left);
            let shown = self.styled(figure.tone, figure.tone != Tone::Neutral, &padded(&value, room, Align::Left));
            let line = format!("{}{label}  {shown}", " ".repeat(indent));
            let note_at = value_at + room + GAP;
            if beside < NARROWEST_WORDS && note_at + width(&note) > self.width {
                self.line(&line);
                self.item("", &note, value_at);
                continue;
            }
            let mut notes = wrapped(&note, self.width.saturating_sub(note_at)).into_iter();
            self.line(&format!("{line}  {}", notes.next().unwrap_or_default()));
            for note in notes {
                self.line(&format!("{}{note}", " ".repeat(note_at)));
            }
        }
    }

    fn callout(&mut self, callout: &Callout, indent: usize) {
        let title = self.styled(callout.tone, true, &text::clean(&callout.title));
        self.line(&format!("{}{title}", " ".repeat(indent)));
        self.item("", &callout.text, indent + 2);
    }

    fn table(&mut self, table: &Table, indent: usize) {
        let layout = Layout::fit(table, self.width.saturating_sub(indent));
        let margin = " ".repeat(indent);
        let headings: Vec<String> =
            layout.columns.iter().map(|column| padded(&column.heading, column.width, column.align)).collect();
        let headings = self.styled(Tone::Neutral, false, headings.join("  ").trim_end());
        self.line(&format!("{margin}{headings}"));
        for row in &table.rows {
            self.row(&layout, row, &margin);
        }
        if table.omitted > 0 {
            self.item("", &format!("{} more in the full report", text::count(table.omitted)), indent);
        }
        if !layout.left_out.is_empty() {
            self.item("", &format!("left out at this width: {}", layout.left_out.join("; ")), indent);
        }
    }

    /// A row; cells of words that were squeezed continue below, up to [`MOST_LINES`].
    fn row(&mut self, layout: &Layout, row: &[Cell], margin: &str) {
        let cells: Vec<(Tone, &Placed, Vec<String>)> = layout
            .columns
            .iter()
            .map(|column| {
                let cell = row.get(column.index).unwrap_or(&Cell::Empty);
                let tone = if let Cell::Mark(tone, _) = cell { *tone } else { Tone::Neutral };
                (tone, column, cell_lines(&text::clean(cell.as_str()), column.width))
            })
            .collect();
        let height = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or(0);
        for index in 0..height {
            let last = cells.len().saturating_sub(1);
            let parts: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(at, (tone, column, lines))| {
                    let words = padded(lines.get(index).map_or("", String::as_str), column.width, column.align);
                    // Spaces inside colour would stay at the end of the line.
                    let words = if at == last { words.trim_end().to_owned() } else { words };
                    if *tone == Tone::Neutral { words } else { self.styled(*tone, false, &words) }
                })
                .collect();
            self.line(&format!("{margin}{}", parts.join("  ")));
        }
    }

    fn styled(&self, tone: Tone, bold: bool, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let color = match tone {
            Tone::Neutral if bold => return format!("\u{1b}[1m{text}\u{1b}[0m"),
            Tone::Neutral => return format!("\u{1b}[2m{text}\u{1b}[0m"),
            Tone::Good => 32,
            Tone::Caution => 33,
            Tone::Bad => 31,
        };
        let weight = if bold { "1;" } else { "" };
        format!("\u{1b}[{weight}{color}m{text}\u{1b}[0m")
    }
}

/// Which columns are shown, and how wide.
struct Layout {
    columns: Vec<Placed>,
    left_out: Vec<String>,
}

struct Placed {
    index: usize,
    heading: String,
    width: usize,
    align: Align,
    rank: u8,
    /// Narrowest it is squeezed to.
    least: usize,
}

impl Layout {
    /// Leaves columns out by rank until the rest fits with its words squeezed a little.
    fn fit(table: &Table, available: usize) -> Self {
        let mut columns: Vec<Placed> = table
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let heading = column.heading();
                let cells = table.rows.iter().filter_map(|row| row.get(index));
                let widest = cells.map(|cell| width(&text::clean(cell.as_str()))).max().unwrap_or(0);
                let names = table.rows.iter().any(|row| matches!(row.get(index), Some(Cell::Name(_))));
                let width = widest.max(width(&heading));
                let least = least(column.align, names, available).max(self::width(&heading)).min(width);
                Placed { index, width, heading, align: column.align, rank: column.rank, least }
            })
            .collect();
        let mut left_out = Vec::new();
        while least_of_all(&columns) > available && columns.len() > 1 {
            let last = (0..columns.len()).max_by_key(|&at| columns.get(at).map_or((0, 0), |column| (column.rank, at)));
            let Some(last) = last else { break };
            left_out.push(columns.remove(last).heading);
        }
        left_out.reverse();
        squeeze(&mut columns, available);
        Self { columns, left_out }
    }
}

/// The least width the columns can be squeezed to.
fn least_of_all(columns: &[Placed]) -> usize {
    columns.iter().map(|column| column.least).sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

/// The least width of a column: numbers are never broken.
fn least(align: Align, names: bool, available: usize) -> usize {
    match align {
        Align::Left if names && available < NARROW => available * 3 / 10,
        Align::Left if names => LONGEST_NAME,
        Align::Left => NARROWEST_WORDS,
        Align::Right => usize::MAX,
    }
}

/// Takes width from the widest column of words until all fit.
fn squeeze(columns: &mut [Placed], available: usize) {
    let gaps = GAP * columns.len().saturating_sub(1);
    loop {
        let total: usize = columns.iter().map(|column| column.width).sum::<usize>() + gaps;
        let Some(excess) = total.checked_sub(available).filter(|excess| *excess > 0) else { return };
        let widest = columns.iter_mut().filter(|column| column.width > column.least).max_by_key(|column| column.width);
        match widest {
            Some(column) => column.width -= excess.min(column.width - column.least),
            None => {
                // A single column wider than the terminal: cut it.
                if let Some(column) = columns.first_mut() {
                    column.width = available;
                }
                return;
            }
        }
    }
}

/// The lines of a cell; what is beyond [`MOST_LINES`] is cut.
fn cell_lines(text: &str, to: usize) -> Vec<String> {
    let mut lines = wrapped(text, to);
    if lines.len() > MOST_LINES {
        let rest = lines.split_off(MOST_LINES - 1).join(" ");
        lines.push(cut_after_word(&rest, to));
    }
    lines
}

/// Text cut and filled to exactly a width.
fn padded(text: &str, to: usize, align: Align) -> String {
    let text = cut(text, to);
    let fill = " ".repeat(to.saturating_sub(width(&text)));
    match align {
        Align::Left => format!("{text}{fill}"),
        Align::Right => format!("{fill}{text}"),
    }
}

/// Cut like [`cut`], but between words where one ends in the second half.
fn cut_after_word(text: &str, to: usize) -> String {
    let shown = cut(text, to);
    let Some(kept) = shown.strip_suffix('…') else { return shown };
    match kept.rfind(' ') {
        Some(space) if width(kept.get(..space).unwrap_or_default()) * 2 > to => {
            format!("{} …", kept.get(..space).unwrap_or_default().trim_end())
        }
        _ => shown,
    }
}

fn cut(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += columns_of(character);
        if used + 1 > to {
            break;
        }
        shown.push(character);
    }
    shown.push('…');
    shown
}

/// Lines of at most `limit` characters; words longer than that are broken.
fn wrapped(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text::clean(text).split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > limit {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for character in word.chars() {
            if width(&line) + columns_of(character) > limit {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}

/// Columns a text takes on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Columns of one character: wide for East Asian scripts and emoji, none for combining marks.
fn columns_of(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{Chapter, Column};
    use proptest::prelude::*;

    fn hostile(text: &str) -> Document {
        let owned = || text.to_owned();
        let columns = vec![Column::text("Name", 0), Column::number("Cases", "MiB", 0), Column::text("Words", 1)];
        let rows = vec![vec![Cell::Name(owned()), Cell::Number("1.00".to_owned()), Cell::Mark(Tone::Bad, owned())]];
        let figure = KeyFigure { label: "Nodes", value: "12".to_owned(), note: owned(), tone: Tone::Good };
        Document {
            title: owned(),
            headline: Headline { badge: "tight", tone: Tone::Caution, sentence: owned(), advice: vec![owned()] },
            chapters: vec![Chapter {
                id: "one",
                title: "One",
                blocks: vec![
                    Block::KeyFigures(vec![figure]),
                    Block::Paragraph(owned()),
                    Block::Table(Table { caption: owned(), columns, rows, omitted: 1 }),
                ],
            }],
        }
    }

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(wrapped("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrapped("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
    }

    #[test]
    fn color_comes_only_on_request() {
        let plain = render(&hostile("x"), TerminalOptions { width: 80, color: false });
        let colored = render(&hostile("x"), TerminalOptions { width: 80, color: true });
        assert!(!plain.contains('\u{1b}'));
        assert!(colored.contains("\u{1b}[1;33mTIGHT\u{1b}[0m"));
    }

    proptest! {
        #[test]
        fn every_line_fits_and_ends_without_spaces(text in any::<String>(), columns in 0_usize..160) {
            let rendered = render(&hostile(&text), TerminalOptions { width: columns, color: false });
            for line in rendered.lines() {
                prop_assert!(width(line) <= columns.max(NARROWEST), "{} wide: {line:?}", width(line));
                prop_assert_eq!(line, line.trim_end());
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
