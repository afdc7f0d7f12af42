//! The result of a build: the files of each platform, and metadata for exporters.
//!
//! Follows `frontend/dockerui/build.go` of BuildKit.

use std::collections::BTreeMap;

use buildkit_llb::Platform;
use serde_json::json;

use crate::{Ref, Refs, SolveResult, keys};

/// A builder for a result, to which platforms are added one by one.
///
/// ```
/// use buildkit_frontend::{ImageResult, keys};
///
/// let mut result = ImageResult::new(true);
/// let config = r#"{"os":"linux","architecture":"arm64","rootfs":{"type":"layers"}}"#;
/// result.add(&"linux/arm64".parse()?, None).config(config).annotation("org.opencontainers.image.title", "app");
/// let result = result.finish();
/// assert_eq!(result.metadata["containerimage.config/linux/arm64"], config.as_bytes());
/// # Ok::<(), buildkit_llb::InvalidPlatform>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageResult {
    multi_platform: bool,
    platforms: Vec<serde_json::Value>,
    files: BTreeMap<String, Option<Ref>>,
    single: Option<Ref>,
    metadata: BTreeMap<String, Vec<u8>>,
}

/// The metadata of one platform of an [`ImageResult`], for exporters.
#[derive(Debug)]
pub struct PlatformResult<'r> {
    id: Option<String>,
    metadata: &'r mut BTreeMap<String, Vec<u8>>,
}

impl ImageResult {
    /// Makes a result without platforms.
    ///
    /// With `multi_platform` it has the form of images for several platforms, even if it is for one. Otherwise
    /// [`ImageResult::add`] must be called exactly once. See [`Options::multi_platform`](crate::Options::multi_platform).
    pub fn new(multi_platform: bool) -> Self {
        Self {
            multi_platform,
            platforms: Vec::new(),
            files: BTreeMap::new(),
            single: None,
            metadata: BTreeMap::new(),
        }
    }

    /// Adds the files for a platform. `None` is the empty file system.
    ///
    /// BuildKit exports an image only if its [`config`](PlatformResult::config) is also set.
    pub fn add(&mut self, platform: &Platform, files: Option<Ref>) -> PlatformResult<'_> {
        let id = platform.id();
        self.platforms.push(json!({ "ID": id, "Platform": parts(platform) }));
        if self.multi_platform {
            self.files.insert(id.clone(), files);
        } else {
            self.single = files;
        }
        PlatformResult { id: self.multi_platform.then_some(id), metadata: &mut self.metadata }
    }

    /// Returns the whole result.
    pub fn finish(mut self) -> SolveResult {
        let platforms = json!({ "Platforms": self.platforms }).to_string();
        self.metadata.insert(keys::PLATFORMS.to_owned(), platforms.into_bytes());
        let refs = match self.multi_platform {
            true => Refs::ByPlatform(self.files),
            false => Refs::Single(self.single),
        };
        let mut result = SolveResult::new(refs);
        result.metadata = self.metadata;
        result
    }
}

impl PlatformResult<'_> {
    /// Sets the image's config, as the JSON of the OCI image specification.
    pub fn config(&mut self, config: impl Into<Vec<u8>>) -> &mut Self {
        self.set(keys::IMAGE_CONFIG, config.into())
    }

    /// Sets the config of the image that this one is built from.
    pub fn base_config(&mut self, config: impl Into<Vec<u8>>) -> &mut Self {
        self.set(keys::BASE_CONFIG, config.into())
    }

    /// Sets the time of the image and of its files, in seconds since 1970.
    pub fn epoch(&mut self, seconds: i64) -> &mut Self {
        self.set(keys::SOURCE_DATE_EPOCH, seconds.to_string().into_bytes())
    }

    /// Adds an annotation of the image's manifest (`exporter/containerimage/exptypes/annotations.go`).
    pub fn annotation(&mut self, name: &str, value: impl Into<Vec<u8>>) -> &mut Self {
        let kind = match &self.id {
            Some(id) => format!("annotation-manifest[{id}]"),
            None => "annotation".to_owned(),
        };
        self.metadata.insert(format!("{kind}.{name}"), value.into());
        self
    }

    fn set(&mut self, name: &str, value: Vec<u8>) -> &mut Self {
        let name = match &self.id {
            Some(id) => format!("{name}/{id}"),
            None => name.to_owned(),
        };
        self.metadata.insert(name, value);
        self
    }
}

/// A platform in the form of the OCI image specification.
fn parts(platform: &Platform) -> serde_json::Value {
    let mut parts = json!({ "architecture": platform.architecture(), "os": platform.os() });
    for (name, part) in [("variant", platform.variant()), ("os.version", platform.os_version())] {
        if !part.is_empty() {
            parts[name] = part.into();
        }
    }
    parts
}
