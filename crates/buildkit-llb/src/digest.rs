//! Digests of ops.
//!
//! Supports only SHA-256, the only algorithm that BuildKit uses for LLB ops.

#[expect(clippy::disallowed_types, reason = "see `DigestMap`")]
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of an encoded op, by which ops refer to one another.
///
/// Its text is `sha256:` and 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Length of its text.
    pub(crate) const TEXT_LEN: usize = PREFIX.len() + 64;

    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// The text.
    pub(crate) fn text(self) -> [u8; Digest::TEXT_LEN] {
        let mut text = [0; Digest::TEXT_LEN];
        let (prefix, hex) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        for (pair, byte) in hex.as_chunks_mut().0.iter_mut().zip(self.0) {
            *pair = [byte >> 4, byte & 0xf].map(|nibble| HEX_DIGITS[usize::from(nibble)]);
        }
        text
    }

    /// The indexes of `digests` in sorted order.
    pub(crate) fn order(digests: &[Digest]) -> Vec<usize> {
        let mut order: Vec<_> = digests.iter().map(|digest| digest.first()).zip(0..).collect();
        // The first bytes almost always decide, so they are cached.
        order.sort_unstable_by(|&(a, i), &(b, j)| {
            a.cmp(&b).then_with(|| digests[i].cmp(&digests[j]))
        });
        order.into_iter().map(|(_, at)| at).collect()
    }

    /// The first bytes as a number, which sorts like the digest.
    fn first(self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.text().map(char::from).into_iter().collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from(*self))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Digest, InvalidDigest> {
        let invalid = || InvalidDigest { text: text.to_owned() };
        let hex = text.strip_prefix(PREFIX).ok_or_else(invalid)?.as_bytes();
        if hex.len() != 64 {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let high = nibble(pair[0]).ok_or_else(invalid)?;
            let low = nibble(pair[1]).ok_or_else(invalid)?;
            *byte = high << 4 | low;
        }
        Ok(Digest(bytes))
    }
}

/// A text that is not an op's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDigest {
    text: String,
}

impl fmt::Display for InvalidDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not `sha256:` and 64 lower-case hex digits", self.text)
    }
}

impl Error for InvalidDigest {}

/// A map by digest, only for lookups and never for iteration, since its order is unspecified. A
/// sorted map would make adding ops a fifth slower.
#[expect(clippy::disallowed_types, reason = "looked up only, and its hasher has no random seed")]
pub(crate) type DigestMap<T> = HashMap<Digest, T, BuildHasherDefault<DigestHasher>>;

/// Uses the first bytes of a digest as its hash: any part of a digest is equally random.
#[derive(Clone, Default)]
pub(crate) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(&first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(first);
        }
    }

    /// The length prefix, which is the same for all digests.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

const PREFIX: &str = "sha256:";

/// A table, since the digits of a digest are too random for a branch, and a graph has several digests
/// for each op.
const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let digest = Digest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
    }

    #[test]
    fn other_texts_are_refused() {
        let text = Digest::of(b"").to_string();
        for bad in ["", "sha256:", &text[..70], &text.to_uppercase(), &text.replace("256", "512")] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
