//! `base-image-platform`: an image of another platform than the one that is asked for.
//!
//! An image that has only one platform is given out for every one. Follows `InvalidBaseImagePlatform` of
//! Dockerfiles.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::platform;
use crate::plan::select::ImageQuery;
use crate::plan::{ImageConfig, Request};

pub(in crate::plan) fn check(
    query: &ImageQuery,
    config: &ImageConfig,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    // An image that does not say its platform has nothing in it that runs.
    let Ok(found) = Platform::new(&config.os, &config.architecture, &config.variant) else {
        return;
    };
    let wanted = &query.platform;
    let same = found.os() == wanted.os() && found.architecture() == wanted.architecture();
    // Where no platform is asked for, the stage is for that of its image.
    let is_taken_over = platform::of_base(config, request).is_some();
    if query.is_base && !same && !is_taken_over {
        diagnostics.push(
            Diagnostic::new(
                Code::BaseImagePlatform,
                query.span,
                format!("{} is for {found}, and is to be for {wanted}", query.reference),
            )
            .hint("look for an image that has the platform, or set the stage's `platform`"),
        );
    }
}
