//! The width of text in a terminal, and text cut to a width.

use std::borrow::Cow;

use buildkit_llb::visible_line;

/// Maximum number of bytes of a text that comes from the build file.
const MAX_TEXT: usize = 200;

/// The number of columns of a text in a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The columns of a character: two for those of East Asian scripts and for pictures, none for marks
/// that join with the character before.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text, cut to a number of columns.
pub(super) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    let mut used = 0;
    // The end of the part that leaves a column for the ellipsis.
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if used < room {
            end = at;
        }
        used += columns(c);
        if used > room {
            return format!("{}…", text[..end].trim_end()).into();
        }
    }
    text.into()
}

/// A text of the build file, made visible in one line, and cut to a reasonable length.
pub(super) fn shown(text: &str) -> String {
    let start = match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let shown = visible_line(start).replace('\t', " ");
    if start.len() < text.len() { format!("{shown}…") } else { shown }
}

/// The first line of a text with several, and a mark for the others.
pub(super) fn first_line(text: &str) -> String {
    let text = text.trim();
    match text.split_once('\n') {
        None => shown(text),
        Some((first, _)) => format!("{} …", shown(first.trim_end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_to_columns() {
        for (text, room, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("ab cd", 4, "ab…"),
            ("\u{4e2d}\u{6587}\u{5b57}", 5, "\u{4e2d}\u{6587}…"),
            ("\u{4e2d}\u{6587}\u{5b57}", 6, "\u{4e2d}\u{6587}\u{5b57}"),
            ("e\u{301}e\u{301}", 2, "e\u{301}e\u{301}"),
            ("abc", 0, "…"),
        ] {
            assert_eq!(cut(text, room), expected, "{text} in {room}");
        }
    }

    #[test]
    fn several_lines() {
        assert_eq!(first_line("\n  a\n  b\n"), "a …");
        assert_eq!(first_line("a\u{1b}[31m"), "a\u{241b}[31m");
        assert_eq!(shown(&"x".repeat(300)).chars().count(), 201);
    }
}
