//! The report as one HTML page that loads nothing and runs nothing.

use super::document::{Align, Block, Callout, Cell, Chart, Column, Details, Document, Headline, KeyFigure, Table};
use super::markup::Html;

/// Nothing may be loaded or run; the one style sheet is inside the page.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Renders a document.
pub fn render(document: &Document) -> String {
    let mut html = Html::default();
    html.literal("<!doctype html>\n");
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, document));
        html.element("body", &[], |html| body(html, document));
    });
    html.finish()
}

fn head(html: &mut Html, document: &Document) {
    html.void("meta", &[("charset", "utf-8")]);
    html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", CONTENT_POLICY)]);
    html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    html.leaf("title", &[], &format!("{}: {}", document.title, document.headline.badge));
    html.element("style", &[], |html| {
        html.literal(include_str!("colors.css"));
        html.literal(include_str!("style.css"));
    });
}

fn body(html: &mut Html, document: &Document) {
    html.element("header", &[], |html| {
        html.leaf("p", &[("class", "kicker")], &document.title);
        headline(html, &document.headline);
        html.element("nav", &[("aria-label", "Chapters")], |html| {
            for chapter in &document.chapters {
                html.leaf("a", &[("href", &format!("#{}", chapter.id))], chapter.title);
            }
        });
    });
    html.element("main", &[], |html| {
        for chapter in &document.chapters {
            html.element("section", &[("id", chapter.id)], |html| {
                html.leaf("h2", &[], chapter.title);
                blocks(html, &chapter.blocks);
            });
        }
    });
}

fn headline(html: &mut Html, headline: &Headline) {
    let class = format!("verdict {}", headline.tone.as_str());
    html.element("div", &[("class", &class)], |html| {
        html.leaf("span", &[("class", "badge")], headline.badge);
        html.leaf("h1", &[], &headline.sentence);
    });
    if headline.advice.is_empty() {
        return;
    }
    html.element("ol", &[("class", "advice")], |html| {
        for advice in &headline.advice {
            html.leaf("li", &[], advice);
        }
    });
}

fn blocks(html: &mut Html, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Paragraph(text) => html.leaf("p", &[], text),
            Block::List(points) => html.element("ul", &[], |html| {
                for point in points {
                    html.leaf("li", &[], point);
                }
            }),
            Block::KeyFigures(figures) => key_figures(html, figures),
            Block::Table(table) => self::table(html, table),
            Block::Chart(chart) => self::chart(html, chart),
            Block::Callout(callout) => self::callout(html, callout),
            Block::Details(details) => self::details(html, details),
        }
    }
}

fn key_figures(html: &mut Html, figures: &[KeyFigure]) {
    html.element("dl", &[("class", "figures")], |html| {
        for figure in figures {
            html.element("div", &[("class", figure.tone.as_str())], |html| {
                html.leaf("dt", &[], figure.label);
                html.leaf("dd", &[("class", "value")], &figure.value);
                if !figure.note.is_empty() {
                    html.leaf("dd", &[("class", "note")], &figure.note);
                }
            });
        }
    });
}

/// A table in a container of its own that scrolls, so that the page never does; the container can
/// be reached and scrolled with the keyboard.
fn table(html: &mut Html, table: &Table) {
    let container = [("class", "scroll tall"), ("role", "region"), ("tabindex", "0"), ("aria-label", &*table.caption)];
    html.element("div", &container, |html| {
        html.element("table", &[], |html| {
            html.leaf("caption", &[], &table.caption);
            html.element("thead", &[], |html| html.element("tr", &[], |html| header(html, &table.columns)));
            html.element("tbody", &[], |html| {
                for row in &table.rows {
                    html.element("tr", &[], |html| cells(html, &table.columns, row));
                }
            });
        });
    });
    if let Some(remainder) = table.remainder(usize::MAX) {
        html.leaf("p", &[("class", "omitted")], &remainder);
    }
}

