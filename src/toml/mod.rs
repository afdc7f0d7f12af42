//! TOML: from text to a tree of values, with all that is not TOML.
//!
//! Comes in: a [`SourceFile`]. Goes out: a [`Document`], and every error with its place. The form of the text is
//! known to [`toml_parser`]; the tree is built here, since nothing else costs so much of a build's time as copying
//! one. Knows nothing of the language's keys.

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

/// The document, with as much of it as could be read, and whether all of it could.
#[derive(Debug)]
pub struct Document<'i> {
    /// Its entries, in the order of the file.
    pub entries: Vec<Entry<'i>>,
    /// From here on the tables may not be what was meant; `None` when all is well.
    pub reliable_until: Option<u32>,
}

/// How often reading goes on at a header behind an error: each time costs as much as reading the file.
const RESTARTS: usize = 20;

/// Parses the text and reports what is not TOML.
///
/// The parser goes on behind an error as well as it can. One error a line is enough. What it finds behind a
/// string or a list that has no end is not what anybody wrote: errors are looked for at the next header again.
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
        // What tables there are before this is not known.
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
        // All tokens at once would be many times the text. The parser has done with what stands before a header.
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

/// What is wrong at a place.
enum Fault<'a> {
    Syntax(SyntaxError<'a>),
    Conflict(Conflict),
}

impl Fault<'_> {
    /// Where in the file.
    fn range(&self, file: &SourceFile) -> Range<usize> {
        match self {
            Fault::Syntax(error) => error.range.clone(),
            Fault::Conflict(conflict) => file.range(conflict.span),
        }
    }

    /// Whether all could be read in spite of it.
    fn is_harmless(&self) -> bool {
        matches!(self, Fault::Conflict(conflict) if conflict.is_harmless())
    }

    /// Whether what the parser finds behind it is not what anybody wrote.
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

/// What is found wrong with a file, part by part.
struct Report<'a> {
    file: &'a SourceFile,
    strings: Vec<MultiLine>,
    reliable_until: u32,
    diagnostics: &'a mut Diagnostics,
}

impl Report<'_> {
    /// Reports the errors in the text from `start` on. Gives the header to go on at, if they do not tell what
    /// is behind it.
    fn part(&mut self, start: usize, mut faults: Vec<Fault<'_>>) -> Option<usize> {
        let file = self.file;
        let line_of = |range: Range<usize>| file.line(file.span(range).start);
        // Of what is wrong on a line, what hides the rest counts most.
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

    /// The first header on a line behind this place.
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
