//! A walk over the tree of a document, together with the tables of the language.
//!
//! Input: a tree of TOML values. Output: calls of a [`Visitor`] that say, for each key and each
//! value, what the language expects there.

use super::language::{Language, Table, item_of, language, values_of};
use crate::spec::shape::{Key, Shape};
use crate::toml::{Entry, Kind, Value};

/// A place in a document.
#[derive(Clone, Copy)]
pub(super) struct At<'w> {
    /// The keys from the document to here. Items of lists add none.
    pub(super) path: &'w [&'w str],
    /// The innermost table with fixed keys around it. If it is not clear which of several it is,
    /// the first.
    pub(super) table: Option<&'static Table>,
    /// The key of that table that contains it.
    pub(super) key: Option<&'static Key>,
    /// The names of the tables with free names between that key and here.
    pub(super) names: &'w [&'w str],
    /// The accepted values.
    pub(super) shape: &'static Shape,
}

impl At<'_> {
    /// The name of the table around it; empty for none.
    pub(super) fn what(&self) -> &'static str {
        self.table.map_or("", Table::what)
    }

    /// The key of that table; empty for none.
    pub(super) fn key_name(&self) -> &'static str {
        self.key.map_or("", |key| key.name)
    }
}

/// The receiver of a walk.
pub(super) trait Visitor<'d> {
    /// A table with fixed keys: one of `tables`. There are several until a key tells them apart.
    fn table(&mut self, _: &'d Value<'d>, _: &[&'static Table], _: At<'_>) {}

    /// A key with its value. `known` is absent for a free name, and for an unknown key.
    fn key(&mut self, _: &'d Entry<'d>, _known: Option<&'static Key>, _: At<'_>) {}

    /// Any value, before what it contains.
    fn value(&mut self, _: &'d Value<'d>, _: At<'_>) {}
}

/// Walks over a document.
pub(super) fn walk<'d>(document: &'d Value<'d>, visitor: &mut dyn Visitor<'d>) {
    let language = language();
    let mut walker = Walker { language, path: Vec::new(), visitor };
    let context = Context { table: None, key: None, depth: 0, shape: &language.root };
    walker.value(document, context);
}

struct Walker<'d, 'v> {
    language: &'static Language,
    path: Vec<&'d str>,
    visitor: &'v mut dyn Visitor<'d>,
}

/// The part of a place that is not the walker's.
#[derive(Clone, Copy)]
struct Context {
    table: Option<&'static Table>,
    key: Option<&'static Key>,
    /// The length of the path up to the key.
    depth: usize,
    shape: &'static Shape,
}

impl<'d> Walker<'d, '_> {
    fn value(&mut self, value: &'d Value<'d>, context: Context) {
        self.visitor.value(value, at(&self.path, context));
        match &value.kind {
            Kind::Array(items) => {
                let Some(shape) = item_of(context.shape) else { return };
                for item in items {
                    self.value(item, Context { shape, ..context });
                }
            }
            Kind::Table(entries) => {
                let tables = possible(self.language.tables_of(context.shape), entries);
                match (tables.is_empty(), values_of(context.shape)) {
                    (false, _) => self.table(value, entries, &tables, context),
                    (true, Some(shape)) => self.names(entries, Context { shape, ..context }),
                    (true, None) => {}
                }
            }
            Kind::String(_)
            | Kind::Integer { .. }
            | Kind::Float
            | Kind::Boolean(_)
            | Kind::Datetime => {}
        }
    }

    fn table(
        &mut self,
        value: &'d Value<'d>,
        entries: &'d [Entry<'d>],
        tables: &[&'static Table],
        context: Context,
    ) {
        self.visitor.table(value, tables, at(&self.path, context));
        for entry in entries {
            let found = tables.iter().find_map(|table| Some((*table, table.key(&entry.key.name)?)));
            let table = found.map(|(table, _)| table).or(tables.first().copied());
            let known = found.map(|(_, (key, _))| key);
            let context = Context { table, key: known, depth: self.path.len() + 1, ..context };
            self.visitor.key(entry, known, at(&self.path, context));
            if let Some((_, (_, shape))) = found {
                self.path.push(&entry.key.name);
                self.value(&entry.value, Context { shape, ..context });
                self.path.pop();
            }
        }
    }

    fn names(&mut self, entries: &'d [Entry<'d>], context: Context) {
        for entry in entries {
            self.visitor.key(entry, None, at(&self.path, context));
            self.path.push(&entry.key.name);
            self.value(&entry.value, context);
            self.path.pop();
        }
    }
}

fn at<'w>(path: &'w [&'w str], context: Context) -> At<'w> {
    let Context { table, key, depth, shape } = context;
    At { path, table, key, names: path.get(depth..).unwrap_or_default(), shape }
}

/// The tables that fit the keys: those with a key that tells them apart, or else all.
fn possible(tables: Vec<&'static Table>, entries: &[Entry<'_>]) -> Vec<&'static Table> {
    let mut chosen = Vec::new();
    for &table in &tables {
        let identity = table.identity();
        if identity.is_some_and(|key| entries.iter().any(|entry| entry.key.name == key.name)) {
            chosen.push(table);
        }
    }
    if tables.len() < 2 || chosen.is_empty() { tables } else { chosen }
}

/// The text of a string.
pub(super) fn text_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match &value.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}
