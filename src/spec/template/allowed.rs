//! Restrictions on values, for literal and for substituted text.

use std::ops::Deref;

use super::{Scalar, Template, read_template};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::spec::names::Names;
use crate::spec::read::{Read, Reader, SCALAR, STRING};
use crate::spec::shape::Shape;
use crate::toml::{Kind, Value};

/// The restriction on a value.
///
/// BuildKit and the programs that it runs do not check most values. A newline in a path or an empty
/// user would fail there without a reference to the build file, or not fail at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Allowed {
    /// One line that is neither empty nor blank: a name, a path, a URL.
    Line,
    /// Like [`Allowed::Line`], but empty if a `${NAME}` expands to nothing.
    LineOrNothing,
    /// Any text for a process: without NUL.
    Text,
    /// Anything: the content of a file.
    Bytes,
}

/// The reason why a text is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is empty.
    Empty,
    /// It is blank.
    Blank,
    /// It contains a control character.
    Control(char),
}

impl Allowed {
    /// Checks a literal text.
    pub(in crate::spec) fn check_written(self, text: &str) -> Result<(), Unfit> {
        if text.is_empty() && self == Allowed::LineOrNothing {
            return Err(Unfit::Empty);
        }
        self.check(text)
    }

    /// Checks an expanded text.
    pub(super) fn check(self, text: &str) -> Result<(), Unfit> {
        let is_refused = match self {
            Allowed::Line if text.is_empty() => return Err(Unfit::Empty),
            Allowed::Line if text.bytes().all(|byte| byte == b' ') => return Err(Unfit::Blank),
            Allowed::Line | Allowed::LineOrNothing => char::is_control,
            Allowed::Text => |c| c == '\0',
            Allowed::Bytes => return Ok(()),
        };
        match text.chars().find(|&c| is_refused(c)) {
            Some(c) => Err(Unfit::Control(c)),
            None => Ok(()),
        }
    }
}

impl Unfit {
    /// The diagnostic. `is_written` is true if the text is literal in the file.
    pub fn diagnostic(self, span: Span, is_written: bool) -> Diagnostic {
        let (message, hint) = match self {
            Unfit::Empty if is_written => {
                ("empty string".to_owned(), "write a value, or remove the key")
            }
            Unfit::Empty => (
                "the value is empty after `${NAME}` is replaced".to_owned(),
                "use `${NAME:-default}` for a default, or `${NAME:?message}` for an error",
            ),
            Unfit::Blank => ("the value is blank".to_owned(), "write a value, or remove the key"),
            Unfit::Control('\0') => (
                "the value contains a NUL character".to_owned(),
                "programs cannot receive NUL characters",
            ),
            Unfit::Control(c) => (
                format!("the value contains the control character {}", name_of(c)),
                "names, paths and URLs are one line of plain text",
            ),
        };
        Diagnostic::new(Code::InvalidValue, span, message).hint(hint)
    }
}

/// The common name of a control character.
fn name_of(c: char) -> String {
    let name = match c {
        '\t' => "a tab",
        '\n' => "a newline",
        '\r' => "a carriage return",
        '\u{1b}' => "ESC",
        c => return format!("U+{:04X}", u32::from(c)),
    };
    format!("U+{:04X} ({name})", u32::from(c))
}

macro_rules! templates {
    ($($(#[doc = $doc:literal])+ $Name:ident: $allowed:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $Name(pub Template);

        impl Read for $Name {
            fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_values_may_be() {
        use Allowed::{Bytes, Line, LineOrNothing, Text};
        for (text, unfit) in [
            ("", vec![Line]),
            ("a b", vec![]),
            ("a\tb", vec![Line, LineOrNothing]),
            ("a\nb", vec![Line, LineOrNothing]),
            ("\u{1b}[2J", vec![Line, LineOrNothing]),
            ("\u{9b}2J", vec![Line, LineOrNothing]),
            ("a\0", vec![Line, LineOrNothing, Text]),
        ] {
            for allowed in [Line, LineOrNothing, Text, Bytes] {
                assert_eq!(allowed.check(text).is_err(), unfit.contains(&allowed), "{text:?}");
            }
        }
        assert_eq!(LineOrNothing.check_written(""), Err(Unfit::Empty));
    }
}
