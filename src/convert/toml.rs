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
        let mut writer = Writer::default();
        writer.value(self, 0, Lists::InOneLine);
        writer.text
    }

    /// Adds variables to the `env` of a run step, before its own. The step may be a plain string.
    pub(super) fn add_variables(&mut self, variables: &[(String, Value)]) {
        if !matches!(self.kind, Kind::Table(_)) {
            let text = std::mem::replace(self, Value::text(""));
            self.origin = text.origin;
            self.kind = Kind::Table(vec![("run".to_owned(), text)]);
        }
        let Kind::Table(keys) = &mut self.kind else { return };
        let own = keys.iter_mut().find(|(key, _)| key == "env").map(|(_, value)| &mut value.kind);
        match own {
            Some(Kind::Table(own)) => _ = own.splice(0..0, variables.iter().cloned()),
            _ => keys.insert(1, ("env".to_owned(), Value::table(variables.to_vec()))),
        }
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
        let (start, origins) = (self.text.len(), self.origins.len());
        if !self.short_entry(name, value) {
            self.text.truncate(start + name.len() + " = ".len());
            self.origins.truncate(origins);
            self.value(value, 0, Lists::Wide);
        }
        self.text.push('\n');
    }

    /// Writes an entry with each list in one line. Returns `false` if a line exceeds the maximum
    /// length; the value may then lack its end.
    fn short_entry(&mut self, name: &str, value: &Value) -> bool {
        let start = self.text.len();
        self.text.push_str(name);
        self.text.push_str(" = ");
        self.value(value, 0, Lists::Short);
        self.text[start..].split('\n').all(is_short)
    }

    /// The text, and the origins of its pieces: outer pieces before inner ones.
    pub(super) fn finish(mut self) -> (String, Vec<Piece>) {
        self.origins.sort_by_key(|origin| (origin.start, std::cmp::Reverse(origin.end)));
        (self.text, self.origins)
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
    !Writer::default().short_entry(name, value)
}

fn is_short(line: &str) -> bool {
    line.len() <= WIDTH || line.chars().nth(WIDTH).is_none()
}

/// The layout of lists. Lists with comments are always split over several lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    InOneLine,
    /// In one line, unless that exceeds the maximum length: then the rest is left out.
    Short,
    /// Split over several lines.
    Wide,
}

impl Writer {
    /// Writes a value; `depth` is the number of surrounding lists that are split over several
    /// lines.
    fn value(&mut self, value: &Value, depth: usize, lists: Lists) {
        let start = self.text.len();
        match &value.kind {
            Kind::Text(text) => self.quoted(text),
            Kind::Script(text) => self.script(text),
            Kind::Block(text) => self.block(text, depth),
            Kind::Literal(text) => self.text.push_str(text),
            Kind::List(items) => self.list(items, depth, lists),
            Kind::Table(entries) => self.table(entries, depth, lists),
        }
        self.origin(start, value.origin);
    }

    fn list(&mut self, items: &[Item], depth: usize, lists: Lists) {
        let has_comments = items.iter().any(|item| !item.comments.is_empty());
        if items.is_empty() || !(lists == Lists::Wide || has_comments) {
            self.text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    self.text.push_str(", ");
                }
                if lists == Lists::Short && !is_short(self.last_line()) {
                    return;
                }
                self.value(&item.value, depth, lists);
            }
            self.text.push(']');
            return;
        }
        self.text.push_str("[\n");
        for item in items {
            for comment in &item.comments {
                self.indent(depth + 1);
                self.comment(comment);
                self.text.push('\n');
            }
            self.indent(depth + 1);
            self.value(&item.value, depth + 1, lists);
            self.text.push_str(",\n");
        }
        self.indent(depth);
        self.text.push(']');
    }

    fn last_line(&self) -> &str {
        &self.text[self.text.rfind('\n').map_or(0, |at| at + 1)..]
    }

    fn table(&mut self, entries: &[(String, Value)], depth: usize, lists: Lists) {
        if entries.is_empty() {
            self.text.push_str("{}");
            return;
        }
        self.text.push_str("{ ");
        for (at, (name, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.text.push_str(", ");
            }
            self.text.push_str(name);
            self.text.push_str(" = ");
            self.value(value, depth, lists);
        }
        self.text.push_str(" }");
    }

    fn block(&mut self, text: &str, depth: usize) {
        let is_literal = !text.contains("'''") && !text.contains(is_escaped);
        let quotes = if is_literal { "'''" } else { "\"\"\"" };
        self.text.push_str(quotes);
        self.text.push('\n');
        for line in text.split_inclusive('\n') {
            if !line.trim_end_matches('\n').is_empty() {
                self.indent(depth + 1);
            }
            match is_literal {
                true => self.text.push_str(line),
                false => {
                    self.escaped(line.trim_end_matches('\n'));
                    self.text.push('\n');
                }
            }
        }
        self.indent(depth);
        self.text.push_str(quotes);
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.text.push_str("  ");
        }
    }

    fn quoted(&mut self, text: &str) {
        let needs_escapes = text.contains(['"', '\\']);
        if needs_escapes && !text.contains('\'') && !has_control(text) {
            return self.between("'", text);
        }
        self.basic(text);
    }

    fn script(&mut self, text: &str) {
        if has_control(text) {
            return self.basic(text);
        }
        let fits_three = || !text.contains("'''") && !text.ends_with('\'');
        if !text.contains('\'') {
            self.between("'", text);
        } else if text.contains(['"', '\\']) && fits_three() {
            self.between("'''", text);
        } else {
            self.basic(text);
        }
    }

    fn between(&mut self, quotes: &str, text: &str) {
        self.text.push_str(quotes);
        self.text.push_str(text);
        self.text.push_str(quotes);
    }

    /// A basic string, with escapes where it needs them.
    fn basic(&mut self, text: &str) {
        self.text.push('"');
        self.escaped(text);
        self.text.push('"');
    }

    /// Text with the escapes of a basic string.
    fn escaped(&mut self, text: &str) {
        let is_special = |c: char| matches!(c, '"' | '\\') || c.is_control();
        let mut rest = text;
        while let Some(at) = rest.find(is_special) {
            self.text.push_str(&rest[..at]);
            let mut chars = rest[at..].chars();
            match chars.next() {
                Some('"') => self.text.push_str("\\\""),
                Some('\\') => self.text.push_str("\\\\"),
                Some('\n') => self.text.push_str("\\n"),
                Some('\r') => self.text.push_str("\\r"),
                Some('\t') => self.text.push_str("\\t"),
                c => self.text.push_str(&format!("\\u{:04x}", c.map_or(0, u32::from))),
            }
            rest = chars.as_str();
        }
        self.text.push_str(rest);
    }
}

/// A key, in quotes if necessary.
pub(super) fn key(name: &str) -> String {
    if is_bare(name) {
        return name.to_owned();
    }
    let mut writer = Writer::default();
    writer.basic(name);
    writer.text
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

/// True if a text needs escapes to be written in one line.
fn has_control(text: &str) -> bool {
    text.contains(|c: char| c != '\t' && c.is_control())
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
            let as_text = Value::text(text).in_one_line();
            let script = Value::from(Kind::Script(text.to_owned())).in_one_line();
            assert_eq!((&*as_text, &*script), (plain, as_script), "{text:?}");
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
