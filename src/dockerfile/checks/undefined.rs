//! `UndefinedVar`: a variable that neither the image, nor an `ENV`, nor an `ARG` of the stage sets.

use super::{Linter, State, Step};
use crate::diagnostic::DockerfileRule;

pub(super) fn check(step: &Step<'_>, state: &mut State<'_>, linter: &mut Linter<'_>) {
    for (name, near) in &step.undefined {
        let near = near.as_ref().map(|near| format!(" (did you mean ${near}?)"));
        let near = near.unwrap_or_default();
        let detail = format!("Usage of undefined variable '${name}'{near}");
        linter.report_step(DockerfileRule::UndefinedVar, step, state, detail);
    }
}
