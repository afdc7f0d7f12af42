//! What sources stand for now: the digest and config of an image, the commit of a git ref.

use buildkit_proto::{frontend, pb};

/// Asks what a source stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRequest {
    /// The source, its identifier in full: `docker-image://docker.io/library/alpine:3.20`.
    pub source: pb::SourceOp,
    /// For which platform. `None`: the daemon's own.
    pub platform: Option<pb::Platform>,
    /// Where to look for an image.
    pub mode: ResolveMode,
    /// The name that progress shows for the step.
    pub log_name: String,
    /// Whether to ask for the commit itself, of a git repository.
    pub with_commit: bool,
}

/// Asks what an image is.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRequest {
    /// The image, in full and with a tag or digest: `docker.io/library/alpine:3.20`.
    pub reference: String,
    /// For which platform. `None`: the daemon's own.
    pub platform: Option<pb::Platform>,
    /// Where to look for it.
    pub mode: ResolveMode,
    /// The name that progress shows for the step.
    pub log_name: String,
    /// Where it is, if not in a registry.
    pub layout: Option<OciLayout>,
}

/// Where to look for an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResolveMode {
    /// As the daemon is used to.
    #[default]
    Default,
    /// In the registry, always.
    Pull,
    /// In the daemon's own store first.
    Local,
}

/// A directory of the client's that holds images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciLayout {
    /// The client session that offers it.
    pub session_id: String,
    /// Its name there.
    pub store_id: String,
}

/// What a source stands for now.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceMeta {
    /// The source to use: a source policy may have put another in place of the one asked for.
    pub source: pb::SourceOp,
    /// Of an image.
    pub image: Option<ImageMeta>,
    /// Of a git repository.
    pub git: Option<GitMeta>,
    /// Of a download.
    pub http: Option<HttpMeta>,
}

/// What an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageMeta {
    /// Digest of its manifest, or of its index where it has several platforms. Old daemons have
    /// none for an image that is in their own store only.
    pub digest: Option<String>,
    /// Its config, as JSON.
    pub config: Vec<u8>,
}

/// An image, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedImage {
    /// The reference to use: a source policy may have changed the one asked for.
    pub reference: String,
    /// What it is.
    pub meta: ImageMeta,
}

/// What a ref of a git repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitMeta {
    /// The ref, in full.
    pub reference: String,
    /// Hash of what it names: a commit, or an annotated tag.
    pub checksum: String,
    /// Hash of the commit, where it names a tag and the daemon looked into that.
    pub commit: Option<String>,
    /// The commit as git stores it, if it was asked for.
    pub commit_object: Option<Vec<u8>>,
}

/// What a download is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpMeta {
    /// Its digest.
    pub digest: String,
    /// The file's name.
    pub filename: String,
    /// When it was changed, in seconds since 1970, if the server says so.
    pub last_modified: Option<i64>,
}

// === impl ResolveMode ===

impl ResolveMode {
    /// As the protocol and the client's option `image-resolve-mode` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Pull => "pull",
            Self::Local => "local",
        }
    }
}

// === impl ImageRequest ===

impl ImageRequest {
    /// What the identifier of such an image starts with.
    pub(super) fn scheme(&self) -> &'static str {
        match self.layout {
            None => "docker-image://",
            Some(_) => "oci-layout://",
        }
    }

    pub(super) fn into_source(self) -> SourceRequest {
        let identifier = format!("{}{}", self.scheme(), self.reference);
        let attrs = self.layout.into_iter().flat_map(|layout| {
            [("oci.session", layout.session_id), ("oci.store", layout.store_id)]
        });
        let attrs = attrs.filter(|(_, value)| !value.is_empty());
        let attrs = attrs.map(|(key, value)| (key.to_owned(), value)).collect();
        SourceRequest {
            source: pb::SourceOp { identifier, attrs },
            platform: self.platform,
            mode: self.mode,
            log_name: self.log_name,
            with_commit: false,
        }
    }

    /// For daemons that have no `ResolveSourceMeta`.
    pub(super) fn into_wire(self) -> frontend::ResolveImageConfigRequest {
        let layout = self.layout;
        let resolver_type = i32::from(layout.is_some());
        let (session_id, store_id) =
            layout.map(|layout| (layout.session_id, layout.store_id)).unwrap_or_default();
        frontend::ResolveImageConfigRequest {
            r#ref: self.reference,
            platform: self.platform,
            resolve_mode: self.mode.as_str().to_owned(),
            log_name: self.log_name,
            resolver_type,
            session_id,
            store_id,
            source_policies: Vec::new(),
        }
    }
}

// === impl SourceRequest ===

impl SourceRequest {
    pub(super) fn into_wire(self) -> frontend::ResolveSourceMetaRequest {
        frontend::ResolveSourceMetaRequest {
            source: Some(self.source),
            platform: self.platform,
            log_name: self.log_name,
            resolve_mode: self.mode.as_str().to_owned(),
            git: self
                .with_commit
                .then_some(frontend::ResolveSourceGitRequest { return_object: true }),
            ..Default::default()
        }
    }
}

// === impl SourceMeta ===

impl SourceMeta {
    /// `None` where the daemon says of no source.
    pub(super) fn from_wire(response: frontend::ResolveSourceMetaResponse) -> Option<Self> {
        Some(Self {
            source: response.source?,
            image: response.image.map(|image| ImageMeta::new(image.digest, image.config)),
            git: response.git.map(|git| GitMeta {
                reference: git.r#ref,
                checksum: git.checksum,
                commit: not_empty(git.commit_checksum),
                commit_object: Some(git.commit_object).filter(|object| !object.is_empty()),
            }),
            http: response.http.map(|http| HttpMeta {
                digest: http.checksum,
                filename: http.filename,
                last_modified: http.last_modified.map(|time| time.seconds),
            }),
        })
    }
}

// === impl ImageMeta ===

impl ImageMeta {
    pub(super) fn new(digest: String, config: Vec<u8>) -> Self {
        Self { digest: not_empty(digest), config }
    }
}

fn not_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
