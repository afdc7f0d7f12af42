//! `JSONArgsRecommended` and `MultipleInstructionsDisallowed`: the commands of a container.

use std::ops::RangeInclusive;

use super::{Linter, State, Step, keyword};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::{CommandLine, Kind};

/// The lines of the last `CMD`, `ENTRYPOINT` and `HEALTHCHECK` of a stage: only the last of each
/// counts.
#[derive(Default)]
pub(super) struct Last {
    cmd: Option<RangeInclusive<u32>>,
    entrypoint: Option<RangeInclusive<u32>>,
    healthcheck: Option<RangeInclusive<u32>>,
}

/// No finding after `SHELL`: a shell that is set on purpose is meant to run the command.
pub(super) fn json_args_recommended(
    step: &Step<'_>,
    state: &mut State<'_>,
    linter: &mut Linter<'_>,
) {
    let (Kind::Cmd(command) | Kind::Entrypoint(command)) = &step.instruction.kind else { return };
    if matches!(command, CommandLine::Shell(_)) && step.has_shell == Some(false) {
        let detail = format!(
            "JSON arguments recommended for {} to prevent unintended behavior related to OS signals",
            keyword(step)
        );
        linter.report_step(DockerfileRule::JSONArgsRecommended, step, state, detail);
    }
}

/// The finding is at the earlier instruction, since that is the one without effect.
pub(super) fn multiple_instructions_disallowed(
    step: &Step<'_>,
    state: &mut State<'_>,
    linter: &mut Linter<'_>,
) {
    let last = match &step.instruction.kind {
        Kind::Cmd(_) => &mut state.last.cmd,
        Kind::Entrypoint(_) => &mut state.last.entrypoint,
        Kind::Healthcheck(_) => &mut state.last.healthcheck,
        _ => return,
    };
    let Some(before) = last.replace(step.lines.clone()) else { return };
    let detail = format!(
        "Multiple {} instructions should not be used in the same stage because only the last one will be used",
        keyword(step)
    );
    let rule = DockerfileRule::MultipleInstructionsDisallowed;
    linter.report_step_at(rule, step, state, before, detail);
}
