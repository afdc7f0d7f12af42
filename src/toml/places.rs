//! From an offset in the text of a string to its location in the file.
//!
//! Input: a string's token, with its quotes. Output: [`Places`], so that a finding about one word
//! of a script, or about one `${NAME}`, has the line and the column of that word. Escapes, the
//! newline after opening quotes and removed indentation are taken into account.

use std::ops::Range;

use crate::source::Span;

/// The locations of the characters of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Offsets in the text, each with its offset in the file, in order. Between two of them, both
    /// advance in step.
    pieces: Vec<(u32, u32)>,
}

impl Places {
    /// The text of a token that begins at `start`, and its locations. A token without quotes is its
    /// own text.
    pub fn of_token(token: &str, start: u32) -> (String, Places) {
        let (quotes, quote) = match token.as_bytes() {
            [quote @ (b'"' | b'\''), second, third, _, _, _, ..]
                if second == quote && third == quote =>
            {
                (3, *quote)
            }
            [quote @ (b'"' | b'\''), _, ..] => (1, *quote),
            _ => (0, b'\''),
        };
        let inner = token.get(quotes..token.len() - quotes).unwrap_or_default();
        let newline = match inner.as_bytes() {
            [b'\n', ..] if quotes == 3 => 1,
            [b'\r', b'\n', ..] if quotes == 3 => 2,
            _ => 0,
        };
        let (inner, start) = (&inner[newline..], at(start, quotes + newline));
        if quote == b'\'' || !inner.contains('\\') {
            return (inner.to_owned(), Places { pieces: vec![(0, start)] });
        }
        unescape(inner, start)
    }

    /// The locations in a text made of strings, each given by its offset in the text and its span.
    /// After an escape in a string, locations are slightly off.
    pub fn of_strings(strings: impl IntoIterator<Item = (usize, Span)>) -> Places {
        let pieces: Vec<_> = strings
            .into_iter()
            .map(|(offset, span): (usize, Span)| (number(offset), at(span.start, 1)))
            .collect();
        Places { pieces: if pieces.is_empty() { vec![(0, 0)] } else { pieces } }
    }

    /// The span of a range of the text.
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.place(range.start);
        // The end follows from the last byte, since the next one may be on another line.
        let last = range.end.checked_sub(1).filter(|&last| last >= range.start);
        Span { start, end: last.map_or(start, |last| at(self.place(last), 1)) }
    }

    /// The locations in a text made of lines of this one, which are given by offset and length.
    pub fn of_lines(&self, lines: impl Iterator<Item = (usize, usize)>) -> Places {
        let mut pieces = Vec::new();
        let mut rest = self.pieces.iter().copied().peekable();
        let mut current = (0, 0);
        let mut offset: u32 = 0;
        for (start, len) in lines {
            let (start, end) = (number(start), number(start + len));
            while let Some(piece) = rest.next_if(|piece| piece.0 <= start) {
                current = piece;
            }
            pieces.push((offset, current.1 + (start - current.0)));
            while let Some(piece) = rest.next_if(|piece| piece.0 < end) {
                pieces.push((offset + (piece.0 - start), piece.1));
                current = piece;
            }
            offset = offset.saturating_add(end - start + 1);
        }
        Places { pieces }
    }

    fn place(&self, offset: usize) -> u32 {
        let offset = number(offset);
        let next = self.pieces.partition_point(|&(start, _)| start <= offset);
        let (start, place) = self.pieces.get(next.saturating_sub(1)).copied().unwrap_or_default();
        place.saturating_add(offset.saturating_sub(start))
    }
}

/// Decodes a basic string by TOML's rules for escapes. Invalid escapes have been reported before.
fn unescape(inner: &str, start: u32) -> (String, Places) {
    let mut text = String::with_capacity(inner.len());
    let mut pieces = vec![(0, start)];
    let mut rest = inner;
    while let Some(backslash) = rest.find('\\') {
        text.push_str(&rest[..backslash]);
        pieces.push((number(text.len()), at(start, inner.len() - rest.len() + backslash)));
        let escaped = &rest[backslash + 1..];
        let len = match escape(escaped) {
            Some((c, len)) => {
                text.push(c);
                len
            }
            // A backslash at the end of a line removes the newline and all white space after it.
            None => escaped.len() - escaped.trim_start_matches([' ', '\t', '\r', '\n']).len(),
        };
        rest = &escaped[len..];
        pieces.push((number(text.len()), at(start, inner.len() - rest.len())));
    }
    text.push_str(rest);
    (text, Places { pieces })
}

/// The character for an escape, and the length of the escape without its backslash.
fn escape(escaped: &str) -> Option<(char, usize)> {
    match escaped.as_bytes().first()? {
        b'b' => Some(('\u{8}', 1)),
        b't' => Some(('\t', 1)),
        b'n' => Some(('\n', 1)),
        b'f' => Some(('\u{c}', 1)),
        b'r' => Some(('\r', 1)),
        b'e' => Some(('\u{1b}', 1)),
        b'"' => Some(('"', 1)),
        b'\\' => Some(('\\', 1)),
        b'x' => character(escaped, 2),
        b'u' => character(escaped, 4),
        b'U' => character(escaped, 8),
        _ => None,
    }
}

fn character(escaped: &str, count: usize) -> Option<(char, usize)> {
    let code = u32::from_str_radix(escaped.get(1..1 + count)?, 16).ok()?;
    Some((char::from_u32(code)?, 1 + count))
}

fn at(start: u32, offset: usize) -> u32 {
    start.saturating_add(number(offset))
}

/// Files are far below 4 GiB: see [`crate::source`].
fn number(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::SourceFile;
    use crate::toml::{Kind, parse};

    /// The text equals the parser's result for the token, and each word of it is found at its
    /// location.
    #[test]
    fn words_are_found_where_they_are_written() {
        for token in [
            "'one two'",
            r#""one two""#,
            r#""\tone\u00e4 \"two\" \x41three""#,
            "'''\none\n  two\n'''",
            "'''\r\none\r\n  two\r\n'''",
            "\"\"\"\none \\\n    two\\\\\n three\\n four\"\"\"",
            "\"\"\"one \\  \r\n\r\n  two\"\"\"",
            "''",
            "''''''",
            "\"\"\"\"\"\"",
        ] {
            let file = SourceFile::new("f", format!("a = {token}\n").into_bytes());
            let mut diagnostics = Diagnostics::default();
            let document = parse(&file, &mut diagnostics);
            let value = &document.entries[0].value;
            let Kind::String(expected) = &value.kind else { panic!("{token}") };
            let (text, places) = Places::of_token(file.slice(value.span), value.span.start);
            assert_eq!(&text, expected, "{token}");
            for word in ["one", "two", "three", "four"] {
                let Some(at) = text.find(word) else { continue };
                assert_eq!(file.slice(places.span(at..at + word.len())), word, "{token}");
            }
        }
        assert_eq!(Places::of_token("bare", 7).1.span(1..3), Span { start: 8, end: 10 });
    }
}
