//! The values of a document.
//!
//! Most strings and keys borrow from the file's text, so that a document costs little more than its
//! lists of values.

use std::borrow::Cow;

use crate::source::Span;

/// A value and its span.
#[derive(Debug)]
pub struct Value<'i> {
    /// Its type and content.
    pub kind: Kind<'i>,
    /// Its span: for a table with a header the header, for one that only dotted keys mention the
    /// key.
    pub span: Span,
}

/// The type and content of a value.
#[derive(Debug)]
pub enum Kind<'i> {
    /// Its text, without quotes and escapes.
    String(Cow<'i, str>),
    /// An integer of any size.
    Integer {
        /// The digits with their sign, without underscores and the prefix of the radix.
        digits: Cow<'i, str>,
        /// 2, 8, 10 or 16.
        radix: u32,
    },
    /// A number with a fraction or an exponent, `inf` or `nan`. Its text is found by its span.
    Float,
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time. It is not validated, since no key takes one.
    Datetime,
    /// Its items, in order.
    Array(Vec<Value<'i>>),
    /// Its entries with distinct keys, in the order of their first mention in the file.
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

/// One part of a dotted key.
#[derive(Debug, Clone)]
pub struct Key<'i> {
    /// Its text, without quotes and escapes.
    pub name: Cow<'i, str>,
    /// Its span.
    pub span: Span,
}

impl Kind<'_> {
    /// The name of the type, with its article.
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
