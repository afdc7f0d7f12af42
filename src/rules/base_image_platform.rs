//! `base-image-platform`: an image of another platform than the requested one.
//!
//! An image that has only one platform is used for every platform. Follows
//! `InvalidBaseImagePlatform` of Dockerfiles.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::Reference;
use crate::source::Span;

/// Compares the platform of a base image with that of its stage.
pub(crate) fn check(
    image: &Reference,
    found: &Platform,
    wanted: &Platform,
    span: Span,
    diagnostics: &mut Diagnostics,
) {
    if found.os() != wanted.os() || found.architecture() != wanted.architecture() {
        let message = format!("{image} is for {found}, expected {wanted}");
        diagnostics.push(
            Diagnostic::new(Code::BaseImagePlatform, span, message)
                .hint("use an image that supports the platform, or set the stage's `platform`"),
        );
    }
}
