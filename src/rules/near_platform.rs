//! `near-platform`: an unknown platform that is similar to a known one.
//!
//! As in Dockerfiles, any name is accepted, so that new platforms need no new frontend.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::source::Span;

/// Aliases of architectures.
const ALIASES: &[&str] = &["aarch64", "armel", "armhf", "i386", "x86_64"];

/// Checks a platform in the file. `text` is its expanded text.
pub(crate) fn check(platform: &Platform, text: &str, span: Span, diagnostics: &mut Diagnostics) {
    for hint in hints(platform) {
        let message = format!("unknown platform `{text}`");
        diagnostics.push(Diagnostic::new(Code::NearPlatform, span, message).hint(hint));
    }
}

/// Checks the platform that the client requests.
pub(crate) fn check_target(platform: &Platform, diagnostics: &mut Diagnostics) {
    for hint in hints(platform) {
        let message = format!("--platform: unknown platform `{platform}`");
        diagnostics.push(Diagnostic::without_place(Code::NearPlatform, message).hint(hint));
    }
}

/// Suggestions for the unknown parts.
fn hints(platform: &Platform) -> Vec<String> {
    let parts = [
        (platform.os(), Platform::known_systems(), &[][..]),
        (platform.architecture(), Platform::known_architectures(), ALIASES),
    ];
    let mut hints = Vec::new();
    for (part, known, aliases) in parts {
        if known.contains(&part) {
            continue;
        }
        let known = Known::new(known.iter().chain(aliases).copied());
        if let Some(near) = known.one_slip(part) {
            hints.push(format!("did you mean `{near}` instead of `{part}`?"));
        }
    }
    hints
}
