//! Files by path, in the forms that calls request.

use buildkit_proto::fsutil;

use crate::Files;

pub(crate) fn clean(path: &str) -> &str {
    match path.trim_matches('/') {
        "." => "",
        path => path.strip_prefix("./").unwrap_or(path),
    }
}

/// The rest of the path in a directory.
pub(crate) fn below<'a>(file: &'a str, directory: &str) -> Option<&'a str> {
    if directory.is_empty() {
        return Some(file);
    }
    file.strip_prefix(directory)?.strip_prefix('/')
}

pub(crate) fn is_within(file: &str, path: &str) -> bool {
    let path = clean(path);
    file == path || below(file, path).is_some()
}

pub(crate) fn is_directory(files: &Files, path: &str) -> bool {
    path.is_empty() || files.keys().any(|file| below(file, path).is_some())
}

pub(crate) fn stat(files: &Files, path: &str) -> Option<fsutil::Stat> {
    if let Some(data) = files.get(path) {
        return Some(fsutil::Stat { mode: 0o644, size: data.len() as i64, ..Default::default() });
    }
    is_directory(files, path).then(|| fsutil::Stat { mode: 1 << 31 | 0o755, ..Default::default() })
}
