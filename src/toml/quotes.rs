//! The multi-line strings in text that need not be valid TOML.
//!
//! Input: text in which the parser has found an error. Output: the strings in `'''` or `"""`, by
//! TOML's rules for strings and comments. Must not depend on keys, lists and tables.

use std::ops::Range;

/// A string in `'''` or `"""`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MultiLine {
    /// Its range with its quotes; to the end of the text if it is not closed.
    pub(super) range: Range<usize>,
    closed: bool,
}

/// The multi-line strings, in order.
pub(super) fn multi_line(text: &str) -> Vec<MultiLine> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            b'#' => rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()),
            b'"' | b'\'' if rest.starts_with(&[byte; 3]) => {
                let close = closing(&rest[3..], &[byte; 3]);
                let length = close.map_or(rest.len(), |length| 3 + length);
                found.push(MultiLine { range: at..at + length, closed: close.is_some() });
                length
            }
            b'"' | b'\'' => 1 + closing(&rest[1..], &[byte]).unwrap_or(0),
            _ => 1,
        };
    }
    found
}

/// The length of a string after its opening quotes, including the closing ones.
fn closing(rest: &[u8], quotes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let left = rest.get(at..)?;
        if left.starts_with(quotes) {
            // Up to two more quotes before the closing three belong to the text.
            let more = left[quotes.len()..].iter().take_while(|byte| quotes.contains(byte));
            let more = if quotes.len() == 3 { more.take(2).count() } else { 0 };
            return Some(at + quotes.len() + more);
        }
        at += match left.first()? {
            b'\\' if quotes.contains(&b'"') => 2,
            b'\n' if quotes.len() == 1 => return None,
            _ => 1,
        };
    }
}

/// The opening quotes of a string that is closed too late, if that is the cause of the error at
/// `at`: it has no end, or it ends where the next string begins, whose text is then parsed as TOML.
pub(super) fn runaway(text: &str, strings: &[MultiLine], at: usize) -> Option<Range<usize>> {
    if strings.last()?.closed {
        return None;
    }
    let before = strings[..strings.partition_point(|string| string.range.start < at)].last()?;
    let Range { start, end } = before.range;
    let is_text = || {
        let between = text.get(end..at).unwrap_or("\n.");
        !between.trim().contains('\n')
            && !text[at..].starts_with(['\'', '"', '{', '['])
            && text[start..end].contains('\n')
    };
    (!before.closed || is_text()).then_some(start..start + 3)
}

/// True if a position is in one of the strings.
pub(super) fn within(strings: &[MultiLine], at: usize) -> bool {
    let before = &strings[..strings.partition_point(|string| string.range.start < at)];
    before.last().is_some_and(|string| at < string.range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_by_the_rules_of_toml() {
        let strings = |text: &str| -> Vec<String> {
            multi_line(text).into_iter().map(|string| text[string.range].to_owned()).collect()
        };
        assert_eq!(strings("a = '''x''' # '''\nb = \"'''\""), ["'''x'''"]);
        assert_eq!(strings("a = \"\"\"x\\\"\"\"\"\"\" '''y"), ["\"\"\"x\\\"\"\"\"\"\"", "'''y"]);
        assert_eq!(strings("a = '' '''x''''' ''\n"), ["'''x'''''"]);
        assert_eq!(strings("a = \"open\nb = '''c\\'''"), ["'''c\\'''"]);
        assert_eq!(strings("'''\\"), ["'''\\"]);
        assert_eq!(strings("\"\"\"\\"), ["\"\"\"\\"]);
    }

    #[test]
    fn what_ends_where_the_next_begins() {
        let text = "a = '''x'''\nb = ['''\none\n'',\n'''\ntwo\n''']\n";
        let runaway = |at: &str| runaway(text, &multi_line(text), text.find(at).unwrap());
        assert_eq!(runaway("two"), Some(17..20));
        assert_eq!(runaway("b = "), None);
        assert_eq!(runaway("]\n").map(|range| range.start), text.rfind("'''"));
    }
}
