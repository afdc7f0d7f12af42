//! Paths inside images and contexts: `/` is the separator on every machine.

use std::borrow::Cow;

pub(crate) use crate::path_pattern::is_within;
pub(super) use crate::path_pattern::{clean, has_wildcard};
use crate::path_pattern::{exactly, guarded, plain_name};
use crate::text::Text;

/// True if an absolute path is its own clean form.
fn is_clean(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    rest.is_empty() || rest.as_bytes().split(|&byte| byte == b'/').all(is_name)
}

fn is_name(part: &[u8]) -> bool {
    !matches!(part, b"" | b"." | b"..")
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

/// An absolute path: `path` itself, or relative to `base`. At the root, `..` has no effect, as in a
/// shell.
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

/// The working directory after a `WORKDIR`, from the previous one.
pub(crate) fn join_workdir(base: &str, path: &str) -> String {
    join(&base.into(), &path.into()).to_string()
}

/// The source of a copy in BuildKit's form, an absolute path in its tree, and true if that is a
/// pattern for a plain path whose name BuildKit would otherwise take for a pattern.
pub(super) fn source_of(path: Text) -> (Text, bool) {
    if has_wildcard(&path) {
        return (path, false);
    }
    let name = path.map(plain_name);
    if name.contains(['*', '?', '[']) { (name.map(exactly), true) } else { (name, false) }
}

/// The source of a copy as a pattern for transfers: absolute and literal.
pub(super) fn as_pattern(source: &Text) -> Text {
    let path = source.trim_start_matches('/');
    let pattern = if has_wildcard(path) { guarded(path) } else { exactly(path) };
    match pattern {
        Cow::Borrowed(_) => source.clone(),
        Cow::Owned(pattern) => format!("/{pattern}").into(),
    }
}

/// The part of a pattern before its first component with `**`: only from there on can any depth
/// match.
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

/// True if a destination is written as a directory: `dir/`, `.`, `..`, `dir/.`.
pub(super) fn is_directory(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("" | "." | ".."))
}

/// An absolute destination that keeps a directory's trailing slash.
pub(super) fn destination(base: &Text, path: &Text) -> Text {
    // A directory that is clean apart from its slash is kept unchanged.
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
