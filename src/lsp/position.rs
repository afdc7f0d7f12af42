//! Positions of the protocol, and offsets in a text.
//!
//! Input: a text. Output: for each position its offset, and the reverse. A client counts columns in
//! UTF-8, UTF-16 or UTF-32 units; which of them is negotiated. Positions outside of the text are
//! moved into it, as the protocol says.

use std::ops::Range;

use lsp_types::{Position, PositionEncodingKind};

/// Maximum length of a line, in bytes, in which the columns of positions are exact.
const MAX_LINE: usize = 1 << 16;

/// The units in which a client counts columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 units: the only ones that every client knows.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The best of those that a client offers: bytes need no conversion.
    pub(super) fn negotiate(offered: Option<&[PositionEncodingKind]>) -> Self {
        let offered = offered.unwrap_or_default();
        match offered {
            _ if offered.contains(&PositionEncodingKind::UTF8) => Self::Utf8,
            _ if offered.contains(&PositionEncodingKind::UTF16) => Self::Utf16,
            _ if offered.contains(&PositionEncodingKind::UTF32) => Self::Utf32,
            _ => Self::Utf16,
        }
    }

    /// Its name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// The number of units of a text.
    pub(super) fn len(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Utf32 => text.chars().count(),
        }
    }

    /// The offset of a column in a line. A column inside of a character becomes its start, and one
    /// after the line its end.
    fn offset(self, line: &str, column: usize) -> usize {
        let mut units = 0;
        for (offset, c) in line.char_indices() {
            units += match self {
                Self::Utf8 => c.len_utf8(),
                Self::Utf16 => c.len_utf16(),
                Self::Utf32 => 1,
            };
            if units > column {
                return offset;
            }
        }
        line.len()
    }
}

/// The starts of the lines of a text.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    encoding: Encoding,
    /// Offsets, the first of which is 0.
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a text.
    pub(super) fn new(text: &str, encoding: Encoding) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { encoding, starts: std::iter::once(0).chain(newlines).collect() }
    }

    /// The number of the line of an offset, from 0.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The range of a line without its newline. The line after the last one is empty.
    pub(super) fn range(&self, text: &str, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(text.len()).min(text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len()).min(text.len());
        let content = text[start..end].trim_end_matches(['\n', '\r']);
        start..start + content.len()
    }

    /// The position of an offset.
    pub(super) fn position(&self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line(offset);
        let start = self.starts.get(line).copied().unwrap_or_default();
        // Counting would take as long as reading the line, for each position in it; no editor shows
        // such a line.
        let column = match offset - start > MAX_LINE {
            true => offset - start,
            false => self.encoding.len(&text[start..offset]),
        };
        Position { line: number(line), character: number(column) }
    }

    /// The offset of a position.
    pub(super) fn offset(&self, text: &str, position: Position) -> usize {
        let line = self.range(text, position.line as usize);
        line.start + self.encoding.offset(&text[line.clone()], position.character as usize)
    }

    /// A range of offsets in the protocol's form.
    pub(super) fn to_range(&self, text: &str, range: Range<usize>) -> lsp_types::Range {
        let (start, end) = (self.position(text, range.start), self.position(text, range.end));
        lsp_types::Range { start, end }
    }

    /// The offsets of a range. The end is never before the start.
    pub(super) fn to_offsets(&self, text: &str, range: lsp_types::Range) -> Range<usize> {
        let (start, end) = (self.offset(text, range.start), self.offset(text, range.end));
        start..end.max(start)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two characters of two bytes, one of which has four; `\r\n` is not part of a line.
    const TEXT: &str = "a\u{e4}\u{1f600}b\r\n\u{65e5}x\n";

    #[test]
    fn columns_of_every_encoding() {
        for (encoding, columns) in [
            (Encoding::Utf8, [0, 1, 3, 7, 8]),
            (Encoding::Utf16, [0, 1, 2, 4, 5]),
            (Encoding::Utf32, [0, 1, 2, 3, 4]),
        ] {
            let lines = Lines::new(TEXT, encoding);
            for (offset, column) in [0, 1, 3, 7, 8].into_iter().zip(columns) {
                let position = Position { line: 0, character: column };
                assert_eq!(lines.position(TEXT, offset), position, "{encoding:?}");
                assert_eq!(lines.offset(TEXT, position), offset, "{encoding:?}");
            }
        }
    }

    #[test]
    fn positions_that_do_not_exist() {
        let lines = Lines::new(TEXT, Encoding::Utf16);
        let offset = |line, character| lines.offset(TEXT, Position { line, character });
        assert_eq!(offset(0, 3), 3, "inside of a surrogate pair");
        assert_eq!(offset(0, 99), 8, "after the line, but before its newline");
        assert_eq!(offset(1, u32::MAX), TEXT.len() - 1);
        assert_eq!(offset(2, 5), TEXT.len());
        assert_eq!(offset(u32::MAX, u32::MAX), TEXT.len());
        assert_eq!(lines.position(TEXT, 5).character, 2, "inside of a character");
        assert_eq!(lines.position(TEXT, usize::MAX), Position { line: 2, character: 0 });
        let position = |line, character| Position { line, character };
        let reversed = lsp_types::Range { start: position(1, 0), end: position(0, 0) };
        assert_eq!(lines.to_offsets(TEXT, reversed), 10..10);
    }

    #[test]
    fn the_best_encoding_that_a_client_knows() {
        let all = [PositionEncodingKind::UTF16, PositionEncodingKind::UTF8];
        assert_eq!(Encoding::negotiate(Some(&all)), Encoding::Utf8);
        assert_eq!(Encoding::negotiate(Some(&all[..1])), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(Some(&[PositionEncodingKind::UTF32])), Encoding::Utf32);
        assert_eq!(Encoding::negotiate(Some(&[])), Encoding::Utf16);
        assert_eq!(Encoding::negotiate(None), Encoding::Utf16);
    }
}
