//! Locations in a build file in the form of BuildKit's documents (`pb.Location` and `pb.SourceInfo`
//! in JSON).

use std::ops::RangeInclusive;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use buildkit_llb::visible;
use serde::Serialize;

use crate::source::{Place, SourceFile, SourceMap, Span};
use crate::toml::name_in_header;

/// Lines in one of the sources of a document.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Location {
    #[serde(rename = "sourceIndex", skip_serializing_if = "is_first")]
    source: usize,
    ranges: Vec<Range>,
}

#[derive(Debug, Clone, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

/// A line, counted from 1, and a column in it, counted from 0: editors mark from column to column.
#[derive(Debug, Clone, Copy, Serialize)]
struct Position {
    line: u32,
    #[serde(skip_serializing_if = "is_first")]
    character: u32,
}

/// A source of a document, with its text.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SourceInfo {
    filename: String,
    data: String,
    language: &'static str,
}

impl Location {
    /// A range of lines of a source.
    pub(super) fn of_lines(source: usize, lines: &RangeInclusive<u32>) -> Self {
        Self {
            source,
            ranges: vec![Range { start: position(lines.start()), end: position(lines.end()) }],
        }
    }

    /// Lines of a build file that is a Dockerfile.
    pub(super) fn of_dockerfile(lines: &RangeInclusive<u32>, files: &SourceMap) -> Self {
        let place = Place { file: files.main(), lines: lines.clone() };
        let ranges = place.ranges().into_iter();
        let ranges = ranges
            .map(|lines| Range { start: position(lines.start()), end: position(lines.end()) });
        Self { source: 0, ranges: ranges.collect() }
    }

    /// The lines of a span.
    pub(super) fn lines_of(span: Span, files: &SourceMap) -> Self {
        Self::of_lines(files.number(span), &files.place(span).lines)
    }

    /// The lines and columns of a span.
    pub(super) fn of_span(span: Span, files: &SourceMap) -> Self {
        let span = word(span, files);
        let Place { file, lines } = files.place(span);
        let source = files.number(span);
        let span = files.written_span(span);
        let start = Position { line: *lines.start(), character: file.column(span.start) };
        // A span that ends with a newline ends on the line before.
        let end = span.end.min(file.line_end(*lines.end())).max(span.start);
        let end = Position { line: *lines.end(), character: file.column(end) };
        Self { source, ranges: vec![Range { start, end }] }
    }

    /// An empty location, because clients do not check for a missing one.
    pub(super) fn nowhere() -> Self {
        Self { source: 0, ranges: Vec::new() }
    }
}

fn position(line: &u32) -> Position {
    Position { line: *line, character: 0 }
}

/// Of the span of a header the name in it: editors mark that word.
fn word(span: Span, files: &SourceMap) -> Span {
    let file = files.file(span);
    let written = file.text().get(file.range(span)).filter(|_| !file.is_made());
    let Some(name) = written.and_then(name_in_header) else { return span };
    let start = file.range(span).start;
    file.span(start + name.start..start + name.end)
}

fn is_first<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

impl SourceInfo {
    /// A whole file.
    pub(super) fn new(file: &SourceFile) -> Self {
        Self { filename: file.name().to_owned(), data: text_of(file), language: file.language() }
    }
}

/// The texts of all files, in base64.
pub(super) fn texts_of(files: &SourceMap) -> Vec<String> {
    files.files().map(text_of).collect()
}

fn text_of(file: &SourceFile) -> String {
    // Made visible, since clients print lines of it.
    BASE64_STANDARD.encode(visible(file.text()).as_bytes())
}

/// Lines of a file with the lines around them, as clients print them (BuildKit's
/// `solver/errdefs/source.go`).
pub(super) fn excerpt(place: &Place<'_>) -> String {
    let Place { file, lines } = place;
    let count = file.line_count();
    let (first, last) = (*lines.start(), (*lines.end()).min(count));
    if first > count || first < 1 {
        return String::new();
    }
    let wanted = if first == last { 4 } else { 2 };
    let (mut start, mut end, mut padding) = (first, last, 0);
    while padding < wanted {
        if start > 1 {
            start -= 1;
            padding += 1;
        }
        if end != count {
            end += 1;
            padding += 1;
        }
        padding += 1;
    }
    let rule = "--------------------\n";
    let mut text = format!("{place}\n{rule}");
    for number in start..=end {
        let mark = if lines.contains(&number) { ">>>" } else { "   " };
        text.push_str(&format!(" {number:3} | {mark} {}\n", visible(file.line_text(number))));
    }
    text + rule
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Piece;

    #[test]
    fn columns_of_a_dockerfile() {
        let written = SourceFile::new("Dockerfile", b"FROM a\nRUN  x y\n".to_vec());
        let span = written.span(12..13);
        let pieces = vec![Piece { start: 20, end: 30, span }];
        let made = SourceFile::made_from(written, " ".repeat(40), pieces);
        let span = made.span(22..25);
        let Location { source, ranges } = Location::of_span(span, &SourceMap::new(made));
        let [Range { start, end }] = ranges[..] else { panic!("one range") };
        assert_eq!((source, start.line, start.character), (0, 2, 5));
        assert_eq!((end.line, end.character), (2, 6));
    }
}
