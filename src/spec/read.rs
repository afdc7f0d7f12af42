//! From TOML values to the types of the language, with every mistake reported in one run.
//!
//! [`table!`] declares a table of the language once: its keys, their types and their texts. From that
//! come the Rust struct, the reader, the messages about unknown and missing keys, the walk over all
//! names that its values use, and its [`Shape`] for the reference and the schema. A value that cannot
//! be read is reported and leaves `None`; its neighbours are read all the same. What is declared by name,
//! and the items of a table's lists, are there without those that cannot be read: see [`Unread`].

use std::collections::BTreeMap;

use toml::Spanned as TomlSpanned;
use toml::de::{DeString, DeTable, DeValue};

use super::name::Name;
use super::shape::{Shape, TableShape};
use super::unread::Unread;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, list, nearest};
use crate::source::{SourceFile, Span, Spanned};
use crate::text::Text;

/// A TOML value and its place.
pub(super) type Value<'i> = TomlSpanned<DeValue<'i>>;

/// What every reader needs: the file, and the list for what is wrong.
pub(super) struct Reader<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) unread: Unread,
}

/// A type of the language that stands in a value.
pub(super) trait Read: Sized {
    /// Reads it, or reports why not.
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// What it accepts.
    fn shape() -> Shape;
}

/// A key of a table: how its type treats an absent value.
pub(super) trait Field: Sized {
    /// Whether an absent value is a mistake.
    const REQUIRED: bool;

    /// What a present value may be.
    fn shape() -> Shape;

    /// Takes the value out of the table. `None` is a reported mistake.
    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A table whose keys are fixed by the language.
pub(super) trait Keys: Sized {
    /// What the table is, with its article, for messages.
    const WHAT: &'static str;

    /// What the table is and which keys it has.
    fn table_shape() -> TableShape;

    /// Takes its values out of the table.
    fn take_keys(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A TOML table that values are taken out of.
pub(super) struct Table<'i> {
    /// What has not been taken yet. Most tables have so few keys that looking through them is fastest.
    entries: Vec<(TomlSpanned<DeString<'i>>, Value<'i>)>,
    pub(super) span: Span,
    what: &'static str,
}

/// Declares tables of the language.
///
/// ```text
/// table! {
///     /// What the table is for.
///     pub struct Name as "a name for messages" {
///         with inner: OtherTable;             // whose keys are keys of this table too
///         /// What the key means.
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

        impl $crate::spec::read::Keys for $Name {
            const WHAT: &'static str = $what;

            fn table_shape() -> $crate::spec::shape::TableShape {
                #[allow(unused_mut, reason = "a table may share no keys with others")]
                let mut keys = Vec::new();
                $(keys.extend(<$Inner as $crate::spec::read::Keys>::table_shape().keys);)*
                let own = [$($crate::spec::shape::Key {
                    name: $key,
                    docs: $crate::spec::shape::docs(&[$($field_doc),+]),
                    required: <$Type as $crate::spec::read::Field>::REQUIRED,
                    shape: <$Type as $crate::spec::read::Field>::shape,
                },)*];
                keys.splice(0..0, own);
                let docs = $crate::spec::shape::docs(&[$($doc),+]);
                $crate::spec::shape::TableShape { what: $what, docs, keys }
            }

            fn take_keys(
                table: &mut $crate::spec::read::Table<'_>,
                reader: &mut $crate::spec::read::Reader<'_>,
            ) -> Option<Self> {
                $(let $inner = <$Inner as $crate::spec::read::Keys>::take_keys(table, reader);)*
                $(let $field = <$Type as $crate::spec::read::Field>::take(table, $key, reader);)*
                Some(Self { $($inner: $inner?,)* $($field: $field?,)* })
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
                value: $crate::spec::read::Value<'_>,
                reader: &mut $crate::spec::read::Reader<'_>,
            ) -> Option<Self> {
                $crate::spec::read::Table::new(value, $what, reader)?.read_all(reader)
            }

            fn shape() -> $crate::spec::shape::Shape {
                $crate::spec::shape::Shape::Table(<$Name as $crate::spec::read::Keys>::table_shape())
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
    ) -> Option<Self> {
        let span = reader.span(&value);
        match value.into_inner() {
            DeValue::Table(entries) => {
                Some(Self { entries: entries.into_iter().collect(), span, what })
            }
            other => reader.wrong_type(span, &other, "a table"),
        }
    }

    /// The document itself.
    pub(super) fn root(
        entries: TomlSpanned<DeTable<'i>>,
        what: &'static str,
        reader: &Reader<'_>,
    ) -> Self {
        let span = reader.span(&entries);
        Self { span, entries: entries.into_inner().into_iter().collect(), what }
    }

    /// Reads the keys of `T`; any other key is an error.
    pub(super) fn read_all<T: Keys>(mut self, reader: &mut Reader<'_>) -> Option<T> {
        let value = T::take_keys(&mut self, reader);
        self.refuse_rest(T::table_shape, reader);
        value
    }

