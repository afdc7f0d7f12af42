//! The platforms of stages, from the file, or from an image if neither file nor client sets one.

use buildkit_llb::Platform;

use super::config::ImageConfig;
use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::rules::near_platform;
use crate::spec::Template;

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
    if is_kind_of(&request.target_platform, &found) {
        return None;
    }
    request.runnable_platforms.iter().find(|known| is_kind_of(known, &found)).cloned()
}

fn is_kind_of(platform: &Platform, found: &Platform) -> bool {
    platform.os() == found.os() && platform.architecture() == found.architecture()
}

/// A platform in the file.
pub(super) fn platform_of(
    template: &Template,
    scope: &Scope<'_>,
    build_platform: &Platform,
    diagnostics: &mut Diagnostics,
) -> Result<Platform, Reported> {
    let text = scope.expand(template, diagnostics)?;
    match Platform::parse(&text, build_platform) {
        Ok(platform) => {
            near_platform::check(&platform, &text, template.span, diagnostics);
            Ok(platform)
        }
        Err(err) => diagnostics.error(
            Diagnostic::new(Code::InvalidPlatform, template.span, err.to_string())
                .hint("write a platform such as \"linux/amd64\", \"linux/arm/v7\" or \"${BUILDPLATFORM}\""),
        ),
    }
}
