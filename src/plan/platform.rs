//! The default platform of a stage, if neither the file nor the client sets one.

use buildkit_llb::Platform;

use super::config::ImageConfig;
use super::request::Request;

/// The platform of a base image whose architecture differs from the target's, if the client
/// requests none and the engine can run it. An image that exists for one platform only is used for
/// every platform.
///
/// Follows `autoDetectPlatform` in `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit.
pub(crate) fn of_base(config: &ImageConfig, request: &Request) -> Option<Platform> {
    if !request.implicit_platform {
        return None;
    }
    let found = Platform::new(&config.os, &config.architecture, &config.variant).ok()?;
    let is_it = |platform: &&Platform| {
        platform.os() == found.os() && platform.architecture() == found.architecture()
    };
    if is_it(&&request.target_platform) {
        return None;
    }
    request.runnable_platforms.iter().find(is_it).cloned()
}
