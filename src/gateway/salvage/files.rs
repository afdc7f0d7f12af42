//! The frontend's own program in a container, which copies the files of a report.
//!
//! The stage's files are mounted in a directory of that container, and are never its root. The
//! engine mounts nothing in that directory, no other process writes there, and a path is resolved
//! within it ([`find()`]). So a report contains only files of the stage, and nothing of the container
//! or the host.
#![expect(clippy::disallowed_methods, reason = "files are copied")]

mod find;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use self::find::{below, find};
use crate::gateway::copier::{Source, Tree, at, mebibytes, remove_entries, size};
use crate::plan::{REPORT_HINT, why_no_report};

/// Copies the files at a path of a root directory to a directory that is kept.
pub(super) const KEEP: &str = "keep-report";
/// Moves the kept files of a directory to another.
pub(super) const GIVE: &str = "give-report";
/// Copies the files at a path of a root directory to another directory.
pub(super) const COPY: &str = "copy-report";

/// The kept files in their directory. Exists only once they are complete.
const KEPT: &str = "files";
/// The files while they are being copied.
const UNFINISHED: &str = "unfinished";
/// A line for each file that is left out.
const NOTES: &str = "notes";

/// True if the program was started to copy files, and not to answer a client.
pub(in crate::gateway) fn is_asked_for(args: &[OsString]) -> bool {
    args.first().is_some_and(|verb| verb == KEEP || verb == GIVE || verb == COPY)
}

/// Copies files. The arguments are a verb, the name of the report for messages, the location of its
/// files, and the destination. Returns a line for each file that is left out.
pub(in crate::gateway) fn copy_files(args: &[OsString]) -> Result<Vec<String>, String> {
    let [verb, report, paths @ ..] = args else {
        return Err("expected a verb and a report".to_owned());
    };
    let copied = match paths {
        [root, path, to] if verb == KEEP => keep(root.as_ref(), path.as_ref(), to.as_ref()),
        [root, path, to] if verb == COPY => copy(root.as_ref(), path.as_ref(), to.as_ref())
            .inspect_err(|_| remove_entries(to.as_ref())),
        [from, to] if verb == GIVE => {
            give(from.as_ref(), to.as_ref()).inspect_err(|_| remove_entries(to.as_ref()))
        }
        _ => return Err(format!("unexpected arguments of {}", verb.display())),
    };
    copied.map_err(|failure| failure.message(&report.to_string_lossy()))
}

/// The reason why the files of a report could not be copied.
#[derive(Debug)]
enum Failure {
    /// A report is not allowed at the resolved path.
    NoReport {
        /// The path of the report.
        path: PathBuf,
        /// The resolved path.
        found: PathBuf,
        why: String,
    },
    /// The disk is full. The size of the report is in bytes.
    Full { size: u64, error: Error },
    /// A file cannot be read or written.
    Other(Error),
}

fn keep(root: &Path, path: &Path, directory: &Path) -> Result<Vec<String>, Failure> {
    let unfinished = directory.join(UNFINISHED);
    let kept = || {
        fs::create_dir(&unfinished)?;
        let notes = copy(root, path, &unfinished)?;
        fs::write(directory.join(NOTES), notes.join("\n"))?;
        fs::rename(&unfinished, directory.join(KEPT))?;
        Ok(notes)
    };
    kept().inspect_err(|_| {
        // The engine would keep it until its caches are pruned. The first error is the one to
        // report.
        let _ = fs::remove_dir_all(&unfinished);
    })
}

/// A missing path gives an empty report.
fn copy(root: &Path, path: &Path, to: &Path) -> Result<Vec<String>, Failure> {
    let (found, metadata) = find(root, path)?;
    if let Some(why) = found.to_str().and_then(why_no_report) {
        return Err(Failure::NoReport { path: path.to_owned(), found, why });
    }
    let Some(metadata) = metadata else { return Ok(Vec::new()) };
    let from = below(root, &found);
    let mut tree = Tree::new(Source::Stays);
    let copied = match metadata.is_dir() {
        true => tree.copy(&from, to),
        // A link to a file is copied under the name that the build file uses.
        false => {
            let name = Path::new(path.file_name().unwrap_or(OsStr::new(KEPT)));
            tree.copy_one(&from, &metadata, &to.join(name), name)
        }
    };
    copied.map_err(|error| Failure::of_copy(error, &from))?;
    Ok(tree.into_notes("the report"))
}

/// Moves kept files. Files that have been moved are no longer kept, and a failed move cannot
/// succeed later.
fn give(directory: &Path, to: &Path) -> Result<Vec<String>, Failure> {
    let (kept, notes) = (directory.join(KEPT), directory.join(NOTES));
    let given = || {
        let notes = fs::read_to_string(&notes).map_err(|err| at(&notes, err))?;
        let copied = Tree::new(Source::Goes).copy(&kept, to);
        copied.map_err(|error| Failure::of_copy(error, &kept))?;
        Ok(notes.lines().map(str::to_owned).collect())
    };
    let given = given();
    // The first error is the one to report.
    let _ = fs::remove_file(&notes).and_then(|()| fs::remove_dir_all(&kept));
    given
}

impl Failure {
    fn of_copy(error: Error, from: &Path) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Self::Full { size: size(from), error }
            }
            _ => Self::Other(error),
        }
    }

    fn message(&self, report: &str) -> String {
        match self {
            Self::NoReport { path, found, why } => format!(
                "cannot export {report}: {} resolves to {}, but {why}\n  help: {REPORT_HINT}",
                path.display(),
                found.display()
            ),
            Self::Full { size, error } => format!(
                "{report} does not fit on the engine's disk: {error}\n  help: exporting it takes another {}, or twice as much after a failed step: free space with `docker buildx prune`, or write a smaller report",
                mebibytes(*size)
            ),
            Self::Other(error) => format!("cannot copy {report}: {error}"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

#[cfg(test)]
mod tests;
