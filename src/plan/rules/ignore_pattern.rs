//! Patterns of ignore files, as `github.com/moby/patternmatcher` reads them.

use regex_lite::Regex;

/// How many bytes of patterns are read: a pattern takes much more memory than its text.
const MAX_SIZE: usize = 256 << 10;

/// Patterns that keep files out of the build context.
pub(super) struct IgnorePatterns {
    compiled: Vec<Regex>,
    /// How long they are together, in bytes.
    size: usize,
}

impl IgnorePatterns {
    /// Reads the patterns. `None` where one of them brings files back: what is out then cannot be told
    /// from the name of a directory. And where they are more than anybody writes.
    pub(super) fn new(patterns: &[String]) -> Option<Self> {
        let size = patterns.iter().map(String::len).sum();
        if size > MAX_SIZE || patterns.iter().any(|pattern| pattern.starts_with('!')) {
            return None;
        }
        // A pattern that cannot be read keeps nothing out, as far as this rule is concerned.
        let compiled = patterns.iter().filter_map(|pattern| Regex::new(&expression(pattern)).ok());
        Some(Self { compiled: compiled.collect(), size })
    }

    /// How long they are together, in bytes: what it costs to hold a byte of a path against them.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether a path, from the root of the context, or a directory that it is in, is kept out.
    pub(super) fn keep_out(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        self.compiled.iter().any(|pattern| pattern.is_match(path))
    }
}

/// A pattern as a regular expression of what it keeps out, the files in a directory included: `*` and `?`
/// stay inside a name, `**` does not.
fn expression(pattern: &str) -> String {
    let pattern = pattern.trim_matches('/');
    let mut text = "^".to_owned();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                if chars.next_if_eq(&'/').is_some() {
                    text.push_str("(.*/)?");
                } else {
                    text.push_str(".*");
                }
            }
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '[' => {
                text.push('[');
                for c in chars.by_ref() {
                    text.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '\\' => text.push_str(&regex_lite::escape(&chars.next().unwrap_or('\\').to_string())),
            c => text.push_str(&regex_lite::escape(&c.to_string())),
        }
    }
    text.push_str("(/|$)");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_patterns_keep_out() {
        for (pattern, out, not_out) in [
            ("target", &["target", "/target/a/b"][..], &["a/target", "targets"][..]),
            ("*/tmp/*", &["a/tmp/b", "/a/tmp/b/c"], &["tmp/b", "a/b/tmp/c", "a/tmp"]),
            ("**/*.log", &["a.log", "x/y/a.log"], &["a.logs"]),
            ("docs/**", &["docs/a", "docs/a/b"], &["docs", "doc"]),
            ("a?c.[ch]", &["abc.c", "abc.h/x"], &["ac.c", "a/c.c", "abc.x"]),
            ("a\\*", &["a*"], &["ab"]),
            ("a.b+", &["a.b+"], &["axb+"]),
        ] {
            let patterns = IgnorePatterns::new(&[pattern.to_owned()]).unwrap();
            for path in out {
                assert!(patterns.keep_out(path), "{pattern} {path}");
            }
            for path in not_out {
                assert!(!patterns.keep_out(path), "{pattern} {path}");
            }
        }
        assert!(IgnorePatterns::new(&["a", "!a/b"].map(str::to_owned)).is_none());
    }
}
