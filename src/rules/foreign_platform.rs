//! `foreign-platform`: steps on a platform that the engine does not say it can run.
//!
//! It is no error: an engine may run more than it says.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The way out for a step that cannot run where it is to run.
pub(crate) const HINT: &str =
    "platform = \"${BUILDPLATFORM}\" in its stage runs it on the machine that builds";

/// The finding for a stage that runs something.
pub(crate) fn found(platform: &Platform, span: Span) -> Diagnostic {
    let message = format!("this runs on {platform}, which the engine does not say it can run");
    Diagnostic::new(Code::ForeignPlatform, span, message)
        .hint(format!("{HINT}; emulation must be installed for others"))
}
