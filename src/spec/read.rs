//! From TOML values to the types of the language, reporting all errors in one run.
//!
//! After a value that cannot be read, its neighbours are still read. Named declarations, items of
//! lists in tables, and keys of a stage except `from` and `env` are left out if they cannot be read:
//! see [`Unread`]. Tables with fixed keys are read in [`table`](mod@super::table).
//!
//! [`Unread`]: super::unread::Unread

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::form::{self, BOOLEAN, LIST, STRING, TABLE};
use super::name::Name;
use super::reader::Reader;
use super::shape::Shape;
use super::unfit::Unfit;
use crate::diagnostic::{Code, Diagnostic, Reported, did_you_mean, either};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Entry, Kind, Value};

/// A type of the language that is read from a value.
pub(super) trait Read: Sized {
    /// Reads the value.
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported>;

    /// True if a list with one item may be written as that item.
    const MAY_BE_ALONE: bool = false;

    /// The accepted values.
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        T::read(value, reader).map(Box::new)
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl Read for String {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        string(value, reader).map(Cow::into_owned)
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

impl Read for Text {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        string(value, reader).map(|text| reader.text(&text))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

fn string<'i>(value: Value<'i>, reader: &mut Reader<'_>) -> Result<Cow<'i, str>, Reported> {
    let span = value.span;
    match value.kind {
        Kind::String(text) if text.contains('\0') => {
            reader.diagnostics.error(Unfit::Control('\0').diagnostic(span, true))
        }
        Kind::String(text) => Ok(text),
        other => reader.wrong_type(span, &other, STRING),
    }
}

impl Read for bool {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::Boolean(flag) => Ok(flag),
            other => reader.wrong_type(span, &other, BOOLEAN),
        }
    }

    fn shape() -> Shape {
        Shape::Boolean
    }
}

impl Read for u32 {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::Integer { digits, radix } => match u32::from_str_radix(&digits, radix) {
                Ok(number) => Ok(number),
                Err(_) => reader.diagnostics.error(
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        items(value, reader)?.whole()
    }

    fn shape() -> Shape {
        match T::MAY_BE_ALONE {
            true => T::shape().or_list(),
            false => Shape::List(Box::new(T::shape())),
        }
    }
}

/// The readable part of a list or a table.
pub(super) struct Readable<T> {
    pub(super) part: T,
    /// The error if there is an unreadable part too.
    rest: Result<(), Reported>,
}

impl<T> Readable<T> {
    /// The value, if all of it is readable.
    pub(super) fn whole(self) -> Result<T, Reported> {
        self.rest.map(|()| self.part)
    }
}

/// The items of a list.
pub(super) fn items<T: Read>(
    value: Value<'_>,
    reader: &mut Reader<'_>,
) -> Result<Readable<Vec<T>>, Reported> {
    let span = value.span;
    match value.kind {
        Kind::Array(items) => {
            // Exact capacity: there are very many lists of one or two items.
            let mut read = Readable { part: Vec::with_capacity(items.len()), rest: Ok(()) };
            for item in items {
                match T::read(item, reader) {
                    Ok(item) => read.part.push(item),
                    Err(reported) => read.rest = Err(reported),
                }
            }
            Ok(read)
        }
        Kind::String(_) | Kind::Table(_) if T::MAY_BE_ALONE => {
            Ok(Readable { part: vec![T::read(value, reader)?], rest: Ok(()) })
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        declared(value, reader)?.whole()
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
) -> Result<BTreeMap<K, T>, Reported> {
    let names = form::names_of_pairs(&value.kind);
    let is_known = matches!(value.kind, Kind::String(_) | Kind::Array(_));
    names.iter().for_each(|name| reader.unread.add(name));
    match declared(value, reader) {
        Ok(read) => Ok(read.part),
        Err(_) if is_known => Ok(BTreeMap::new()),
        Err(reported) => Err(reported),
    }
}

/// The entries of a table with free names. Those that cannot be read are marked as unread.
pub(super) fn declared<K: Name, T: Read>(
    value: Value<'_>,
    reader: &mut Reader<'_>,
) -> Result<Readable<BTreeMap<K, T>>, Reported> {
    let span = value.span;
    let entries = match value.kind {
        Kind::Table(entries) => entries,
        other => return reader.wrong_type(span, &other, TABLE),
    };
    let mut read = Readable { part: BTreeMap::new(), rest: Ok(()) };
    for Entry { key, value } in entries {
        let name = K::check(reader.text(&key.name), key.span, reader);
        match (name, T::read(value, reader)) {
            (Ok(name), Ok(value)) => {
                read.part.insert(name, value);
            }
            (Err(reported), _) | (_, Err(reported)) => {
                reader.unread.add(&key.name);
                read.rest = Err(reported);
            }
        }
    }
    Ok(read)
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
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
            ) -> Result<Self, $crate::diagnostic::Reported> {
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
) -> Result<T, Reported> {
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
        return Ok(value);
    }
    let message = format!("expected {}, found `{text}`", either(known()));
    reader.diagnostics.error(
        Diagnostic::new(Code::InvalidValue, span, message).maybe_hint(did_you_mean(&text, known())),
    )
}
