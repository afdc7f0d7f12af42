//! Patterns of files that are not transferred from a directory of the client: one parser for ignore
//! files and for the `ignore` key.

mod patterns;

use std::ops::Range;

pub(crate) use self::patterns::IgnorePatterns;
pub use crate::path_pattern::InvalidPattern;
use crate::path_pattern::{check, clean};
use crate::source::Span;

/// A pattern of the `ignore` key, in BuildKit's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnorePattern {
    /// The pattern.
    pub text: String,
    /// Its span in the build file.
    pub span: Span,
}

/// An invalid line of an ignore file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLine {
    /// Its range, in bytes from the start of the file.
    pub range: Range<usize>,
    /// The message.
    pub problem: InvalidPattern,
}

/// The patterns of an ignore file, in the form of BuildKit's `local.excludepatterns`, and its
/// invalid lines.
///
/// Follows `ReadAll` in `ignorefile/ignorefile.go` of `github.com/moby/patternmatcher`: `#` in the
/// first column begins a comment.
pub fn parse_file(text: &str) -> (Vec<String>, Vec<InvalidLine>) {
    let mut patterns = Vec::new();
    let mut invalid = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.trim_end().len();
        start += line.len();
        let line = line.strip_prefix('\u{feff}').filter(|_| range.start == 0).unwrap_or(line);
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        match parse(line) {
            Ok(pattern) => patterns.push(pattern),
            Err(problem) => invalid.push(InvalidLine { range, problem }),
        }
    }
    (patterns, invalid)
}

/// Converts a pattern to BuildKit's form. Removes white space at both
/// ends, a leading slash and whatever Go's `path.Clean` removes.
pub fn parse(line: &str) -> Result<String, InvalidPattern> {
    let line = line.trim();
    let (invert, path) = match line.strip_prefix('!') {
        Some(path) => ("!", path.trim()),
        None => ("", line),
    };
    let path = if path.is_empty() { "".into() } else { clean(path) };
    let path = path.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&path);
    if path.is_empty() || !invert.is_empty() && path == "/" {
        return Err(InvalidPattern(match invert {
            "" => "the pattern is empty".to_owned(),
            _ => "expected a pattern after `!`".to_owned(),
        }));
    }
    check(path)?;
    Ok(format!("{invert}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_patterns() {
        let text = "\u{feff}# comment\n\n target \r\n/.git/\n! /keep/./this\n  # not a comment\na/../b\n//c\n/../d";
        let (patterns, invalid) = parse_file(text);
        assert_eq!(patterns, ["target", ".git", "!keep/this", "# not a comment", "b", "c", "d"]);
        assert_eq!(invalid, []);
    }

    #[test]
    fn lines_that_are_no_patterns() {
        let text = "a\n!\nb[ \n";
        let (patterns, invalid) = parse_file(text);
        assert_eq!(patterns, ["a"]);
        let lines: Vec<_> = invalid.iter().map(|line| &text[line.range.clone()]).collect();
        assert_eq!(lines, ["!", "b["]);
        for pattern in ["", " ", "! ", "!/", "a\\", "![z-a]"] {
            assert!(parse(pattern).is_err(), "{pattern}");
        }
    }
}
