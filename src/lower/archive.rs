//! A tar archive of one file, directory or link, for engines that can create such an entry only by
//! unpacking an archive.

use std::io;

use tar::{Builder, EntryType, Header};

/// The entry of an archive.
pub(super) enum Entry<'a> {
    /// A file with its content and mode.
    File(&'a [u8], u32),
    /// An empty directory with its mode.
    Directory(u32),
    /// A symbolic link with its target.
    Symlink(&'a str),
}

/// Creates an archive of one entry, owned by root. `time` is in seconds since 1970.
pub(super) fn archive(name: &str, entry: &Entry<'_>, time: i64) -> Vec<u8> {
    write(name, entry, time).expect("writing to a `Vec` does not fail")
}

fn write(name: &str, entry: &Entry<'_>, time: i64) -> io::Result<Vec<u8>> {
    let (kind, mode, link, content): (_, _, &str, &[u8]) = match entry {
        Entry::File(content, mode) => (EntryType::Regular, *mode, "", content),
        Entry::Directory(mode) => (EntryType::Directory, *mode, "", b""),
        Entry::Symlink(target) => (EntryType::Symlink, 0o777, target, b""),
    };
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(content.len() as u64);
    header.set_mtime(time.max(0).unsigned_abs());
    // `Builder::append_link` would normalize the target of the link, so both texts are set here.
    let fields = header.as_old_mut();
    let texts = [("path", name, &mut fields.name), ("linkpath", link, &mut fields.linkname)];
    let mut archive = Builder::new(Vec::new());
    let mut long = Vec::new();
    for (key, text, field) in texts {
        let length = text.len().min(field.len());
        field[..length].copy_from_slice(&text.as_bytes()[..length]);
        if length < text.len() {
            long.push((key, text.as_bytes()));
        }
    }
    archive.append_pax_extensions(long)?;
    header.set_cksum();
    archive.append(&header, content)?;
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    const BLOCK: usize = 512;

    /// Reads the archive and compares its entry.
    #[track_caller]
    fn check(name: &str, entry: &Entry<'_>, mode: u32, link: Option<&str>, content: &[u8]) {
        let bytes = archive(name, entry, 12);
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut entries = archive.entries().unwrap();
        let mut read = entries.next().unwrap().unwrap();
        assert_eq!(read.path().unwrap().to_str(), Some(name));
        assert_eq!(read.header().mode().unwrap(), mode);
        assert_eq!(read.header().mtime().unwrap(), 12);
        assert_eq!((read.header().uid().unwrap(), read.header().gid().unwrap()), (0, 0));
        assert_eq!(read.link_name().unwrap().as_deref().and_then(|link| link.to_str()), link);
        let mut found = Vec::new();
        read.read_to_end(&mut found).unwrap();
        assert_eq!(found, content);
        drop(read);
        assert!(entries.next().is_none());
    }

    #[test]
    fn entries_of_every_kind() {
        check("suid", &Entry::File(b"content", 0o4755), 0o4755, None, b"content");
        check("empty", &Entry::File(b"", 0o2644), 0o2644, None, b"");
        let block = vec![7; BLOCK];
        check("block", &Entry::File(&block, 0o1644), 0o1644, None, &block);
        check("sticky", &Entry::Directory(0o1777), 0o1777, None, b"");
        check("link", &Entry::Symlink("../to/where"), 0o777, Some("../to/where"), b"");
    }

    #[test]
    fn long_names() {
        for length in [99, 100, 101, 255] {
            let name = "n".repeat(length);
            check(&name, &Entry::Directory(0o755), 0o755, None, b"");
            let target = format!("/{}", "t".repeat(length * 4));
            check(&name, &Entry::Symlink(&target), 0o777, Some(&target), b"");
        }
    }

    /// A link keeps the text of its target.
    #[test]
    fn targets_that_a_path_would_shorten() {
        for target in ["./a", "a//b", "a/./b/", "..", "/"] {
            check("link", &Entry::Symlink(target), 0o777, Some(target), b"");
            let long = format!("{}{target}", "/".repeat(200));
            check("link", &Entry::Symlink(&long), 0o777, Some(&long), b"");
        }
    }
}
