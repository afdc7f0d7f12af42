//! From text to TOML tables, with all of TOML's own errors.

mod explain;
mod quotes;

use toml::Spanned;
use toml::de::{DeTable, Error};

use self::explain::{Fault, UNCLOSED_TEXT};
use self::quotes::MultiLine;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::SourceFile;

/// The document, with as much of it as could be read, and whether all of it could.
pub(super) struct Document<'i> {
    pub(super) table: Spanned<DeTable<'i>>,
    /// From here on the tables may not be what was meant; `None` when all is well.
    pub(super) reliable_until: Option<u32>,
}

/// How often reading goes on at a header behind an error: each time costs as much as reading the file.
const RESTARTS: usize = 20;

/// Parses the text and reports what is not TOML.
///
/// The parser goes on behind an error as well as it can. One error a line is enough. What it finds behind a
/// string or a list that has no end is not what anybody wrote: errors are looked for at the next header again.
pub(super) fn parse<'i>(file: &'i SourceFile, diagnostics: &mut Diagnostics) -> Document<'i> {
    let (table, errors) = DeTable::parse_recoverable(file.text());
    if errors.is_empty() {
        return Document { table, reliable_until: None };
    }
    let strings = quotes::multi_line(file.text());
    let mut report = Report { file, strings, reliable_until: u32::MAX, diagnostics };
    let mut restart = report.part(0, errors);
    for _ in 0..RESTARTS {
        let Some(start) = restart else { break };
        let (_, errors) = DeTable::parse_recoverable(&file.text()[start..]);
        restart = report.part(start, errors);
    }
    Document { table, reliable_until: Some(report.reliable_until) }
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
    fn part(&mut self, start: usize, errors: Vec<Error>) -> Option<usize> {
        let file = self.file;
        let fault = |error| {
            let range = Error::span(error).unwrap_or_default();
            Fault { message: error.message(), file, range: start + range.start..start + range.end }
        };
        let mut faults: Vec<Fault<'_>> = errors.iter().map(fault).collect();
        faults.sort_by_key(|fault| (fault.range.start, fault.range.end));
        let mut last_line = 0;
        for fault in faults {
            let line = file.line(file.span(fault.range.clone()).start);
            if line == last_line {
                continue;
            }
            last_line = line;
            let opening = quotes::runaway(file.text(), &self.strings, fault.range.start);
            let span = file.span(opening.clone().unwrap_or(fault.range.clone()));
            if !fault.is_harmless() {
                let until = file.line_start(file.line(span.start));
                self.reliable_until = self.reliable_until.min(until);
            }
            if opening.is_some() {
                let (what, hint) = UNCLOSED_TEXT;
                self.diagnostics.push(Diagnostic::new(Code::InvalidToml, span, what).hint(hint));
                return None;
            }
            self.diagnostics.push(fault.explain());
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
