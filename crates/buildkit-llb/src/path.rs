//! Paths inside builds, made absolute and clean as in BuildKit's client.
//!
//! Nothing is looked up: paths are texts with `/` as the separator on every machine. Must not
//! depend on working directories; callers join relative paths first.

use std::borrow::Cow;

/// An absolute path without `.`, `..` and repeated slashes. A relative one starts at the root.
pub(crate) fn absolute(path: &str) -> Cow<'_, str> {
    // Paths are short: byte by byte is faster than a search.
    let mut parts = path.as_bytes().split(|&byte| byte == b'/').skip(1);
    let is_clean = path.starts_with('/') && parts.all(is_name);
    if is_clean || path == "/" {
        return path.into();
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    ["/", &parts.join("/")].concat().into()
}

fn is_name(part: &[u8]) -> bool {
    !matches!(part, b"" | b"." | b"..")
}

/// Like [`absolute`], but keeps a trailing `/` or `/.`: on the destination of a copy it means a
/// directory (`normalizePath` in BuildKit's `client/llb/fileop.go`).
pub(crate) fn absolute_destination(path: &str) -> Cow<'_, str> {
    let end = ["/", "/."].into_iter().find(|end| path.ends_with(end)).unwrap_or_default();
    match absolute(&path[..path.len() - end.len()]) {
        clean if clean == "/" => if end == "/." { end } else { "/" }.into(),
        Cow::Borrowed(_) => path.into(),
        Cow::Owned(clean) => (clean + end).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths() {
        for (path, clean) in [
            ("", "/"),
            ("/", "/"),
            (".", "/"),
            ("a", "/a"),
            ("/a//b/./c/", "/a/b/c"),
            ("/a/../../b", "/b"),
            ("../a", "/a"),
            ("/a/*.txt", "/a/*.txt"),
        ] {
            assert_eq!(absolute(path), clean, "{path}");
        }
    }

    #[test]
    fn destinations_keep_their_end() {
        for (path, clean) in [
            ("/", "/"),
            ("/.", "/."),
            ("./", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("a/.", "/a/."),
            ("/a/..", "/"),
            ("/a/../", "/"),
        ] {
            assert_eq!(absolute_destination(path), clean, "{path}");
        }
    }
}
