//! `WorkdirRelativePath`: a working directory that depends on the base image's.

use super::{Linter, State, Step};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;
use crate::dockerfile::evaluate::Values;

/// Only the first `WORKDIR` is reported: once it is absolute, the later ones are fine.
pub(super) fn check(step: &Step<'_>, state: &mut State<'_>, linter: &mut Linter<'_>) {
    let (Kind::Workdir(_), Values::Words(words)) = (&step.instruction.kind, &step.values) else {
        return;
    };
    let Some(path) = words.first().filter(|_| !step.has_workdir) else { return };
    if !is_absolute(path, step.is_windows) {
        let detail = format!(
            "Relative workdir {path:?} can have unexpected results if the base image changes"
        );
        linter.report_step(DockerfileRule::WorkdirRelativePath, step, state, detail);
    }
}

fn is_absolute(path: &str, is_windows: bool) -> bool {
    match is_windows {
        false => path.starts_with('/'),
        true => path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':'),
    }
}