    /// Takes one value out, with the place of its key.
    pub(super) fn remove(&mut self, key: &str, reader: &Reader<'_>) -> Option<(Span, Value<'i>)> {
        let at = self.entries.iter().position(|(known, _)| known.get_ref() == key)?;
        let (key, value) = self.entries.swap_remove(at);
        Some((reader.span(&key), value))
    }

    /// The same table under a name that fits better what is known of it by now.
    pub(super) fn named(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.get_ref().as_ref())
    }

    /// Whether it has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys().any(|known| known == key)
    }

    /// Reports what is left in the table.
    fn refuse_rest(self, shape: impl Fn() -> TableShape, reader: &mut Reader<'_>) {
        if self.entries.is_empty() {
            return;
        }
        let known: Vec<_> = shape().keys.iter().map(|key| key.name).collect();
        for (key, value) in self.entries {
            let span = reader.span(&key);
            let key = key.into_inner();
            reader.unread.add_key(&key, &value);
            let message = format!("unknown key `{key}` in {}", self.what);
            let written = reader.file.slice(reader.span(&value)).lines().next();
            let header = written.filter(|line| {
                line.starts_with('[') && matches!(value.get_ref(), DeValue::Table(_))
            });
            let hint = match nearest(&key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if let Some(meant) = header.and_then(|_| super::header_of(&key)) => {
                    format!("its header is `{meant}`")
                }
                None if header.is_some_and(|header| header.contains('.')) => format!(
                    "a dot in a header separates keys: this is the key `{key}` of the table before it, not a longer name"
                ),
                None => match super::tables_with_key(&key) {
                    [] => format!("its keys are {}", list(&known)),
                    tables => format!(
                        "`{key}` is a key of {}: does it stand under the wrong header?",
                        tables[..tables.len().min(2)].join(" and of ")
                    ),
                },
            };
            reader.diagnostics.push(Diagnostic::new(Code::UnknownKey, span, message).hint(hint));
        }
    }
}

impl Reader<'_> {
    /// Where something of the document stands.
    pub(super) fn span<T>(&self, part: &TomlSpanned<T>) -> Span {
        self.file.span(part.span())
    }

    /// A string of the document: shared with the file, unless it is written with escapes.
    pub(super) fn text(&self, string: &str) -> Text {
        self.file.text().piece(string)
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type<T>(
        &mut self,
        span: Span,
        found: &DeValue<'_>,
        wanted: &str,
    ) -> Option<T> {
        let diagnostic = Diagnostic::new(
            Code::WrongType,
            span,
            format!("expected {wanted}, found {}", kind_of(found)),
        );
        self.diagnostics.fail(match found {
            DeValue::Float(_) | DeValue::Datetime(_) if wanted.contains("string") => {
                diagnostic.hint(format!("quote it: \"{}\"", self.file.slice(span)))
            }
            DeValue::Integer(_) | DeValue::Boolean(_) if wanted.contains("string") => {
                diagnostic.hint(format!("quote it: \"{}\"", self.file.slice(span)))
            }
            DeValue::String(_) if wanted == "a list" => {
                diagnostic.hint(format!("write [{}]", self.file.slice(span)))
            }
            _ => diagnostic,
        })
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

// === Absent and present keys ===

impl<T: Read> Field for Option<T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        T::shape()
    }

    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        match table.remove(key, reader) {
            None => Some(None),
            Some((_, value)) => T::read(value, reader).map(Some),
        }
    }
}

impl<T: Read> Field for Spanned<T> {
    const REQUIRED: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        match table.remove(key, reader) {
            Some((_, value)) => Spanned::read(value, reader),
            None => reader.diagnostics.fail(Diagnostic::new(
                Code::MissingKey,
                table.span,
                format!("{} needs `{key}`", table.what),
            )),
        }
    }
}

impl<T: Read> Field for Vec<T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        <Self as Read>::shape()
    }

    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        let Some((_, value)) = table.remove(key, reader) else { return Some(Self::new()) };
        let (read, expected) = items(value, reader)?;
        (read.len() == expected || !read.is_empty()).then_some(read)
    }
}

impl<K: Name, T: Read> Field for BTreeMap<K, T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        <Self as Read>::shape()
    }

    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        let Some((_, value)) = table.remove(key, reader) else { return Some(Self::new()) };
        declared(value, reader)
    }
}

// === Values ===

