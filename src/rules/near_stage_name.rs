//! `near-stage-name`: the name of an image that is similar to that of a stage.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding for a `from`.
pub(crate) fn found(image: &str, stage: &str, span: Span) -> Diagnostic {
    let message =
        format!("`{image}` is read as an image, but a stage has the similar name `{stage}`");
    Diagnostic::new(Code::NearStageName, span, message)
        .hint(format!("if you mean the image, write `{{ image = \"{image}\" }}`"))
}
