//! A build file's text, and places in it.
//!
//! Comes in: bytes as the client sent them. Goes out: text whose every [`Span`] can be turned into
//! lines and columns. Knows nothing of TOML.

use std::ops::{Deref, RangeInclusive};

use crate::text::Text;

/// A build file: its name as the user gave it, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: Text,
    /// Byte offset of the first byte of each line.
    line_starts: Vec<u32>,
    not_text: Option<Span>,
}

/// A range of bytes in a [`SourceFile`].
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

impl SourceFile {
    /// Takes the bytes of a file over. Bytes that are not UTF-8 are replaced, and remembered.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let (text, not_text) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(err) => {
                let at = err.utf8_error().valid_up_to();
                let replacement = char::REPLACEMENT_CHARACTER.len_utf8();
                (
                    String::from_utf8_lossy(err.as_bytes()).into_owned(),
                    Some(Span::from(at..at + replacement)),
                )
            }
        };
        let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0).chain(newlines.map(|(at, _)| at as u32 + 1)).collect();
        Self { name: name.into(), text: text.into(), line_starts, not_text }
    }

    /// The first place that was not UTF-8.
    pub fn not_text(&self) -> Option<Span> {
        self.not_text
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
        let last = span.end.saturating_sub(1).max(span.start);
        self.line(span.start)..=self.line(last)
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.line_starts.partition_point(|&start| start <= offset) as u32
    }

    /// How many lines there are; a newline at the end begins one more.
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// The offset of the first byte of a line, counted from 1.
    pub fn line_start(&self, line: u32) -> u32 {
        self.line_starts
            .get((line as usize).saturating_sub(1))
            .copied()
            .unwrap_or(self.text.len() as u32)
    }

    /// The text of a line, counted from 1, without its newline.
    pub fn line_text(&self, line: u32) -> &str {
        let (start, end) = (self.line_start(line) as usize, self.line_start(line + 1) as usize);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// The text of a string's span, without the quotes.
    pub fn written(&self, span: Span) -> &str {
        self.slice(span).trim_matches(['"', '\''])
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }
}

impl Span {
    /// The smallest span that holds both.
    pub fn join(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl From<std::ops::Range<usize>> for Span {
    /// Offsets beyond a [`SourceFile`]'s size limit cannot occur; they would saturate.
    fn from(range: std::ops::Range<usize>) -> Self {
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: offset(range.start), end: offset(range.end) }
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
    fn bytes_that_are_not_text() {
        let file = SourceFile::new("f", b"a\nb\n\xff\xfe\nc\xff".to_vec());
        let place = file.not_text().unwrap();
        assert_eq!(file.lines(place), 3..=3);
        assert_eq!(file.slice(place), "\u{fffd}");
        assert_eq!(file.line_text(4), "c\u{fffd}");
    }
}
