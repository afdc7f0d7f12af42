//! Resolving sources to their current versions: the digest and config of an image, the commit of a
//! git ref.

use buildkit_llb::{Platform, Reference, ResolveMode, Source};
use buildkit_proto::frontend;

/// A request to resolve a source. See [`Bridge::resolve_source`](crate::Bridge::resolve_source).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SourceRequest {
    /// The source, with the platform to resolve it for; by default the daemon's own.
    pub source: Source,
    /// The place to look for an image.
    pub mode: ResolveMode,
    /// The name that progress shows for the step.
    pub log_name: String,
    /// For a git repository: also return the commit object.
    pub with_commit: bool,
}

/// A request to resolve an image. See [`Bridge::resolve_image`](crate::Bridge::resolve_image).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ImageRequest {
    /// The image.
    pub reference: Reference,
    /// The platform; `None` is the daemon's own.
    pub platform: Option<Platform>,
    /// The place to look for it.
    pub mode: ResolveMode,
    /// The name that progress shows for the step.
    pub log_name: String,
    /// The directory of the client that contains the image, if it is not in a registry.
    pub layout: Option<OciLayout>,
}

/// A directory of the client that contains images.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OciLayout {
    /// The client session that offers it.
    pub session_id: String,
    /// Its name in that session.
    pub store_id: String,
}

impl OciLayout {
    /// A directory by the session that offers it and its name in that session.
    pub fn new(session_id: impl Into<String>, store_id: impl Into<String>) -> Self {
        Self { session_id: session_id.into(), store_id: store_id.into() }
    }
}

/// The current version of a source.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SourceMeta {
    /// The source to use. A source policy may have replaced the requested one.
    pub source: Source,
    /// Set for an image.
    pub image: Option<ImageMeta>,
    /// Set for a git repository, by daemons since v0.26.
    pub git: Option<GitMeta>,
    /// Set for a download, by daemons since v0.26.
    pub http: Option<HttpMeta>,
}

/// The current version of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageMeta {
    /// The digest of its manifest, or of its index if it has several platforms. Old daemons return
    /// none for an image that is only in their own store.
    pub digest: Option<String>,
    /// Its config, as JSON.
    pub config: Vec<u8>,
}

/// The answer to an [`ImageRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResolvedImage {
    /// The reference to use. A source policy may have replaced the requested one.
    pub reference: String,
    /// Its digest and config.
    pub meta: ImageMeta,
}

/// The current version of a ref in a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitMeta {
    /// The ref, in full.
    pub reference: String,
    /// The hash of the object that it points to: a commit, or an annotated tag.
    pub checksum: String,
    /// The hash of the commit, if the ref is a tag and the daemon resolved it.
    pub commit: Option<String>,
    /// The raw commit object, if requested.
    pub commit_object: Option<Vec<u8>>,
}

/// The current version of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpMeta {
    /// Its digest.
    pub digest: String,
    /// The file's name.
    pub filename: String,
    /// The time of its last change, in seconds since 1970, if the server reports it.
    pub last_modified: Option<i64>,
}

// === impl SourceRequest ===

impl SourceRequest {
    /// A request for a source. `log_name` is the name of the step in the progress: `[internal] load
    /// metadata for ...`.
    pub fn new(source: impl Into<Source>, log_name: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            mode: ResolveMode::Default,
            log_name: log_name.into(),
            with_commit: false,
        }
    }

    /// Also requests the commit object. For git repositories.
    pub fn with_commit(mut self) -> Self {
        self.with_commit = true;
        self
    }

    pub(crate) fn into_wire(mut self) -> frontend::ResolveSourceMetaRequest {
        let platform = self.source.platform.take().map(Into::into);
        let git = self.with_commit;
        frontend::ResolveSourceMetaRequest {
            source: Some(self.source.into()),
            platform,
            log_name: self.log_name,
            resolve_mode: mode(self.mode).to_owned(),
            git: git.then_some(frontend::ResolveSourceGitRequest { return_object: true }),
            ..Default::default()
        }
    }
}

// === impl ImageRequest ===

impl ImageRequest {
    /// A request for an image in a registry, for the daemon's own platform.
    pub fn new(reference: Reference) -> Self {
        let log_name = format!("[internal] load metadata for {reference}");
        Self { reference, platform: None, mode: ResolveMode::Default, log_name, layout: None }
    }

    /// Sets the platform.
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Sets the place to look for it.
    pub fn mode(mut self, mode: ResolveMode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the name in the progress, by default `[internal] load metadata for REFERENCE`.
    pub fn log_name(mut self, log_name: impl Into<String>) -> Self {
        self.log_name = log_name.into();
        self
    }

    /// Requests an image in a directory of the client instead.
    pub fn layout(mut self, layout: OciLayout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// The scheme of such an image's identifier.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.layout {
            None => "docker-image://",
            Some(_) => "oci-layout://",
        }
    }

    pub(crate) fn into_source(self) -> SourceRequest {
        let mut source = Source::new(format!("{}{}", self.scheme(), self.reference));
        if let Some(OciLayout { session_id, store_id }) = self.layout {
            source = source.attr("oci.session", session_id).attr("oci.store", store_id);
        }
        source.platform = self.platform;
        SourceRequest { source, mode: self.mode, log_name: self.log_name, with_commit: false }
    }

    /// The request for daemons without `ResolveSourceMeta`.
    pub(crate) fn into_wire(self) -> frontend::ResolveImageConfigRequest {
        let layout = self.layout;
        let resolver_type = i32::from(layout.is_some());
        let (session_id, store_id) =
            layout.map(|layout| (layout.session_id, layout.store_id)).unwrap_or_default();
        frontend::ResolveImageConfigRequest {
            r#ref: self.reference.to_string(),
            platform: self.platform.map(Into::into),
            resolve_mode: mode(self.mode).to_owned(),
            log_name: self.log_name,
            resolver_type,
            session_id,
            store_id,
            source_policies: Vec::new(),
        }
    }
}

/// The mode as the protocol writes it (`ResolveModeFromString` in BuildKit's `frontend/dockerui/config.go`).
fn mode(mode: ResolveMode) -> &'static str {
    match mode {
        ResolveMode::ForcePull => "pull",
        ResolveMode::PreferLocal => "local",
        _ => "default",
    }
}

// === impl SourceMeta ===

impl SourceMeta {
    /// `None` if the answer contains no source.
    pub(crate) fn from_wire(response: frontend::ResolveSourceMetaResponse) -> Option<Self> {
        Some(Self {
            source: response.source?.into(),
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
    pub(crate) fn new(digest: String, config: Vec<u8>) -> Self {
        Self { digest: not_empty(digest), config }
    }
}

fn not_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
