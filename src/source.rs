//! The text of a build file and of its includes, and locations in them.
//!
//! Input: bytes as the client sent them. Output: text, and the file and lines of every [`Span`].
//! Must not depend on TOML.
//!
//! All files of a build share one range of offsets, one file after the other, so that a span alone
//! identifies its file.

use std::fmt;
use std::ops::{Deref, Range, RangeInclusive};
use std::sync::Arc;

use buildkit_llb::Definition;

use crate::text::Text;

/// The build file and its includes.
#[derive(Debug, Clone)]
pub struct SourceMap {
    /// In the order of their offsets; the build file is the first.
    files: Vec<SourceFile>,
}

/// A file: its name as the user gave it, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The offset of its first byte.
    start: u32,
    name: String,
    text: Text,
    /// The start of each line, from the start of the file.
    line_starts: Vec<u32>,
    not_text: Option<Range<usize>>,
    /// The user's file, if this one was generated from it.
    written: Option<Box<Written>>,
    language: &'static str,
    /// The graph from which it was read.
    definition: Option<Arc<Definition>>,
}

/// The file that another one was generated from.
#[derive(Debug, Clone)]
struct Written {
    file: SourceFile,
    /// Sorted by their start, outer pieces before inner ones; each with the index of the piece that
    /// contains it.
    pieces: Vec<(Piece, Option<usize>)>,
}

/// A piece of a generated file, and the location that it was generated from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The offset of its first byte, from the start of the file.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
    /// The span in the original file.
    pub span: Span,
}

/// Maximum length of a line, in bytes, for which columns are counted in characters. In longer lines
/// they count bytes.
const MAX_LINE: u32 = 1 << 16;

/// The language of build files.
const TOML: &str = "TOML";

/// Maximum number of lines of an instruction that are listed one by one.
const MAX_RANGES: usize = 1000;

/// Lines of a file.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The file.
    pub file: &'a SourceFile,
    /// The lines, counted from 1.
    pub lines: RangeInclusive<u32>,
}

/// A range of bytes in a file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// A value and its location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its span.
    pub span: Span,
}

impl SourceMap {
    /// A map with only the build file.
    pub fn new(main: SourceFile) -> Self {
        Self { files: vec![SourceFile { start: 0, ..main }] }
    }

    /// Adds a file after the others, and returns it with its new offsets.
    pub fn add(&mut self, file: SourceFile) -> &SourceFile {
        // The offset between two files belongs to the end of the first.
        let start = self.files.last().map_or(0, |last| last.end().saturating_add(1));
        self.files.push(SourceFile { start, ..file });
        &self.files[self.files.len() - 1]
    }

    /// The build file as written by the user.
    pub fn main(&self) -> &SourceFile {
        self.files[0].as_written()
    }

    /// The build file that is parsed: if the user's file is a Dockerfile, the one generated from
    /// it.
    pub fn read_from(&self) -> &SourceFile {
        &self.files[0]
    }

    /// All files as written by the user, the build file first.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &SourceFile> {
        self.files.iter().map(SourceFile::as_written)
    }

    /// The index in [`SourceMap::files`] of the file that contains a span.
    pub fn number(&self, span: Span) -> usize {
        self.files.partition_point(|file| file.start <= span.start).saturating_sub(1)
    }

    /// The file that contains a span.
    pub fn file(&self, span: Span) -> &SourceFile {
        &self.files[self.number(span)]
    }

    /// The lines of a span and their file, as written by the user.
    pub fn place(&self, span: Span) -> Place<'_> {
        let (file, span) = self.file(span).written_at(span);
        Place { file, lines: file.lines(span) }
    }

    /// The span in the user's file that corresponds to a span.
    pub fn written_span(&self, span: Span) -> Span {
        self.file(span).written_at(span).1
    }

    /// The text of a string's span, without the quotes.
    pub fn written(&self, span: Span) -> &str {
        self.file(span).slice(span).trim_matches(['"', '\''])
    }
}

impl Place<'_> {
    /// Its lines in the form of BuildKit's clients: in a Dockerfile, each line is a range
    /// (`toRanges` in `frontend/dockerfile/parser/parser.go`).
    pub fn ranges(&self) -> Vec<RangeInclusive<u32>> {
        match self.file.has_ranges_of_lines() {
            true => self.lines.clone().take(MAX_RANGES).map(|line| line..=line).collect(),
            false => vec![self.lines.clone()],
        }
    }
}

impl fmt::Display for Place<'_> {
    /// The file and the first line: `mstage.toml:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.name(), self.lines.start())
    }
}

