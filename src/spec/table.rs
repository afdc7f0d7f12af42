//! Tables of the language, each declared once.
//!
//! [`table!`] takes the keys of a table, their types and their descriptions. It generates the Rust
//! struct, the reader, the messages about unknown and missing keys, the visitor for all names that
//! its values use, and its [`Shape`] for the reference and the schema.

use std::collections::BTreeMap;

use super::form;
use super::form::TABLE;
use super::name::Name;
use super::read::{Read, Readable, declared, items};
use super::reader::Reader;
use super::shape::{Shape, TableShape};
use super::synonym::{self, Meant};
use crate::diagnostic::{Code, Diagnostic, Reported, list, nearest};
use crate::rules::misplaced_key;
use crate::source::{Span, Spanned};
use crate::toml::{Entry, Key, Kind, Value};

/// A type for the value of a key, including its treatment of an absent value.
pub(super) trait Field: Sized {
    /// True if an absent value is an error.
    const REQUIRED: bool;

    /// The accepted values.
    fn shape() -> Shape;

    /// Takes the value out of the table.
    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported>;
}

/// A table with fixed keys.
pub(super) trait Keys: Sized {
    /// The name of the table with its article, for messages.
    const WHAT: &'static str;

    /// The description of the table and its keys.
    fn table_shape() -> TableShape;

    /// Takes its values out of the table.
    fn take_keys(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported>;
}

/// A TOML table from which values are taken.
pub(super) struct Table<'i> {
    /// The entries that have not been taken yet. Most tables are so small that a linear search is
    /// fastest.
    entries: Vec<Entry<'i>>,
    pub(super) span: Span,
    what: &'static str,
    /// The missing required keys, until they are reported.
    missing: Vec<&'static str>,
}

