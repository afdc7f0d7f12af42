//! From the parser's events to a tree of values.
//!
//! Input: the events of [`toml_parser`], which handles the syntax of TOML but does not build
//! tables. Output: the tree. Values that cannot be decoded are reported together with the parser's
//! own errors. Must not depend on the rules for extending tables: see [`super::tables`].

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::parser::EventReceiver;
use toml_parser::{ErrorSink, Raw, Span};

use super::conflict::{Conflict, Problem};
use super::tables::{Id, Tables};
use super::tree::{Entry, Key, Kind, Value};
use crate::source::{self, SourceFile};

/// Limits the nesting of values and the number of parts of a key, because trees are walked
/// recursively. The keys around a value may have twice as many parts in total.
const MAX_DEPTH: usize = 80;

/// A tree that grows with each event.
pub(super) struct Builder<'i> {
    file: &'i SourceFile,
    /// The text that is parsed: the file from `start` on.
    text: &'i str,
    start: usize,
    tables: Tables<'i>,
    /// The table that `key = value` belongs to; `None` after an invalid header.
    section: Option<Id>,
    /// The header that is being read.
    header: Option<Header>,
    /// The open lists and tables, from the outermost to the innermost.
    open: Vec<Open>,
    /// The items of the open lists. When a list is closed, its items are cut off at exact size.
    items: Vec<Value<'i>>,
    /// The keys of the open entries, each with all its parts.
    keys: Vec<Key<'i>>,
    /// True if a dot precedes the next part of a key.
    is_dotted: bool,
}

struct Header {
    start: usize,
    /// `[[...]]`
    is_item: bool,
}

/// A list or table that is not closed yet.
struct Open {
    start: usize,
    /// The number of key parts that belong to the surrounding ones.
    keys: usize,
    body: Body,
}

enum Body {
    Array {
        /// The number of items that belong to the surrounding ones.
        items: usize,
    },
    Table(Id),
}

impl<'i> Builder<'i> {
    /// An empty tree, for the text that begins at `start`.
    pub(super) fn new(file: &'i SourceFile, start: usize) -> Self {
        Self {
            file,
            text: &file.text()[start..],
            start,
            tables: Tables::new(),
            section: Some(Tables::DOCUMENT),
            header: None,
            open: Vec::new(),
            items: Vec::new(),
            keys: Vec::new(),
            is_dotted: false,
        }
    }

    /// The document, and its conflicts.
    pub(super) fn finish(self) -> (Vec<Entry<'i>>, Vec<Conflict>) {
        self.tables.finish()
    }

    fn span(&self, range: Range<usize>) -> source::Span {
        self.file.span(self.start + range.start..self.start + range.end)
    }

    fn raw(&self, span: Span, encoding: Option<Encoding>) -> Raw<'i> {
        let text = self.text.get(span.start()..span.end());
        Raw::new_unchecked(text.unwrap_or_default(), encoding, span)
    }

    /// The number of key parts that belong outside the innermost list or table.
    fn outer_keys(&self) -> usize {
        self.open.last().map_or(0, |open| open.keys)
    }

    fn begin_header(&mut self, start: usize, is_item: bool) {
        self.open.clear();
        self.items.clear();
        self.keys.clear();
        self.section = None;
        self.header = Some(Header { start, is_item });
    }

    fn end_header(&mut self, end: usize) {
        let (Some(header), Some(key)) = (self.header.take(), self.keys.pop()) else { return };
        let span = self.span(header.start..end);
        self.section = if header.is_item {
            self.tables.item(&self.keys, key, span)
        } else {
            self.tables.section(&self.keys, key, span)
        };
    }

    /// Opens a list or a table. If this returns false, the parser skips it.
    fn open(&mut self, span: Span, body: Body) -> bool {
        self.open.push(Open { start: span.start(), keys: self.keys.len(), body });
        let fits = self.open.len() <= MAX_DEPTH;
        if !fits {
            let span = self.span(span.start()..span.end());
            self.tables.report(span, Problem::TooDeep);
        }
        fits
    }

    fn close(&mut self, end: usize) {
        let Some(Open { start, body, .. }) = self.open.pop() else { return };
        let kind = match body {
            Body::Array { items } => Kind::Array(self.items.drain(items..).collect()),
            Body::Table(id) => Kind::Table(self.tables.close(id)),
        };
        self.value(Value { kind, span: self.span(start..end) });
    }

    /// Adds a complete value to the innermost list, or to the innermost table under its last key.
    fn value(&mut self, value: Value<'i>) {
        let outer_keys = self.outer_keys();
        let table = match self.open.last().map(|open| &open.body) {
            Some(Body::Array { .. }) => return self.items.push(value),
            Some(Body::Table(id)) => Some(*id),
            None => self.section,
        };
        let key = if self.keys.len() > outer_keys { self.keys.pop() } else { None };
        if let (Some(table), Some(key)) = (table, key) {
            self.tables.insert(table, &self.keys[outer_keys..], key, value);
        }
        self.keys.truncate(outer_keys);
    }
}

impl EventReceiver for Builder<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.begin_header(span.start(), false);
    }

    fn std_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end_header(span.end());
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.begin_header(span.start(), true);
    }

    fn array_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end_header(span.end());
    }

    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        let id = self.tables.open();
        self.open(span, Body::Table(id))
    }

    fn inline_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close(span.end());
    }

    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(span, Body::Array { items: self.items.len() })
    }

    fn array_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.close(span.end());
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, errors: &mut dyn ErrorSink) {
        let outer_keys = self.outer_keys();
        if !std::mem::take(&mut self.is_dotted) {
            self.keys.truncate(outer_keys);
        }
        let mut name = Cow::Borrowed("");
        self.raw(span, encoding).decode_key(&mut name, errors);
        let span = self.span(span.start()..span.end());
        if self.keys.len() - outer_keys < MAX_DEPTH && self.keys.len() < 2 * MAX_DEPTH {
            self.keys.push(Key { name, span });
        } else {
            self.tables.report(span, Problem::TooDeep);
        }
    }

    fn key_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.is_dotted = true;
    }

    fn scalar(&mut self, span: Span, encoding: Option<Encoding>, errors: &mut dyn ErrorSink) {
        let mut text = Cow::Borrowed("");
        let kind = match self.raw(span, encoding).decode_scalar(&mut text, errors) {
            ScalarKind::String => Kind::String(text),
            ScalarKind::Boolean(value) => Kind::Boolean(value),
            ScalarKind::DateTime => Kind::Datetime,
            ScalarKind::Float => Kind::Float,
            ScalarKind::Integer(radix) => Kind::Integer { digits: text, radix: radix.value() },
        };
        self.value(Value { kind, span: self.span(span.start()..span.end()) });
    }

    fn comment(&mut self, span: Span, errors: &mut dyn ErrorSink) {
        self.raw(span, None).decode_comment(errors);
    }

    fn newline(&mut self, span: Span, errors: &mut dyn ErrorSink) {
        self.raw(span, None).decode_newline(errors);
    }
}
