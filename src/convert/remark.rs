//! Remarks about a conversion.

use crate::source::Span;

/// A part that a build file cannot express, or not exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The span in the Dockerfile.
    pub span: Span,
    /// The difference.
    pub message: String,
    /// True if the build file has another meaning.
    pub is_error: bool,
}
