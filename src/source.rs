//! The text of a build file and of those that it includes, and places in them.
//!
//! Comes in: bytes as the client sent them. Goes out: text whose every [`Span`] can be turned into a
//! file and its lines. Knows nothing of TOML.
//!
//! All files of a build share one range of offsets, one file behind the other: a span needs no other
//! word to say which file it is in.

use std::fmt;
use std::ops::{Deref, Range, RangeInclusive};

use crate::text::Text;

/// The build file and those that it includes.
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
    /// Where each line begins, counted from the start of the file.
    line_starts: Vec<u32>,
    not_text: Option<Range<usize>>,
}

/// How many bytes a line may have before its columns are those of bytes.
const MAX_LINE: u32 = 1 << 16;

/// Some lines of a file.
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
    /// Offset behind the last byte.
    pub end: u32,
}

/// A value, and where it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl SourceMap {
    /// With the build file alone.
    pub fn new(main: SourceFile) -> Self {
        Self { files: vec![SourceFile { start: 0, ..main }] }
    }

    /// Adds a file behind the others, and gives it with the offsets that it has there.
    pub fn add(&mut self, file: SourceFile) -> &SourceFile {
        // One offset between two files belongs to the end of the first.
        let start = self.files.last().map_or(0, |last| last.end().saturating_add(1));
        self.files.push(SourceFile { start, ..file });
        &self.files[self.files.len() - 1]
    }

    /// The build file itself.
    pub fn main(&self) -> &SourceFile {
        &self.files[0]
    }

    /// All files, the build file first.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The number among [`SourceMap::files`] of the one that a span is in.
    pub fn number(&self, span: Span) -> usize {
        self.files.partition_point(|file| file.start <= span.start).saturating_sub(1)
    }

    /// The file that a span is in.
    pub fn file(&self, span: Span) -> &SourceFile {
        &self.files[self.number(span)]
    }

    /// The lines that a span touches, and the file that they are in.
    pub fn place(&self, span: Span) -> Place<'_> {
        let file = self.file(span);
        Place { file, lines: file.lines(span) }
    }

    /// The text of a string's span, without the quotes.
    pub fn written(&self, span: Span) -> &str {
        self.file(span).slice(span).trim_matches(['"', '\''])
    }
}

impl fmt::Display for Place<'_> {
    /// The file and the first line: `mstage.toml:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.name(), self.lines.start())
    }
}

impl SourceFile {
    /// Takes the bytes of a file over. Bytes that are not UTF-8 are replaced, and remembered.
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
        Self { start: 0, name: name.into(), text: text.into(), line_starts, not_text }
    }

    /// The first place that was not UTF-8.
    pub fn not_text(&self) -> Option<Span> {
        self.not_text.clone().map(|range| self.span(range))
    }

    /// The offset behind its last byte.
    fn end(&self) -> u32 {
        self.start.saturating_add(offset(self.text.len()))
    }

    /// What is a range of bytes counted from the start of the file.
    pub fn span(&self, range: Range<usize>) -> Span {
        let at = |at| self.start.saturating_add(offset(at));
        Span { start: at(range.start), end: at(range.end) }
    }

    /// A span of this file as a range of bytes counted from its start.
    pub fn range(&self, span: Span) -> Range<usize> {
        let at = |at: u32| at.saturating_sub(self.start) as usize;
        at(span.start)..at(span.end)
    }

    /// The file's name, as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The lines that a span touches, counted from 1.
    pub fn lines(&self, span: Span) -> RangeInclusive<u32> {
        // A span that ends with a newline does not touch the line behind it.
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

    /// How many lines there are; a newline at the end begins one more.
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

    /// The column of a byte, counted from 0 in the units of UTF-16, which editors count.
    pub fn column(&self, offset: u32) -> u32 {
        let start = self.line_start(self.line(offset));
        // Counting in a line that no editor shows would take as long as reading it, for each place in it.
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

/// What is read whole is far below 4 GiB (`gateway::bridge`); beyond that offsets would saturate.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Span {
    /// The empty one at an offset.
    pub fn at(offset: u32) -> Span {
        Span { start: offset, end: offset }
    }

    /// The smallest span that holds both.
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
        assert_eq!(files.file(files.files()[1].span(0..0)).name(), "empty");
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
