//! Image references: parsed as people write them, printed in full.
//!
//! Nothing is looked up: the image need not exist.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// The complete reference of an image: its registry, its name in that registry, and a tag or a
/// digest or both.
///
/// Parses references as people write them, like `ParseNormalizedNamed` and `TagNameOnly` of
/// `github.com/distribution/reference`: the default registry is Docker Hub, the default tag
/// `latest`.
///
/// ```
/// use buildkit_llb::Reference;
///
/// let reference: Reference = "alpine".parse()?;
/// assert_eq!(reference.to_string(), "docker.io/library/alpine:latest");
/// assert_eq!(reference.familiar(), "alpine");
/// # Ok::<(), buildkit_llb::InvalidReference>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// The error for a text that is not a [`Reference`]. Its message gives the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidReference(String);

impl fmt::Display for InvalidReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidReference {}

/// Maximum length of a repository's name (`RepositoryNameTotalLengthMax` of
/// `github.com/distribution/reference`).
const MAX_PATH: usize = 255;

impl Reference {
    /// Parses a reference as people write it. [`str::parse`] does the same.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let invalid =
            |why: &str| Err(InvalidReference(format!("invalid image reference `{text}`: {why}")));
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return invalid(
                "expected a digest after `@`, such as `sha256:` and 64 lowercase hexadecimal digits",
            );
        }
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return invalid("a tag has at most 128 letters, digits, `_`, `.` and `-`");
        }
        let (domain, path) = match name.split_once('/') {
            Some((first, rest)) if is_domain(first) => (first, rest),
            _ => ("docker.io", name),
        };
        if !is_host(domain) {
            return invalid("expected a host name before the first `/`, optionally with a port");
        }
        if path.is_empty() {
            return invalid("the name is missing");
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return invalid("the name must be lowercase");
        }
        if !path.split('/').all(is_path_component) {
            return invalid(
                "the name must have lowercase letters and digits, separated by single `.`, `_` or `-`",
            );
        }
        if text.len() == 64 && is_hex(text) {
            return invalid("64 hexadecimal digits are an image id, not a name");
        }
        let domain = if domain == "index.docker.io" { "docker.io" } else { domain };
        let library = if domain == "docker.io" && !path.contains('/') { "library/" } else { "" };
        if library.len() + path.len() > MAX_PATH {
            return invalid("the name is longer than 255 bytes");
        }
        let tag = match (tag, digest) {
            (None, None) => Some("latest".to_owned()),
            (tag, _) => tag.map(str::to_owned),
        };
        Ok(Self {
            repository: format!("{domain}/{library}{path}"),
            tag,
            digest: digest.map(str::to_owned),
        })
    }

    /// The registry and the image's name in it: `docker.io/library/alpine`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The digest, if the reference has one.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The tag; `latest` if neither a tag nor a digest was written, `None` if only a digest was.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The reference in its short form: without the default registry and the default tag.
    pub fn familiar(&self) -> String {
        let hub = self.repository.strip_prefix("docker.io/");
        let name =
            hub.map_or(self.repository.as_str(), |of| of.strip_prefix("library/").unwrap_or(of));
        let tag = self.tag.as_deref().filter(|&tag| tag != "latest" || self.digest.is_some());
        let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("{name}{tag}{digest}")
    }

    /// Returns true if a text is a digest of an algorithm that registries use: write `sha256:` and 64 lowercase hexadecimal digits, or the same of `sha384` or `sha512`.
    pub fn is_digest(text: &str) -> bool {
        is_digest(text)
    }

    /// The reference with its registry and its tag, without its digest.
    pub fn without_digest(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        format!("{}{tag}", self.repository)
    }

    /// The same image with this digest instead of its own, if there is one.
    pub fn pinned(self, digest: Option<String>) -> Self {
        Self { digest: digest.or(self.digest), ..self }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        Self::parse(text)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_domain(text: &str) -> bool {
    let host_is_marked = text == "localhost"
        || text.contains(['.', ':'])
        || text.bytes().any(|byte| byte.is_ascii_uppercase());
    host_is_marked
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte))
}

/// True if a text is a valid registry host: components of letters, digits and inner `-` separated
/// by dots, or an IPv6 address in brackets, and optionally a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_address = host.starts_with('[') && host.ends_with(']');
    port.is_none_or(is_port) && (is_address || host.split('.').all(is_part))
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('-')
        && !part.ends_with('-')
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for `[a-z0-9]+` with `.`, `_`, `__` or any number of `-` as separators.
fn is_path_component(text: &str) -> bool {
    let mut separator = String::new();
    let mut begun = false;
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' => {
                if !separator.is_empty()
                    && (!begun
                        || !(matches!(&separator[..], "." | "_" | "__")
                            || separator.bytes().all(|b| b == b'-')))
                {
                    return false;
                }
                separator.clear();
                begun = true;
            }
            '.' | '_' | '-' => separator.push(c),
            _ => return false,
        }
    }
    begun && separator.is_empty()
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Returns true for a digest of an algorithm that registries use. Follows `github.com/opencontainers/go-digest`: its
/// hexadecimal digits are in lower case.
fn is_digest(text: &str) -> bool {
    match text.split_once(':') {
        Some(("sha256", encoded)) => has_hex(encoded, 64),
        Some(("sha384", encoded)) => has_hex(encoded, 96),
        Some(("sha512", encoded)) => has_hex(encoded, 128),
        _ => false,
    }
}

fn has_hex(text: &str, length: usize) -> bool {
    text.len() == length && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn familiar_names() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        for (text, expected) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3.20", "docker.io/library/alpine:3.20"),
            ("myorg/app", "docker.io/myorg/app:latest"),
            ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
            ("gcr.io/distroless/static", "gcr.io/distroless/static:latest"),
            ("localhost/app:1", "localhost/app:1"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("127.0.0.1:5000/a/b__c:v1.2", "127.0.0.1:5000/a/b__c:v1.2"),
            (&format!("alpine@{digest}"), &format!("docker.io/library/alpine@{digest}")),
            (&format!("alpine:3@{digest}"), &format!("docker.io/library/alpine:3@{digest}")),
        ] {
            assert_eq!(
                Reference::parse(text).map(|reference| reference.to_string()).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn digests() {
        let sha256 = |digit: &str| format!("sha256:{}", digit.repeat(64));
        assert!(is_digest(&sha256("0")) && is_digest(&sha256("f")));
        assert!(is_digest(&format!("sha512:{}", "a".repeat(128))));
        for text in [sha256("F"), sha256("f").to_uppercase(), sha256("g"), sha256("ff")] {
            assert!(!is_digest(&text), "{text}");
            assert!(Reference::parse(&format!("a@{text}")).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths() {
        assert!(Reference::parse(&"a".repeat(247)).is_ok());
        assert!(Reference::parse(&"a".repeat(248)).is_err());
        assert!(Reference::parse(&format!("h.example/{}", "a".repeat(255))).is_ok());
        assert!(Reference::parse(&format!("{}:1", "a1".repeat(32))).is_ok());
    }

    #[test]
    fn no_references() {
        for text in [
            "",
            "Alpine",
            "a//b",
            "a/",
            ":tag",
            "a:",
            "a:b c",
            "a@sha256:12",
            "a b",
            "-a",
            "a..b",
            "http://x",
            &"a".repeat(300),
            &format!("h.example/{}", "a".repeat(256)),
            &"a1".repeat(32),
        ] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }
}
