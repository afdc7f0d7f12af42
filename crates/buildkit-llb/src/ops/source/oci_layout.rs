//! OCI layouts: images on the client's disk.

use super::any::Source;
use crate::{Cap, Platform};

/// An image in a store of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OciLayout {
    /// A name and the digest of a manifest or index: `name@sha256:…`.
    pub reference: String,
    /// The platform to use if the image has several. `None` is the daemon's own.
    pub platform: Option<Platform>,
    /// The session that provides the store. Empty is any session of the build.
    pub session_id: String,
    /// The name of the store in that session. Empty is the name in the reference.
    pub store_id: String,
    /// The number of layers to use, from the bottom. `None` and 0 mean all.
    pub layer_limit: Option<u32>,
}

impl OciLayout {
    /// An image by name and digest.
    pub fn new(reference: impl Into<String>) -> OciLayout {
        OciLayout { reference: reference.into(), ..OciLayout::default() }
    }
}

setters! { OciLayout {
    platform: Option<Platform>,
    session_id: impl Into<String>,
    store_id: impl Into<String>,
    layer_limit: Option<u32>,
} }

impl From<OciLayout> for Source {
    fn from(layout: OciLayout) -> Source {
        let layer_limit = layout.layer_limit.filter(|&limit| limit > 0);
        let mut source = Source::new(format!("oci-layout://{}", layout.reference))
            .cap(Cap::SOURCE_OCI_LAYOUT)
            .attr("oci.session", layout.session_id)
            .attr("oci.store", layout.store_id)
            .attr("oci.layerlimit", layer_limit.map(|limit| limit.to_string()).unwrap_or_default());
        source.platform = layout.platform;
        source
    }
}
