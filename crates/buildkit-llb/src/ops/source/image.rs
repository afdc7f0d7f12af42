//! Images from registries and from the daemon's own store.

use super::any::Source;
use crate::{Cap, Platform, Reference};

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// The reference. Always complete: BuildKit does not know `alpine`, only `docker.io/library/alpine:latest`.
    pub reference: Reference,
    /// The platform to use if the image has several. `None` is the daemon's own.
    pub platform: Option<Platform>,
    /// The place to look for it.
    pub resolve_mode: ResolveMode,
    /// Its purpose.
    pub record_type: RecordType,
    /// The number of layers to use, from the bottom. `None` and 0 mean all.
    pub layer_limit: Option<u32>,
    /// The required digest.
    pub checksum: Option<String>,
}

impl Image {
    /// The image of a reference, for the daemon's own platform.
    pub fn new(reference: Reference) -> Image {
        Image {
            reference,
            platform: None,
            resolve_mode: ResolveMode::default(),
            record_type: RecordType::default(),
            layer_limit: None,
            checksum: None,
        }
    }
}

setters! { Image {
    platform: Option<Platform>,
    resolve_mode: ResolveMode,
    record_type: RecordType,
    layer_limit: Option<u32>,
    checksum: Option<String>,
} }

/// The place in which BuildKit looks for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResolveMode {
    /// The registry, or else the store.
    #[default]
    Default,
    /// Only the registry.
    ForcePull,
    /// The store, or else the registry.
    PreferLocal,
}

/// The purpose of an image, shown in the daemon's disk usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordType {
    /// The build.
    #[default]
    Regular,
    /// Internal steps of the build.
    Internal,
    /// A frontend.
    Frontend,
}

impl From<Image> for Source {
    fn from(image: Image) -> Source {
        let resolve_mode = match image.resolve_mode {
            ResolveMode::Default => "",
            ResolveMode::ForcePull => "pull",
            ResolveMode::PreferLocal => "local",
        };
        let record_type = match image.record_type {
            RecordType::Regular => "",
            RecordType::Internal => "internal",
            RecordType::Frontend => "frontend",
        };
        let layer_limit = image.layer_limit.filter(|&limit| limit > 0);
        let layer_limit = layer_limit.map(|limit| limit.to_string()).unwrap_or_default();
        let mut source = Source::new(format!("docker-image://{}", image.reference))
            .cap(Cap::SOURCE_IMAGE)
            .attr("image.resolvemode", resolve_mode)
            .attr("image.recordtype", record_type)
            .attr_with(Cap::SOURCE_IMAGE_LAYER_LIMIT, "image.layerlimit", layer_limit)
            .attr_with(
                Cap::SOURCE_IMAGE_CHECKSUM,
                "image.checksum",
                image.checksum.unwrap_or_default(),
            );
        // Only this mode must be honoured; without the capability, the others are best effort.
        if image.resolve_mode == ResolveMode::ForcePull {
            source = source.cap(Cap::SOURCE_IMAGE_RESOLVE_MODE);
        }
        source.platform = image.platform;
        source
    }
}
