//! TOML with a layout for people, and the origin of each piece.
//!
//! Input: [`Value`]s with spans of a Dockerfile. Output: TOML 1.0 text that `taplo fmt` leaves
//! unchanged, and the origin of each piece of it. Must not depend on the keys of the language.
//!
//! The layout follows taplo's defaults: a list is on one line, unless it contains comments or a
//! line of the whole entry would be longer than 80 characters; then every list of the entry is
//! split over several lines.

use crate::source::{Piece, Span};

/// Maximum length of a line with a list.
const WIDTH: usize = 80;

/// A value of the output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// The span of the Dockerfile that it comes from.
    pub(super) origin: Option<Span>,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A string, in double quotes if that needs no escapes.
    Text(String),
    /// The text of a script, in single quotes if possible.
    Script(String),
    /// Text over several lines, indented with the file. It ends with a line break, and at least one
    /// of its lines is not indented.
    Block(String),
    /// A number or a boolean.
    Literal(String),
    List(Vec<Item>),
    Table(Vec<(String, Value)>),
}

/// An item of a list, with the comments above it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) comments: Vec<String>,
    pub(super) value: Value,
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Kind::Text(text.into()).into()
    }

    pub(super) fn literal(text: impl ToString) -> Self {
        Kind::Literal(text.to_string()).into()
    }

    pub(super) fn list(values: impl IntoIterator<Item = Value>) -> Self {
        let items = values.into_iter().map(|value| Item { comments: Vec::new(), value });
        Kind::List(items.collect()).into()
    }

    pub(super) fn table(entries: Vec<(String, Value)>) -> Self {
        Kind::Table(entries).into()
    }

    /// The value without line breaks between the items of its lists, ignoring its origin.
    pub(super) fn in_one_line(&self) -> String {
        Layout::of(self, false).writer.text
    }

    pub(super) fn at(mut self, span: Span) -> Self {
        self.origin = Some(span);
        self
    }
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, origin: None }
    }
}

/// The output under construction.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    origins: Vec<Piece>,
}

impl Writer {
    /// Comment lines. An empty text gives an empty comment.
    pub(super) fn comments(&mut self, comments: &[String]) {
        for comment in comments {
            self.comment(comment);
            self.text.push('\n');
        }
    }

    /// A blank line, unless the output is empty or already ends with one.
    pub(super) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// The header of a table.
    pub(super) fn header(&mut self, path: &[&str], origin: Option<Span>) {
        let start = self.text.len();
        self.path(path);
        self.origin(start, origin);
        self.text.push('\n');
    }

    /// A table in a list of tables: its header, and its entries.
    pub(super) fn item(
        &mut self,
        path: &[&str],
        entries: &[(String, Value)],
        origin: Option<Span>,
    ) {
        let start = self.text.len();
        self.text.push('[');
        self.path(path);
        self.text.push_str("]\n");
        for (name, value) in entries {
            self.entry(name, value);
        }
        self.origin(start, origin);
    }

    fn path(&mut self, path: &[&str]) {
        self.text.push('[');
        for (at, part) in path.iter().enumerate() {
            if at > 0 {
                self.text.push('.');
            }
            self.text.push_str(&key(part));
        }
        self.text.push(']');
    }

    /// An entry of a table. `name` is written verbatim.
    pub(super) fn entry(&mut self, name: &str, value: &Value) {
        let mut layout = Layout::of(value, false);
        if is_longer(name, &layout.writer.text) {
            layout = Layout::of(value, true);
        }
        self.text.push_str(name);
        self.text.push_str(" = ");
        self.append(layout.writer);
        self.text.push('\n');
    }

    /// The text, and the origins of its pieces: outer pieces before inner ones.
    pub(super) fn finish(mut self) -> (String, Vec<Piece>) {
        self.origins.sort_by_key(|origin| (origin.start, std::cmp::Reverse(origin.end)));
        (self.text, self.origins)
    }

    fn append(&mut self, other: Writer) {
        let base = self.text.len();
        self.text.push_str(&other.text);
        self.origins.extend(other.origins.into_iter().map(|origin| Piece {
            start: base + origin.start,
            end: base + origin.end,
            ..origin
        }));
    }

