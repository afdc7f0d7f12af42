//! `constant-platform`: a stage with a constant platform, regardless of the target.
//!
//! Follows `FromPlatformFlagConstDisallowed` of Dockerfiles: if the name of a stage contains the
//! platform, it is intended for that platform.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Stage, StageName};

pub(super) fn check(name: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    for template in stage.platform.iter().chain(stage.from.platform()) {
        let Some(text) = template.as_literal() else { continue };
        let Ok(local) = Platform::new("linux", "amd64", "") else { continue };
        // An invalid platform is reported elsewhere.
        let Ok(platform) = Platform::parse(text, &local) else { continue };
        let named = [platform.os(), platform.architecture(), platform.variant()]
            .iter()
            .any(|part| !part.is_empty() && name.as_str().contains(part));
        if !named {
            diagnostics.push(
                Diagnostic::new(
                    Code::ConstantPlatform,
                    template.span,
                    format!("stage `{name}` always builds for `{text}`: it ignores --platform"),
                )
                .hint("use \"${BUILDPLATFORM}\" for the build platform, or remove `platform` to build for the target platform"),
            );
        }
    }
}
