//! The files of a build's result, from a tar archive.

#![expect(clippy::disallowed_methods, reason = "the archive is a file")]

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Index;
use std::path::Path;

/// Files and directories by path, without slashes at the beginning and the end.
pub(crate) struct Files(BTreeMap<String, Entry>);

/// A file, a directory or a link.
pub(crate) struct Entry {
    kind: tar::EntryType,
    pub(crate) mode: u32,
    uid: u64,
    gid: u64,
    /// The target of a link.
    link: Option<String>,
    pub(crate) content: Vec<u8>,
}

impl Files {
    /// The result of a build. `build` gets the `--output` option to use.
    pub(crate) fn of<T>(build: impl FnOnce(&str) -> T) -> Self {
        let directory = tempfile::tempdir().expect("there is room for files");
        let archive = directory.path().join("files.tar");
        build(&format!("--output=type=tar,dest={}", archive.display()));
        Self::read(&archive).expect("BuildKit writes archives that can be read")
    }

    /// The files in an archive.
    pub(crate) fn read(archive: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(File::open(archive)?).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().trim_matches('/').to_owned();
            let link = entry.link_name()?.map(|target| target.to_string_lossy().into_owned());
            let header = entry.header();
            let kind = header.entry_type();
            let (mode, uid, gid) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            files.insert(path, Entry { kind, mode, uid, gid, link, content });
        }
        Ok(Self(files))
    }

    /// All paths, in order.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// All of them with their paths, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }
}

impl Index<&str> for Files {
    type Output = Entry;

    #[track_caller]
    fn index(&self, path: &str) -> &Entry {
        self.0.get(path).unwrap_or_else(|| panic!("there is no {path}, only {:?}", self.paths()))
    }
}

impl Entry {
    /// Its content as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.content).expect("the file is text")
    }

    /// The target of a link.
    pub(crate) fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }

    /// Its owner and group, as numbers.
    pub(crate) fn owner(&self) -> (u64, u64) {
        (self.uid, self.gid)
    }
}

/// One line with everything; of the content only the beginning and the length.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, mode, uid, gid, link, content } = self;
        write!(f, "{kind:?} {mode:04o} {uid}:{gid}")?;
        if let Some(link) = link {
            write!(f, " -> {link}")?;
        }
        write!(
            f,
            " {} bytes: {:?}",
            content.len(),
            String::from_utf8_lossy(&content[..content.len().min(100)])
        )
    }
}
