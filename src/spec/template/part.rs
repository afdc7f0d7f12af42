//! The parts of a template.

use crate::source::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Substitution(Substitution),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Substitution {
    pub(super) name: String,
    pub(super) modifier: Modifier,
    /// Its span, including the braces.
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Modifier {
    /// `${NAME}`
    Plain,
    /// `${NAME-word}`; with a colon, an empty value counts as unset; the same in the next two
    Default { colon: bool, word: Vec<Part> },
    /// `${NAME+word}`
    Alternative { colon: bool, word: Vec<Part> },
    /// `${NAME?message}`
    Required { colon: bool, message: Vec<Part> },
    /// `${NAME#pattern}`, `${NAME##pattern}`
    TrimPrefix { longest: bool, pattern: Vec<Part> },
    /// `${NAME%pattern}`, `${NAME%%pattern}`
    TrimSuffix { longest: bool, pattern: Vec<Part> },
    /// `${NAME/pattern/replacement}`, `${NAME//pattern/replacement}`
    Replace { all: bool, pattern: Vec<Part>, replacement: Vec<Part> },
}

pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
