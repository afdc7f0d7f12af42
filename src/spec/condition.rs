//! `when` and `unless`: conditions for a step or a stage.

use std::collections::BTreeMap;

use super::name::ArgName;
use super::names::Names;
use super::read::{OneOrMany, Read};
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::{Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::{Span, Spanned};
use crate::toml::{Kind, Value};

table! {
    /// Conditions for a step or a stage.
    pub struct Conditions as "a step" {
        /// Include it only if each of these args and constants has the given value, or one of the
        /// given values.
        "when" when: Option<Box<Condition>>,
        /// Leave it out if each of these args and constants has the given value, or one of the
        /// given values.
        "unless" unless: Option<Box<Condition>>,
    }
}

/// Args and constants, each with its accepted values. Neither is empty.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Its span.
    pub span: Span,
    /// The accepted values, by the name of the arg or constant.
    pub tests: BTreeMap<ArgName, Spanned<OneOrMany<Operand>>>,
}

/// A value that an arg is compared with: a string, an integer, `true` or `false`.
#[derive(Debug, Clone)]
pub struct Operand(pub Template);

impl Conditions {
    /// No conditions.
    pub(super) const NONE: Self = Self { when: None, unless: None };

    /// True if there are no conditions.
    pub fn is_none(&self) -> bool {
        self.when.is_none() && self.unless.is_none()
    }
}

impl Condition {
    /// A description in words. `text` formats a value.
    pub fn describe(&self, mut text: impl FnMut(&Template) -> String) -> String {
        let tests = self.tests.iter().map(|(name, values)| {
            let values = values.as_slice().iter();
            let values: Vec<_> =
                values.map(|Operand(value)| format!("`{}`", text(value))).collect();
            format!("`{name}` is {}", values.join(" or "))
        });
        tests.collect::<Vec<_>>().join(" and ")
    }
}

impl Read for Condition {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let tests: BTreeMap<ArgName, Spanned<OneOrMany<Operand>>> = BTreeMap::read(value, reader)?;
        let no_values = tests.iter().find(|(_, values)| values.as_slice().is_empty());
        let problem = match no_values {
            Some((name, values)) => {
                Some((values.span, format!("`{name}` is compared with an empty list")))
            }
            None if tests.is_empty() => Some((span, "this condition is empty".to_owned())),
            None => None,
        };
        match problem {
            None => Ok(Self { span, tests }),
            Some((span, message)) => reader.diagnostics.error(
                Diagnostic::new(Code::InvalidValue, span, message)
                    .hint("write `{ TARGETARCH = \"arm64\" }`, or a list of values: `{ CHANNEL = [\"edge\", \"beta\"] }`"),
            ),
        }
    }

    fn shape() -> Shape {
        <BTreeMap<ArgName, OneOrMany<Operand>> as Read>::shape()
    }
}

impl Read for Operand {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if let Kind::Boolean(flag) = value.kind {
            return Ok(Self(Template::literal(flag.to_string(), value.span)));
        }
        Scalar::read(value, reader).map(|Scalar(template)| Self(template))
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, Shape::Integer, Shape::Boolean])
    }
}

impl Names for Condition {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        for (name, values) in &self.tests {
            visit(name.as_str());
            values.visit_names(visit);
        }
    }
}
