//! Strings with `${NAME}` in them.
//!
//! Input: a TOML string. Output: a [`Template`], parsed once and expanded for each set of values.
//! The modifiers are those of Dockerfile variables (BuildKit's `frontend/dockerfile/shell/lex.go`),
//! but only `${` begins a substitution, and `$${` is a literal one. Inside a modifier's word, a
//! backslash escapes the next character.

mod allowed;
mod expand;
mod kinds;
mod parser;
mod part;
mod pieces;

pub(super) use self::allowed::Allowed;
pub use self::expand::{ExpandError, Lookup};
pub use self::kinds::{MaybeEmpty, TextTemplate, User};
use self::parser::{Parser, Problem};
use self::part::{Modifier, Part, Substitution};
pub use self::pieces::Piece;
use super::allowance::Allowance;
use super::form::{SCALAR, STRING};
use super::name::is_of_plain_name;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
pub use super::unfit::Unfit;
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Kind, Places, Value};

/// A string with `${NAME}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its span.
    pub span: Span,
    /// The allowed results.
    allowed: Allowed,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// Contains no `${`.
    Literal(Text),
    Parts(Vec<Part>),
}

/// The reason why a text cannot be parsed as a template, and its span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    problem: String,
    span: Span,
}

impl Unreadable {
    /// The error about it.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::new(Code::InvalidSubstitution, self.span, &self.problem)
    }
}

impl Template {
    /// A template without any `${`.
    pub fn literal(text: impl Into<Text>, span: Span) -> Self {
        Self { span, allowed: Allowed::Line, content: Content::Literal(text.into()) }
    }

    /// Parses a text. `places` gives the locations of its characters.
    pub(super) fn parse(
        text: &Text,
        span: Span,
        allowed: Allowed,
        places: impl FnOnce() -> Places,
    ) -> Result<Self, Unreadable> {
        if !text.contains("${") {
            return Ok(Self::literal(text.clone(), span));
        }
        let places = places();
        match Parser::new(text, &places).parts(&[], 0) {
            Ok(parts) => Ok(Self::of(parts, span, allowed)),
            Err(Problem { message, range }) => {
                Err(Unreadable { problem: message, span: places.span(range) })
            }
        }
    }

    fn of(mut parts: Vec<Part>, span: Span, allowed: Allowed) -> Self {
        match &mut parts[..] {
            [Part::Text(text)] => Self::literal(std::mem::take(text), span),
            _ => Self { span, allowed, content: Content::Parts(parts) },
        }
    }

    /// Its text, if it contains no `${`.
    pub fn as_literal(&self) -> Option<&str> {
        match &self.content {
            Content::Literal(text) => Some(text),
            Content::Parts(_) => None,
        }
    }

    /// The name, if it consists of `${NAME}`.
    pub fn as_name(&self) -> Option<&str> {
        let Content::Parts(parts) = &self.content else { return None };
        match &parts[..] {
            [Part::Substitution(Substitution { name, modifier: Modifier::Plain, .. })] => {
                Some(name)
            }
            _ => None,
        }
    }

    /// True if it depends on values and may expand to the name of a stage or a source: `x-${NAME}`
    /// may, and `golang:${VERSION}` may not.
    pub fn is_open_name(&self) -> bool {
        match &self.content {
            Content::Literal(_) => false,
            Content::Parts(parts) => parts.iter().all(|part| match part {
                Part::Text(text) => text.bytes().all(is_of_plain_name),
                Part::Substitution(_) => true,
            }),
        }
    }

    /// The text before the first `${`, and the text after the last one.
    pub fn ends(&self) -> (&str, &str) {
        fn text(part: Option<&Part>) -> &str {
            match part {
                Some(Part::Text(text)) => text,
                Some(Part::Substitution(_)) | None => "",
            }
        }
        match &self.content {
            Content::Literal(literal) => (literal, literal),
            Content::Parts(parts) => (text(parts.first()), text(parts.last())),
        }
    }

    /// Calls `visit` with each name that the value may depend on.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        if let Content::Parts(parts) = &self.content {
            visit_names(parts, visit);
        }
    }

    /// The expanded text. `lookup` returns a name's value, `None` if unset; the size of the result
    /// is taken from the allowance.
    pub fn expand<E>(
        &self,
        lookup: Lookup<'_, E>,
        allowance: &Allowance,
    ) -> Result<Text, ExpandError<E>> {
        match &self.content {
            Content::Literal(text) => Ok(text.clone()),
            Content::Parts(parts) => {
                let text = expand::expand(parts, lookup, allowance)?;
                self.allowed.check(&text).map_err(ExpandError::Unfit)?;
                Ok(text)
            }
        }
    }
}

impl AsRef<Template> for Template {
    fn as_ref(&self) -> &Template {
        self
    }
}

impl Read for Template {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::String(text) => read_template(reader.text(&text), span, Allowed::Line, reader),
            other => reader.wrong_type(span, &other, STRING),
        }
    }

    fn shape() -> Shape {
        Shape::Template
    }
}

/// A string that may have several lines and may be empty, or an integer, which stands for its
/// digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar(pub Template);

impl Read for Scalar {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::Integer { digits, radix: 10 } => {
                let digits = digits.trim_start_matches('+');
                Ok(Self(Template::literal(reader.text(digits), span)))
            }
            Kind::String(text) => {
                read_template(reader.text(&text), span, Allowed::Text, reader).map(Self)
            }
            other => reader.wrong_type(span, &other, SCALAR),
        }
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, Shape::Integer])
    }
}