    fn comment(&mut self, comment: &str) {
        self.text.push('#');
        if !comment.is_empty() {
            // A line of `#` characters stays one.
            if !comment.starts_with('#') {
                self.text.push(' ');
            }
            // TOML comments must not contain control characters.
            self.text.extend(comment.chars().filter(|&c| c == '\t' || !c.is_control()));
        }
    }

    fn origin(&mut self, start: usize, span: Option<Span>) {
        if let Some(span) = span {
            self.origins.push(Piece { start, end: self.text.len(), span });
        }
    }
}

/// True if the lists of an entry are split over several lines because of their length.
pub(super) fn is_wide(name: &str, value: &Value) -> bool {
    is_longer(name, &value.in_one_line())
}

/// True if a line of an entry exceeds the maximum length.
fn is_longer(name: &str, value: &str) -> bool {
    let is_long = |(at, line): (usize, &str)| {
        let before = if at == 0 { name.chars().count() + 3 } else { 0 };
        before + line.chars().count() > WIDTH
    };
    value.split('\n').enumerate().any(is_long)
}

/// A value under construction.
struct Layout {
    writer: Writer,
    /// True if every list is split over several lines.
    is_wide: bool,
}

impl Layout {
    fn of(value: &Value, is_wide: bool) -> Self {
        let mut layout = Self { writer: Writer::default(), is_wide };
        layout.value(value, 0);
        layout
    }

    /// Writes a value; `depth` is the number of surrounding lists that are split over several
    /// lines.
    fn value(&mut self, value: &Value, depth: usize) {
        let start = self.writer.text.len();
        match &value.kind {
            Kind::Text(text) => self.writer.text.push_str(&quoted(text)),
            Kind::Script(text) => self.writer.text.push_str(&script(text)),
            Kind::Block(text) => self.block(text, depth),
            Kind::Literal(text) => self.writer.text.push_str(text),
            Kind::List(items) => self.list(items, depth),
            Kind::Table(entries) => self.table(entries, depth),
        }
        self.writer.origin(start, value.origin);
    }

    fn list(&mut self, items: &[Item], depth: usize) {
        let has_comments = items.iter().any(|item| !item.comments.is_empty());
        if items.is_empty() || !(self.is_wide || has_comments) {
            self.writer.text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    self.writer.text.push_str(", ");
                }
                self.value(&item.value, depth);
            }
            self.writer.text.push(']');
            return;
        }
        self.writer.text.push_str("[\n");
        for item in items {
            for comment in &item.comments {
                self.indent(depth + 1);
                self.writer.comment(comment);
                self.writer.text.push('\n');
            }
            self.indent(depth + 1);
            self.value(&item.value, depth + 1);
            self.writer.text.push_str(",\n");
        }
        self.indent(depth);
        self.writer.text.push(']');
    }

    fn table(&mut self, entries: &[(String, Value)], depth: usize) {
        if entries.is_empty() {
            self.writer.text.push_str("{}");
            return;
        }
        self.writer.text.push_str("{ ");
        for (at, (name, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.writer.text.push_str(", ");
            }
            self.writer.text.push_str(name);
            self.writer.text.push_str(" = ");
            self.value(value, depth);
        }
        self.writer.text.push_str(" }");
    }

    fn block(&mut self, text: &str, depth: usize) {
        let is_literal = !text.contains("'''") && !text.contains(is_escaped);
        let quotes = if is_literal { "'''" } else { "\"\"\"" };
        self.writer.text.push_str(quotes);
        self.writer.text.push('\n');
        for line in text.split_inclusive('\n') {
            if !line.trim_end_matches('\n').is_empty() {
                self.indent(depth + 1);
            }
            match is_literal {
                true => self.writer.text.push_str(line),
                false => {
                    let line = line.trim_end_matches('\n');
                    self.writer.text.push_str(&escaped(line));
                    self.writer.text.push('\n');
                }
            }
        }
        self.indent(depth);
        self.writer.text.push_str(quotes);
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.writer.text.push_str("  ");
        }
    }
}

