//! Path patterns as BuildKit interprets them: Go's `filepath.Match` for the source of a copy, and
//! `github.com/moby/patternmatcher` for lists of included and excluded paths.

use std::borrow::Cow;
use std::fmt;

/// A pattern that matches no existing file.
pub(crate) const NOTHING: &str = "/[.]mstage/nothing";

/// True if a path is a pattern: it has a `*`, `?` or `[` that is not escaped by a backslash.
pub(crate) fn has_wildcard(path: &str) -> bool {
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' | '[' => return true,
            '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    false
}

/// True if an absolute path is a directory, or inside it.
pub(crate) fn is_within(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path without `.`, repeated slashes and a trailing slash, as Go's `path.Clean` returns it.
pub(crate) fn clean(path: &str) -> Cow<'_, str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (path.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}").into(),
        (false, true) => ".".into(),
        (false, false) => joined.into(),
    }
}

/// The name that a pattern without wildcards matches: a backslash escapes `*`, `?`, `[` and `\`,
/// and is literal before any other character.
pub(crate) fn plain_name(path: &str) -> Cow<'_, str> {
    if !path.contains('\\') {
        return path.into();
    }
    let mut name = String::with_capacity(path.len());
    let mut chars = path.chars().peekable();
    while let Some(c) = chars.next() {
        let quoted = (c == '\\').then(|| chars.next_if(|next| "*?[\\".contains(*next))).flatten();
        name.push(quoted.unwrap_or(c));
    }
    name.into()
}

/// A pattern that matches exactly one name in all of BuildKit's pattern languages. An ordinary name
/// is its own pattern.
pub(crate) fn exactly(name: &str) -> Cow<'_, str> {
    let is_ordinary = !name.contains(['*', '?', '[', '\\']) && !has_edges(name);
    if is_ordinary { name.into() } else { quoted(name).into() }
}

/// Like [`exactly`], but safe to concatenate: escapes everything that is special in a regular
/// expression, since `patternmatcher` converts a pattern to one.
pub(crate) fn quoted(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len() + 8);
    let last = name.chars().count().saturating_sub(1);
    for (at, c) in name.chars().enumerate() {
        match c {
            '\\' => pattern.push_str("[\\\\]"),
            '*' | '?' | '[' => pattern.extend(['[', c, ']']),
            '!' if at == 0 => pattern.push_str("[!]"),
            c if c.is_whitespace() && (at == 0 || at == last) => pattern.extend(['[', c, ']']),
            '^' | '{' | '|' | '}' => pattern.extend(['\\', c]),
            c => pattern.push(c),
        }
    }
    pattern
}

/// A pattern that lists take literally: they would trim white space at its ends, and interpret a
/// leading `!` as an exception (`New` in `patternmatcher.go`).
pub(crate) fn guarded(pattern: &str) -> Cow<'_, str> {
    if !has_edges(pattern) {
        return pattern.into();
    }
    let mut inner = pattern;
    let mut before = String::new();
    if let Some(first) = inner.chars().next().filter(|&c| c == '!' || c.is_whitespace()) {
        before = format!("[{first}]");
        inner = &inner[first.len_utf8()..];
    }
    let mut behind = String::new();
    if let Some(last) = inner.chars().next_back().filter(|c| c.is_whitespace()) {
        behind = format!("[{last}]");
        inner = &inner[..inner.len() - last.len_utf8()];
        // A class needs no backslash to be literal.
        let backslashes = inner.len() - inner.trim_end_matches('\\').len();
        inner = &inner[..inner.len() - backslashes % 2];
    }
    format!("{before}{inner}{behind}").into()
}

/// True if a list would not take a pattern literally.
fn has_edges(pattern: &str) -> bool {
    pattern.starts_with('!') || pattern.trim().len() != pattern.len()
}

