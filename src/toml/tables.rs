//! The tables of a document, and who may add to them.
//!
//! Comes in: keys, headers and values, in the order of the file. Goes out: the entries of the document, and what
//! is written twice or cannot be extended. A table in `{...}` is complete with its closing brace; others grow
//! with each header that names them and each key with dots that leads into them. Knows nothing of brackets.

use super::conflict::{Conflict, Problem};
use super::index::Index;
use super::tree::{Entry, Key, Kind, Value};
use crate::source::Span;

/// All tables that can still grow.
pub(super) struct Tables<'i> {
    tables: Vec<Table<'i>>,
    conflicts: Vec<Conflict>,
}

/// One of the tables that can still grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id(usize);

struct Table<'i> {
    origin: Origin,
    /// Whether its header is written again. That is reported; what is then written twice in it is not.
    is_joined: bool,
    /// What can still grow itself stands here as an empty table, and in `growing`.
    entries: Vec<Entry<'i>>,
    index: Index<'i>,
    /// Each with the place of its entry, in that order.
    growing: Vec<(usize, Growing)>,
}

/// What has made a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Its own header, or its own braces.
    Itself,
    /// The header of a table in it. It may still have a header of its own.
    Inner,
    /// A key with dots. Such keys add to it, and headers of tables in it.
    Dots,
}

/// What an entry has become so far.
enum Growing {
    Table(Id),
    /// The tables of a list, each with its header.
    Items(Vec<(Span, Id)>),
}

impl<'i> Tables<'i> {
    /// The table that holds all others.
    pub(super) const DOCUMENT: Id = Id(0);

    /// A document without entries.
    pub(super) fn new() -> Self {
        let mut tables = Self { tables: Vec::new(), conflicts: Vec::new() };
        tables.open();
        tables
    }

    /// The entries of the document, and what is wrong with it.
    pub(super) fn finish(mut self) -> (Vec<Entry<'i>>, Vec<Conflict>) {
        (self.entries(Self::DOCUMENT), self.conflicts)
    }

    /// Adds something that is wrong.
    pub(super) fn report(&mut self, span: Span, problem: Problem) {
        self.conflicts.push(Conflict { span, problem });
    }

    /// A new table in braces.
    pub(super) fn open(&mut self) -> Id {
        let table = self.add(Origin::Itself);
        // As many as most have: there are very many of them.
        self.tables[table.0].entries.reserve_exact(2);
        table
    }

    /// The entries of a table in braces: the last that was opened, so that all behind it were made in it.
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

    /// `[path.key]`: the table that the entries behind it belong to.
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

    /// The table that a path leads to. What is not there yet is made.
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

    /// Takes the entries of a table that grows no more.
    fn entries(&mut self, table: Id) -> Vec<Entry<'i>> {
        let table = &mut self.tables[table.0];
        let mut entries = std::mem::take(&mut table.entries);
        for (at, growing) in std::mem::take(&mut table.growing) {
            entries[at].value.kind = match growing {
                Growing::Table(table) => Kind::Table(self.entries(table)),
                Growing::Items(items) => {
                    let item = |(span, item)| Value { kind: Kind::Table(self.entries(item)), span };
                    Kind::Array(items.into_iter().map(item).collect())
                }
            };
        }
        entries
    }
}

impl Table<'_> {
    /// What an entry has become, if it can still grow.
    fn growing(&mut self, at: usize) -> Option<&mut Growing> {
        let found = self.growing.binary_search_by_key(&at, |&(at, _)| at).ok()?;
        Some(&mut self.growing[found].1)
    }
}
