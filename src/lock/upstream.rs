//! External sources of a build, as a lock file names them.

use std::fmt;

use crate::credentials::without_credentials;
use crate::reference::{Reference, is_digest, is_hex};

/// An external source whose content may change.
///
/// URLs have no credentials here: a lock file is committed, and credentials do not change the
/// content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Upstream {
    /// An image, by a reference without a digest.
    Image(Reference),
    /// A git repository.
    Git {
        /// The URL of the repository.
        url: String,
        /// A branch or a tag; empty for the default branch.
        reference: String,
    },
    /// A file at a URL.
    Url(String),
}

/// A table of a lock file, for one kind of external source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Images,
    Git,
    Urls,
}

/// The reason why a lock file cannot have an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPin {
    /// The message.
    pub problem: String,
    /// The hint.
    pub hint: &'static str,
}

impl Table {
    /// All tables, in the order of a lock file.
    pub(super) const ALL: [Self; 3] = [Self::Images, Self::Git, Self::Urls];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Git => "git",
            Self::Urls => "urls",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

impl Upstream {
    /// A reference in a repository.
    pub fn git(url: &str, reference: &str) -> Self {
        let url = without_credentials(url).into_owned();
        Self::Git { url, reference: reference.to_owned() }
    }

    /// A file at a URL.
    pub fn url(url: &str) -> Self {
        Self::Url(without_credentials(url).into_owned())
    }

    /// Parses the key of an entry.
    pub(super) fn parse(table: Table, key: &str) -> Result<Self, InvalidPin> {
        match table {
            Table::Images => match Reference::parse(key) {
                Ok(reference) if reference.digest().is_some() => invalid(
                    format!("`{key}` already contains a digest"),
                    "write the name and the tag as the key, the digest as the value",
                ),
                Ok(reference) => Ok(Self::Image(reference)),
                Err(err) => invalid(err.to_string(), "\"docker.io/library/alpine:3.20\""),
            },
            Table::Git => {
                let (url, reference) = key.split_once('#').unwrap_or((key, ""));
                Ok(Self::git(url, reference))
            }
            Table::Urls => Ok(Self::url(key)),
        }
    }

    /// Checks the form of a pin.
    pub(super) fn check(&self, pin: &str) -> Result<(), InvalidPin> {
        let (is_right, what, hint) = match self {
            Self::Image(_) | Self::Url(_) => {
                (is_digest(pin), "digest", "write `sha256:` and 64 lowercase hexadecimal digits")
            }
            Self::Git { .. } => {
                (is_commit(pin), "commit", "write all 40 lowercase hexadecimal digits of the hash")
            }
        };
        if is_right {
            return Ok(());
        }
        Err(InvalidPin { problem: format!("invalid {what} `{pin}`"), hint })
    }

    /// The table of a lock file that contains it.
    pub(super) fn table(&self) -> Table {
        match self {
            Self::Image(_) => Table::Images,
            Self::Git { .. } => Table::Git,
            Self::Url(_) => Table::Urls,
        }
    }

    /// Its key in that table: for an image, with its registry and its tag.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Image(reference) => reference.to_string(),
            Self::Git { .. } | Self::Url(_) => self.to_string(),
        }
    }
}

fn invalid<T>(problem: String, hint: &'static str) -> Result<T, InvalidPin> {
    Err(InvalidPin { problem, hint })
}

/// The form in which people write it.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(reference) => f.write_str(&reference.familiar()),
            Self::Git { url, reference } if reference.is_empty() => f.write_str(url),
            Self::Git { url, reference } => write!(f, "{url}#{reference}"),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// True if a text is a full commit hash, of SHA-1 or SHA-256.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && is_hex(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_back() {
        for (table, key, written, shown) in [
            ("images", "alpine", "docker.io/library/alpine:latest", "alpine"),
            ("images", "a.b/c:1", "a.b/c:1", "a.b/c:1"),
            ("git", "https://h/a.git", "https://h/a.git", "https://h/a.git"),
            ("git", "git@h:a#v1", "git@h:a#v1", "git@h:a#v1"),
            ("urls", "https://h/a#b", "https://h/a#b", "https://h/a#b"),
        ] {
            let table = Table::named(table).unwrap();
            let upstream = Upstream::parse(table, key).unwrap();
            assert_eq!((upstream.table(), &*upstream.key()), (table, written));
            assert_eq!(upstream.to_string(), shown);
            assert_eq!(Upstream::parse(table, written), Ok(upstream));
        }
        assert_eq!(Table::named("files"), None);
    }

    #[test]
    fn credentials_are_left_out() {
        for (table, written, key) in [
            ("git", "https://u:p@h/a.git#v1", "https://h/a.git#v1"),
            ("git", "ssh://git@h/a.git", "ssh://git@h/a.git"),
            ("urls", "https://t@h/a?token=t", "https://h/a?token=xxxxx"),
        ] {
            let table = Table::named(table).unwrap();
            let upstream = Upstream::parse(table, written).unwrap();
            assert_eq!((&*upstream.key(), &*upstream.to_string()), (key, key));
        }
        assert_eq!(Upstream::git("https://u:p@h/a", "v1"), Upstream::git("https://h/a", "v1"));
        assert_eq!(Upstream::url("https://u:p@h/a"), Upstream::url("https://h/a"));
    }

    #[test]
    fn pins() {
        let git = Upstream::git("https://h/a", "");
        let url = Upstream::url("https://h/a");
        assert!(git.check(&"a".repeat(40)).is_ok() && git.check(&"a".repeat(64)).is_ok());
        assert!(git.check("abcdef0").is_err() && git.check(&"x".repeat(40)).is_err());
        assert!(url.check(&format!("sha256:{}", "0".repeat(64))).is_ok());
        assert!(url.check(&"0".repeat(64)).is_err());
        assert!(git.check(&"A".repeat(40)).is_err());
        assert!(url.check(&format!("sha256:{}", "A".repeat(64))).is_err());
    }
}
