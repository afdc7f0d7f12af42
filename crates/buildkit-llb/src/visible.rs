//! Texts that are safe for terminals.

use std::borrow::Cow;

/// Replaces the control characters of a text by their pictures, except for tabs and line breaks:
/// `␛` for ESC, `�` for those that have no picture and for characters that change the direction of
/// text.
///
/// Names of ops, messages and excerpts of files are printed to terminals unchanged. A build file
/// may come from someone else: without this, it could colour, hide or overwrite what its user
/// reads. Each character is replaced by one character, so that columns stay the same.
///
/// ```
/// assert_eq!(buildkit_llb::visible("a\u{1b}[2Jb\tc"), "a␛[2Jb\tc");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends_line = c == '\r' && chars.peek() == Some(&'\n');
        shown.push(if is_obeyed(c) && !ends_line { picture(c) } else { c });
    }
    shown.into()
}

/// Like [`visible`], but in one line: newlines are replaced too.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    match visible(text) {
        text if text.contains('\n') => text.replace('\n', "\u{240a}").into(),
        text => text,
    }
}

/// True if a terminal interprets a character instead of showing it.
fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\t' && c != '\n') || is_bidirectional(c)
}

fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        _ => None,
    }
    .unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(
            visible("a\0\r\u{7f}\u{9b}\u{202e}z"),
            "a\u{2400}\u{240d}\u{2421}\u{fffd}\u{fffd}z"
        );
        assert_eq!(visible("a\r\nb\x08"), "a\r\nb\u{2408}");
        assert_eq!(visible("tab\t \u{e4} \n"), "tab\t \u{e4} \n");
        assert_eq!(visible_line("a\nb\u{1b}"), "a\u{240a}b\u{241b}");
    }
}
