//! From what the parser meets to a tree of values.
//!
//! Comes in: the events of [`toml_parser`], which knows the form of TOML and nothing of what is in its tables.
//! Goes out: the tree. What cannot be decoded is reported where the parser reports its own errors. Knows nothing
//! of how tables come together: see [`super::tables`].

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::parser::EventReceiver;
use toml_parser::{ErrorSink, Raw, Span};

use super::conflict::{Conflict, Problem};
use super::tables::{Id, Tables};
use super::tree::{Entry, Key, Kind, Value};
use crate::source::{self, SourceFile};

/// How deep values may be nested, and how many parts a key may have: whoever walks a tree does so by recursion. The
/// keys of all values that one is in may have twice as many.
const MAX_DEPTH: usize = 80;

/// A tree that grows with each event.
pub(super) struct Builder<'i> {
    file: &'i SourceFile,
    /// What is parsed: the text of the file from `start` on.
    text: &'i str,
    start: usize,
    tables: Tables<'i>,
    /// What `key = value` belongs to; `None` behind a header that names no table.
    section: Option<Id>,
    /// The brackets of a header, as long as it is open.
    header: Option<Header>,
    /// The lists and tables that are open, each in the one before it.
    open: Vec<Open>,
    /// The items of the lists that are open. Each list is cut off here when it is closed, as long as it has become.
    items: Vec<Value<'i>>,
    /// The keys of what is open, each with all its parts.
    keys: Vec<Key<'i>>,
    /// Whether a dot stands before the next part of a key.
    is_dotted: bool,
}

struct Header {
    start: usize,
    /// `[[...]]`
    is_item: bool,
}

/// A list or a table whose closing bracket is still to come.
struct Open {
    start: usize,
    /// How many parts of keys belong to what is around it.
    keys: usize,
    body: Body,
}

enum Body {
    Array {
        /// How many items belong to what is around it.
        items: usize,
    },
    Table(Id),
}

impl<'i> Builder<'i> {
    /// Nothing yet of the text that begins at `start`.
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

    /// The document, and what is wrong with its tables.
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

    /// How many parts of keys belong to what is around the innermost list or table.
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

    /// Opens a list or a table. The parser passes over one that may not be opened.
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

    /// A value that is complete: of the innermost list or table, under the last key there.
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
