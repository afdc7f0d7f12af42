//! The values of a document.
//!
//! Most strings and keys are pieces of the file's own text: a document costs little more than its lists of values.

use std::borrow::Cow;

use crate::source::Span;

/// A value and its place.
#[derive(Debug)]
pub struct Value<'i> {
    /// What it is.
    pub kind: Kind<'i>,
    /// Where it is written: for a table with a header the header, for one that only keys of others speak of the key.
    pub span: Span,
}

/// What a value is.
#[derive(Debug)]
pub enum Kind<'i> {
    /// Its text, without quotes and escapes.
    String(Cow<'i, str>),
    /// A whole number of any size.
    Integer {
        /// With its sign, without underscores and the prefix of its radix.
        digits: Cow<'i, str>,
        /// 2, 8, 10 or 16.
        radix: u32,
    },
    /// A number with a fraction or an exponent, `inf` or `nan`. Its place says what is written.
    Float,
    /// `true` or `false`.
    Boolean(bool),
    /// What looks like a date or a time: nobody reads one, so that nobody asks whether there is such a day.
    Datetime,
    /// Its items, in order.
    Array(Vec<Value<'i>>),
    /// Its entries, no two of the same key, in the order in which their keys first stand in the file.
    Table(Vec<Entry<'i>>),
}

/// A key of a table, and its value.
#[derive(Debug)]
pub struct Entry<'i> {
    /// The key.
    pub key: Key<'i>,
    /// The value.
    pub value: Value<'i>,
}

/// One part of a key: dots separate parts.
#[derive(Debug, Clone)]
pub struct Key<'i> {
    /// Its text, without quotes and escapes.
    pub name: Cow<'i, str>,
    /// Where it is written.
    pub span: Span,
}

impl Kind<'_> {
    /// What it is, with its article.
    pub fn what(&self) -> &'static str {
        match self {
            Kind::String(_) => "a string",
            Kind::Integer { .. } => "an integer",
            Kind::Float => "a float",
            Kind::Boolean(_) => "a boolean",
            Kind::Datetime => "a date or time",
            Kind::Array(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}
