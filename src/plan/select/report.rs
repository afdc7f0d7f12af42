//! Targets that are the report of a stage: `NAME.report`. The name of a stage contains no dot.

use super::Stages;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::request::Request;
use crate::spec::StageName;

/// The suffix of a report's name after that of the stage.
const SUFFIX: &str = ".report";

/// The target for the report of a stage.
pub fn report_of(stage: &StageName) -> String {
    format!("{stage}{SUFFIX}")
}

/// The stage of a target, which may be its report.
pub(in crate::plan) fn stage_of(target: &str) -> &str {
    target.strip_suffix(SUFFIX).unwrap_or(target)
}

/// True if the target is a report.
pub(super) fn is_wanted(request: &Request) -> bool {
    request.planned_target().is_some_and(|target| target.ends_with(SUFFIX))
}

/// Reports a target that is the report of a stage without one.
pub(super) fn check(
    target: &str,
    at: usize,
    stages: &Stages<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let Some(name) = target.strip_suffix(SUFFIX) else { return Some(()) };
    let stage = stages.named.list[at].1;
    let problem = if stages.replaced[at] {
        Diagnostic::without_place(
            Code::UnknownTarget,
            format!("there is no target `{target}`: a build context stands in place of `{name}`"),
        )
        .hint(format!("without --build-context {name}=... its steps are run"))
    } else if stage.report.is_none() && !stages.named.is_whole {
        // The part that could not be read may declare it.
        return None;
    } else if stage.report.is_none() {
        Diagnostic::new(
            Code::UnknownTarget,
            stage.span,
            format!("there is no target `{target}`: the stage `{name}` has no report"),
        )
        .hint("report = \"/path\" in the stage says which directory it is")
    } else {
        return Some(());
    };
    diagnostics.fail(problem)
}