/// Declares tables of the language.
///
/// ```text
/// table! {
///     /// The description of the table.
///     pub struct Name as "a name for messages" {
///         with inner: OtherTable;             // whose keys are keys of this table too
///         /// The description of the key.
///         "key" field: Type,                  // a missing key is an error unless Type has an empty value
///     }
/// }
/// ```
macro_rules! table {
    ($(
        $(#[doc = $doc:literal])+
        $vis:vis struct $Name:ident as $what:literal {
            $(with $inner:ident: $Inner:ty;)*
            $($(#[doc = $field_doc:literal])+ $key:literal $field:ident: $Type:ty,)*
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        $vis struct $Name {
            $(
                #[doc = concat!("What it shares with others: ", $what, ".")]
                pub $inner: $Inner,
            )*
            $($(#[doc = $field_doc])+ pub $field: $Type,)*
        }

        impl $crate::spec::table::Keys for $Name {
            const WHAT: &'static str = $what;

            fn table_shape() -> $crate::spec::shape::TableShape {
                #[allow(unused_mut, reason = "a table may share no keys with others")]
                let mut keys = Vec::new();
                $(keys.extend(<$Inner as $crate::spec::table::Keys>::table_shape().keys);)*
                let own = [$($crate::spec::shape::Key {
                    name: $key,
                    docs: $crate::spec::shape::docs(&[$($field_doc),+]),
                    required: <$Type as $crate::spec::table::Field>::REQUIRED,
                    shape: <$Type as $crate::spec::table::Field>::shape,
                },)*];
                keys.splice(0..0, own);
                let docs = $crate::spec::shape::docs(&[$($doc),+]);
                $crate::spec::shape::TableShape { what: $what, docs, keys }
            }

            fn take_keys(
                table: &mut $crate::spec::table::Table<'_>,
                reader: &mut $crate::spec::reader::Reader<'_>,
            ) -> Result<Self, $crate::diagnostic::Reported> {
                $(let $inner = <$Inner as $crate::spec::table::Keys>::take_keys(table, reader);)*
                $(let $field = <$Type as $crate::spec::table::Field>::take(table, $key, reader);)*
                Ok(Self { $($inner: $inner?,)* $($field: $field?,)* })
            }
        }

        impl $crate::spec::names::Names for $Name {
            fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
                $($crate::spec::names::Names::visit_names(&self.$inner, visit);)*
                $($crate::spec::names::Names::visit_names(&self.$field, visit);)*
            }
        }

        impl $crate::spec::read::Read for $Name {
            fn read(
                value: $crate::toml::Value<'_>,
                reader: &mut $crate::spec::reader::Reader<'_>,
            ) -> Result<Self, $crate::diagnostic::Reported> {
                $crate::spec::table::Table::new(value, $what, reader)?.read_all(reader)
            }

            fn shape() -> $crate::spec::shape::Shape {
                $crate::spec::shape::Shape::Table(<$Name as $crate::spec::table::Keys>::table_shape())
            }
        }
    )+};
}
pub(super) use table;

impl<'i> Table<'i> {
    /// The value as a table.
    pub(super) fn new(
        value: Value<'i>,
        what: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::Table(entries) => Ok(Self { entries, span, what, missing: Vec::new() }),
            other => {
                let hint = form::of_table(what, &other, reader.file.slice(span));
                reader.wrong_type_with(span, &other, TABLE, hint)
            }
        }
    }

    /// The root table.
    pub(super) fn document(
        entries: Vec<Entry<'i>>,
        what: &'static str,
        reader: &Reader<'_>,
    ) -> Self {
        Self { entries, span: reader.file.span(0..0), what, missing: Vec::new() }
    }

    /// Reads the keys of `T`; any other key is an error.
    pub(super) fn read_all<T: Keys>(mut self, reader: &mut Reader<'_>) -> Result<T, Reported> {
        let value = T::take_keys(&mut self, reader);
        self.refuse_rest(T::table_shape, reader);
        value
    }

    /// Takes one value out.
    pub(super) fn remove(&mut self, key: &str) -> Option<Value<'i>> {
        let at = self.entries.iter().position(|entry| entry.key.name == key)?;
        Some(self.entries.swap_remove(at).value)
    }

    /// The same table under a more specific name.
    pub(super) fn named(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    /// True if one wrong value does not prevent reading the rest of the table. Few errors in a
    /// stage or an image depend on its other keys.
    fn is_lenient(&self) -> bool {
        [STAGE, IMAGE].contains(&self.what)
    }

    /// In a lenient table, a value that cannot be read counts as absent.
    fn tolerate<T: Default>(&self, read: Result<T, Reported>) -> Result<T, Reported> {
        match read {
            Err(_) if self.is_lenient() => Ok(T::default()),
            read => read,
        }
    }

    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.name.as_ref())
    }

    /// Its keys with a plain value, and those values as text.
    pub(super) fn texts(&self) -> Vec<(&str, &str)> {
        fn text<'v>(entry: &'v Entry<'_>) -> Option<&'v str> {
            match &entry.value.kind {
                Kind::String(text) => Some(text),
                Kind::Integer { digits, .. } => Some(digits),
                Kind::Boolean(true) => Some("true"),
                Kind::Boolean(false) => Some("false"),
                _ => None,
            }
        }
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.key.name.as_ref(), text(entry)?))).collect()
    }

    /// The value of a key, without taking it.
    pub(super) fn value(&self, key: &str) -> Option<&Value<'i>> {
        self.entries.iter().find(|entry| entry.key.name == key).map(|entry| &entry.value)
    }

    /// The span of a key.
    pub(super) fn key_span(&self, key: &str) -> Option<Span> {
        self.entries.iter().find(|entry| entry.key.name == key).map(|entry| entry.key.span)
    }

    /// True if it has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys().any(|known| known == key)
    }

    /// Reports the remaining unknown keys and the missing ones. A missing key that is only misspelt
    /// is reported once.
    fn refuse_rest(mut self, shape: impl Fn() -> TableShape, reader: &mut Reader<'_>) {
        if self.entries.is_empty() && self.missing.is_empty() {
            return;
        }
        let known: Vec<_> = shape().keys.iter().map(|key| key.name).collect();
        for Entry { key, value } in std::mem::take(&mut self.entries) {
            reader.unread.add_key(&key.name, &value);
            let meant = self.meant(&key.name, &known);
            self.missing.retain(|missing| {
                meant != Some(Meant::Key(missing)) && !has_entry(&value, missing)
            });
            let message = format!("unknown key `{}` in {}", key.name, self.what);
            let hint = match meant {
                Some(Meant::Key(meant)) => format!("did you mean `{meant}`?"),
                Some(Meant::Else(hint)) => hint.to_owned(),
                None => self.hint_about(&key.name, &value, &known, reader),
            };
            let diagnostic = Diagnostic::new(Code::UnknownKey, key.span, message);
            reader.diagnostics.push(diagnostic.hint(hint));
        }
        for key in self.missing {
            let message = format!("{} needs `{key}`", self.what);
            reader.diagnostics.push(Diagnostic::new(Code::MissingKey, self.span, message));
        }
    }

    /// The meaning of an unknown key.
    fn meant(&self, key: &str, known: &[&'static str]) -> Option<Meant> {
        synonym::meant(self.what, key, known)
            .or_else(|| nearest(key, known.iter().copied()).map(Meant::Key))
    }

    /// The hint for a key that is not similar to any key of the table.
    fn hint_about(
        &self,
        key: &str,
        value: &Value<'_>,
        known: &[&'static str],
        reader: &Reader<'_>,
    ) -> String {
        let written = reader.file.slice(value.span).lines().next();
        let header =
            written.filter(|line| line.starts_with('[') && matches!(value.kind, Kind::Table(_)));
        if let Some(meant) = header.and_then(|_| (reader.places.header_of)(key)) {
            return format!("write its header as `{meant}`");
        }
        let is_stage = ["from", "steps"].iter().any(|of_stage| has_entry(value, of_stage));
        if is_stage && self.what == FILE {
            return format!("write the header of a stage as `[stages.{key}]`");
        }
        if let Some(place) = (reader.places.place_of)(key) {
            return place;
        }
        if header.is_some_and(|header| header.contains('.')) {
            return format!(
                "a dot in a header separates keys: this is the key `{key}` of the table before the dot"
            );
        }
        let keys = list(known);
        match (reader.places.tables_with_key)(key) {
            [] => format!("its keys are {keys}"),
            tables => {
                let tables = tables[..tables.len().min(2)].join(" and of ");
                format!("`{key}` is a key of {tables}; the keys of {} are {keys}", self.what)
            }
        }
    }
}

/// The names of the tables that have headers: see [`Keys::WHAT`].
pub(super) const FILE: &str = "a build file";
pub(super) const STAGE: &str = "a stage";
pub(super) const IMAGE: &str = "an image";

/// Warns about keys of the language in a table of free names: they are probably under the wrong
/// header. Inline tables and dotted keys have no header.
pub(super) fn warn_of_misplaced_keys(parent: &Table<'_>, table: &str, reader: &mut Reader<'_>) {
    // The tables whose headers can precede such a table.
    let with_header = [FILE, STAGE, IMAGE];
    let (Some(value), Some(key)) = (parent.value(table), parent.key_span(table)) else { return };
    let Kind::Table(entries) = &value.kind else { return };
    // The span of a table with a header is the header, which contains the key.
    if value.span.start >= key.start {
        return;
    }
    let keys = entries.iter().map(|entry| &entry.key);
    for Key { name, span } in keys.filter(|key| !misplaced_key::is_common(&key.name)) {
        let tables = (reader.places.tables_with_key)(name).iter().copied();
        let tables: Vec<&str> = tables.filter(|table| with_header.contains(table)).collect();
        if tables.is_empty() {
            continue;
        }
        reader.diagnostics.push(misplaced_key::under_header(name, table, &tables, *span));
    }
}

/// True if a value is a table with a key.
fn has_entry(value: &Value<'_>, key: &str) -> bool {
    let Kind::Table(entries) = &value.kind else { return false };
    entries.iter().any(|entry| entry.key.name == key)
}

// === Absent and present keys ===

impl<T: Read> Field for Option<T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        T::shape()
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        let Some(value) = table.remove(key) else { return Ok(None) };
        table.tolerate(T::read(value, reader).map(Some))
    }
}

impl<T: Read> Field for Spanned<T> {
    const REQUIRED: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        let (span, read) = match table.remove(key) {
            Some(value) => (value.span, T::read(value, reader)),
            None => {
                table.missing.push(key);
                // `refuse_rest` reports it, since it knows whether the key is only misspelt.
                (table.span, Err(reader.diagnostics.told_elsewhere()))
            }
        };
        let read = match read {
            Err(reported) if table.is_lenient() => T::unread(span, reader).ok_or(reported),
            read => read,
        };
        read.map(|value| Spanned { value, span })
    }
}

impl<T: Read> Field for Vec<T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        <Self as Read>::shape()
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        let Some(value) = table.remove(key) else { return Ok(Self::new()) };
        let read = match items(value, reader) {
            Ok(read) if !read.part.is_empty() => Ok(read.part),
            read => read.and_then(Readable::whole),
        };
        table.tolerate(read)
    }
}

impl<K: Name, T: Read> Field for BTreeMap<K, T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        <Self as Read>::shape()
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        let Some(value) = table.remove(key) else { return Ok(Self::new()) };
        declared(value, reader).map(|read| read.part)
    }
}
