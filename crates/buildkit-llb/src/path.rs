//! Paths inside of builds, made absolute and clean as BuildKit's client makes them.
//!
//! Nothing is looked up: these are texts with `/` in them, on every machine. What a working
//! directory is, is not known here; whoever has one joins it first.

/// An absolute path without `.`, `..` and doubled slashes. A relative one starts at the root.
pub(crate) fn absolute(path: &str) -> String {
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
    let mut clean = String::with_capacity(path.len() + 1);
    for part in parts {
        clean.push('/');
        clean.push_str(part);
    }
    if clean.is_empty() {
        clean.push('/');
    }
    clean
}

/// Like [`absolute`], but a `/` or `/.` at the end is kept: on the destination of a copy it says
/// that a directory is meant (`normalizePath` in BuildKit's `client/llb/fileop.go`).
pub(crate) fn absolute_destination(path: &str) -> String {
    let mut clean = absolute(path);
    let is_root = clean == "/";
    if path.ends_with('/') && !is_root {
        clean.push('/');
    } else if path.ends_with("/.") {
        clean.push_str(if is_root { "." } else { "/." });
    }
    clean
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
