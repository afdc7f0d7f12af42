//! `near-platform`: a platform that is not known, and is nearly one that is.
//!
//! As in Dockerfiles any name is taken for a platform's, so that new ones need no new frontend.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::source::Span;

/// Other names that are read as those of architectures.
const ALIASES: &[&str] = &["aarch64", "armel", "armhf", "i386", "x86_64"];

/// `text` is what the file says, with the values of its names.
pub(in crate::plan) fn check(
    platform: &Platform,
    text: &str,
    span: Span,
    diagnostics: &mut Diagnostics,
) {
    let parts = [
        (platform.os(), Platform::known_systems(), &[][..]),
        (platform.architecture(), Platform::known_architectures(), ALIASES),
    ];
    for (part, known, aliases) in parts {
        if known.contains(&part) {
            continue;
        }
        let known = Known::new(known.iter().chain(aliases).copied());
        let Some(near) = known.one_slip(part) else { continue };
        let message = format!("nobody knows the platform `{text}`");
        diagnostics.push(
            Diagnostic::new(Code::NearPlatform, span, message)
                .hint(format!("`{part}` is nearly `{near}`")),
        );
    }
}