fn header(html: &mut Html, columns: &[Column]) {
    for column in columns {
        let attributes: &[_] = match column.align {
            Align::Left => &[("scope", "col")],
            Align::Right => &[("scope", "col"), ("class", "number")],
        };
        html.element("th", attributes, |html| {
            html.text(column.title);
            if !column.unit.is_empty() {
                html.literal("<br>");
                html.leaf("small", &[], column.unit);
            }
        });
    }
}

fn cells(html: &mut Html, columns: &[Column], row: &[Cell]) {
    for (index, (cell, column)) in row.iter().zip(columns).enumerate() {
        let place = if column.align == Align::Right { "number" } else { "words" };
        match cell {
            Cell::Name(name) if index == 0 => {
                html.element("th", &[("scope", "row")], |html| html.leaf("code", &[], name));
            }
            Cell::Name(name) => html.element("td", &[], |html| html.leaf("code", &[], name)),
            Cell::Mark(tone, words) => {
                let class = format!("mark {}", tone.as_str());
                html.element("td", &[("class", place)], |html| html.leaf("span", &[("class", &class)], words));
            }
            Cell::Empty | Cell::Text(_) | Cell::Number(_) => html.leaf("td", &[("class", place)], cell.as_str()),
        }
    }
}

fn callout(html: &mut Html, callout: &Callout) {
    let class = format!("callout {}", callout.tone.as_str());
    html.element("aside", &[("class", &class)], |html| {
        html.leaf("strong", &[], &callout.title);
        html.leaf("p", &[], &callout.text);
    });
}

fn details(html: &mut Html, details: &Details) {
    html.element("details", &[("class", details.tone.as_str())], |html| {
        html.leaf("summary", &[], &details.summary);
        blocks(html, &details.blocks);
    });
}

#[cfg(feature = "charts")]
fn chart(html: &mut Html, chart: &Chart) {
    // A chart that cannot be drawn is left out: the table beside it says the same.
    let Some(svg) = super::figures::draw(chart) else { return };
    html.element("figure", &[], |html| {
        html.leaf("h3", &[], chart.title);
        html.element(
            "div",
            &[("class", "scroll"), ("tabindex", "0"), ("role", "group"), ("aria-label", chart.title)],
            |html| {
                html.svg(&svg);
            },
        );
        html.leaf("figcaption", &[], &chart.caption);
    });
}

#[cfg(not(feature = "charts"))]
fn chart(_: &mut Html, _: &Chart) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{Chapter, Tone};
    use proptest::prelude::*;

    fn hostile(text: &str) -> Document {
        let owned = || text.to_owned();
        let columns = vec![Column::text("Name", 0), Column::text("Words", 0)];
        let rows = vec![vec![Cell::Name(owned()), Cell::Mark(Tone::Bad, owned())]];
        Document {
            title: owned(),
            headline: Headline { badge: "tight", tone: Tone::Caution, sentence: owned(), advice: vec![owned()] },
            chapters: vec![Chapter {
                id: "one",
                title: "One",
                blocks: vec![
                    Block::Paragraph(owned()),
                    Block::Table(Table { caption: owned(), columns, rows, omitted: 1 }),
                    Block::Callout(Callout { tone: Tone::Good, title: owned(), text: owned() }),
                    Block::Details(Details {
                        summary: owned(),
                        tone: Tone::Bad,
                        blocks: vec![Block::List(vec![owned()])],
                    }),
                ],
            }],
        }
    }

    /// Tags and attributes of a page, without its text.
    fn skeleton(page: &str) -> Vec<&str> {
        page.split('<').skip(1).map(|tag| tag.split(['>', ' ']).next().unwrap_or_default()).collect()
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let page = render(&hostile("</style><script>alert('1')</script>\"onclick=x&amp;"));
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)"));
    }

    proptest! {
        #[test]
        fn no_text_changes_the_structure(text in any::<String>(), tag in "<[a-z/!]{1,8}[^>]{0,20}>?") {
            let plain = render(&hostile("plain"));
            for text in [text, tag] {
                let page = render(&hostile(&text));
                prop_assert_eq!(skeleton(&page), skeleton(&plain));
            }
        }
    }
}
