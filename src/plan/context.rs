//! Named build contexts, which a client offers with `--build-context`.

use std::collections::BTreeMap;
use std::fmt;

use buildkit_llb::{Definition, FileName, Platform};

use super::git_url::GitUrl;
use crate::collect::collect_map;
use crate::credentials::redacted;
use crate::reference::{InvalidReference, Reference, is_digest};
use crate::source::Span;

/// The source of a build context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextSource {
    /// A directory of the client, by the name under which it is offered.
    Local(String),
    /// A git repository.
    Git(GitUrl),
    /// A file at a URL.
    Http(HttpFile),
    /// The result of another build of the client, by its name.
    Input(String),
    /// The result of another target of bake: for builds, bake passes it as an input, for
    /// subrequests only its name.
    Target(String),
    /// An image.
    Image(Reference),
    /// An image on the client's disk.
    OciLayout {
        /// The name of its store.
        store: String,
        /// The digest of its manifest or index.
        digest: String,
    },
    /// An empty file system.
    Scratch,
    /// The result of a Dockerfile, built by the engine's own frontend. Only a spec has these, not a
    /// client.
    Dockerfile(Dockerfile),
}

/// A file at a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpFile {
    /// Its URL.
    pub url: String,
    /// Its name.
    pub name: FileName,
    /// The required digest.
    pub checksum: Option<String>,
    /// True if it is an archive whose content is used.
    pub extract: bool,
}

/// The name of a file from a URL that is a build context (`DetectHTTPContext` in
/// `frontend/dockerui/context.go` of BuildKit).
pub static HTTP_FILE: FileName = FileName::literal("context");

impl HttpFile {
    /// A file that a client offers.
    pub fn offered(url: &str) -> Self {
        Self { url: url.to_owned(), name: HTTP_FILE.clone(), checksum: None, extract: false }
    }
}

/// A Dockerfile, with the options of its build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dockerfile {
    /// Its path, from the directory of the build file.
    pub file: String,
    /// The stage of it to build; by default the last one.
    pub target: Option<String>,
    /// Its build args.
    pub args: BTreeMap<String, String>,
    /// The target platform.
    pub platform: Platform,
}

/// The reason why a text is not a [`ContextSource`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidContext(String);

impl fmt::Display for InvalidContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidContext {}

impl From<InvalidReference> for InvalidContext {
    fn from(error: InvalidReference) -> Self {
        Self(error.to_string())
    }
}

impl ContextSource {
    /// Parses a value of the option `context:NAME`, which clients set for `--build-context
    /// NAME=...`.
    ///
    /// Follows `NamedContext.load` in `frontend/dockerui/namedcontext.go` of BuildKit.
    pub fn parse(text: &str) -> Result<Self, InvalidContext> {
        if let Some(url) = GitUrl::parse(text) {
            return url.map(Self::Git).map_err(|err| InvalidContext(err.to_string()));
        }
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let name = rest.strip_prefix("//").unwrap_or(rest);
        match kind {
            "docker-image" if name == "scratch" => Ok(Self::Scratch),
            "docker-image" => Ok(Self::Image(Reference::parse(name)?)),
            "oci-layout" => match name.split_once('@') {
                Some((store, digest)) if is_digest(digest) => {
                    // Clients include a tag, which has no meaning next to a digest.
                    let slash = store.rfind('/').map_or(0, |at| at + 1);
                    let tag = store[slash..].find(':').map_or(store.len(), |at| slash + at);
                    Ok(Self::OciLayout {
                        store: store[..tag].to_owned(),
                        digest: digest.to_owned(),
                    })
                }
                _ => Err(InvalidContext(format!("expected a digest, found `{text}`"))),
            },
            "http" | "https" => Ok(Self::Http(HttpFile::offered(text))),
            "local" => Ok(Self::Local(rest.to_owned())),
            "input" => Ok(Self::Input(rest.to_owned())),
            "target" => Ok(Self::Target(rest.to_owned())),
            _ => Err(InvalidContext(format!(
                "expected a directory, an image, a git repository, a URL, an OCI layout or a target, found `{}`",
                redacted(text)
            ))),
        }
    }

    /// Parses the identifier of a source in a graph, such as `local://NAME`.
    pub fn of_source(identifier: &str) -> Result<Self, InvalidContext> {
        match identifier.split_once("://") {
            Some(("local", name)) => Ok(Self::Local(name.to_owned())),
            Some(("git", url)) => match GitUrl::of_source(url) {
                Ok(url) => Ok(Self::Git(url)),
                Err(err) => Err(InvalidContext(err.to_string())),
            },
            _ => Self::parse(identifier),
        }
    }
}

/// The named build contexts that a client offers.
#[derive(Debug, Clone, Default)]
pub struct NamedContexts(BTreeMap<String, ContextSource>);

