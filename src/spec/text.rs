//! Multi-line text that is indented with the file it stands in.

use std::borrow::Cow;

/// Takes the common indentation off all lines, the blank lines off the beginning, and what is left of
/// the closing quotes' own line off the end. Carriage returns before newlines go too: they come from
/// a checkout on Windows, and no shell wants them.
pub(super) fn dedent(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        let line = text.strip_suffix('\r').unwrap_or(text);
        let is_blank = line.trim().is_empty();
        return if is_blank { "" } else { line.trim_start_matches([' ', '\t']) }.into();
    }
    let indentation = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
        .reduce(common_prefix)
        .unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split('\n').skip_while(|line| line.trim().is_empty()).peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let last = lines.peek().is_none();
        if last && line.trim().is_empty() {
            break;
        }
        if !line.trim().is_empty() {
            out.push_str(line.strip_prefix(indentation).unwrap_or(line));
        }
        if !last {
            out.push('\n');
        }
    }
    out.into()
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
}
