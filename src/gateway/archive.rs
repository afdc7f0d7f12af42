//! Recognition of archives among files from a URL, which can also be build files.

/// Number of bytes needed to recognise an archive.
pub(super) const HEADER: usize = 1024;

/// The first bytes of compressed files: bzip2, gzip and xz.
const COMPRESSED: [&[u8]; 3] = [b"BZh", &[0x1f, 0x8b, 0x08], &[0xfd, b'7', b'z', b'X', b'Z', 0]];

/// The length of a file header in a tar archive, and the range of its checksum.
const TAR_HEADER: usize = 512;
const TAR_CHECKSUM: std::ops::Range<usize> = 148..156;

/// True if a file with this beginning is one that BuildKit unpacks: a tar archive, or a compressed
/// file (`isArchive` in `frontend/dockerui/context.go`).
pub(super) fn is_archive(start: &[u8]) -> bool {
    COMPRESSED.iter().any(|magic| start.starts_with(magic)) || is_tar(start)
}

/// True if the checksum of a tar header is correct. A header of zeros is the end of an archive.
fn is_tar(start: &[u8]) -> bool {
    let Some(header) = start.get(..TAR_HEADER) else { return false };
    let written = header[TAR_CHECKSUM].iter().filter(|byte| byte.is_ascii_digit());
    let written = written.fold(0u64, |sum, digit| sum * 8 + u64::from(digit - b'0'));
    let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
    let of_checksum: u64 = header[TAR_CHECKSUM].iter().map(|&byte| u64::from(byte)).sum();
    // The checksum field counts as spaces.
    let spaces = u64::from(b' ') * TAR_CHECKSUM.len() as u64;
    sum > 0 && written == sum - of_checksum + spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives() {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.set_cksum();
        tar.append_data(&mut header, "a.txt", &b"a"[..]).expect("an archive in memory");
        let tar = tar.into_inner().expect("an archive in memory");
        assert!(is_archive(&tar[..HEADER]));
        assert!(is_archive(&[0x1f, 0x8b, 0x08, 0, 0]));
        assert!(!is_archive(b"# syntax=myorg/mstage\n"));
        assert!(!is_archive(&[b'a'; HEADER]));
        assert!(!is_archive(&[0; HEADER]));
        assert!(!is_archive(&[]));
    }
}
