//! The report of a stage: what is exported of it, whether its steps pass or not.

use super::path;
use super::stage_scope::StageScope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::Template;
use crate::text::Text;

/// What is exported of a stage, whether its steps pass or not.
#[derive(Debug, Clone)]
pub struct Report {
    /// The absolute path of a directory or a file; it need not be there.
    pub path: Text,
    /// Where it is written.
    pub span: Span,
}

/// The report of a stage whose steps run in `workdir`.
pub(super) fn plan(
    written: &Template,
    workdir: &Text,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Report> {
    let own = values.expand(written, diagnostics)?;
    let path = path::join(workdir, &own);
    if path == "/" {
        if values.hangs_on_lost_workdir(workdir, &own) {
            return None;
        }
        return diagnostics.fail(
            Diagnostic::new(
                Code::InvalidValue,
                written.span,
                "the whole file system cannot be a report",
            )
            .hint("name the directory that the steps write what they find to"),
        );
    }
    Some(Report { path, span: written.span })
}