/// The error for a pattern whose syntax is wrong. Its message says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPattern(pub(crate) String);

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the syntax of a pattern. Covers Go's `filepath.Match` and `regexp`, since
/// `patternmatcher` uses both.
pub(crate) fn check(pattern: &str) -> Result<(), InvalidPattern> {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                escape(chars.next())?;
            }
            '[' => class(&mut chars)?,
            _ => {}
        }
    }
    Ok(())
}

/// Parses the rest of a character class, after its `[`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), InvalidPattern> {
    chars.next_if_eq(&'^');
    let mut is_empty = true;
    loop {
        if !is_empty && chars.next_if_eq(&']').is_some() {
            return Ok(());
        }
        let low = bound(chars.next().ok_or_else(unclosed)?, chars)?;
        if chars.next_if_eq(&'-').is_some() {
            let high = bound(chars.next().ok_or_else(unclosed)?, chars)?;
            if low > high {
                return Err(InvalidPattern(format!("the range `{low}-{high}` is empty")));
            }
        }
        is_empty = false;
    }
}

fn unclosed() -> InvalidPattern {
    InvalidPattern("unterminated `[`: expected `]`".to_owned())
}

/// Parses one end of a range in a class.
fn bound(
    c: char,
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<char, InvalidPattern> {
    match c {
        '\\' => escape(chars.next()),
        '-' | ']' => Err(InvalidPattern(format!("write `{c}` as `\\{c}` in `[...]`"))),
        c => Ok(c),
    }
}

/// Parses the character after a backslash. Letters and digits there are not literal in `regexp`,
/// and only a few of them are defined.
fn escape(c: Option<char>) -> Result<char, InvalidPattern> {
    const KNOWN: &str = "0AaBbCDdEfnQrSstvWwz";
    match c {
        None => Err(InvalidPattern("unexpected backslash at the end".to_owned())),
        Some(c) if c.is_ascii_alphanumeric() && !KNOWN.contains(c) => {
            let message = format!("unknown escape `\\{c}`; separate directories with `/`");
            Err(InvalidPattern(message))
        }
        Some(c) => Ok(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_patterns() {
        for (name, pattern) in [
            ("a/b.txt", "a/b.txt"),
            ("we^ird {a|b}", "we^ird {a|b}"),
            ("!bang", "[!]bang"),
            (" lead", "[ ]lead"),
            ("trail ", "trail[ ]"),
            ("a/ b /c", "a/ b /c"),
            ("b\\s", "b[\\\\]s"),
            ("a[0]*^{1}", "a[[]0][*]\\^\\{1\\}"),
            ("!", "[!]"),
            (" ", "[ ]"),
        ] {
            assert_eq!(exactly(name), pattern, "{name}");
        }
    }

    #[test]
    fn patterns_in_lists() {
        for (pattern, expected) in [
            ("*.txt", "*.txt"),
            ("!*.txt", "[!]*.txt"),
            ("* ", "*[ ]"),
            ("*\\ ", "*[ ]"),
            ("*\\\\ ", "*\\\\[ ]"),
            ("! ", "[!][ ]"),
        ] {
            assert_eq!(guarded(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn names_of_plain_paths() {
        for (path, name) in
            [("a/b", "a/b"), ("b\\s", "b\\s"), ("b\\\\s", "b\\s"), ("a\\[b", "a[b"), ("a\\", "a\\")]
        {
            assert_eq!(plain_name(path), name, "{path}");
        }
    }

    #[test]
    fn what_no_pattern_is() {
        for pattern in
            ["a[", "[]", "[^]", "[]a]", "[a-", "[a-]", "[-a]", "a\\", "[z-a]", "[\\", "a\\e"]
        {
            assert!(check(pattern).is_err(), "{pattern}");
        }
        for pattern in [
            "", "*", "**/a?", "[a-z0-9]", "[^a]", "[\\-\\]]", "a]", "[[]", "\\[", "\\!a", "a{",
            "[*]",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn clean_paths() {
        assert_eq!(clean("/a//b/../c/"), "/a/c");
        assert_eq!(clean("/../a"), "/a");
        assert_eq!(clean("../a/../../b"), "../../b");
        assert_eq!(clean("./"), ".");
    }
}
