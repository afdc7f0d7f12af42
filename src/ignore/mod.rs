//! Patterns of what is not sent of a directory of the client: one reading for ignore files and for the `ignore` key.

mod patterns;

use std::ops::Range;

pub(crate) use self::patterns::IgnorePatterns;
use crate::path_pattern::{clean, syntax_error};
use crate::source::Span;

/// A pattern of the `ignore` key, in the form that BuildKit takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnorePattern {
    /// The pattern.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// A line of an ignore file that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLine {
    /// Where the line is, in bytes from the start of the file.
    pub range: Range<usize>,
    /// What is wrong with it.
    pub problem: String,
}

/// The patterns of an ignore file, as BuildKit's `local.excludepatterns` takes them, and its lines that are none.
///
/// Follows `ReadAll` in `ignorefile/ignorefile.go` of `github.com/moby/patternmatcher`: `#` in the first column begins a
/// comment.
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

/// One pattern in the form that BuildKit takes, or what is wrong with it: blanks at its ends, a slash at its beginning and
/// what Go's `path.Clean` drops mean nothing.
pub fn parse(line: &str) -> Result<String, String> {
    let line = line.trim();
    let (invert, path) = match line.strip_prefix('!') {
        Some(path) => ("!", path.trim()),
        None => ("", line),
    };
    let path = if path.is_empty() { "".into() } else { clean(path) };
    let path = path.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&path);
    if path.is_empty() || !invert.is_empty() && path == "/" {
        return Err(match invert {
            "" => "it is empty".to_owned(),
            _ => "it brings nothing back".to_owned(),
        });
    }
    syntax_error(path).map_or_else(|| Ok(format!("{invert}{path}")), Err)
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
