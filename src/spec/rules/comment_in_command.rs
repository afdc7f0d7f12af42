//! `comment-in-command`: a comment line behind a line that ends with a backslash.
//!
//! Dockerfiles drop such lines. A shell joins the comment to the command, and everything behind it is
//! part of the comment: the rest of the command is not run.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Stage, Verb};

pub(super) fn check(stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        let Verb::Run(run) = &step.verb else { continue };
        let lines = run.script.value.0.lines();
        let mut pairs = lines.clone().zip(lines.skip(1));
        if pairs.any(|(line, next)| line.ends_with('\\') && next.trim_start().starts_with('#')) {
            diagnostics.push(
                Diagnostic::new(
                    Code::CommentInCommand,
                    run.script.span,
                    "a comment stands in the middle of a command that goes on",
                )
                .hint("the shell takes the rest of the command for the comment: move the comment before the command"),
            );
        }
    }
}
