//! Errors of files, with the path that they are about.

use std::io::Error;
use std::path::Path;

/// Puts the path in front of an error.
pub(super) fn at(path: &Path, err: Error) -> Error {
    Error::new(err.kind(), format!("{}: {err}", path.display()))
}
