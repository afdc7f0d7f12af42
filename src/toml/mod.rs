//! TOML: from text to a tree of values, and all syntax errors.
//!
//! Input: a [`SourceFile`]. Output: a [`Document`], and every error with its span. [`toml_parser`]
//! handles the syntax; the tree is built here, without copying strings, because that would dominate
//! the time of a build. Must not depend on the language's keys.

mod build;
mod conflict;
mod explain;
mod index;
mod places;
mod quotes;
mod remarks;
mod tables;
mod tree;

use std::ops::Range;

use toml_parser::lexer::{Token, TokenKind};
use toml_parser::parser::parse_document;
use toml_parser::{ParseError, Source};

use self::build::Builder;
use self::conflict::Conflict;
use self::explain::{SyntaxError, UNCLOSED_TEXT};
pub use self::places::Places;
use self::quotes::MultiLine;
pub use self::remarks::{Remark, remarks};
pub use self::tree::{Entry, Key, Kind, Value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::SourceFile;

/// The range of the last name in a header such as `[stages.NAME]`: findings about what it declares
/// are about that word. `None` if the text is no header.
pub fn name_in_header(text: &str) -> Option<Range<usize>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let inner = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(inner);
    let is_name = |c: char| c.is_alphanumeric() || ['_', '-', '.'].contains(&c);
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) || !inner.chars().all(is_name) {
        return None;
    }
    let name = inner.rsplit('.').next()?;
    let end = text.trim_end_matches(']').len();
    (!name.is_empty()).then(|| end - name.len()..end)
}

/// The document, as far as it could be parsed.
#[derive(Debug)]
pub struct Document<'i> {
    /// Its entries, in the order of the file.
    pub entries: Vec<Entry<'i>>,
    /// The offset from which on tables may be wrong; `None` if there was no error.
    pub reliable_until: Option<u32>,
}

/// Limits the number of restarts after an error, since each one costs as much as reading the file.
const RESTARTS: usize = 20;

/// Parses the text and reports syntax errors.
///
/// The parser recovers from errors; one error a line is reported. After a string or a list without
/// an end, its output is unreliable, so parsing restarts at the next header.
pub fn parse<'i>(file: &'i SourceFile, diagnostics: &mut Diagnostics) -> Document<'i> {
    let (entries, faults) = parse_from(file, 0);
    if faults.is_empty() {
        return Document { entries, reliable_until: None };
    }
    let strings = quotes::multi_line(file.text());
    let mut report = Report { file, strings, reliable_until: u32::MAX, diagnostics };
    let mut restart = report.part(0, faults);
    for _ in 0..RESTARTS {
        let Some(start) = restart else { break };
        let (_, mut faults) = parse_from(file, start);
        // The tables before the restart are not known here.
        faults.retain(|fault| matches!(fault, Fault::Syntax(_)));
        restart = report.part(start, faults);
    }
    Document { entries, reliable_until: Some(report.reliable_until) }
}

/// Parses the text from `start` on.
fn parse_from(file: &SourceFile, start: usize) -> (Vec<Entry<'_>>, Vec<Fault<'_>>) {
    let mut builder = Builder::new(file, start);
    let mut errors: Vec<ParseError> = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    let mut open_brackets = 0_usize;
    for token in Source::new(&file.text()[start..]).lex() {
        // Processed in chunks: all tokens at once would take many times the size of the text. The
        // parser needs no tokens from before a header.
        let is_line_start = tokens.last().is_some_and(|token| token.kind() == TokenKind::Newline);
        if open_brackets == 0 && is_line_start && token.kind() == TokenKind::LeftSquareBracket {
            parse_document(&tokens, &mut builder, &mut errors);
            tokens.clear();
        }
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open_brackets += 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                open_brackets = open_brackets.saturating_sub(1);
            }
            _ => {}
        }
        tokens.push(token);
    }
    parse_document(&tokens, &mut builder, &mut errors);
    let (entries, conflicts) = builder.finish();
    let errors = errors.iter().map(|error| Fault::Syntax(SyntaxError::new(error, file, start)));
    (entries, errors.chain(conflicts.into_iter().map(Fault::Conflict)).collect())
}

/// An error at a place of the text.
enum Fault<'a> {
    Syntax(SyntaxError<'a>),
    Conflict(Conflict),
}

impl Fault<'_> {
    /// The range in the file.
    fn range(&self, file: &SourceFile) -> Range<usize> {
        match self {
            Fault::Syntax(error) => error.range.clone(),
            Fault::Conflict(conflict) => file.range(conflict.span),
        }
    }

    /// True if the document is complete in spite of it.
    fn is_harmless(&self) -> bool {
        matches!(self, Fault::Conflict(conflict) if conflict.is_harmless())
    }

    /// True if the parser's output after it is unreliable.
    fn derails(&self) -> bool {
        matches!(self, Fault::Syntax(error) if error.derails())
    }

    fn explain(&self, file: &SourceFile) -> Diagnostic {
        match self {
            Fault::Syntax(error) => error.explain(),
            Fault::Conflict(conflict) => conflict.explain(file),
        }
    }
}

/// The errors of a file, collected part by part.
struct Report<'a> {
    file: &'a SourceFile,
    strings: Vec<MultiLine>,
    reliable_until: u32,
    diagnostics: &'a mut Diagnostics,
}

impl Report<'_> {
    /// Reports the errors in the text from `start` on. Returns the header at which to restart, if
    /// the rest of the output is unreliable.
    fn part(&mut self, start: usize, mut faults: Vec<Fault<'_>>) -> Option<usize> {
        let file = self.file;
        let line_of = |range: Range<usize>| file.line(file.span(range).start);
        // Of several errors on a line, one that makes the rest unreliable takes precedence.
        faults.sort_by_key(|fault| {
            let range = fault.range(file);
            (line_of(range.clone()), fault.is_harmless(), range.start, range.end)
        });
        let mut last_line = 0;
        for fault in faults {
            let range = fault.range(file);
            let line = line_of(range.clone());
            if line == last_line {
                continue;
            }
            last_line = line;
            let opening = quotes::runaway(file.text(), &self.strings, range.start);
            let span = file.span(opening.clone().unwrap_or(range));
            if !fault.is_harmless() {
                let until = file.line_start(file.line(span.start));
                self.reliable_until = self.reliable_until.min(until);
            }
            if opening.is_some() {
                let (what, hint) = UNCLOSED_TEXT;
                self.diagnostics.push(Diagnostic::new(Code::InvalidToml, span, what).hint(hint));
                return None;
            }
            self.diagnostics.push(fault.explain(file));
            if fault.derails() {
                let line_start = file.line_start(line) - file.line_start(1);
                return self.header((line_start as usize).max(start + 1) - 1);
            }
        }
        None
    }

    /// The first header on a line after `place`.
    fn header(&self, place: usize) -> Option<usize> {
        let text = self.file.text();
        let headers = text[place..].match_indices("\n[").map(|(at, _)| place + at + 1);
        headers
            .filter(|&at| {
                let name = text[at..].trim_start_matches('[');
                name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            })
            .find(|&at| !quotes::within(&self.strings, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_headers() {
        let name = |text: &'static str| name_in_header(text).map(|range| &text[range]);
        assert_eq!(name("[stages.app]"), Some("app"));
        assert_eq!(name("[[stages.app.steps]]"), Some("steps"));
        assert_eq!(name("[args]"), Some("args"));
        for text in ["[\"a\"]", "[a, b]", "[]", "[8080]", "[a.]", "stages.app", "[a = 1]"] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
