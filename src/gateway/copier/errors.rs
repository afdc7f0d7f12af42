//! I/O errors with the path of the file.

use std::io::Error;
use std::path::Path;

/// Prepends the path to the message of an error; its kind stays the same.
pub(in crate::gateway) fn at(path: &Path, err: Error) -> Error {
    Error::new(err.kind(), format!("{}: {err}", path.display()))
}
