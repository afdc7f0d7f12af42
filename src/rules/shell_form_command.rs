//! `shell-form-command`: a container's main program that is run by a shell.
//!
//! The shell then receives the signals, and does not pass them on: `docker stop` waits ten seconds
//! and kills the container. There is no finding if the text's last command begins with `exec`,
//! which replaces the shell, or if the stage sets a `shell`. Follows `JSONArgsRecommended` of
//! Dockerfiles.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::Origin;
use crate::spec::{Command, shell};

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let has_shell = subject.inherited(|stage, base: Result<&bool, Origin>| {
        stage.shell.is_some() || base.is_ok_and(|&below| below)
    });
    for (at, selected) in subject.stages() {
        let Some(image) = selected.stage.image.as_ref().filter(|_| !has_shell[at]) else {
            continue;
        };
        for (key, command) in [("entrypoint", &image.entrypoint), ("cmd", &image.cmd)] {
            let Some(command) = command else { continue };
            let Command::Shell(text) = &command.value else { continue };
            if shell::read(text).commands.last().is_some_and(gives_way) {
                continue;
            }
            diagnostics.push(
                Diagnostic::new(
                    Code::ShellFormCommand,
                    command.span,
                    format!("a shell runs this `{key}` and does not forward signals"),
                )
                .hint(format!(
                    "write `{key} = [\"program\", \"argument\"]`, or begin the string with `exec`"
                )),
            );
        }
    }
}

fn gives_way(command: &shell::Command<'_>) -> bool {
    command.is_exec
}
