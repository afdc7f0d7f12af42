//! The kinds of templates, by what they may expand to.

use std::ops::Deref;

use super::allowed::Allowed;
use super::{Scalar, Template, read_template};
use crate::diagnostic::Reported;
use crate::spec::form::{SCALAR, STRING};
use crate::spec::names::Names;
use crate::spec::read::Read;
use crate::spec::reader::Reader;
use crate::spec::shape::Shape;
use crate::toml::{Kind, Value};

macro_rules! templates {
    ($($(#[doc = $doc:literal])+ $Name:ident: $allowed:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $Name(pub Template);

        impl Read for $Name {
            fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
                let span = value.span;
                match value.kind {
                    Kind::String(text) => {
                        read_template(reader.text(&text), span, $allowed, reader).map(Self)
                    }
                    other => reader.wrong_type(span, &other, STRING),
                }
            }

            fn shape() -> Shape {
                Shape::Template
            }
        }

        impl Deref for $Name {
            type Target = Template;

            fn deref(&self) -> &Template {
                &self.0
            }
        }

        impl AsRef<Template> for $Name {
            fn as_ref(&self) -> &Template {
                &self.0
            }
        }

        impl Names for $Name {
            fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
                Template::visit_names(&self.0, visit);
            }
        }
    )+};
}

templates! {
    /// A string with `${NAME}` in it that may have several lines and may be empty.
    TextTemplate: Allowed::Text;
    /// A string with `${NAME}` in it that counts as absent if it expands to nothing.
    MaybeEmpty: Allowed::LineOrNothing;
}

/// A user, perhaps with a group, by name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User(pub Template);

impl Read for User {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::String(text) => {
                read_template(reader.text(&text), span, Allowed::LineOrNothing, reader).map(Self)
            }
            Kind::Integer { .. } => Scalar::read(value, reader).map(|Scalar(number)| Self(number)),
            other => reader.wrong_type(span, &other, SCALAR),
        }
    }

    fn shape() -> Shape {
        Scalar::shape()
    }
}

impl Names for User {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Template::visit_names(&self.0, visit);
    }
}
