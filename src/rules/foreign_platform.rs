//! `foreign-platform`: steps on a platform that is not among those reported by the engine.
//!
//! It is not an error: an engine may run more than it reports.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The hint for a step that cannot run on its platform.
pub(crate) const HINT: &str =
    "set `platform = \"${BUILDPLATFORM}\"` in the stage to run it on the build platform";

/// The finding for a stage with processes.
pub(crate) fn found(platform: &Platform, span: Span) -> Diagnostic {
    let message =
        format!("the engine does not list {platform} among the platforms that it can run");
    Diagnostic::new(Code::ForeignPlatform, span, message)
        .hint(format!("{HINT}, or install emulation on the engine"))
}