impl SourceFile {
    /// Wraps the bytes of a file. Bytes that are not UTF-8 are replaced; the first of them is
    /// remembered.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let (text, not_text) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(err) => {
                let at = err.utf8_error().valid_up_to();
                let replacement = char::REPLACEMENT_CHARACTER.len_utf8();
                (String::from_utf8_lossy(err.as_bytes()).into_owned(), Some(at..at + replacement))
            }
        };
        let newlines = text.match_indices('\n');
        let line_starts =
            std::iter::once(0).chain(newlines.map(|(at, _)| offset(at + 1))).collect();
        Self {
            start: 0,
            name: name.into(),
            text: text.into(),
            line_starts,
            not_text,
            written: None,
            language: TOML,
            definition: None,
        }
    }

    /// The same file, read from a graph. Clients can read its whole directory from it.
    pub fn with_definition(self, definition: Definition) -> Self {
        Self { definition: Some(Arc::new(definition)), ..self }
    }

    /// The graph from which it was read, if known.
    pub fn definition(&self) -> Option<&Definition> {
        self.definition.as_deref()
    }

    /// A text that was generated from a file. A span in it is shown as the location of the smallest
    /// piece that contains it. Outer pieces must come before inner ones.
    pub fn made_from(file: SourceFile, text: String, pieces: Vec<Piece>) -> Self {
        let made = Self::new(file.name.clone(), text.into_bytes());
        let mut open: Vec<usize> = Vec::new();
        let mut nested = Vec::with_capacity(pieces.len());
        for (number, piece) in pieces.iter().enumerate() {
            while open.last().is_some_and(|&outer| pieces[outer].end < piece.end) {
                open.pop();
            }
            nested.push((*piece, open.last().copied()));
            open.push(number);
        }
        Self { written: Some(Box::new(Written { file, pieces: nested })), ..made }
    }

    /// Its language, which clients use for syntax highlighting.
    pub fn language(&self) -> &'static str {
        self.language
    }

    fn has_ranges_of_lines(&self) -> bool {
        self.language != TOML
    }

    /// The same file, in another language than TOML.
    pub fn in_language(self, language: &'static str) -> Self {
        Self { language, ..self }
    }

    /// True if it was generated from another file.
    pub fn is_made(&self) -> bool {
        self.written.is_some()
    }

    /// The file as written by the user.
    fn as_written(&self) -> &SourceFile {
        self.written.as_deref().map_or(self, |written| &written.file)
    }

    /// The location of a span in the user's file. A span outside of all pieces is shown as the
    /// beginning of the file.
    fn written_at(&self, span: Span) -> (&SourceFile, Span) {
        let Some(written) = &self.written else { return (self, span) };
        let Range { start, end } = self.range(span);
        let mut number =
            written.pieces.partition_point(|(piece, _)| piece.start <= start).checked_sub(1);
        let mut piece = None;
        while let Some((candidate, outer)) = number.and_then(|number| written.pieces.get(number)) {
            if candidate.end >= end {
                piece = Some(candidate);
                break;
            }
            number = *outer;
        }
        (&written.file, piece.map_or(Span { start: 0, end: 0 }, |piece| piece.span))
    }

    /// The span of the first byte sequence that is not UTF-8.
    pub fn not_text(&self) -> Option<Span> {
        self.not_text.clone().map(|range| self.span(range))
    }

    /// The offset after its last byte.
    fn end(&self) -> u32 {
        self.start.saturating_add(offset(self.text.len()))
    }

    /// The span of a range of bytes counted from the start of the file.
    pub fn span(&self, range: Range<usize>) -> Span {
        Span {
            start: self.start.saturating_add(offset(range.start)),
            end: self.start.saturating_add(offset(range.end)),
        }
    }

    /// A span of this file as a range of bytes counted from its start.
    pub fn range(&self, span: Span) -> Range<usize> {
        let (start, end) = (span.start, span.end);
        start.saturating_sub(self.start) as usize..end.saturating_sub(self.start) as usize
    }

    /// The file's name, as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The lines of a span, counted from 1.
    pub fn lines(&self, span: Span) -> RangeInclusive<u32> {
        // A span that ends with a newline does not include the next line.
        let last = span.end.saturating_sub(1).max(span.start).saturating_sub(self.start);
        let first = self.line(span.start);
        let further = &self.line_starts[first as usize..];
        // Most spans are in one line.
        let further = match further.first() {
            Some(&next) if next <= last => further.partition_point(|&start| start <= last) as u32,
            _ => 0,
        };
        first..=first + further
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, offset: u32) -> u32 {
        let offset = offset.saturating_sub(self.start);
        self.line_starts.partition_point(|&start| start <= offset) as u32
    }

    /// The number of lines; a newline at the end begins another one.
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// The offset of the first byte of a line, counted from 1.
    pub fn line_start(&self, line: u32) -> u32 {
        self.start.saturating_add(offset(self.line_start_in_text(line)))
    }

    /// The offset after the last byte of a line, counted from 1, without its newline.
    pub fn line_end(&self, line: u32) -> u32 {
        self.line_start(line).saturating_add(offset(self.line_text(line).len()))
    }

    /// The column of a byte, counted from 0 in UTF-16 units, as in editors.
    pub fn column(&self, offset: u32) -> u32 {
        let start = self.line_start(self.line(offset));
        // Counting would take as long as reading the line, for each location in it; no editor shows
        // such a line.
        if offset.saturating_sub(start) > MAX_LINE {
            return offset - start;
        }
        let before = self.text.get(self.range(Span { start, end: offset })).unwrap_or_default();
        before.encode_utf16().count() as u32
    }

    /// The text of a line, counted from 1, without its newline.
    pub fn line_text(&self, line: u32) -> &str {
        let (start, end) = (self.line_start_in_text(line), self.line_start_in_text(line + 1));
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    fn line_start_in_text(&self, line: u32) -> usize {
        let start = self.line_starts.get((line as usize).saturating_sub(1));
        start.map_or(self.text.len(), |&start| start as usize)
    }

    /// The text of a span of this file.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[self.range(span)]
    }
}

