//! `foreign-platform`: steps on a platform that is not among those reported by the engine.
//!
//! It is not an error: an engine may run more than it reports.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The hint for a step that cannot run on its platform.
pub(crate) const HINT: &str =
    "platform = \"${BUILDPLATFORM}\" in its stage runs it on the machine that builds";

/// The finding for a stage with processes.
pub(crate) fn found(platform: &Platform, span: Span) -> Diagnostic {
    let message = format!("this runs on {platform}, which the engine does not say it can run");
    Diagnostic::new(Code::ForeignPlatform, span, message)
        .hint(format!("{HINT}; emulation must be installed for others"))
}
