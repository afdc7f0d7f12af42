//! A tar archive of one file, directory or link, for engines that can create such an entry only by
//! unpacking an archive.

/// The entry of an archive.
pub(super) enum Entry<'a> {
    /// A file with its content and mode.
    File(&'a [u8], u32),
    /// An empty directory with its mode.
    Directory(u32),
    /// A symbolic link with its target.
    Symlink(&'a str),
}

/// The size of a header; contents are padded to a multiple of it.
const BLOCK: usize = 512;
/// Maximum length of a link's target in a header.
const LINK: usize = 100;

/// Creates an archive of one entry, owned by root. `time` is in seconds since 1970. `name` is a
/// single path component, which fits into a header unless it is extremely long.
pub(super) fn archive(name: &str, entry: &Entry<'_>, time: i64) -> Vec<u8> {
    let (kind, mode, link, content): (u8, u32, &str, &[u8]) = match entry {
        Entry::File(content, mode) => (b'0', *mode, "", content),
        Entry::Directory(mode) => (b'5', *mode, "", b""),
        Entry::Symlink(target) => (b'2', 0o777, target, b""),
    };
    let mut archive = Vec::new();
    let mut more = Vec::new();
    if name.len() > LINK {
        more.extend(record("path", name));
    }
    if link.len() > LINK {
        more.extend(record("linkpath", link));
    }
    if !more.is_empty() {
        add(&mut archive, &header("more", b'x', 0o644, "", more.len(), time), &more);
    }
    add(&mut archive, &header(name, kind, mode, link, content.len(), time), content);
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

/// A record of an extended header (POSIX pax): its own length, a key and a value.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

fn header(name: &str, kind: u8, mode: u32, link: &str, size: usize, time: i64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    put(&mut header, 0, LINK, name.as_bytes());
    put(&mut header, 100, 7, format!("{mode:07o}").as_bytes());
    put(&mut header, 108, 7, b"0000000");
    put(&mut header, 116, 7, b"0000000");
    put(&mut header, 124, 11, format!("{size:011o}").as_bytes());
    put(&mut header, 136, 11, format!("{:011o}", time.max(0)).as_bytes());
    // The checksum is computed with blanks in its own field.
    put(&mut header, 148, 8, b"        ");
    put(&mut header, 156, 1, &[kind]);
    put(&mut header, 157, LINK, link.as_bytes());
    put(&mut header, 257, 8, b"ustar\x0000");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

fn put(header: &mut [u8; BLOCK], at: usize, room: usize, bytes: &[u8]) {
    let length = bytes.len().min(room);
    header[at..at + length].copy_from_slice(&bytes[..length]);
}

fn add(archive: &mut Vec<u8>, header: &[u8], content: &[u8]) {
    archive.extend_from_slice(header);
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Reads the archive with another implementation and compares the entry.
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

    /// Adding a digit for the length can make the length one digit longer.
    #[test]
    fn the_length_of_a_record_counts_itself() {
        for length in 80..120 {
            let record = record("path", &"x".repeat(length));
            let text = String::from_utf8(record).unwrap();
            let (said, _) = text.split_once(' ').unwrap();
            assert_eq!(said.parse(), Ok(text.len()));
        }
    }
}
