//! `[args]` and `[vars]`: the parameters of a build, and constants.

use super::read::{Read, words};
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::{Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::{Span, Spanned};
use crate::toml::{Kind, Value};

/// The arg with the timestamp of everything that a build creates. It is used even if no value
/// refers to it.
pub const EPOCH_ARG: &str = "SOURCE_DATE_EPOCH";

table! {
    /// The declaration of an arg.
    pub(super) struct ArgTable as "an arg" {
        /// The value without `--build-arg`. Without a default an arg is unset.
        "default" default: Option<Default>,
        /// Fail a build that uses the arg if it is not given.
        "required" required: Option<bool>,
        /// The type of the value: `string`, `bool` (`true` or `false`) or `int`.
        "type" kind: Option<ArgType>,
        /// The allowed values.
        "values" values: Option<Vec<Spanned<Scalar>>>,
        /// A regular expression that the whole value must match.
        "pattern" pattern: Option<Spanned<Pattern>>,
        /// A description, shown by `--call=outline`.
        "description" description: Option<String>,
    }
}

words! {
    /// The type of an arg's value.
    pub enum ArgType as "a type of args" {
        /// Any text.
        "string" String,
        /// `true` or `false`.
        "bool" Bool,
        /// An integer.
        "int" Int,
    }
}

/// The declaration of an arg.
#[derive(Debug, Clone)]
pub struct Arg {
    /// The span of its name in the declaration.
    pub span: Span,
    /// The value without `--build-arg`; without one the arg is unset.
    pub default: Option<Template>,
    /// Fail a build that uses it if it is not given.
    pub required: bool,
    /// The type of its value.
    pub kind: ArgType,
    /// The allowed values.
    pub values: Option<Vec<Spanned<Scalar>>>,
    /// A pattern that its whole value must match.
    pub pattern: Option<Spanned<Pattern>>,
    /// Its description.
    pub description: Option<String>,
}

/// A regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Its source text.
    pub text: String,
    /// The compiled expression, anchored to match whole values only.
    pub regex: regex_lite::Regex,
}

impl Read for Pattern {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let text = String::read(value, reader)?;
        match regex_lite::Regex::new(&format!("^(?:{text})$")) {
            Ok(regex) => Ok(Self { text, regex }),
            Err(err) => reader.diagnostics.error(
                Diagnostic::new(
                    Code::InvalidValue,
                    span,
                    format!("invalid regular expression `{text}`: {err}"),
                )
                .hint("write it in single quotes, '...', where a backslash needs no escape"),
            ),
        }
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

/// A default: a string, an integer, or, for args of type `bool`, `true` or `false`.
#[derive(Debug, Clone)]
pub(super) struct Default {
    template: Template,
    boolean: bool,
}

impl Read for Default {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        if let Kind::Boolean(flag) = value.kind {
            return Ok(Self { template: Template::literal(flag.to_string(), span), boolean: true });
        }
        Scalar::read(value, reader).map(|Scalar(template)| Self { template, boolean: false })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, Shape::Integer, Shape::Boolean])
    }
}

impl super::names::Names for Default {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.template.visit_names(visit);
    }
}

/// A table, or the default as a shorthand.
impl Read for Arg {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        if !matches!(value.kind, Kind::Table(_)) {
            let Scalar(default) = Scalar::read(value, reader)?;
            let kind = ArgType::String;
            let default = Some(default);
            return Ok(Self {
                span,
                default,
                required: false,
                kind,
                values: None,
                pattern: None,
                description: None,
            });
        }
        let ArgTable { default, required, kind, values, pattern, description } =
            ArgTable::read(value, reader)?;
        let kind = kind.unwrap_or(ArgType::String);
        if let Some(Default { template, boolean: true }) = &default
            && kind != ArgType::Bool
        {
            return reader.diagnostics.error(
                Diagnostic::new(
                    Code::WrongType,
                    template.span,
                    "expected a string or a decimal integer, found a boolean",
                )
                .hint("quote it, or set `type = \"bool\"`"),
            );
        }
        Ok(Self {
            span,
            default: default.map(|default| default.template),
            required: required.unwrap_or(false),
            kind,
            values,
            pattern,
            description,
        })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, Shape::Integer, ArgTable::shape()])
    }
}
