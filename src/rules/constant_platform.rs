//! `constant-platform`: a stage runs on one platform, whatever is asked for.
//!
//! Follows `FromPlatformFlagConstDisallowed` of Dockerfiles: a stage whose name has the platform in it is
//! meant for that platform.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Stage, StageName};

pub(super) fn check(name: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    for template in stage.platform.iter().chain(stage.from.platform()) {
        let Some(text) = template.as_literal() else { continue };
        let Ok(local) = Platform::new("linux", "amd64", "") else { continue };
        // What is no platform is an error elsewhere.
        let Ok(platform) = Platform::parse(text, &local) else { continue };
        let named = [platform.os(), platform.architecture(), platform.variant()]
            .iter()
            .any(|part| !part.is_empty() && name.as_str().contains(part));
        if !named {
            diagnostics.push(
                Diagnostic::new(
                    Code::ConstantPlatform,
                    template.span,
                    format!("stage `{name}` is always for `{text}`, whatever --platform says"),
                )
                .hint("\"${BUILDPLATFORM}\" is the machine's own; without `platform` it is the target's"),
            );
        }
    }
}
