//! `unmatched-pattern`: an `include` or `exclude` of a copy that can match nothing.
//!
//! BuildKit compares these patterns with paths inside each source (`copier.copy` in fsutil's
//! `copy/copy.go`), and not with the source itself, or with paths from the root of its tree.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ignore::IgnorePatterns;
use crate::path_pattern::{clean, has_wildcard};
use crate::source::Span;

/// Maximum number of pairs of sources and patterns to compare. Nobody writes more.
const MAX_PAIRS: usize = 10_000;

/// A pattern of a copy.
pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) span: Span,
    /// The key that contains it.
    pub(crate) key: &'static str,
}

/// Checks the patterns of a copy. `sources` are as written; empty with `parents`, where patterns
/// are compared with whole paths.
pub(crate) fn check(sources: &[&str], patterns: &[Pattern], diagnostics: &mut Diagnostics) {
    if sources.len().saturating_mul(patterns.len()) > MAX_PAIRS {
        return;
    }
    for Pattern { text, span, key } in patterns {
        let bare = text.strip_prefix('!').unwrap_or(text);
        let negation = if bare.len() == text.len() { "" } else { "!" };
        let pattern = clean(bare.trim_start_matches('/'));
        let pattern = &*pattern;
        let problem = if bare.starts_with('/') {
            let inner = sources.iter().find_map(|source| inside(source, pattern));
            let inner = inner.filter(|inner| !inner.is_empty()).unwrap_or(pattern);
            Some((
                format!("`{text}` matches nothing: it begins with a slash"),
                format!("write the path relative to the source: `{key} = \"{negation}{inner}\"`"),
            ))
        } else {
            sources.iter().find_map(|source| of_source(source, pattern, negation, key))
        };
        if let Some((message, hint)) = problem {
            diagnostics.push(Diagnostic::new(Code::UnmatchedPattern, *span, message).hint(hint));
        }
    }
}

/// The message and the hint about a pattern for one source.
fn of_source(source: &str, pattern: &str, negation: &str, key: &str) -> Option<(String, String)> {
    let inner = inside(source, pattern)?;
    let source = clean(source.trim_start_matches('/'));
    let message = if inner.is_empty() {
        format!(
            "`{pattern}` is not matched against `{source}` itself, only against the files in it"
        )
    } else {
        format!(
            "`{pattern}` is matched against paths inside `{source}`, which do not begin with `{source}/`"
        )
    };
    let hint = match (inner.is_empty(), source.rsplit_once('/')) {
        (false, _) => {
            format!("write the path relative to the source: `{key} = \"{negation}{inner}\"`")
        }
        (true, Some((directory, _))) => format!("copy the directory: `copy = \"{directory}\"`"),
        (true, None) => "copy the directory that contains it: `copy = \".\"`".to_owned(),
    };
    Some((message, hint))
}

/// The part of a pattern after a source: empty if it names the source itself. `None` if it does not
/// refer to the source.
fn inside<'p>(source: &str, pattern: &'p str) -> Option<&'p str> {
    let source = clean(source.trim_start_matches('/'));
    if source == "." {
        return None;
    }
    if has_wildcard(&source) {
        return names_match(&source, pattern).then_some("");
    }
    match pattern.strip_prefix(&*source)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

/// True if a pattern refers to files that match a source with wildcards in its last component.
fn names_match(source: &str, pattern: &str) -> bool {
    let (directory, name) = source.rsplit_once('/').map_or(("", source), |(dir, name)| (dir, name));
    if has_wildcard(directory) {
        return false;
    }
    let inner = pattern.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/'));
    let (pattern, is_whole) = match inner.filter(|_| !directory.is_empty()) {
        Some(inner) => (inner, true),
        None => (pattern, directory.is_empty()),
    };
    if pattern.contains('/') || pattern.contains("**") {
        return false;
    }
    // `*` may match directories, and the pattern may refer to their content.
    let is_of_files = name.contains('.') && !name.ends_with('*');
    if !is_of_files && (has_wildcard(pattern) || !is_whole) {
        return false;
    }
    let sample = pattern.replace(['*', '?'], "x");
    IgnorePatterns::new(&[name.to_owned()]).is_some_and(|name| name.keep_out(&sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_sources() {
        for (source, pattern, expected) in [
            ("src", "src/a", Some("a")),
            ("./src/", "src/**/*.c", Some("**/*.c")),
            ("/src", "src", Some("")),
            ("src", "srcs", None),
            ("src", "a/src", None),
            (".", "src", None),
            ("*", "node_modules", Some("")),
            ("*", "*.log", None),
            ("*.js", "*.test.js", Some("")),
            ("*.js", "*.ts", None),
            ("lib/*.js", "lib/*.test.js", Some("")),
            ("packages/*", "*.md", None),
            ("packages/*", "README.md", None),
            ("packages/*", "packages/README.md", Some("")),
            ("lib/*.js", "*.test.js", Some("")),
            ("hom*", "home.txt", Some("")),
            ("hom*", "**/home.txt", None),
            ("a*/b*", "b", None),
        ] {
            assert_eq!(inside(source, pattern), expected, "{source} {pattern}");
        }
    }
}
