//! The frontend's own program in a container, which reads and fills caches.
#![expect(clippy::disallowed_methods, reason = "files are copied")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::gateway::copier::{Source, Tree, mebibytes, remove_entries, size};

/// Copies a cache to a new directory.
pub(super) const EXPORT: &str = "export-cache";
/// Writes the size of a cache to a file.
pub(super) const MEASURE: &str = "measure-cache";

/// True if the program was started to read or fill caches, and not to answer a client.
pub(in crate::gateway) fn is_asked_for(args: &[OsString]) -> bool {
    args.first().is_some_and(|verb| verb == EXPORT || verb == MEASURE)
}

/// Reads or fills a cache. Returns a line for each file that is left out.
pub(in crate::gateway) fn work(args: &[OsString]) -> Result<Vec<String>, String> {
    let paths: Vec<&OsStr> = args.iter().map(|arg| &**arg).collect();
    match paths[..] {
        [verb, name, from, to] if verb == EXPORT => {
            export(&name.to_string_lossy(), Path::new(from), Path::new(to))
        }
        [verb, name, from, to] if verb == MEASURE => {
            let written = fs::write(to, size(Path::new(from)).to_string());
            let failed = |err| format!("cannot measure {}: {err}", name.display());
            written.map(|()| Vec::new()).map_err(failed)
        }
        _ => Err("unexpected arguments".to_owned()),
    }
}

/// Copies a cache, which other builds may use at the same time.
fn export(name: &str, from: &Path, to: &Path) -> Result<Vec<String>, String> {
    let mut tree = Tree::new(Source::InUse);
    if let Err(err) = tree.copy_directory(from, to) {
        remove_entries(to);
        return Err(failure("export", name, from, &err));
    }
    Ok(tree.into_notes(name))
}

fn failure(verb: &str, name: &str, from: &Path, err: &Error) -> String {
    match err.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!(
            "cannot {verb} {name}: {err}\n  help: it takes another {} on the engine's disk: free space with `docker buildx prune`",
            mebibytes(size(from))
        ),
        _ => format!("cannot {verb} {name}: {err}"),
    }
}
