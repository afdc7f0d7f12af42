//! Exact copies of trees of files, made by the frontend's own program in a container.
#![expect(clippy::disallowed_methods, reason = "files are copied")]

mod errors;
mod tree;

use std::fs;
use std::path::Path;

pub(super) use self::errors::at;
pub(super) use self::tree::{Source, Tree, set_times, size};

/// Removes the entries of a directory as far as possible. An engine with a full disk cannot remove
/// the files of a failed step itself, because it must record their removal first.
pub(super) fn remove_entries(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
}

/// A size, rounded up.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
