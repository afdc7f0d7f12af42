//! Tables that do not fit together, although each line of them is TOML.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

/// Something that cannot be where it stands.
#[derive(Debug)]
pub(super) struct Conflict {
    /// The key or the bracket.
    pub(super) span: Span,
    pub(super) problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    /// The table has this key already.
    Twice {
        /// The key.
        first: Span,
    },
    /// A key or a header leads into what cannot be added to.
    Complete {
        /// Its key.
        first: Span,
        /// What it is, with its article.
        what: &'static str,
    },
    TooDeep,
}

impl Conflict {
    /// Whether what was read is what was meant in spite of it.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self.problem, Problem::Twice { .. })
    }

    /// What to say of it.
    pub(super) fn explain(&self, file: &SourceFile) -> Diagnostic {
        let key = file.slice(self.span);
        let diagnostic = |message: String| Diagnostic::new(Code::InvalidToml, self.span, message);
        match self.problem {
            Problem::Twice { first } => {
                diagnostic(format!("`{key}` is written twice in one table"))
                    .hint(how_to_join(key, [first, self.span].map(|span| opening(span, file))))
                    .related(first, "the other one")
            }
            Problem::Complete { first, what: "a table" } => diagnostic(
                "a table written as `{...}` is complete and cannot be extended".to_owned(),
            )
            .hint("write one form: `key = {...}` or a `[...key]` header")
            .related(first, "the table"),
            Problem::Complete { first, what } => {
                diagnostic(format!("`{key}` is {what}, and this makes it a table"))
                    .hint("a key has one value: take one out, or give it another name")
                    .related(first, "the other one")
            }
            Problem::TooDeep => diagnostic("lists and tables are nested too deep".to_owned())
                .hint("nothing in a build file needs more than a few levels"),
        }
    }
}

/// What the line of a key begins with.
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
        format!("write all of it as `{key} = [...]` or all of it as `[[...{key}]]`")
    } else if lines.contains(&Opening::Header) {
        format!("write one form: `{key} = {{...}}` or one header `[...{key}]`")
    } else {
        "join both into one".to_owned()
    }
}
