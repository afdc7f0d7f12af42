//! From TOML values to the types of the language, reporting all errors in one run.
//!
//! A value that cannot be read is reported and becomes `None`; its neighbours are still read. Named
//! declarations, items of lists in tables, and keys of a stage except `from` and `env` are left out
//! if they cannot be read: see [`Unread`]. Tables with fixed keys are read in [`table`](mod@super::table).

use std::collections::BTreeMap;

use super::form::{self, BOOLEAN, LIST, STRING, TABLE};
use super::name::Name;
use super::reader::Reader;
use super::shape::Shape;
use super::unfit::Unfit;
use crate::diagnostic::{Code, Diagnostic, did_you_mean, either};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Entry, Kind, Value};

/// A type of the language that is read from a value.
pub(super) trait Read: Sized {
    /// Reads the value. `None` if an error was reported.
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// The accepted values.
    /// True if a list with one item may be written as that item.
    const MAY_BE_ALONE: bool = false;

    fn shape() -> Shape;

    /// A hint for another value in place of a list of these. `None` for the hint of any list.
    fn as_list(_: &Kind<'_>, _: &str) -> Option<String> {
        None
    }

    /// A placeholder for a required value that cannot be read, so that the rest of the table is
    /// still read. `None` if there is none.
    fn unread(_: Span, _: &mut Reader<'_>) -> Option<Self> {
        None
    }
}

// === Values ===

impl<T: Read> Read for Spanned<T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        T::read(value, reader).map(|value| Spanned { value, span })
    }

    fn as_list(found: &Kind<'_>, written: &str) -> Option<String> {
        T::as_list(found, written)
    }

    fn shape() -> Shape {
        T::shape()
    }
}

/// Boxed: it is large and rarely present.
impl<T: Read> Read for Box<T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(value, reader).map(Box::new)
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl Read for String {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        match value.kind {
            Kind::String(text) if !text.contains('\0') => Some(text.into_owned()),
            Kind::String(_) => reader.diagnostics.fail(Unfit::Control('\0').diagnostic(span, true)),
            other => reader.wrong_type(span, &other, STRING),
        }
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl Read for Text {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        match value.kind {
            Kind::String(text) if !text.contains('\0') => Some(reader.text(&text)),
            Kind::String(_) => reader.diagnostics.fail(Unfit::Control('\0').diagnostic(span, true)),
            other => reader.wrong_type(span, &other, STRING),
        }
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl Read for bool {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        match value.kind {
            Kind::Boolean(flag) => Some(flag),
            other => reader.wrong_type(span, &other, BOOLEAN),
        }
    }

    fn shape() -> Shape {
        Shape::Boolean
    }
}

impl Read for u32 {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        match value.kind {
            Kind::Integer { digits, radix } => match u32::from_str_radix(&digits, radix) {
                Ok(number) => Some(number),
                Err(_) => reader.diagnostics.fail(
                    Diagnostic::new(
                        Code::InvalidValue,
                        span,
                        format!("`{}` is out of range", reader.file.slice(span)),
                    )
                    .hint(format!("use a whole number from 0 to {}", u32::MAX)),
                ),
            },
            other => reader.wrong_type(span, &other, "an integer"),
        }
    }

    fn shape() -> Shape {
        Shape::Integer
    }
}

/// A list; an error in one item does not hide errors in the next.
impl<T: Read> Read for Vec<T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let (read, expected) = items(value, reader)?;
        (read.len() == expected).then_some(read)
    }

    fn shape() -> Shape {
        match T::MAY_BE_ALONE {
            true => T::shape().or_list(),
            false => Shape::List(Box::new(T::shape())),
        }
    }
}

/// The items of a list that can be read, and the total number of items.
pub(super) fn items<T: Read>(value: Value<'_>, reader: &mut Reader<'_>) -> Option<(Vec<T>, usize)> {
    let span = value.span;
    match value.kind {
        Kind::Array(items) => {
            let expected = items.len();
            // Exact capacity: there are very many lists of one or two items.
            let mut read = Vec::with_capacity(expected);
            read.extend(items.into_iter().filter_map(|item| T::read(item, reader)));
            Some((read, expected))
        }
        Kind::String(_) | Kind::Table(_) if T::MAY_BE_ALONE => {
            Some((T::read(value, reader).into_iter().collect(), 1))
        }
        other => {
            let written = reader.file.slice(span);
            let hint = T::as_list(&other, written).or_else(|| form::of(LIST, &other, written));
            reader.wrong_type_with(span, &other, LIST, hint)
        }
    }
}

/// A table with free names as keys.
impl<K: Name, T: Read> Read for BTreeMap<K, T> {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = match &value.kind {
            Kind::Table(entries) => entries.len(),
            _ => 0,
        };
        declared(value, reader).filter(|read: &Self| read.len() == expected)
    }

    fn shape() -> Shape {
        Shape::named(K::PATTERN, T::shape())
    }
}

/// Like a table with free names. If it is a list or a text that declares names in another form,
/// these names are marked as unread.
pub(super) fn named_or_unread<K: Name, T: Read>(
    value: Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<BTreeMap<K, T>> {
    let names = form::names_of_pairs(&value.kind);
    let is_known = matches!(value.kind, Kind::String(_) | Kind::Array(_));
    names.iter().for_each(|name| reader.unread.add(name));
    declared(value, reader).or_else(|| is_known.then(BTreeMap::new))
}

/// The readable entries of a table with free names.
pub(super) fn declared<K: Name, T: Read>(
    value: Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<BTreeMap<K, T>> {
    let span = value.span;
    let entries = match value.kind {
        Kind::Table(entries) => entries,
        other => return reader.wrong_type(span, &other, TABLE),
    };
    let mut read = BTreeMap::new();
    for Entry { key, value } in entries {
        let name = K::check(reader.text(&key.name), key.span, reader);
        match (name, T::read(value, reader)) {
            (Some(name), Some(value)) => {
                read.insert(name, value);
            }
            _ => {
                reader.unread.add(&key.name);
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
        match value.kind {
            Kind::Array(_) => Vec::read(value, reader).map(OneOrMany::Many),
            _ => T::read(value, reader).map(OneOrMany::One),
        }
    }

    fn shape() -> Shape {
        T::shape().or_list()
    }
}

impl<T> OneOrMany<T> {
    /// The values, in either form.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}

/// Declares an enum of fixed words.
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
                value: $crate::toml::Value<'_>,
                reader: &mut $crate::spec::reader::Reader<'_>,
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
    let span = value.span;
    let known = || words.iter().map(|&(word, _)| word);
    let text = match value.kind {
        Kind::String(text) => text,
        other => {
            let hint = format!("{what} is written in quotes");
            return reader.wrong_type_with(span, &other, &either(known()), Some(hint));
        }
    };
    if let Some(&(_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(value);
    }
    let message = format!("expected {}, found `{text}`", either(known()));
    reader.diagnostics.fail(
        Diagnostic::new(Code::InvalidValue, span, message).maybe_hint(did_you_mean(&text, known())),
    )
}
