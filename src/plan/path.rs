//! Paths inside images and contexts: `/` is the separator, whatever machine this runs on.

use std::borrow::Cow;

pub(crate) use crate::path_pattern::is_within;
pub(super) use crate::path_pattern::{clean, has_wildcard};
use crate::path_pattern::{exactly, guarded, plain_name};
use crate::text::Text;

/// Whether an absolute path is as short as it can be written, so that it is its own clean form.
fn is_clean(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let is_name = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
    rest.is_empty() || rest.as_bytes().split(|&byte| byte == b'/').all(is_name)
}

/// The absolute path of a file in a tree, from its root. `None` if it would leave the tree.
pub(super) fn inside(path: &Text) -> Option<Text> {
    if is_clean(path) {
        return Some(path.clone());
    }
    let mut inside = String::with_capacity(path.len() + 1);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => inside.truncate(inside.rfind('/')?),
            part => inside.extend(["/", part]),
        }
    }
    Some(if inside.is_empty() { "/".into() } else { inside.into() })
}

/// An absolute path: `path` itself, or seen from `base`. At the root `..` stays there, as for a shell.
pub(crate) fn join(base: &Text, path: &Text) -> Text {
    if is_clean(path) {
        return path.clone();
    }
    let base = if path.starts_with('/') { "" } else { base };
    let mut joined = String::with_capacity(base.len() + path.len() + 1);
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => joined.truncate(joined.rfind('/').unwrap_or(0)),
            part => joined.extend(["/", part]),
        }
    }
    if joined.is_empty() { "/".into() } else { joined.into() }
}

/// The working directory that a `WORKDIR` leads to from another.
pub(crate) fn join_workdir(base: &str, path: &str) -> String {
    join(&base.into(), &path.into()).to_string()
}

/// What BuildKit is given for the source of a copy, an absolute path in its tree, and whether that is a pattern for a plain
/// path: of such a name BuildKit would take a part for a wildcard.
pub(super) fn source_of(path: Text) -> (Text, bool) {
    if has_wildcard(&path) {
        return (path, false);
    }
    let name = path.map(plain_name);
    if name.contains(['*', '?', '[']) { (name.map(exactly), true) } else { (name, false) }
}

/// The source of a copy as a pattern of what is read of its tree: absolute, and taken as it is.
pub(super) fn as_pattern(source: &Text) -> Text {
    let path = source.trim_start_matches('/');
    let pattern = if has_wildcard(path) { guarded(path) } else { exactly(path) };
    match pattern {
        Cow::Borrowed(_) => source.clone(),
        Cow::Owned(pattern) => format!("/{pattern}").into(),
    }
}

/// The directory in which `**` begins, where a pattern has one: only there can any depth match.
pub(super) fn before_double_star(path: &str) -> Cow<'_, str> {
    match path.split('/').position(|part| part.contains("**")) {
        Some(at) => format!(
            "/{}",
            path.split('/').take(at).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
        )
        .into(),
        None => path.into(),
    }
}

/// Whether a destination is written as a directory: `dir/`, `.`, `..`, `dir/.`.
pub(super) fn is_directory(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("" | "." | ".."))
}

/// An absolute destination that keeps a directory's slash at its end.
pub(super) fn destination(base: &Text, path: &Text) -> Text {
    // A directory that is clean but for its slash stays as it is written.
    if path.strip_suffix('/').is_some_and(|path| path != "/" && is_clean(path)) {
        return path.clone();
    }
    let joined = join(base, path);
    if is_directory(path) && !joined.ends_with('/') {
        return format!("{joined}/").into();
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let inside = |path: &str| inside(&path.into());
        let join = |base: &str, path: &str| join(&base.into(), &path.into());
        let destination = |base: &str, path: &str| destination(&base.into(), &path.into());
        assert_eq!(inside("a/./b//c/"), Some("/a/b/c".into()));
        assert_eq!(inside("."), Some("/".into()));
        assert_eq!(inside("a/../.."), None);
        assert_eq!(join("/src", "a/../b"), "/src/b");
        assert_eq!(join("/src", "/abs/"), "/abs");
        assert_eq!(join("/", "../.."), "/");
        assert_eq!(before_double_star("/a/b/**/c"), "/a/b");
        assert_eq!(before_double_star("/**"), "/");
        assert_eq!(before_double_star("/a/*"), "/a/*");
        assert!(is_within("/a", "/a") && is_within("/a/b", "/a/") && is_within("/a", "/"));
        assert!(!is_within("/ab", "/a") && !is_within("/", "/a"));
        assert_eq!(destination("/src", "./"), "/src/");
        assert_eq!(destination("/src", "."), "/src/");
        assert_eq!(destination("/src", "x/.."), "/src/");
        assert_eq!(destination("/src", "bin"), "/src/bin");
        assert_eq!(destination("/", "/"), "/");
        assert_eq!(destination("/src", "/a/b/"), "/a/b/");
        assert_eq!(destination("/src", "/a//b/"), "/a/b/");
        assert_eq!(destination("/src", "//"), "/");
    }
}
