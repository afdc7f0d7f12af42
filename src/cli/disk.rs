//! Files on disk, with the limits of the frontend: at most [`MAX_TEXT`] bytes, and included files
//! only from their directory.
#![expect(clippy::disallowed_methods, reason = "an edge: it reads files")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use super::output::Failure;
use crate::spec::MAX_TEXT;

/// Maximum number of links that are followed for one path, as in Linux.
const MAX_LINKS: usize = 40;

/// The reason why a file cannot be read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Io(io::Error),
    NotAFile,
    TooLarge,
}

impl Unreadable {
    /// The failure for a file.
    pub(super) fn of_file(&self, path: &Path) -> Failure {
        let path = path.display();
        match self {
            Self::Io(err) => Failure::of_file("read", path, err),
            Self::NotAFile => Failure::new(format!("cannot read `{path}`: it is not a file")),
            Self::TooLarge => Failure::new(format!(
                "cannot read `{path}`: it is larger than {} MiB; move data into files that steps copy",
                MAX_TEXT >> 20
            )),
        }
    }
}

/// Reads a file. A device or a pipe is rejected: reading it might not end.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, Unreadable> {
    if !fs::metadata(path).map_err(Unreadable::Io)?.is_file() {
        return Err(Unreadable::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Unreadable::Io)?;
    file.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes).map_err(Unreadable::Io)?;
    match bytes.len() > MAX_TEXT {
        true => Err(Unreadable::TooLarge),
        false => Ok(bytes),
    }
}

/// Reads a file that need not exist.
pub(super) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, Unreadable> {
    match read_bounded(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Unreadable::Io(err)) if is_absent(&err) => Ok(None),
        Err(Unreadable::NotAFile) => Ok(None),
        Err(err) => Err(err),
    }
}

/// Reads a file in a directory, and returns its path. Links are followed as if the directory were
/// the root of the file system: BuildKit has only that directory.
pub(super) fn read_in(root: &Path, path: &str) -> Result<Option<(PathBuf, Vec<u8>)>, Unreadable> {
    let Some(inside) = resolve_in(root, Path::new(path)).map_err(Unreadable::Io)? else {
        return Ok(None);
    };
    let full = root.join(inside);
    Ok(read_optional(&full)?.map(|bytes| (root.join(path), bytes)))
}

/// The path in a directory that a path leads to after all links.
fn resolve_in(root: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    // In reverse: the next part is the last.
    let mut rest: Vec<PathBuf> = parts_of(path);
    let mut resolved = PathBuf::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part.as_os_str() == ".." {
            resolved.pop();
            continue;
        }
        let next = resolved.join(&part);
        match fs::symlink_metadata(root.join(&next)) {
            Err(err) if is_absent(&err) => return Ok(None),
            Err(err) => return Err(err),
            Ok(of) if of.is_symlink() => {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(None);
                }
                let target = fs::read_link(root.join(&next))?;
                if target.has_root() {
                    resolved = PathBuf::new();
                }
                rest.extend(parts_of(&target));
            }
            Ok(_) => resolved = next,
        }
    }
    Ok(Some(resolved))
}

/// The parts of a path, the last one first.
fn parts_of(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    parts.collect()
}

/// Writes a file as a whole or not at all. An existing file is overwritten only if `force` is true.
pub(super) fn write_whole(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    let exists = format!("`{}` exists; pass --force to overwrite it", path.display());
    if !force && path.symlink_metadata().is_ok() {
        return Err(Failure::new(exists));
    }
    // A link is kept: its target is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Some(name) = path.file_name() else {
        return Err(Failure::new(format!("cannot write `{}`: it is not a file", path.display())));
    };
    let name = format!(".{}.{}", name.to_string_lossy(), std::process::id());
    let temporary = path.with_file_name(name);
    let written = write_new(&temporary, bytes, &path).and_then(|()| match force {
        true => fs::rename(&temporary, &path),
        // Unlike a rename, a link never replaces a file. Some file systems have none.
        false => match fs::hard_link(&temporary, &path) {
            Err(err) if err.kind() == ErrorKind::AlreadyExists => Err(err),
            Err(_) => fs::rename(&temporary, &path),
            Ok(()) => Ok(()),
        },
    });
    let _ = fs::remove_file(&temporary);
    written.map_err(|err| match err.kind() {
        ErrorKind::AlreadyExists => Failure::new(exists),
        _ => Failure::of_file("write", path.display(), &err),
    })
}

/// Writes a new file with the permissions of another one, if that exists.
fn write_new(path: &Path, bytes: &[u8], other: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(other) {
        file.set_permissions(metadata.permissions())?;
    }
    Ok(())
}

fn is_absent(err: &io::Error) -> bool {
    matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
