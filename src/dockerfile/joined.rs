//! The text of one instruction, joined from the lines that it spans.
//!
//! Input: pieces of the file. Output: one text, each range of which can be traced back to the file.

use std::ops::Range;

use crate::source::{SourceFile, Span, Spanned};

/// The text of an instruction without its line continuations, and the locations of its pieces.
#[derive(Debug, Clone, Default)]
pub(super) struct Joined {
    text: String,
    /// One for each line that adds text, in order.
    pieces: Vec<Piece>,
}

/// A piece of a [`Joined`] text.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Its offset in the joined text.
    start: usize,
    /// Its offset in the file.
    in_file: usize,
}

impl Joined {
    /// Appends the text of one line; `in_file` is its offset in the file.
    pub(super) fn push(&mut self, text: &str, in_file: usize) {
        self.pieces.push(Piece { start: self.text.len(), in_file });
        self.text.push_str(text);
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The offsets in the text at which a line of the file begins, including the first line.
    pub(super) fn line_starts(&self) -> impl Iterator<Item = usize> + '_ {
        self.pieces.iter().map(|piece| piece.start)
    }

    /// The span of a range of the text. A range over several lines includes everything between
    /// them.
    pub(super) fn span(&self, range: Range<usize>, file: &SourceFile) -> Span {
        let start = self.in_file(range.start);
        // The end belongs to the piece of the last character, which may be followed by a line
        // continuation.
        let end = match range.is_empty() {
            true => start,
            false => self.in_file(range.end - 1) + 1,
        };
        file.span(start..end)
    }

    /// A part of the text with its span.
    pub(super) fn word(&self, range: Range<usize>, file: &SourceFile) -> Spanned<String> {
        Spanned { value: self.text[range.clone()].to_owned(), span: self.span(range, file) }
    }

    fn in_file(&self, at: usize) -> usize {
        let behind = self.pieces.partition_point(|piece| piece.start <= at);
        match behind.checked_sub(1).and_then(|last| self.pieces.get(last)) {
            Some(piece) => piece.in_file + (at - piece.start),
            None => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_traced_back() {
        let file = SourceFile::new("Dockerfile", b"RUN a \\\n  b\n".to_vec());
        let mut joined = Joined::default();
        joined.push("RUN a ", 0);
        joined.push("  b", 8);
        let slice = |range: Range<usize>| file.slice(joined.span(range, &file));
        assert_eq!(joined.text(), "RUN a   b");
        assert_eq!(slice(4..5), "a");
        assert_eq!(slice(8..9), "b");
        assert_eq!(slice(4..9), "a \\\n  b");
        assert_eq!(slice(5..6), " ", "the line continuation is not part of it");
    }
}
