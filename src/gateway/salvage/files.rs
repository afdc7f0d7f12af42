//! What the frontend's program does in a container of its own: it copies the files of a report.
#![expect(clippy::disallowed_methods, reason = "files are copied")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::Path;

/// Copies what there is at a path to a directory that is kept.
pub(super) const KEEP: &str = "keep-report";
/// Moves what is kept in a directory to another.
pub(super) const GIVE: &str = "give-report";

/// What is kept, in its directory. It is there once all of it is.
const KEPT: &str = "files";
/// The same on its way.
const UNFINISHED: &str = "unfinished";

/// Whether the program is started to move files, and not to answer a client.
pub fn is_asked_for(args: &[OsString]) -> bool {
    args.first().is_some_and(|verb| verb == KEEP || verb == GIVE)
}

/// Moves files as the arguments say: a verb, where they are, and where they are to be.
pub fn move_files(args: &[OsString]) -> Result<()> {
    match args {
        [verb, from, to] if verb == KEEP => keep(from.as_ref(), to.as_ref()),
        [verb, from, to] if verb == GIVE => give(from.as_ref(), to.as_ref()),
        _ => Err(Error::new(ErrorKind::InvalidInput, "a verb and two paths are needed")),
    }
}

/// What is not there is an empty directory.
fn keep(from: &Path, directory: &Path) -> Result<()> {
    let unfinished = directory.join(UNFINISHED);
    fs::create_dir(&unfinished).map_err(|err| at(&unfinished, err))?;
    match fs::metadata(from) {
        Ok(metadata) if metadata.is_dir() => {
            copy_entries(from, &unfinished)?;
            make_alike(&unfinished, &metadata)?;
        }
        Ok(metadata) => {
            let name = from.file_name().unwrap_or(OsStr::new(KEPT));
            // What a link points to, as for directories.
            let file = fs::canonicalize(from).map_err(|err| at(from, err))?;
            copy_file(&file, &unfinished.join(name), &metadata)?;
        }
        Err(err) if is_missing(&err) => {}
        Err(err) => return Err(at(from, err)),
    }
    fs::rename(&unfinished, directory.join(KEPT)).map_err(|err| at(&unfinished, err))
}

/// What has been given is no longer kept.
fn give(directory: &Path, to: &Path) -> Result<()> {
    let kept = directory.join(KEPT);
    copy_entries(&kept, to)?;
    fs::remove_dir_all(&kept).map_err(|err| at(&kept, err))
}

fn copy_entries(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).map_err(|err| at(from, err))? {
        let entry = entry.map_err(|err| at(from, err))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Copies a file, a directory or a link. Sockets, pipes and devices are no part of a report.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let metadata = fs::symlink_metadata(from).map_err(|err| at(from, err))?;
    if metadata.is_dir() {
        fs::create_dir(to).map_err(|err| at(to, err))?;
        copy_entries(from, to)?;
        make_alike(to, &metadata)
    } else if metadata.is_file() {
        copy_file(from, to, &metadata)
    } else if metadata.is_symlink() {
        let target = fs::read_link(from).map_err(|err| at(from, err))?;
        symlink(target, to).map_err(|err| at(to, err))?;
        lchown(to, Some(metadata.uid()), Some(metadata.gid())).map_err(|err| at(to, err))
    } else {
        Ok(())
    }
}

fn copy_file(from: &Path, to: &Path, metadata: &Metadata) -> Result<()> {
    fs::copy(from, to).map_err(|err| at(from, err))?;
    make_alike(to, metadata)
}

/// Gives a file or a directory the owner, the mode and the time of another. The mode comes behind the owner, who
/// takes bits of it away.
fn make_alike(path: &Path, metadata: &Metadata) -> Result<()> {
    let alike = || {
        lchown(path, Some(metadata.uid()), Some(metadata.gid()))?;
        let times = FileTimes::new().set_modified(metadata.modified()?);
        File::open(path)?.set_times(times)?;
        fs::set_permissions(path, Permissions::from_mode(metadata.mode() & 0o7777))
    };
    alike().map_err(|err| at(path, err))
}

fn is_missing(err: &Error) -> bool {
    matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn at(path: &Path, err: Error) -> Error {
    Error::new(err.kind(), format!("{}: {err}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(verb: &str, from: &Path, to: &Path) -> Result<()> {
        move_files(&[verb.into(), from.into(), to.into()])
    }

    /// Keeps what is at a path below a directory and gives it to another.
    fn through(root: &Path, path: &str) -> Result<()> {
        let (kept, given) = (root.join("kept"), root.join("given"));
        fs::create_dir(&kept)?;
        fs::create_dir(&given)?;
        run(KEEP, &root.join(path), &kept)?;
        run(GIVE, &kept, &given)?;
        assert_eq!(fs::read_dir(&kept)?.count(), 0);
        Ok(())
    }

    #[test]
    fn a_tree_stays_what_it_is() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("out");
        fs::create_dir_all(from.join("a/empty")).unwrap();
        fs::write(from.join("a/file"), "text").unwrap();
        fs::set_permissions(from.join("a/file"), Permissions::from_mode(0o4750)).unwrap();
        fs::set_permissions(from.join("a/empty"), Permissions::from_mode(0o500)).unwrap();
        symlink("/nowhere", from.join("link")).unwrap();
        symlink("out", root.path().join("alias")).unwrap();
        through(root.path(), "alias").unwrap();

        let given = root.path().join("given");
        assert_eq!(fs::read_to_string(given.join("a/file")).unwrap(), "text");
        let mode = |path: &str| fs::metadata(given.join(path)).unwrap().mode() & 0o7777;
        assert_eq!((mode("a/file"), mode("a/empty")), (0o4750, 0o500));
        assert_eq!(fs::read_link(given.join("link")).unwrap(), Path::new("/nowhere"));
        let time = |path: &Path| fs::metadata(path.join("a/file")).unwrap().modified().unwrap();
        assert_eq!(time(&given), time(&from));
    }

    #[test]
    fn one_file_keeps_its_name() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("real.xml"), "text").unwrap();
        symlink("real.xml", root.path().join("latest.xml")).unwrap();
        through(root.path(), "latest.xml").unwrap();
        assert_eq!(fs::read_to_string(root.path().join("given/latest.xml")).unwrap(), "text");
    }

    #[test]
    fn nothing_is_an_empty_directory() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        through(root.path(), "file/below").unwrap();
        assert_eq!(fs::read_dir(root.path().join("given")).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_kept_cannot_be_given() {
        let root = tempfile::tempdir().unwrap();
        let error = run(GIVE, root.path(), root.path()).unwrap_err();
        assert!(error.to_string().contains("files: No such file"), "{error}");
        assert!(run("other", root.path(), root.path()).is_err());
    }
}
