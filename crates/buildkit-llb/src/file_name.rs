//! File names, checked because a daemon joins them to a directory of its host.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Maximum length of a name in Linux file systems (`NAME_MAX` in `limits.h`).
const MAX_LEN: usize = 255;

/// The name of a file in a directory: not empty, not `.` or `..`, without `/` and control
/// characters, and of at most 255 bytes.
///
/// A daemon writes a download under this name in a directory of its host. The daemons of Docker 26
/// and earlier use it unchecked, so that `../../x` is a file of the host; newer ones sanitise it
/// (`getFileName` in BuildKit's `source/http/source.go`).
///
/// ```
/// use buildkit_llb::FileName;
///
/// assert_eq!(FileName::new("a b.tar.gz")?.as_str(), "a b.tar.gz");
/// assert!(FileName::new("../../etc/passwd").is_err());
/// # Ok::<(), buildkit_llb::InvalidFileName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Cow<'static, str>);

impl FileName {
    /// Checks a name.
    pub fn new(name: impl Into<String>) -> Result<FileName, InvalidFileName> {
        let name = name.into();
        let problem = match name.as_str() {
            "" => Problem::Empty,
            "." | ".." => Problem::Directory,
            name if name.contains('/') => Problem::Slash,
            name if name.contains(char::is_control) => Problem::Control,
            name if name.len() > MAX_LEN => Problem::TooLong,
            _ => return Ok(FileName(name.into())),
        };
        Err(InvalidFileName(problem))
    }

    /// A name that is known at compile time.
    ///
    /// # Panics
    ///
    /// Panics if it contains anything but ASCII letters, digits, `_` and `-`. In a `const` or a
    /// `static`, that is a compile error.
    pub const fn literal(name: &'static str) -> FileName {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= MAX_LEN, "empty or too long");
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            assert!(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-', "not plain");
            at += 1;
        }
        FileName(Cow::Borrowed(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> String {
        name.0.into_owned()
    }
}

/// The reason why a text is not a [`FileName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFileName(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    Directory,
    Slash,
    Control,
    TooLong,
}

impl fmt::Display for InvalidFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Problem::Empty => "it is empty",
            Problem::Directory => "`.` and `..` are directories",
            Problem::Slash => "it has a `/`",
            Problem::Control => "it has a control character",
            Problem::TooLong => "it has more than 255 bytes",
        })
    }
}

impl Error for InvalidFileName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_component() {
        for name in ["a", "a b.txt", "...", "..a", "-", "\\", "\u{e4}", &"a".repeat(255)] {
            assert_eq!(FileName::new(name).map(String::from).as_deref(), Ok(name), "{name}");
        }
        for name in ["", ".", "..", "/", "a/b", "../a", "a/", "a\0", "a\n", "\u{1b}", "\u{85}"] {
            assert!(FileName::new(name).is_err(), "{name:?}");
        }
        assert!(FileName::new("a".repeat(256)).is_err());
        static NAME: FileName = FileName::literal("context");
        assert_eq!(NAME.as_str(), "context");
    }
}
