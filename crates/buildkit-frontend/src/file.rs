//! Files of a solved reference.

use buildkit_proto::fsutil;

use crate::Error;

/// A file: its kind, size, owner and time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// Its name in a listing; otherwise the requested path.
    pub path: String,
    /// Its kind.
    pub kind: FileKind,
    /// The permission bits with set-user-id, set-group-id and sticky, as POSIX places them.
    pub mode: u32,
    /// The user that owns it.
    pub uid: u32,
    /// The group that owns it.
    pub gid: u32,
    /// The size in bytes.
    pub size: u64,
    /// The modification time, in nanoseconds since 1970.
    pub mod_time: i64,
}

/// The kind of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink {
        /// The path that it points at.
        target: String,
    },
    /// A device, a socket, a pipe.
    Other,
}

/// Go's bits for what a file is.
mod go {
    pub(crate) const DIRECTORY: u32 = 1 << 31;
    pub(crate) const SYMLINK: u32 = 1 << 27;
    pub(crate) const DEVICE: u32 = 1 << 26;
    pub(crate) const NAMED_PIPE: u32 = 1 << 25;
    pub(crate) const SOCKET: u32 = 1 << 24;
    pub(crate) const SETUID: u32 = 1 << 23;
    pub(crate) const SETGID: u32 = 1 << 22;
    pub(crate) const CHAR_DEVICE: u32 = 1 << 21;
    pub(crate) const STICKY: u32 = 1 << 20;
    pub(crate) const IRREGULAR: u32 = 1 << 19;
    pub(crate) const OTHER: u32 = DEVICE | NAMED_PIPE | SOCKET | CHAR_DEVICE | IRREGULAR;
}

impl TryFrom<fsutil::Stat> for Stat {
    type Error = Error;

    fn try_from(stat: fsutil::Stat) -> Result<Self, Error> {
        let has = |bit| stat.mode & bit != 0;
        let kind = match () {
            () if has(go::DIRECTORY) => FileKind::Directory,
            () if has(go::SYMLINK) => FileKind::Symlink { target: stat.linkname },
            () if has(go::OTHER) => FileKind::Other,
            () => FileKind::File,
        };
        let mut mode = stat.mode & 0o777;
        for (bit, posix) in [(go::SETUID, 0o4000), (go::SETGID, 0o2000), (go::STICKY, 0o1000)] {
            if has(bit) {
                mode |= posix;
            }
        }
        let Ok(size) = u64::try_from(stat.size) else {
            return Err(Error::Reply(format!("{} is {} bytes long", stat.path, stat.size)));
        };
        let (uid, gid) = (stat.uid, stat.gid);
        Ok(Self { path: stat.path, kind, mode, uid, gid, size, mod_time: stat.mod_time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: u32, expect: (FileKind, u32)) {
        let stat = fsutil::Stat { mode, linkname: "to".into(), ..Default::default() };
        let stat = Stat::try_from(stat).unwrap();
        assert_eq!((stat.kind, stat.mode), expect);
    }

    #[test]
    fn modes_are_gos() {
        check(0o644, (FileKind::File, 0o644));
        check(1 << 31 | 1 << 20 | 0o777, (FileKind::Directory, 0o1777));
        check(1 << 27 | 0o777, (FileKind::Symlink { target: "to".into() }, 0o777));
        check(1 << 23 | 1 << 22 | 0o755, (FileKind::File, 0o6755));
        check(1 << 26 | 1 << 21 | 0o666, (FileKind::Other, 0o666));
    }

    #[test]
    fn a_negative_size_is_an_error() {
        let stat = fsutil::Stat { path: "f".into(), size: -1, ..Default::default() };
        let error = Stat::try_from(stat).unwrap_err();
        assert_eq!(error.to_string(), "unexpected response from BuildKit: f is -1 bytes long");
    }
}
