//! What the client asks for.

use std::collections::BTreeMap;

use buildkit_llb::Platform;

/// What the client asks for, apart from the file itself.
#[derive(Debug, Clone)]
pub struct Request {
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// The platform of the machine that builds.
    pub build_platform: Platform,
    /// The platform that the result is for.
    pub target_platform: Platform,
    /// Whether the result is one of several, so that names should tell them apart.
    pub several_platforms: bool,
}

impl Request {
    /// A build of the default target for the building machine's own platform.
    pub fn new(platform: Platform) -> Self {
        Self {
            target: None,
            build_args: BTreeMap::new(),
            labels: BTreeMap::new(),
            build_platform: platform.clone(),
            target_platform: platform,
            several_platforms: false,
        }
    }
}
