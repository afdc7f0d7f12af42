//! Names chosen by the file's author: of stages, args, and environment variables.

use std::borrow::Borrow;
use std::fmt;

use super::reader::Reader;
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::Span;
use crate::text::Text;

/// A name that may be the key of a table.
pub(super) trait Name: Ord + Sized {
    /// A regular expression for names, in the syntax of JSON Schema; empty for any.
    const PATTERN: &'static str = "";

    /// Validates a key as a name, or reports an error.
    fn check(key: Text, span: Span, reader: &mut Reader<'_>) -> Result<Self, Reported>;
}

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $Name:ident,)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $Name(Text);

        impl $Name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name as shared text.
            pub fn as_text(&self) -> &Text {
                &self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $Name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )+};
}

names! {
    /// The name of a stage: names begin with a lowercase letter, followed by lowercase letters, digits, `_` and `-`.
    StageName,
    /// The name of a source, with the same rules as for stages.
    SourceName,
    /// The name of a set of mounts, with the same rules as for stages.
    MountSetName,
    /// The name of an arg or a variable: a letter or `_`, then letters, digits and `_`.
    ArgName,
    /// The name of an environment variable: anything without `=`, white space and control characters.
    EnvName,
    /// The name of a label; nested tables have been joined with dots.
    LabelName,
}

impl Name for StageName {
    const PATTERN: &'static str = "^[a-z][a-z0-9_-]*$";

    fn check(key: Text, span: Span, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if is_plain(&key) {
            return Ok(Self(key));
        }
        let diagnostic =
            Diagnostic::new(Code::InvalidName, span, format!("invalid stage name `{key}`"));
        reader.diagnostics.error(if key.contains('.') {
            diagnostic.hint("stage names have no dots: `NAME.report` is reserved for reports")
        } else {
            diagnostic.hint("names begin with a lowercase letter, followed by lowercase letters, digits, `_` and `-`")
        })
    }
}

impl Name for SourceName {
    const PATTERN: &'static str = StageName::PATTERN;

    fn check(key: Text, span: Span, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if is_plain(&key) && key != "scratch" {
            return Ok(Self(key));
        }
        let message = format!("invalid source name `{key}`");
        let hint = match key.as_str() {
            "scratch" => "`scratch` is reserved for the empty base",
            _ => {
                "names begin with a lowercase letter, followed by lowercase letters, digits, `_` and `-`"
            }
        };
        reader.diagnostics.error(Diagnostic::new(Code::InvalidName, span, message).hint(hint))
    }
}

impl Name for MountSetName {
    const PATTERN: &'static str = StageName::PATTERN;

    fn check(key: Text, span: Span, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if is_plain(&key) {
            return Ok(Self(key));
        }
        let message = format!("invalid name of a set of mounts: `{key}`");
        reader.diagnostics.error(
            Diagnostic::new(Code::InvalidName, span, message)
                .hint("names begin with a lowercase letter, followed by lowercase letters, digits, `_` and `-`"),
        )
    }
}

/// True if a name is valid for a stage, a source or a set of mounts.
pub(super) fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase()) && bytes.all(is_of_plain_name)
}

/// True if a byte is valid in the name of a stage or a source.
pub(super) fn is_of_plain_name(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')
}

impl Name for ArgName {
    const PATTERN: &'static str = "^[A-Za-z_][A-Za-z0-9_]*$";

    fn check(key: Text, span: Span, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if is_variable(&key) {
            return Ok(Self(key));
        }
        reader.diagnostics.error(
            Diagnostic::new(Code::InvalidName, span, format!("invalid arg name `{key}`"))
                .hint(arg_hint(&key)),
        )
    }
}

/// The hint for an invalid name of an arg.
fn arg_hint(text: &str) -> String {
    // `NAME=value`, as on the command line, and `${NAME}` or `$NAME`, as in values.
    let (name, value) = text.split_once('=').unzip();
    if let (Some(name), Some(value)) = (name.filter(|name| is_variable(name)), value) {
        let value = super::form::quoted(value);
        return format!(
            "write only the name, \"{name}\"; its default belongs in [args]: `{name} = {value}`"
        );
    }
    let inner = text.strip_prefix('$').unwrap_or(text);
    let inner = inner.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(inner);
    if inner != text && is_variable(inner) {
        return format!("write only the name: \"{inner}\"");
    }
    "names begin with a letter or `_`, followed by letters, digits and `_`".to_owned()
}

impl Name for EnvName {
    const PATTERN: &'static str = "^[^=\\s]+$";

    fn check(key: Text, span: Span, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if is_env_name(&key) {
            return Ok(Self(key));
        }
        reader.diagnostics.error(
            Diagnostic::new(Code::InvalidName, span, format!("invalid variable name `{key}`"))
                .hint("names have no `=` and no whitespace"),
        )
    }
}

/// True if a text is valid as the name of an environment variable.
pub(crate) fn is_env_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control())
}

impl LabelName {
    /// A label's name can be any text.
    pub(super) fn new(text: Text) -> Self {
        Self(text)
    }
}

/// A path as the key of a table, with its span: it may contain `${NAME}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PathKey {
    pub(super) text: Text,
    pub(super) span: Span,
}

impl Name for PathKey {
    fn check(key: Text, span: Span, _: &mut Reader<'_>) -> Result<Self, Reported> {
        Ok(Self { text: key, span })
    }
}

/// True if `${text}` is a valid substitution.
pub(crate) fn is_variable(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The longest prefix of a text that is such a name, or a number.
pub(super) fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// The rule that a name breaks: that of args and variables, or that of stages, sources and sets of
/// mounts. `None` if the name is valid.
pub fn broken_name_rule(name: &str, is_of_arg: bool) -> Option<&'static str> {
    match is_of_arg {
        true if !is_variable(name) => {
            Some("names begin with a letter or `_`, followed by letters, digits and `_`")
        }
        false if !is_plain(name) => Some(
            "names begin with a lowercase letter, followed by lowercase letters, digits, `_` and `-`",
        ),
        _ => None,
    }
}
