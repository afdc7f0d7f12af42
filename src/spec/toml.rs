//! From text to TOML tables, with TOML's own errors in words that help.

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

/// The document, with as much of it as could be read, and whether all of it could.
pub(super) struct Document<'i> {
    pub(super) table: Spanned<DeTable<'i>>,
    /// From here on the tables may not be what was meant; `None` when all is well.
    pub(super) reliable_until: Option<u32>,
}

/// Parses the text and reports what is not TOML.
///
/// The parser goes on behind an error as well as it can. One error a line is enough, and what it finds
/// behind a string or a list that has no end is not what anybody wrote.
pub(super) fn parse<'i>(file: &'i SourceFile, diagnostics: &mut Diagnostics) -> Document<'i> {
    let (table, errors) = DeTable::parse_recoverable(file.text());
    let place = |error: &Error| file.span(error.span().unwrap_or_default());
    let mut errors: Vec<(Span, Error)> =
        errors.into_iter().map(|error| (place(&error), error)).collect();
    errors.sort_by_key(|&(span, _)| span);
    let mut reliable_until = None;
    let mut last_line = 0;
    for (span, error) in errors {
        let line = file.line(span.start);
        if line == last_line {
            continue;
        }
        last_line = line;
        let harmless = error.message() == DUPLICATE;
        let until = if harmless { u32::MAX } else { file.line_start(line) };
        reliable_until = Some(reliable_until.map_or(until, |known: u32| known.min(until)));
        diagnostics.push(explain(&error, span, file));
        let derails = DERAILING.iter().any(|start| error.message().starts_with(start));
        if derails || is_header_in_list(&error, span, file) {
            break;
        }
    }
    Document { table, reliable_until }
}

const DUPLICATE: &str = "duplicate key";

/// How the messages begin behind which nothing is what it seems.
const DERAILING: [&str; 7] = [
    "invalid literal string",
    "invalid basic string",
    "invalid multi-line",
    "unclosed",
    "missing comma",
    UNCLOSED_TABLE[0],
    UNCLOSED_TABLE[1],
];

/// How the messages begin where something stands in a `{...}` that is no key.
const UNCLOSED_TABLE: [&str; 2] =
    ["missing key for inline table element", "invalid inline table element"];

/// How the message begins where a word stands for a value.
const NO_QUOTES: &str = "string values must be quoted";

/// Whether what is taken for a value is the name in a header: the list before it has no end.
fn is_header_in_list(error: &Error, span: Span, file: &SourceFile) -> bool {
    let line = file.line_text(file.line(span.start)).trim();
    let name = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    error.message().starts_with(NO_QUOTES) && name == Some(file.slice(span))
}

/// How the messages begin where a key stands alone.
const NO_VALUE: [&str; 3] =
    ["missing assignment between key-value pairs", "key with no value", "missing value for key"];

fn explain(error: &Error, span: Span, file: &SourceFile) -> Diagnostic {
    let message = error.message();
    let diagnostic = |message: String| Diagnostic::new(Code::InvalidToml, span, message);
    if message == DUPLICATE {
        let key = file.slice(span);
        let line = file.line_text(file.line(span.start)).trim();
        let twice = diagnostic(format!("`{key}` is written twice in one table"));
        return if line.starts_with("[[") {
            twice.hint(format!("write all of it as `{key} = [...]` or all of it as `[[...{key}]]`"))
        } else if line.starts_with('[') {
            twice.hint(format!("write one form: `{key} = {{...}}` or one header `[...{key}]`"))
        } else {
            twice.hint(format!(
                "join both into one; if the other is a header `[...{key}]`, write one form"
            ))
        };
    }
    let (what, hint) = match message {
        _ if message.starts_with("cannot extend value of type") => (
            "a table written as `{...}` is complete and cannot be extended",
            "write one form: `key = {...}` or a `[...key]` header",
        ),
        _ if message.starts_with("missing escaped value") => (
            "a backslash in a \"...\" string begins an escape that TOML does not have",
            "use '...' or '''...''': nothing is escaped in them",
        ),
        "invalid literal string, expected `'`" | "invalid basic string, expected `\"`" => (
            "a string has no closing quote on its line",
            "text of several lines stands between ''' and '''",
        ),
        _ if UNCLOSED_TABLE.iter().any(|start| message.starts_with(start)) => (
            "a table that is open here lacks a `}` or a comma before this",
            "write `{ key = value, ... }`, and close the table before this",
        ),
        _ if message.starts_with("missing comma") => (
            "a comma is missing before this",
            "what stands in a list or in a `{...}` is separated by commas",
        ),
        _ if message.starts_with("extra comma") => ("there is a comma too many", "take it out"),
        _ if message.starts_with("unclosed array table")
            || message.starts_with("unclosed table") =>
        {
            return diagnostic("a header has no closing bracket".to_owned());
        }
        _ if message.starts_with("unclosed array") => {
            ("a list has no closing `]`", "write `]` behind its last value")
        }
        _ if message.starts_with("unclosed inline table") => {
            ("a table has no closing `}`", "write `}` behind its last value")
        }
        _ if NO_VALUE.iter().any(|start| message.starts_with(start)) => {
            ("a key has no value", "write `key = value`")
        }
        _ if message.starts_with("invalid multi-line") => (
            "text of several lines has no closing quotes",
            "it ends with the same three quotes that it begins with",
        ),
        _ if message.contains("visible characters") => (
            "a string has a control character in it",
            "write it as an escape in a \"...\" string: \"\\u0000\"",
        ),
        _ if message.starts_with("cannot recurse further") => (
            "lists and tables are nested too deep",
            "nothing in a build file needs more than a few levels",
        ),
        _ if is_header_in_list(error, span, file) => {
            ("a list before this header has no closing `]`", "write `]` behind its last value")
        }
        _ if message.starts_with(NO_QUOTES) => {
            return diagnostic(format!("not a TOML value: `{}`", file.slice(span).escape_debug()))
                .hint("strings are quoted: '...' or \"...\"");
        }
        _ => return diagnostic(format!("not TOML: {message}")),
    };
    diagnostic(what.to_owned()).hint(hint)
}

/// Drops what a reader found wrong behind the place up to which the document can be relied on, and
/// what it missed because the rest is not there.
pub(super) fn keep_reliable(
    reliable_until: u32,
    found: Diagnostics,
    diagnostics: &mut Diagnostics,
) {
    let missing = [Code::MissingKey, Code::NoVerb];
    diagnostics.absorb(found, |diagnostic| {
        !missing.contains(&diagnostic.code)
            && diagnostic.span.is_some_and(|span| span.end <= reliable_until)
    });
}
