//! The tables of a document, and the rules for extending them.
//!
//! Input: keys, headers and values, in the order of the file. Output: the entries of the document,
//! duplicates, and invalid extensions. A table in `{...}` is complete with its closing brace;
//! others grow with each header and each dotted key that refers to them. Must not depend on
//! brackets.

use super::conflict::{Conflict, Problem};
use super::index::Index;
use super::tree::{Entry, Key, Kind, Value};
use crate::source::Span;

/// All tables that can still grow.
pub(super) struct Tables<'i> {
    tables: Vec<Table<'i>>,
    conflicts: Vec<Conflict>,
}

/// A table that can still grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id(usize);

struct Table<'i> {
    origin: Origin,
    /// True if its header occurs again. That is reported, but not duplicates inside it.
    is_joined: bool,
    /// An entry that can still grow is an empty table here; its content is in `growing`.
    entries: Vec<Entry<'i>>,
    index: Index<'i>,
    /// Sorted by the position of the entry.
    growing: Vec<(usize, Growing)>,
}

/// The origin of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Its own header or braces.
    Itself,
    /// The header of a subtable. It may still get a header of its own.
    Inner,
    /// A dotted key. Dotted keys and headers of subtables may extend it.
    Dots,
}

/// The current content of an entry that can still grow.
enum Growing {
    Table(Id),
    /// The tables of a list, each with its header.
    Items(Vec<(Span, Id)>),
}

impl<'i> Tables<'i> {
    /// The root table.
    pub(super) const DOCUMENT: Id = Id(0);

    /// A document without entries.
    pub(super) fn new() -> Self {
        let mut tables = Self { tables: Vec::new(), conflicts: Vec::new() };
        tables.open();
        tables
    }

    /// The entries of the document, and its conflicts.
    pub(super) fn finish(mut self) -> (Vec<Entry<'i>>, Vec<Conflict>) {
        (self.entries(Self::DOCUMENT), self.conflicts)
    }

    /// Adds a conflict.
    pub(super) fn report(&mut self, span: Span, problem: Problem) {
        self.conflicts.push(Conflict { span, problem });
    }

    /// A new table in braces.
    pub(super) fn open(&mut self) -> Id {
        let table = self.add(Origin::Itself);
        // Most tables have at most two entries, and there are many of them.
        self.tables[table.0].entries.reserve_exact(2);
        table
    }

