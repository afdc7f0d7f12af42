//! The layout of entries.

use super::strings;
use super::{Item, Kind, Value};
use crate::source::{Piece, Span};

/// Maximum length of a line with a list.
const WIDTH: usize = 80;

/// The output under construction.
#[derive(Debug, Default)]
pub(in crate::convert) struct Writer {
    text: String,
    origins: Vec<Piece>,
}

impl Writer {
    /// A value without line breaks between the items of its lists.
    pub(super) fn in_one_line(value: &Value) -> String {
        let mut writer = Self::default();
        writer.value(value, 0, Lists::InOneLine);
        writer.text
    }

    /// Comment lines. An empty text gives an empty comment.
    pub(in crate::convert) fn comments(&mut self, comments: &[String]) {
        for comment in comments {
            self.comment(comment);
            self.text.push('\n');
        }
    }

    /// A blank line, unless the output is empty or already ends with one.
    pub(in crate::convert) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// The header of a table.
    pub(in crate::convert) fn header(&mut self, path: &[&str], origin: Option<Span>) {
        let start = self.text.len();
        self.path(path);
        self.origin(start, origin);
        self.text.push('\n');
    }

    /// A table in a list of tables: its header, and its entries.
    pub(in crate::convert) fn item(
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
            self.text.push_str(&strings::key(part));
        }
        self.text.push(']');
    }

    /// An entry of a table. `name` is written verbatim.
    pub(in crate::convert) fn entry(&mut self, name: &str, value: &Value) {
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
    pub(in crate::convert) fn finish(mut self) -> (String, Vec<Piece>) {
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
pub(in crate::convert) fn is_wide(name: &str, value: &Value) -> bool {
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
            Kind::Text(text) => strings::quoted(&mut self.text, text),
            Kind::Script(text) => strings::script(&mut self.text, text),
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
        let is_literal = !text.contains("'''") && !text.contains(strings::is_escaped);
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
                    strings::escaped(&mut self.text, line.trim_end_matches('\n'));
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
}