impl<T: Read> Read for Spanned<T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.span(&value);
        T::read(value, reader).map(|value| Spanned { value, span })
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl Read for String {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.span(&value);
        match value.into_inner() {
            DeValue::String(text) => Some(text.into_owned()),
            other => reader.wrong_type(span, &other, "a string"),
        }
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl Read for Text {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.span(&value);
        match value.get_ref() {
            DeValue::String(text) => Some(reader.text(text)),
            other => reader.wrong_type(span, other, "a string"),
        }
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl Read for bool {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.span(&value);
        match value.into_inner() {
            DeValue::Boolean(flag) => Some(flag),
            other => reader.wrong_type(span, &other, "`true` or `false`"),
        }
    }

    fn shape() -> Shape {
        Shape::Boolean
    }
}

impl Read for u32 {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = reader.span(&value);
        match value.into_inner() {
            DeValue::Integer(integer) => {
                let text = integer.as_str().replace('_', "");
                match u32::from_str_radix(&text, integer.radix()) {
                    Ok(number) => Some(number),
                    Err(_) => reader.diagnostics.fail(
                        Diagnostic::new(
                            Code::InvalidValue,
                            span,
                            format!("`{text}` is not in range"),
                        )
                        .hint(format!("a whole number from 0 to {}", u32::MAX)),
                    ),
                }
            }
            other => reader.wrong_type(span, &other, "an integer"),
        }
    }

    fn shape() -> Shape {
        Shape::Integer
    }
}

/// A list; what is wrong with one item does not hide what is wrong with the next.
impl<T: Read> Read for Vec<T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let (read, expected) = items(value, reader)?;
        (read.len() == expected).then_some(read)
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

/// The items of a list that can be read, and how many it has.
fn items<T: Read>(value: Value<'_>, reader: &mut Reader<'_>) -> Option<(Vec<T>, usize)> {
    let span = reader.span(&value);
    match value.into_inner() {
        DeValue::Array(items) => {
            let expected = items.len();
            // As long as it will be: there are very many lists of one or two items.
            let mut read = Vec::with_capacity(expected);
            read.extend(items.into_iter().filter_map(|item| T::read(item, reader)));
            Some((read, expected))
        }
        other => reader.wrong_type(span, &other, "a list"),
    }
}

/// A table with free names as keys.
impl<K: Name, T: Read> Read for BTreeMap<K, T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = match value.get_ref() {
            DeValue::Table(entries) => entries.len(),
            _ => 0,
        };
        declared(value, reader).filter(|read: &Self| read.len() == expected)
    }

    fn shape() -> Shape {
        Shape::named(K::PATTERN, T::shape())
    }
}

/// The entries of a table with free names that can be read.
pub(super) fn declared<K: Name, T: Read>(
    value: Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<BTreeMap<K, T>> {
    let span = reader.span(&value);
    let entries = match value.into_inner() {
        DeValue::Table(entries) => entries,
        other => return reader.wrong_type(span, &other, "a table"),
    };
    let mut read = BTreeMap::new();
    for (key, value) in entries {
        let key_span = reader.span(&key);
        let name = K::check(reader.text(key.get_ref()), key_span, reader);
        match (name, T::read(value, reader)) {
            (Some(name), Some(value)) => {
                read.insert(name, value);
            }
            _ => {
                reader.unread.add(key.get_ref());
            }
        }
    }
    Some(read)
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub enum OneOrMany<T> {
    /// Written without a list.
    One(T),
    /// Written as a list.
    Many(Vec<T>),
}

impl<T: Read> Read for OneOrMany<T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(_) => Vec::read(value, reader).map(OneOrMany::Many),
            _ => T::read(value, reader).map(OneOrMany::One),
        }
    }

    fn shape() -> Shape {
        T::shape().or_list()
    }
}

impl<T> OneOrMany<T> {
    /// The values, however they were written.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}

/// Declares a choice between a few words.
macro_rules! words {
    ($(
        $(#[doc = $doc:literal])+
        pub enum $Name:ident as $what:literal {
            $($(#[doc = $word_doc:literal])+ $word:literal $Word:ident,)+
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Name { $($(#[doc = $word_doc])+ $Word,)+ }

        impl $crate::spec::read::Read for $Name {
            fn read(
                value: $crate::spec::read::Value<'_>,
                reader: &mut $crate::spec::read::Reader<'_>,
            ) -> Option<Self> {
                let words = [$(($word, $Name::$Word)),+];
                $crate::spec::read::word(value, $what, &words, reader)
            }

            fn shape() -> $crate::spec::shape::Shape {
                $crate::spec::shape::Shape::Words(vec![$($word),+])
            }
        }

        impl $crate::spec::names::Names for $Name {
            fn visit_names(&self, _: &mut dyn FnMut(&str)) {}
        }
    )+};
}
pub(super) use words;

/// One of a few fixed words.
pub(super) fn word<T: Copy>(
    value: Value<'_>,
    what: &str,
    words: &[(&'static str, T)],
    reader: &mut Reader<'_>,
) -> Option<T> {
    let span = reader.span(&value);
    let text = String::read(value, reader)?;
    match words.iter().find(|(word, _)| *word == text) {
        Some(&(_, value)) => Some(value),
        None => {
            let known = || words.iter().map(|&(word, _)| word);
            let hint = did_you_mean(&text, known())
                .unwrap_or_else(|| format!("it is one of {}", list(known())));
            reader.diagnostics.fail(
                Diagnostic::new(Code::InvalidValue, span, format!("`{text}` is not {what}"))
                    .hint(hint),
            )
        }
    }
}
