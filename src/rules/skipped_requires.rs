//! `skipped-requires`: a build without the stages that the target requires.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding for the stages that the client's build arg leaves out.
pub(crate) fn found<'n>(
    arg: &str,
    stages: impl Iterator<Item = &'n str>,
    first: Span,
) -> Diagnostic {
    let stages: Vec<&str> = stages.collect();
    let message = format!("{arg} skips required stages: {}", stages.join(", "));
    Diagnostic::new(Code::SkippedRequires, first, message)
        .hint("do not use it for images that you publish")
}
