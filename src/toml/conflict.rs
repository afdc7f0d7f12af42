//! Conflicting tables, in text that is valid line by line.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

/// A key or header that conflicts with an earlier one.
#[derive(Debug)]
pub(super) struct Conflict {
    /// The key or the bracket.
    pub(super) span: Span,
    pub(super) problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    /// The table already has this key.
    Twice {
        /// The earlier key.
        first: Span,
    },
    /// A key or a header refers to a value that cannot be extended.
    Complete {
        /// The key of that value.
        first: Span,
        /// The kind of that value, with its article.
        what: &'static str,
    },
    TooDeep,
}

impl Conflict {
    /// True if the rest of the document is still reliable.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self.problem, Problem::Twice { .. })
    }

    /// The diagnostic.
    pub(super) fn explain(&self, file: &SourceFile) -> Diagnostic {
        let key = file.slice(self.span);
        let diagnostic = |message: String| Diagnostic::new(Code::InvalidToml, self.span, message);
        match self.problem {
            Problem::Twice { first } => diagnostic(format!("duplicate key `{key}` in a table"))
                .hint(how_to_join(key, [first, self.span].map(|span| opening(span, file))))
                .related(first, "the other definition"),
            Problem::Complete { first, what: "a table" } => {
                diagnostic("a table written as `{...}` cannot be extended".to_owned())
                    .hint("use only one form: `key = {...}` or a `[...key]` header")
                    .related(first, "the table")
            }
            Problem::Complete { first, what } => {
                diagnostic(format!("`{key}` is {what}, but this uses it as a table"))
                    .hint("a key has one value: remove or rename one")
                    .related(first, "the other definition")
            }
            Problem::TooDeep => diagnostic("lists and tables are nested too deeply".to_owned())
                .hint("a build file needs only a few levels"),
        }
    }
}

/// The first part of a line with a key.
#[derive(PartialEq)]
enum Opening {
    Header,
    ItemHeader,
    Key,
}

fn opening(span: Span, file: &SourceFile) -> Opening {
    match file.line_text(file.line(span.start)).trim_start() {
        line if line.starts_with("[[") => Opening::ItemHeader,
        line if line.starts_with('[') => Opening::Header,
        _ => Opening::Key,
    }
}

fn how_to_join(key: &str, lines: [Opening; 2]) -> String {
    if lines.contains(&Opening::ItemHeader) {
        format!("use only one form: `{key} = [...]` or `[[...{key}]]` headers")
    } else if lines.contains(&Opening::Header) {
        format!("use only one form: `{key} = {{...}}` or one header `[...{key}]`")
    } else {
        "merge the two".to_owned()
    }
}
