//! `command-without-shell`: a command for a shell in an image that has none.
//!
//! The text form of `entrypoint`, `cmd` and a healthcheck is run by `/bin/sh` in the container. An
//! image based on `scratch` or on a distroless image has a shell only if a step adds one. If that
//! cannot be determined, there is no finding.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::path_pattern::is_within;
use crate::plan::Origin;
use crate::plan::{Action, PlannedStep, StageId};
use crate::spec::Command;

const SHELL: &str = "/bin/sh";

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for (at, selected) in subject.stages() {
        let Some(image) = &selected.stage.image else { continue };
        let entrypoint = image.entrypoint.as_ref().map(|found| (found.span, &found.value));
        let cmd = image.cmd.as_ref().map(|found| (found.span, &found.value));
        let healthcheck = image.healthcheck.as_ref();
        let healthcheck = healthcheck.and_then(|found| Some((found.span, found.value.cmd()?)));
        let commands = [("entrypoint", entrypoint), ("cmd", cmd), ("healthcheck", healthcheck)];
        let texts: Vec<_> = commands
            .into_iter()
            .filter_map(|(key, command)| {
                let (span, command) = command?;
                matches!(command, Command::Shell(_)).then_some((key, span))
            })
            .collect();
        if texts.is_empty() || !lacks_shell(subject, at) {
            continue;
        }
        for (key, span) in texts {
            let message = format!("this `{key}` needs a shell, but the image has no `{SHELL}`");
            diagnostics.push(
                Diagnostic::new(Code::CommandWithoutShell, span, message)
                    .hint("write it as a list: [\"/program\", \"argument\"]"),
            );
        }
    }
}

/// True if a stage certainly has no shell.
fn lacks_shell(subject: &Subject<'_>, at: StageId) -> bool {
    let (chain, bottom) = subject.chain(at);
    let starts_without = match bottom {
        Origin::Scratch => true,
        Origin::Image(image) => {
            let reference = &subject.selection.images[image].reference;
            let has_tools = reference.tag().is_some_and(|tag| tag.contains("debug"));
            reference.repository().contains("/distroless/") && !has_tools
        }
        Origin::Context | Origin::Stage(_) | Origin::Named(_) => false,
    };
    starts_without
        && chain.iter().all(|&at| {
            let plan = &subject.plan.stages[at];
            plan.merged.is_empty()
                && subject.stage(at).shell.is_none()
                && !plan.steps.iter().any(may_bring_shell)
        })
}

fn may_bring_shell(step: &PlannedStep) -> bool {
    let link = match &step.action {
        // The files that a process creates are unknown.
        Action::Exec(_) => return true,
        Action::Symlink { path, .. } => Some(path.as_str()),
        _ => None,
    };
    step.action.destinations().chain(link).any(|path| {
        let path = path.trim_end_matches('/');
        is_within(SHELL, path)
            || is_within(path, "/bin")
            || path == "/usr"
            || is_within(path, "/usr/bin")
    })
}