/// Parses the text of a template that is written as a string, or as a key.
pub(super) fn read_template(
    text: Text,
    span: Span,
    allowed: Allowed,
    reader: &mut Reader<'_>,
) -> Result<Template, Reported> {
    if let Err(unfit) = allowed.check_written(&text) {
        return reader.diagnostics.error(unfit.diagnostic(span, true));
    }
    if !text.contains('$') {
        return Ok(Template::literal(text, span));
    }
    let places = Places::of_token(reader.file.slice(span), span.start).1;
    let mut parser = Parser::new(&text, &places);
    match parser.parts(&[], 0) {
        Ok(parts) => {
            for range in parser.bare {
                let name = text.piece(&text[range.start + 1..range.end]);
                reader.bare_dollars.push(Spanned { value: name, span: places.span(range) });
            }
            Ok(Template::of(parts, span, allowed))
        }
        Err(Problem { message, range }) => reader.diagnostics.error(
            Diagnostic::new(Code::InvalidSubstitution, places.span(range), message)
                .hint("`${NAME}` inserts a value; its modifiers are `:-`, `:+`, `:?`, `-`, `+`, `?`, `#`, `##`, `%`, `%%`, `/` and `//`; write `$${` for a literal `${`"),
        ),
    }
}

fn visit_names(parts: &[Part], visit: &mut dyn FnMut(&str)) {
    for part in parts {
        let Part::Substitution(Substitution { name, modifier, .. }) = part else { continue };
        visit(name);
        match modifier {
            Modifier::Plain => {}
            Modifier::Default { word, .. } | Modifier::Alternative { word, .. } => {
                visit_names(word, visit);
            }
            Modifier::Required { message, .. } => visit_names(message, visit),
            Modifier::TrimPrefix { pattern, .. } | Modifier::TrimSuffix { pattern, .. } => {
                visit_names(pattern, visit);
            }
            Modifier::Replace { pattern, replacement, .. } => {
                visit_names(pattern, visit);
                visit_names(replacement, visit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Template, String> {
        let places = || Places::of_token(text, 0).1;
        let template =
            Template::parse(&text.into(), Span { start: 0, end: 0 }, Allowed::Text, places);
        template.map_err(|unreadable| unreadable.problem)
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let values = |name: &str| match name {
            "A" => Some("a-value".into()),
            "PATH_TO" => Some("/usr/local/lib/x.tar.gz".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        };
        let result = parse(text).and_then(|template| {
            let allowance = Allowance::new(1_000);
            let lookup = &mut |name: &str| Ok::<_, ()>(values(name));
            template.expand(lookup, &allowance).map_err(|err| match err {
                ExpandError::Unset { name, .. } => format!("unset {name}"),
                ExpandError::Required { name, message, .. } => format!("{name}: {message}"),
                ExpandError::TooLarge => "too large".to_owned(),
                ExpandError::Unfit(unfit) => format!("{unfit:?}"),
                ExpandError::Lookup(()) => unreachable!(),
            })
        });
        assert_eq!(result.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn expansion() {
        for (text, value) in [
            ("plain", "plain"),
            ("${A}", "a-value"),
            ("x${A}y${EMPTY}z", "xa-valueyz"),
            ("$${A} $$ $A", "${A} $$ $A"),
            ("${NONE:-d}", "d"),
            ("${NONE-d}", "d"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${A:-d}", "a-value"),
            ("${NONE:-}", ""),
            ("${NONE:-${NONE:-${A}}}", "a-value"),
            ("${NONE:-a\\}b}", "a}b"),
            ("${A:+set}", "set"),
            ("${EMPTY:+set}", ""),
            ("${EMPTY+set}", "set"),
            ("${A?x}", "a-value"),
            ("${EMPTY?x}", ""),
            ("${PATH_TO#*/}", "usr/local/lib/x.tar.gz"),
            ("${PATH_TO##*/}", "x.tar.gz"),
            ("${PATH_TO%.*}", "/usr/local/lib/x.tar"),
            ("${PATH_TO%%.*}", "/usr/local/lib/x"),
            ("${PATH_TO#nothing}", "/usr/local/lib/x.tar.gz"),
            ("${A#?}", "-value"),
            ("${A/-/_}", "a_value"),
            ("${A/a/o}", "o-value"),
            ("${A//a/o}", "o-volue"),
            ("${PATH_TO//\\//-}", "-usr-local-lib-x.tar.gz"),
            ("${A//\\*/x}", "a-value"),
        ] {
            check(text, Ok(value));
        }
    }

    #[test]
    fn errors() {
        for (text, problem) in [
            ("${NONE}", "unset NONE"),
            ("${NONE#x}", "unset NONE"),
            ("${NONE:?give ${A}}", "NONE: give a-value"),
            ("${EMPTY:?empty}", "EMPTY: empty"),
            ("${A", "unterminated `${A`: expected `}`"),
            ("${A:-b", "unterminated `${`: expected `}`"),
            ("${}", "expected a name after `${`"),
            ("${1}", "expected a name after `${`"),
            ("${A:#b}", "unknown modifier `:#` in `${A:#...}`"),
            ("${A^b}", "unknown modifier `^` in `${A^...}`"),
            ("${A/b}", "unterminated `${`: expected `/`"),
            ("${PATH_TO//?/${PATH_TO}}", "too large"),
        ] {
            check(text, Err(problem));
        }
        check(
            &format!("{}{}", "${A:-".repeat(40), "}".repeat(40)),
            Err("substitutions are nested more than 32 levels deep"),
        );
    }

    #[test]
    fn names() {
        let mut names = Vec::new();
        let template = parse("${A:-${B}}/${C//${D}/${E}}").unwrap();
        template.visit_names(&mut |name| names.push(name.to_owned()));
        assert_eq!(names, ["A", "B", "C", "D", "E"]);
    }
}
