//! Path resolution within a root directory that is not the process's own.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{ErrorKind, Result};
use std::path::{Component, Path, PathBuf};

use crate::gateway::copier::at;

/// Maximum number of links in a path, as in Linux (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// The path of a file in a root directory, for this process.
pub(super) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Resolves an absolute path within a root directory: absolute links start there, and `..` does not
/// leave it. Returns the path without links, relative to the root directory, and its metadata if it
/// exists.
///
/// No process changes the files at the same time: a failed step has ended, and its files are
/// mounted read-only.
pub(super) fn find(root: &Path, path: &Path) -> Result<(PathBuf, Option<Metadata>)> {
    let mut found = PathBuf::from("/");
    let mut is_there = true;
    let mut links = 0;
    let mut rest = names(path);
    while let Some(name) = rest.pop() {
        if name == ".." {
            found.pop();
            continue;
        }
        let next = found.join(name);
        let here = below(root, &next);
        match fs::symlink_metadata(&here) {
            Ok(metadata) if metadata.is_symlink() && links == MAX_LINKS => {
                return Ok((next, None));
            }
            Ok(metadata) if metadata.is_symlink() => {
                links += 1;
                let target = fs::read_link(&here).map_err(|err| at(&here, err))?;
                if target.is_absolute() {
                    found = PathBuf::from("/");
                }
                rest.extend(names(&target));
            }
            Ok(_) => found = next,
            Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                is_there = false;
                found = next;
            }
            Err(err) => return Err(at(&here, err)),
        }
    }
    let here = below(root, &found);
    let metadata = match is_there {
        true => Some(fs::symlink_metadata(&here).map_err(|err| at(&here, err))?),
        false => None,
    };
    Ok((found, metadata))
}

/// The components of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    path.components().rev().filter_map(name_of).collect()
}

fn name_of(component: Component<'_>) -> Option<OsString> {
    match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    }
}
