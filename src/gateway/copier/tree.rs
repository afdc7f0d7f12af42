//! An exact copy of a tree: owners, modes, times, links and holes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Read, Result, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs as sys;
use rustix::io::Errno;

use super::errors::at;

/// Maximum length of a copied path, in bytes. Linux accepts 4,095 bytes, and both the engine
/// and the client prepend a directory. Longer ones also make `docker system df` fail until they are
/// pruned.
const MAX_PATH: usize = 3_500;

/// Maximum number of skipped files that are listed by name.
const MAX_NOTES: usize = 20;

/// The unit of `st_blocks`.
const BLOCK: u64 = 512;

/// The fate of the copied files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Source {
    Stays,
    /// Each is removed after it is copied, to limit the use of disk space.
    Goes,
    /// Other processes may change them at the same time. A file that has disappeared is left out.
    InUse,
}

/// The state of copying a tree.
pub(in crate::gateway) struct Tree {
    source: Source,
    /// The owner of all copies, if it is not that of the copied file.
    owner: Option<(u32, u32)>,
    /// The first copy of each file with several hard links, by device and inode number.
    linked: BTreeMap<(u64, u64), PathBuf>,
    /// A line for each file that is left out.
    notes: Vec<String>,
    left_out: usize,
}

impl Tree {
    pub(in crate::gateway) fn new(source: Source) -> Self {
        Self { source, owner: None, linked: BTreeMap::new(), notes: Vec::new(), left_out: 0 }
    }

    /// Gives all copies this owner.
    pub(in crate::gateway) fn owned_by(self, owner: Option<(u32, u32)>) -> Self {
        Self { owner, ..self }
    }

    /// Copies a directory, which must not exist yet.
    pub(in crate::gateway) fn copy_directory(&mut self, from: &Path, to: &Path) -> Result<()> {
        let metadata = fs::symlink_metadata(from).map_err(|err| at(from, err))?;
        fs::create_dir(to).map_err(|err| at(to, err))?;
        self.copy(from, to)?;
        self.make_alike(from, to, &metadata)
    }

    /// Copies the content of a directory to another. Sockets, pipes and devices are left out:
    /// clients cannot create them.
    pub(in crate::gateway) fn copy(&mut self, from: &Path, to: &Path) -> Result<()> {
        // Iterative with one open directory, for any depth.
        let mut pending = vec![PathBuf::new()];
        let mut directories = Vec::new();
        while let Some(directory) = pending.pop() {
            let here = from.join(&directory);
            let Some(entries) = self.found(fs::read_dir(&here), &here)? else { continue };
            for entry in entries {
                let path = directory.join(entry.map_err(|err| at(&here, err))?.file_name());
                let file = from.join(&path);
                let metadata = self.found(fs::symlink_metadata(&file), &file)?;
                let Some(metadata) = metadata else { continue };
                if let Some(why) = why_not_received(&path) {
                    self.leave_out(&path, why);
                } else if metadata.is_dir() {
                    let to = to.join(&path);
                    fs::create_dir(&to).map_err(|err| at(&to, err))?;
                    directories.push((path.clone(), metadata));
                    pending.push(path);
                } else {
                    self.copy_one(&file, &metadata, &to.join(&path), &path)?;
                }
            }
        }
        // Creating an entry changes a directory's time: inner ones come first.
        for (path, metadata) in directories.iter().rev() {
            self.make_alike(&from.join(path), &to.join(path), metadata)?;
        }
        Ok(())
    }

    /// The result of reading a file; `None` if it has disappeared.
    fn found<T>(&self, result: Result<T>, path: &Path) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(err) if self.source == Source::InUse && err.kind() == ErrorKind::NotFound => {
                Ok(None)
            }
            Err(err) => Err(at(path, err)),
        }
    }

    /// Copies a file that is not a directory. `path` is its path in messages.
    pub(in crate::gateway) fn copy_one(
        &mut self,
        from: &Path,
        metadata: &Metadata,
        to: &Path,
        path: &Path,
    ) -> Result<()> {
        if metadata.is_file() {
            let number = (metadata.dev(), metadata.ino());
            match self.linked.get(&number) {
                Some(first) => fs::hard_link(first, to).map_err(|err| at(to, err))?,
                None => {
                    let Some(open) = self.found(File::open(from), from)? else { return Ok(()) };
                    copy_content(&open, to).map_err(|err| at(from, err))?;
                    self.make_alike(from, to, metadata)?;
                    // If the other links have been removed, the last one looks like the only one.
                    if metadata.nlink() > 1 {
                        self.linked.insert(number, to.to_owned());
                    }
                }
            }
        } else if metadata.is_symlink() {
            let Some(target) = self.found(fs::read_link(from), from)? else { return Ok(()) };
            match target.to_str() {
                Some(target) => {
                    symlink(target, to).map_err(|err| at(to, err))?;
                    self.make_alike(from, to, metadata)?;
                }
                None => self.leave_out(path, "its target is not UTF-8"),
            }
        } else {
            self.leave_out(path, kind(metadata));
        }
        if self.source == Source::Goes {
            fs::remove_file(from).map_err(|err| at(from, err))?;
        }
        Ok(())
    }

    /// A line for each file that is left out of `whole`, up to the maximum.
    pub(in crate::gateway) fn into_notes(self, whole: &str) -> Vec<String> {
        let more = self.left_out - self.notes.len();
        let notes = self.notes.into_iter().map(|note| format!("not in {whole}: {note}"));
        notes.chain((more > 0).then(|| format!("and {more} more"))).collect()
    }

    /// Copies the owner, attributes, mode and times of a file. A change of the owner drops
    /// capabilities and mode bits, so it comes first.
    fn make_alike(&self, from: &Path, to: &Path, metadata: &Metadata) -> Result<()> {
        let (uid, gid) = self.owner.unwrap_or((metadata.uid(), metadata.gid()));
        let alike = || {
            lchown(to, Some(uid), Some(gid))?;
            if !metadata.is_symlink() {
                copy_attributes(from, to);
                fs::set_permissions(to, Permissions::from_mode(metadata.mode() & 0o7777))?;
            }
            set_times(to, metadata)
        };
        alike().map_err(|err| at(to, err))
    }

    fn leave_out(&mut self, path: &Path, why: &str) {
        self.left_out += 1;
        if self.notes.len() < MAX_NOTES {
            let name = path.as_os_str().as_bytes();
            // A path that is too long is truncated.
            let name = name[..name.len().min(200)].escape_ascii();
            self.notes.push(format!("{name} ({why})"));
        }
    }
}

