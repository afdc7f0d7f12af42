//! Patterns of ignore files, as `github.com/moby/patternmatcher` reads them.

use regex_lite::Regex;

use crate::path_pattern::{has_wildcard, is_within};

/// How many bytes of patterns are read: a pattern takes much more memory than its text.
const MAX_SIZE: usize = 256 << 10;

/// Patterns that keep files out of the build context, and bring some back.
pub(crate) struct IgnorePatterns {
    compiled: Vec<IgnoreRule>,
    /// How long they are together, in bytes.
    size: usize,
}

struct IgnoreRule {
    matches: Regex,
    /// The pattern, where it brings files back.
    brings_back: Option<String>,
}

impl IgnorePatterns {
    /// Reads the patterns. `None` where they are more than anybody writes.
    pub(crate) fn new(patterns: &[String]) -> Option<Self> {
        let size = patterns.iter().map(String::len).sum();
        if size > MAX_SIZE {
            return None;
        }
        // A pattern that cannot be read keeps nothing out, as far as this rule is concerned.
        let compiled = patterns.iter().filter_map(|pattern| {
            let brings_back = pattern.strip_prefix('!');
            let matches = Regex::new(&expression(brings_back.unwrap_or(pattern))).ok()?;
            Some(IgnoreRule { matches, brings_back: brings_back.map(str::to_owned) })
        });
        Some(Self { compiled: compiled.collect(), size })
    }

    /// How long they are together, in bytes: what it costs to hold a byte of a path against them.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Returns whether a pattern matches a path as it is written, or a directory that it is in. Dockerfiles have no other
    /// reading: a slash at the beginning belongs to the path.
    pub(crate) fn match_as_written(&self, path: &str) -> bool {
        self.compiled.iter().any(|rule| rule.matches.is_match(path))
    }

    /// Returns whether a path, from the root of the context, is kept out with all that may be in it: the last pattern that
    /// matches it, or a directory that it is in, decides (`MatchesOrParentMatches` in `patternmatcher.go`).
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

/// Returns whether a pattern may match something in a directory.
fn may_match_below(pattern: &str, directory: &str) -> bool {
    has_wildcard(pattern) || is_within(pattern, directory)
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
    }

    #[test]
    fn what_patterns_bring_back() {
        let patterns = ["*", "!src", "src/*.tmp", "!lib/a"].map(str::to_owned);
        let patterns = IgnorePatterns::new(&patterns).unwrap();
        for path in ["x", "x/y", "src/a.tmp", "lib/b"] {
            assert!(patterns.keep_out(path), "{path}");
        }
        // Part of `lib` is there.
        for path in ["src", "src/a", "lib", "lib/a"] {
            assert!(!patterns.keep_out(path), "{path}");
        }
    }
}
