//! A JSON writer in the layout of `kubectl get -o json`: four spaces, keys in alphabetical order.

use std::fmt::{self, Display, Write as _};
use std::io;

/// Text kept back before it is handed on: large enough that the sink is called rarely.
const BUFFER: usize = 1 << 16;

/// Writes one document to a sink, item by item; holds no more than one item and [`BUFFER`] bytes.
pub(super) struct Json<'a> {
    out: &'a mut dyn io::Write,
    text: String,
    depth: usize,
    empty: bool,
    /// Last key of every open object, to notice keys out of order.
    #[cfg(debug_assertions)]
    keys: Vec<String>,
}

impl<'a> Json<'a> {
    /// A writer at the start of a document.
    pub fn new(out: &'a mut dyn io::Write) -> Self {
        Self {
            out,
            text: String::with_capacity(BUFFER * 2),
            depth: 0,
            empty: true,
            #[cfg(debug_assertions)]
            keys: Vec::new(),
        }
    }

    /// The document: an object, with a line end after it.
    pub fn document(mut self, fill: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        self.open('{');
        fill(&mut self)?;
        self.close('}');
        self.text.push('\n');
        self.out.write_all(self.text.as_bytes())?;
        self.out.flush()
    }

    /// An array whose items are handed to the sink as they are made.
    pub fn stream(&mut self, key: &str, fill: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        self.key(key);
        self.open('[');
        fill(self)?;
        self.close(']');
        Ok(())
    }

    /// One object of a streamed array.
    pub fn item(&mut self, fill: impl FnOnce(&mut Self)) -> io::Result<()> {
        self.element(fill);
        if self.text.len() >= BUFFER {
            self.out.write_all(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    /// A field holding an object.
    pub fn object(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.braces(fill);
    }

    /// A field holding an array.
    pub fn array(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.open('[');
        fill(self);
        self.close(']');
    }

    /// A field holding a string.
    pub fn string(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.quoted(value);
    }

    /// A field holding a whole number or a truth value.
    pub fn plain(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.raw(value);
    }

    /// A field holding `null`.
    pub fn null(&mut self, key: &str) {
        self.plain(key, "null");
    }

    /// An object in an array.
    pub fn element(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.braces(fill);
    }

    /// A string in an array.
    pub fn element_string(&mut self, value: impl Display) {
        self.separate();
        self.quoted(value);
    }

    /// A field holding an array of strings.
    pub fn strings(&mut self, key: &str, values: &[&str]) {
        self.array(key, |json| values.iter().for_each(|value| json.element_string(value)));
    }

    fn braces(&mut self, fill: impl FnOnce(&mut Self)) {
        self.open('{');
        fill(self);
        self.close('}');
    }

    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth += 1;
        self.empty = true;
        #[cfg(debug_assertions)]
        self.keys.push(String::new());
    }

    fn close(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.empty {
            self.line();
        }
        self.text.push(bracket);
        self.empty = false;
        #[cfg(debug_assertions)]
        self.keys.pop();
    }

    fn key(&mut self, key: &str) {
        #[cfg(debug_assertions)]
        if let Some(last) = self.keys.last_mut() {
            debug_assert!(last.as_str() < key, "key {key} written after {last}");
            key.clone_into(last);
        }
        self.separate();
        self.quoted(key);
        self.text.push_str(": ");
    }

    fn separate(&mut self) {
        if !self.empty {
            self.text.push(',');
        }
        self.empty = false;
        self.line();
    }

    fn line(&mut self) {
        const SPACES: &str = "                                                                ";
        self.text.push('\n');
        let mut width = self.depth * 4;
        while width > 0 {
            let part = width.min(SPACES.len());
            self.text.push_str(SPACES.get(..part).unwrap_or_default());
            width -= part;
        }
    }

    fn quoted(&mut self, value: impl Display) {
        self.text.push('"');
        // Writing to a string cannot fail.
        let _ = write!(Escaped(&mut self.text), "{value}");
        self.text.push('"');
    }

    fn raw(&mut self, value: impl Display) {
        let _ = write!(self.text, "{value}");
    }
}

/// Escapes what JSON asks to be escaped.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            self.0.push_str(text);
            return Ok(());
        }
        for letter in text.chars() {
            match letter {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\t' => self.0.push_str("\\t"),
                control if control < ' ' => write!(self.0, "\\u{:04x}", control as u32)?,
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_kubectl() {
        let mut out = Vec::new();
        Json::new(&mut out)
            .document(|json| {
                json.stream("items", |json| {
                    json.item(|json| {
                        json.object("a", |_| {});
                        json.strings("b", &["x", "y"]);
                        json.plain("c", 3);
                        json.string("d", "\"q\"\\\n\u{1}");
                        json.null("e");
                    })
                })?;
                json.array("none", |_| {});
                Ok(())
            })
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            r#"{
    "items": [
        {
            "a": {},
            "b": [
                "x",
                "y"
            ],
            "c": 3,
            "d": "\"q\"\\\n\u0001",
            "e": null
        }
    ],
    "none": []
}
"#
        );
    }
}
