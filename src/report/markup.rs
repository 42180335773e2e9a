//! HTML written so that it cannot be wrong: tags are literals, everything else is escaped.

use super::text;

/// HTML under construction. Text from a plan can only enter through [`Html::text`] and attribute
/// values, which escape it; elements close themselves.
#[derive(Debug, Default)]
pub struct Html {
    out: String,
}

/// An SVG drawing made by the figures, whose labels its backend has escaped.
#[cfg(feature = "charts")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg(String);

#[cfg(feature = "charts")]
impl Svg {
    /// Trusts a drawing: to be called by the figures' canvas alone.
    pub fn trusted(markup: String) -> Self {
        Self(markup)
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Attributes of an element: literal names, escaped values.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// An element with its content; a line of its own.
    pub fn element(&mut self, tag: &'static str, attributes: Attributes<'_>, content: impl FnOnce(&mut Self)) {
        self.void(tag, attributes);
        content(self);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push_str(">\n");
    }

    /// An element that holds text only.
    pub fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// An element without content and end tag, such as `meta`; also the start tag of others.
    pub fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
    }

    /// Text, cleaned and escaped.
    pub fn text(&mut self, text: &str) {
        self.out.push_str(&escaped(text));
    }

    /// Markup written in the source of this program.
    pub fn literal(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// A drawing.
    #[cfg(feature = "charts")]
    pub fn svg(&mut self, svg: &Svg) {
        self.out.push_str(svg.as_str());
    }

    /// The markup.
    pub fn finish(self) -> String {
        self.out
    }
}

/// Text as HTML: on one line, without characters that hide or reorder others, and escaped for
/// content and quoted attributes alike.
pub fn escaped(text: &str) -> String {
    let cleaned = text::clean(text);
    let mut out = String::with_capacity(cleaned.len());
    for character in cleaned.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_and_attributes_stays_text() {
        let mut html = Html::default();
        html.element("p", &[("title", "a\" onload='x' <b>")], |html| html.text("<script>&\u{0}\u{202e}ü"));
        assert_eq!(
            html.finish(),
            "<p title=\"a&quot; onload=&#39;x&#39; &lt;b&gt;\">&lt;script&gt;&amp;\u{fffd}\u{fffd}ü</p>\n"
        );
    }
}