    /// The entries of a table in braces. It must be the last one that was opened, so that all later
    /// ones are inside it.
    pub(super) fn close(&mut self, table: Id) -> Vec<Entry<'i>> {
        let entries = self.entries(table);
        self.tables.truncate(table.0);
        entries
    }

    /// `path.key = value` in a table.
    pub(super) fn insert(&mut self, table: Id, path: &[Key<'i>], key: Key<'i>, value: Value<'i>) {
        let Some(table) = self.descend(table, path, Origin::Dots) else { return };
        match self.find(table, &key) {
            None => self.tables[table.0].entries.push(Entry { key, value }),
            Some(at) => self.report_twice(table, at, &key),
        }
    }

    /// `[path.key]`: the table for the entries after it.
    pub(super) fn section(&mut self, path: &[Key<'i>], key: Key<'i>, span: Span) -> Option<Id> {
        let parent = self.descend(Self::DOCUMENT, path, Origin::Inner)?;
        let Some(at) = self.find(parent, &key) else {
            let table = self.add(Origin::Itself);
            self.grow(parent, key, span, Growing::Table(table));
            return Some(table);
        };
        let table = match self.tables[parent.0].growing(at) {
            Some(&mut Growing::Table(table)) => Some(table),
            Some(Growing::Items(_)) | None => None,
        };
        match table.map(|table| &mut self.tables[table.0].origin) {
            Some(origin @ Origin::Inner) => {
                *origin = Origin::Itself;
                let entry = &mut self.tables[parent.0].entries[at];
                entry.key = key;
                entry.value.span = span;
            }
            _ => {
                self.report_twice(parent, at, &key);
                if let Some(table) = table {
                    self.tables[table.0].is_joined = true;
                }
            }
        }
        table
    }

    /// `[[path.key]]`: a new table at the end of a list.
    pub(super) fn item(&mut self, path: &[Key<'i>], key: Key<'i>, span: Span) -> Option<Id> {
        let parent = self.descend(Self::DOCUMENT, path, Origin::Inner)?;
        let item = self.add(Origin::Itself);
        let Some(at) = self.find(parent, &key) else {
            self.grow(parent, key, span, Growing::Items(vec![(span, item)]));
            return Some(item);
        };
        if let Some(Growing::Items(items)) = self.tables[parent.0].growing(at) {
            items.push((span, item));
            return Some(item);
        }
        self.report_twice(parent, at, &key);
        None
    }

    /// The table at a path. Missing ones are created.
    fn descend(&mut self, from: Id, path: &[Key<'i>], by: Origin) -> Option<Id> {
        path.iter().try_fold(from, |parent, key| {
            let Some(at) = self.find(parent, key) else {
                let table = self.add(by);
                self.grow(parent, key.clone(), key.span, Growing::Table(table));
                return Some(table);
            };
            let (table, is_item) = match self.tables[parent.0].growing(at) {
                Some(Growing::Table(table)) => (*table, false),
                Some(Growing::Items(items)) => (items.last()?.1, true),
                None => {
                    let Entry { key: Key { span: first, .. }, value } =
                        &self.tables[parent.0].entries[at];
                    let problem = Problem::Complete { first: *first, what: value.kind.what() };
                    self.report(key.span, problem);
                    return None;
                }
            };
            if by == Origin::Dots {
                let origin = &mut self.tables[table.0].origin;
                if is_item || *origin == Origin::Itself {
                    self.report_twice(parent, at, key);
                    return None;
                }
                *origin = Origin::Dots;
            }
            Some(table)
        })
    }

    fn find(&mut self, table: Id, key: &Key<'i>) -> Option<usize> {
        let Table { entries, index, .. } = &mut self.tables[table.0];
        index.find(entries, &key.name)
    }

    fn report_twice(&mut self, table: Id, at: usize, key: &Key<'i>) {
        if self.tables[table.0].is_joined {
            return;
        }
        let first = self.tables[table.0].entries[at].key.span;
        self.report(key.span, Problem::Twice { first });
    }

    fn add(&mut self, origin: Origin) -> Id {
        let (entries, index, growing) = (Vec::new(), Index::default(), Vec::new());
        self.tables.push(Table { origin, is_joined: false, entries, index, growing });
        Id(self.tables.len() - 1)
    }

    /// Adds an entry that can grow.
    fn grow(&mut self, table: Id, key: Key<'i>, span: Span, value: Growing) {
        let Table { entries, growing, .. } = &mut self.tables[table.0];
        growing.push((entries.len(), value));
        entries.push(Entry { key, value: Value { kind: Kind::Table(Vec::new()), span } });
    }

    /// Takes the entries of a table that no longer grows.
    fn entries(&mut self, table: Id) -> Vec<Entry<'i>> {
        let table = &mut self.tables[table.0];
        let mut entries = std::mem::take(&mut table.entries);
        for (at, growing) in std::mem::take(&mut table.growing) {
            entries[at].value.kind = match growing {
                Growing::Table(table) => Kind::Table(self.entries(table)),
                Growing::Items(items) => Kind::Array(
                    items
                        .into_iter()
                        .map(|(span, item)| Value { kind: Kind::Table(self.entries(item)), span })
                        .collect(),
                ),
            };
        }
        entries
    }
}

impl Table<'_> {
    /// The content of an entry that can still grow.
    fn growing(&mut self, at: usize) -> Option<&mut Growing> {
        let found = self.growing.binary_search_by_key(&at, |&(at, _)| at).ok()?;
        Some(&mut self.growing[found].1)
    }
}
