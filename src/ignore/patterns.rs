//! Patterns of ignore files, with the semantics of `github.com/moby/patternmatcher`.

use regex_lite::Regex;

use crate::path_pattern::{has_wildcard, is_within};

/// Limit on the total size of patterns in bytes: a compiled pattern takes much more memory than its
/// text.
const MAX_SIZE: usize = 256 << 10;

/// Patterns that exclude files from the build context, and re-include some.
pub(crate) struct IgnorePatterns {
    compiled: Vec<IgnoreRule>,
    /// Their total length in bytes.
    size: usize,
}

struct IgnoreRule {
    matches: Regex,
    /// The pattern, if it re-includes files.
    brings_back: Option<String>,
}

impl IgnorePatterns {
    /// Compiles the patterns. `None` if they exceed the size limit.
    pub(crate) fn new(patterns: &[String]) -> Option<Self> {
        let size = patterns.iter().map(String::len).sum();
        if size > MAX_SIZE {
            return None;
        }
        // A pattern that cannot be parsed excludes nothing for the purpose of this rule.
        let compiled = patterns.iter().filter_map(|pattern| {
            let brings_back = pattern.strip_prefix('!');
            let matches = Regex::new(&expression(brings_back.unwrap_or(pattern))).ok()?;
            Some(IgnoreRule { matches, brings_back: brings_back.map(str::to_owned) })
        });
        Some(Self { compiled: compiled.collect(), size })
    }

    /// Their total length in bytes: the cost of comparing one byte of a path with them.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// True if a pattern matches a path, or a parent directory of it, literally as written. In
    /// Dockerfiles, a leading slash is part of the path.
    pub(crate) fn match_as_written(&self, path: &str) -> bool {
        self.compiled.iter().any(|rule| rule.matches.is_match(path))
    }

    /// True if a path, from the root of the context, is excluded with everything in it: the last
    /// pattern that matches it, or a parent directory of it, decides (`MatchesOrParentMatches` in
    /// `patternmatcher.go`).
    pub(crate) fn keep_out(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let mut is_out = false;
        for rule in &self.compiled {
            if rule.brings_back.is_some() == is_out && rule.matches.is_match(path) {
                is_out = !is_out;
            }
        }
        let brought_back = self.compiled.iter().filter_map(|rule| rule.brings_back.as_ref());
        is_out && !brought_back.into_iter().any(|pattern| may_match_below(pattern, path))
    }
}

/// True if a pattern may match something in a directory.
fn may_match_below(pattern: &str, directory: &str) -> bool {
    has_wildcard(pattern) || is_within(pattern, directory)
}

/// A regular expression for the files that a pattern excludes, including the content of
/// directories: `*` and `?` match within a path component, `**` does not stop at its end.
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
    }

    #[test]
    fn what_patterns_bring_back() {
        let patterns = ["*", "!src", "src/*.tmp", "!lib/a"].map(str::to_owned);
        let patterns = IgnorePatterns::new(&patterns).unwrap();
        for path in ["x", "x/y", "src/a.tmp", "lib/b"] {
            assert!(patterns.keep_out(path), "{path}");
        }
        // A part of `lib` is included.
        for path in ["src", "src/a", "lib", "lib/a"] {
            assert!(!patterns.keep_out(path), "{path}");
        }
    }
}