/// Files are limited to far below 4 GiB (`gateway::bridge`); beyond that, offsets would saturate.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Span {
    /// The empty span at an offset.
    pub fn at(offset: u32) -> Span {
        Span { start: offset, end: offset }
    }

    /// The smallest span that contains both.
    pub fn join(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_spans() {
        let file = SourceFile::new("f", b"ab\ncd\n\nef".to_vec());
        let lines = |start, end| file.lines(Span { start, end });
        assert_eq!(lines(0, 2), 1..=1);
        assert_eq!(lines(0, 3), 1..=1);
        assert_eq!(lines(1, 4), 1..=2);
        assert_eq!(lines(6, 6), 3..=3);
        assert_eq!(lines(7, 9), 4..=4);
        assert_eq!(lines(9, 9), 4..=4);
    }

    #[test]
    fn columns() {
        let file = SourceFile::new("f", "ab\n\u{e4}\u{1f600}c\n".into());
        assert_eq!([0, 2, 3, 5, 9, 10].map(|at| file.column(at)), [0, 2, 0, 1, 3, 4]);
    }

    #[test]
    fn files_behind_each_other() {
        let mut files = SourceMap::new(SourceFile::new("a", b"1\n2\n".to_vec()));
        files.add(SourceFile::new("empty", Vec::new()));
        let b = files.add(SourceFile::new("b", b"one\ntwo".to_vec()));
        let two = b.span(4..7);
        assert_eq!(files.place(two).to_string(), "b:2");
        assert_eq!((files.number(two), files.written(two)), (2, "two"));
        let end_of_a = files.main().span(4..4);
        assert_eq!(files.place(end_of_a).to_string(), "a:3");
        assert_eq!(files.file(files.files().nth(1).unwrap().span(0..0)).name(), "empty");
    }

    #[test]
    fn places_of_a_file_that_another_was_made_from() {
        let written = SourceFile::new("Dockerfile", b"one\ntwo\nthree\n".to_vec());
        let line = |start: usize| written.span(start..start + 1);
        let piece = |start, end, span| Piece { start, end, span };
        let pieces = vec![piece(0, 10, line(0)), piece(2, 4, line(4)), piece(6, 8, line(8))];
        let made = SourceFile::made_from(written.clone(), "0123456789x\n".to_owned(), pieces);
        let files = SourceMap::new(made);
        let place = |start, end| files.place(Span { start, end }).to_string();
        assert_eq!(place(3, 4), "Dockerfile:2");
        assert_eq!(place(4, 5), "Dockerfile:1", "behind an inner piece it is the outer one");
        assert_eq!(place(2, 7), "Dockerfile:1");
        assert_eq!(place(7, 8), "Dockerfile:3");
        assert_eq!(place(10, 11), "Dockerfile:1", "what comes from nowhere is the beginning");
    }

    #[test]
    fn bytes_that_are_not_text() {
        let file = SourceFile::new("f", b"a\nb\n\xff\xfe\nc\xff".to_vec());
        let place = file.not_text().unwrap();
        assert_eq!(file.lines(place), 3..=3);
        assert_eq!(file.slice(place), "\u{fffd}");
        assert_eq!(file.line_text(4), "c\u{fffd}");
    }
}