impl NamedContexts {
    /// Takes names in the form of clients: `NAME`, or `NAME::PLATFORM` for one platform only.
    pub fn new(contexts: impl IntoIterator<Item = (String, ContextSource)>) -> Self {
        Self(collect_map(contexts))
    }

    /// The context for a name on a platform, with its own name. `golang`, `golang:latest` and
    /// `docker.io/library/golang` are the same name.
    ///
    /// Follows `Client.NamedContext` in `frontend/dockerui/config.go` of BuildKit.
    pub fn find(&self, name: &str, platform: &Platform) -> Option<(&str, &ContextSource)> {
        if self.0.is_empty() || matches!(name, "scratch" | "context") {
            return None;
        }
        let familiar = Reference::parse(name).map_or_else(|_| name.to_owned(), |of| of.familiar());
        let for_platform = format!("{familiar}::{}", platform.id());
        let (key, source) =
            self.0.get_key_value(&for_platform).or_else(|| self.0.get_key_value(&familiar))?;
        Some((key, source))
    }

    /// Replaces the sources of contexts, by their names.
    pub fn replace(&mut self, sources: &BTreeMap<String, ContextSource>) {
        self.0.extend(sources.clone());
    }

    /// Removes a context and returns its source.
    pub fn take(&mut self, name: &str) -> Option<ContextSource> {
        self.0.remove(name)
    }

    /// All contexts with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextSource)> {
        self.0.iter().map(|(name, source)| (name.as_str(), source))
    }
}

/// A named context, other than an image, that the build needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextQuery {
    /// Its name.
    pub name: String,
    /// Its source.
    pub source: ContextSource,
    /// The span of its declaration in the spec; `None` if the client offers it.
    pub declared: Option<Span>,
    /// The span of a reference to it.
    pub span: Span,
}

impl ContextQuery {
    /// The identity of a context. The name is not sufficient: that of a Dockerfile is only a
    /// description, and a source may differ between platforms.
    pub fn key(&self) -> (&str, &ContextSource) {
        (&self.name, &self.source)
    }
}

/// The looked-up facts about a named context.
#[derive(Debug, Clone, Default)]
pub struct ContextFact {
    /// The patterns in the ignore file of a directory.
    pub ignore: Vec<String>,
    /// The graph of the files, if they are the result of another build.
    pub definition: Option<Definition>,
    /// The image config of the other build's result.
    pub config: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = |text| ContextSource::Image(Reference::parse(text).expect("a reference"));
        for (text, expected) in [
            ("docker-image://alpine:3", image("alpine:3")),
            ("docker-image:alpine", image("alpine")),
            ("docker-image://scratch", ContextSource::Scratch),
            ("local:ctx", ContextSource::Local("ctx".to_owned())),
            ("input:base", ContextSource::Input("base".to_owned())),
            ("https://host/a.txt", ContextSource::Http(HttpFile::offered("https://host/a.txt"))),
            (
                &format!("oci-layout://store:tag@{digest}")[..],
                ContextSource::OciLayout { store: "store".to_owned(), digest: digest.clone() },
            ),
        ] {
            assert_eq!(ContextSource::parse(text), Ok(expected), "{text}");
        }
        assert_eq!(ContextSource::of_source("local://ctx"), ContextSource::parse("local:ctx"));
        let url = "https://host/a.git#v1:docs";
        for same in [url, "git://host/a.git#v1:docs", "git://https://host/a.git#v1:docs"] {
            assert_eq!(ContextSource::of_source(same), ContextSource::parse(url), "{same}");
        }
        assert!(ContextSource::of_source("git://host/a#:../b").is_err());
        assert!(matches!(ContextSource::parse("https://host/a.git#v1"), Ok(ContextSource::Git(_))));
        for text in [
            "oci-layout://store",
            "what:ever",
            "nothing",
            "docker-image://A",
            "https://h/a.git?x=1",
        ] {
            assert!(ContextSource::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        let local = |name: &str| ContextSource::Local(name.to_owned());
        let contexts = NamedContexts::new(
            ["golang", "alpine:3", "base::linux/arm64", "base"]
                .map(|name| (name.to_owned(), local(name))),
        );
        let amd64 = Platform::new("linux", "amd64", "").expect("a platform");
        let arm64 = Platform::new("linux", "arm64", "").expect("a platform");
        let find = |name, platform| contexts.find(name, platform).map(|(key, _)| key.to_owned());
        assert_eq!(find("golang:latest", &amd64).as_deref(), Some("golang"));
        assert_eq!(find("docker.io/library/golang", &amd64).as_deref(), Some("golang"));
        assert_eq!(find("alpine:3", &amd64).as_deref(), Some("alpine:3"));
        assert_eq!(find("alpine", &amd64), None);
        assert_eq!(find("base", &amd64).as_deref(), Some("base"));
        assert_eq!(find("base", &arm64).as_deref(), Some("base::linux/arm64"));
        assert_eq!(find("scratch", &amd64), None);
    }
}