/// The disk space of the files in a tree, in bytes, as far as it can be read.
pub(in crate::gateway) fn size(root: &Path) -> u64 {
    let mut size = 0;
    let mut seen = BTreeSet::new();
    let mut pending = vec![root.to_owned()];
    while let Some(path) = pending.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.nlink() < 2
            || metadata.is_dir()
            || seen.insert((metadata.dev(), metadata.ino()))
        {
            size += metadata.blocks() * BLOCK;
        }
        if metadata.is_dir()
            && let Ok(entries) = fs::read_dir(&path)
        {
            pending.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        }
    }
    size
}

/// The reason why clients cannot receive a file with this path, if any. One such file would fail
/// the whole export: since BuildKit v0.17 names in messages must be UTF-8, and engine and client
/// limit the length of paths.
fn why_not_received(path: &Path) -> Option<&'static str> {
    if path.as_os_str().len() > MAX_PATH {
        return Some("the path is too long");
    }
    path.to_str().is_none().then_some("the name is not UTF-8")
}

fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    match () {
        () if kind.is_socket() => "a socket",
        () if kind.is_fifo() => "a named pipe",
        () => "a device",
    }
}

/// Copies the content of a file, and keeps its holes.
fn copy_content(mut from: &File, to: &Path) -> Result<()> {
    let mut to = File::create_new(to)?;
    let length = from.metadata()?.len();
    let mut place = 0;
    while let Some((start, end)) = next_data(from, place, length)? {
        from.seek(SeekFrom::Start(start))?;
        to.seek(SeekFrom::Start(start))?;
        io::copy(&mut from.take(end - start), &mut to)?;
        place = end;
    }
    to.set_len(length)
}

/// The next range of a file that is not a hole, at or after `place`.
fn next_data(file: &File, place: u64, length: u64) -> Result<Option<(u64, u64)>> {
    if place >= length {
        return Ok(None);
    }
    let start = match sys::seek(file, sys::SeekFrom::Data(place)) {
        Ok(start) => start,
        // There is no data before the end.
        Err(Errno::NXIO) => return Ok(None),
        // The file system does not support holes.
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Some((place, length))),
        Err(err) => return Err(err.into()),
    };
    Ok(Some((start, sys::seek(file, sys::SeekFrom::Hole(start))?)))
}

/// Copies the times of a file.
pub(in crate::gateway) fn set_times(to: &Path, metadata: &Metadata) -> Result<()> {
    let times = sys::Timestamps {
        last_access: time(metadata.atime(), metadata.atime_nsec()),
        last_modification: time(metadata.mtime(), metadata.mtime_nsec()),
    };
    Ok(sys::utimensat(sys::CWD, to, &times, sys::AtFlags::SYMLINK_NOFOLLOW)?)
}

fn time(seconds: i64, nanoseconds: i64) -> sys::Timespec {
    sys::Timespec { tv_sec: seconds, tv_nsec: nanoseconds }
}

/// Copies the attributes that a copy by BuildKit keeps too. A file system without attributes is not
/// an error.
fn copy_attributes(from: &Path, to: &Path) {
    let size = sys::llistxattr_query(from).unwrap_or_default();
    let mut names = vec![0; size];
    if size == 0 || sys::llistxattr(from, &mut names[..]).is_err() {
        return;
    }
    for name in names.split(|&byte| byte == 0).filter(|name| is_copied(name)) {
        let name = OsStr::from_bytes(name);
        let mut value = vec![0; sys::lgetxattr_query(from, name).unwrap_or_default()];
        if sys::lgetxattr(from, name, &mut value[..]).is_ok() {
            let _ = sys::lsetxattr(to, name, &value, sys::XattrFlags::empty());
        }
    }
}

fn is_copied(attribute: &[u8]) -> bool {
    attribute.starts_with(b"user.") || attribute == b"security.capability"
}
