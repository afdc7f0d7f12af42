//! Multi-line text that is indented with the surrounding file.

use std::borrow::Cow;

use crate::toml::Places;

/// Removes the common indentation of all lines, blank lines at the beginning, and the rest of the
/// line with the closing quotes at the end. Also removes carriage returns before newlines: they
/// come from a checkout on Windows, and break shell scripts.
pub(super) fn dedent(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return only_line(text).into();
    }
    let mut out = String::with_capacity(text.len());
    for (number, line) in lines(text).enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.push_str(line);
    }
    out.into()
}

/// The locations of the dedented text of a token that begins at `start`.
pub(super) fn places(token: &str, start: u32) -> Places {
    let (text, places) = Places::of_token(token, start);
    if text.contains('\n') {
        places.of_lines(lines(&text).map(|line| offset_and_len(&text, line)))
    } else {
        places.of_lines([offset_and_len(&text, only_line(&text))].into_iter())
    }
}

fn offset_and_len(text: &str, line: &str) -> (usize, usize) {
    (line.as_ptr().addr() - text.as_ptr().addr(), line.len())
}

/// The dedented text of a text without newlines.
fn only_line(text: &str) -> &str {
    let line = text.strip_suffix('\r').unwrap_or(text);
    if line.trim().is_empty() { &text[..0] } else { line.trim_start_matches([' ', '\t']) }
}

/// The lines of the dedented text, as slices of the text itself. The last one is empty if the text
/// ends with a newline.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let indentation = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
        .reduce(common_prefix)
        .unwrap_or_default();
    let lines = text.split('\n').skip_while(|line| line.trim().is_empty());
    lines.map(move |line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line.trim().is_empty() {
            true => &line[..0],
            false => line.strip_prefix(indentation).unwrap_or(line),
        }
    })
}

fn common_prefix<'t>(a: &'t str, b: &'t str) -> &'t str {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    &a[..common]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_indentation_goes() {
        for (text, expected) in [
            ("make", "make"),
            ("  make", "make"),
            ("make\n", "make\n"),
            ("    if x; then\n      y\n    fi\n  ", "if x; then\n  y\nfi\n"),
            ("\n\n  a\n\n    b\n", "a\n\n  b\n"),
            ("  a\n   \n  b", "a\n\nb"),
            ("\ta\n\t\tb\n", "a\n\tb\n"),
            ("\ta\n  b\n", "\ta\n  b\n"),
            ("  a\r\n  b\r\n", "a\nb\n"),
            ("", ""),
            ("  \n ", ""),
            (" make\r", "make"),
            ("\u{a0}", ""),
        ] {
            assert_eq!(dedent(text), expected, "{text:?}");
        }
    }

    /// Each word of the text is found at its location.
    #[test]
    fn words_are_found_where_they_are_written() {
        for token in [
            "'''\n    one\n\n      two\n    three\n  '''",
            "'''\r\n\tone\r\n\t two'''",
            "\"\"\"\n  one \\\n     two\n  \\\"three\"\"\"",
            "'  one two'",
            "'\n'",
        ] {
            let source = format!("a = {token}");
            let text = Places::of_token(token, 0).0;
            let (text, places) = (dedent(&text), places(token, 4));
            for word in ["one", "two", "three"] {
                let Some(at) = text.find(word) else { continue };
                let span = places.span(at..at + word.len());
                assert_eq!(&source[span.start as usize..span.end as usize], word, "{token}");
            }
        }
    }
}
