//! From text to TOML tables, with TOML's own errors in words that help.

use toml::Spanned;
use toml::de::{DeTable, Error};

use super::read::Reader;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

/// The document, with as much of it as could be read, and whether all of it could.
pub(super) struct Document<'i> {
    pub(super) table: Spanned<DeTable<'i>>,
    /// From here on the tables may not be what was meant; `None` when all is well.
    pub(super) reliable_until: Option<u32>,
}

/// Parses the text and reports what is not TOML.
pub(super) fn parse<'i>(file: &'i SourceFile, diagnostics: &mut Diagnostics) -> Document<'i> {
    let (table, errors) = DeTable::parse_recoverable(file.text());
    let mut reliable_until = None;
    for error in errors {
        let span = error.span().map_or(Span { start: 0, end: 0 }, Span::from);
        if error.message() != DUPLICATE {
            let line = file.line(span.start);
            let start = file.line_start(line);
            reliable_until = Some(reliable_until.map_or(start, |known: u32| known.min(start)));
        } else {
            reliable_until.get_or_insert(u32::MAX);
        }
        diagnostics.push(explain(&error, span, file));
    }
    Document { table, reliable_until }
}

const DUPLICATE: &str = "duplicate key";

fn explain(error: &Error, span: Span, file: &SourceFile) -> Diagnostic {
    let message = error.message();
    let diagnostic = |message: String| Diagnostic::new(Code::InvalidToml, span, message);
    let line = file.line_text(file.line(span.start)).trim();
    if message == DUPLICATE {
        let key = file.slice(span);
        let twice = diagnostic(format!("`{key}` is written twice in one table"));
        return if line.starts_with("[[") {
            twice.hint(format!("write all of it as `{key} = [...]` or all of it as `[[...{key}]]`"))
        } else if line.starts_with('[') {
            twice.hint(format!("write one form: `{key} = {{...}}` or one header `[...{key}]`"))
        } else {
            twice.hint("join both into one")
        };
    }
    if message.starts_with("cannot extend value of type") {
        return diagnostic("a table written as `{...}` is complete and cannot be extended".to_owned())
            .hint("write one form: `key = {...}` or a `[...key]` header");
    }
    if message.starts_with("missing escaped value") {
        return diagnostic("a backslash in a \"...\" string begins an escape that TOML does not have".to_owned())
            .hint("use '...' or '''...''': nothing is escaped in them");
    }
    if message.starts_with("cannot recurse further") {
        return diagnostic("lists and tables are nested too deep".to_owned());
    }
    if message.starts_with("string values must be quoted") {
        return diagnostic(format!("not a TOML value: `{}`", file.slice(span).escape_debug()))
            .hint("strings are quoted: '...' or \"...\"");
    }
    diagnostic(format!("not TOML: {message}"))
}

/// Drops what a reader found wrong behind the place up to which the document can be relied on, and
/// what it missed because the rest is not there.
pub(super) fn keep_reliable(reliable_until: u32, found: Diagnostics, reader: &mut Reader<'_>) {
    let missing = [Code::MissingKey, Code::NoVerb];
    reader.diagnostics.absorb(found, |diagnostic| {
        !missing.contains(&diagnostic.code) && diagnostic.span.is_some_and(|span| span.end <= reliable_until)
    });
}
