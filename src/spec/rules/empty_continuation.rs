//! `empty-continuation`: a blank line behind a line that ends with a backslash.
//!
//! Dockerfiles drop such lines. For a shell the command ends there, and the next line is another one.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Stage, Verb};

pub(super) fn check(stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        let Verb::Run(run) = &step.verb else { continue };
        // The text ends with a line that is not blank.
        let lines = run.script.value.0.lines();
        let mut pairs = lines.clone().zip(lines.skip(1));
        if pairs.any(|(line, next)| line.ends_with('\\') && next.trim().is_empty()) {
            diagnostics.push(
                Diagnostic::new(
                    Code::EmptyContinuation,
                    run.script.span,
                    "a blank line stands in the middle of a command that goes on",
                )
                .hint("for the shell the command ends there: remove the line, or the backslash before it"),
            );
        }
    }
}