/// A key, in quotes if necessary.
pub(super) fn key(name: &str) -> String {
    if is_bare(name) { name.to_owned() } else { format!("\"{}\"", escaped(name)) }
}

/// A key whose parts between dots are tables: `org.opencontainers.image.title`.
pub(super) fn dotted_key(name: &str) -> String {
    if name.split('.').all(is_bare) { name.to_owned() } else { key(name) }
}

fn is_bare(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// True for a character that must be escaped and therefore cannot be in a literal string.
fn is_escaped(c: char) -> bool {
    c != '\t' && c != '\n' && c.is_control()
}

fn quoted(text: &str) -> String {
    let needs_escapes = text.contains(['"', '\\']);
    if needs_escapes
        && !text.contains('\'')
        && !text.contains(|c: char| c != '\t' && c.is_control())
    {
        return format!("'{text}'");
    }
    format!("\"{}\"", escaped(text))
}

fn script(text: &str) -> String {
    let has_control = text.contains(|c: char| c != '\t' && c.is_control());
    if !has_control && !text.contains('\'') {
        return format!("'{text}'");
    }
    if !has_control && text.contains(['"', '\\']) && !text.contains("'''") && !text.ends_with('\'')
    {
        return format!("'''{text}'''");
    }
    format!("\"{}\"", escaped(text))
}

/// Text with the escapes of a basic string.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(value: Value, expected: Expect) {
        let mut writer = Writer::default();
        writer.entry("key", &value);
        expected.assert_eq(&writer.finish().0);
    }

    fn texts(texts: &[&str]) -> Value {
        Value::list(texts.iter().map(|&text| Value::text(text)))
    }

    #[test]
    fn short_lists_are_in_one_line() {
        check(
            texts(&["a", "b"]),
            expect![[r#"
            key = ["a", "b"]
        "#]],
        );
        check(
            Value::list([]),
            expect![[r#"
            key = []
        "#]],
        );
    }

    #[test]
    fn all_lists_of_a_long_entry_are_over_several_lines() {
        let table = Value::table(vec![("a".to_owned(), texts(&["b", "c"]))]);
        check(
            Value::list([table, Value::text("x".repeat(70))]),
            expect![[r#"
            key = [
              { a = [
                "b",
                "c",
              ] },
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ]
        "#]],
        );
    }

    #[test]
    fn comments_and_blocks() {
        let block = Item {
            comments: vec!["why".to_owned()],
            value: Kind::Block("a &&\n\n  b\n".to_owned()).into(),
        };
        check(
            Kind::List(vec![block]).into(),
            expect![[r#"
            key = [
              # why
              '''
                a &&

                  b
              ''',
            ]
        "#]],
        );
    }

    #[test]
    fn strings() {
        for (text, plain, as_script) in [
            ("a", "\"a\"", "'a'"),
            ("a \"b\" \\", "'a \"b\" \\'", "'a \"b\" \\'"),
            ("it's", "\"it's\"", "\"it's\""),
            ("it's \"b\"", "\"it's \\\"b\\\"\"", "'''it's \"b\"'''"),
            ("a\nb", "\"a\\nb\"", "\"a\\nb\""),
            ("\"'", "\"\\\"'\"", "\"\\\"'\""),
            ("\u{7f}", "\"\\u007f\"", "\"\\u007f\""),
        ] {
            assert_eq!((&*quoted(text), &*script(text)), (plain, as_script), "{text:?}");
        }
        assert_eq!(dotted_key("a.b-c"), "a.b-c");
        assert_eq!(dotted_key("a..b"), "\"a..b\"");
        assert_eq!(key("a.b"), "\"a.b\"");
    }

    #[test]
    fn pieces_know_where_they_come_from() {
        let span = Span { start: 7, end: 9 };
        let mut writer = Writer::default();
        writer.entry("key", &Value::list([Value::text("a").at(span)]));
        let (text, origins) = writer.finish();
        let [origin] = origins[..] else { panic!("{origins:?}") };
        assert_eq!((&text[origin.start..origin.end], origin.span), ("\"a\"", span));
    }
}
