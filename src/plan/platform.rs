//! The platform of a stage for which neither the file nor the client says one.

use buildkit_llb::Platform;

use super::config::ImageConfig;
use super::request::Request;

/// Returns the platform of a base image whose architecture is not the one asked for, where the client asks for none
/// and the engine can run it. An image that exists for one platform only is given out for every one.
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
