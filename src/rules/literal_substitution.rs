//! `literal-substitution`: `${NAME}` in a list in which it is never substituted.
//!
//! The list forms of `entrypoint`, `cmd` and a healthcheck's `cmd` are run by the container
//! literally, without a shell.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Command, Stage, StageName, shell};

pub(super) fn check(_: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    if let Some(image) = &stage.image {
        let healthcheck =
            image.healthcheck.as_ref().and_then(|healthcheck| healthcheck.value.cmd());
        let commands = [&image.entrypoint, &image.cmd].into_iter().flatten();
        for command in commands.map(|command| &command.value).chain(healthcheck) {
            let Command::List(words) = command else { continue };
            // In text for a shell, the shell expands it.
            if words.iter().any(|word| word.value == "-c" || shell::is_shell(&word.value)) {
                continue;
            }
            for word in words.iter().filter(|word| word.value.contains("${")) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::LiteralSubstitution,
                        word.span,
                        format!("`{}` is not replaced: a list runs without a shell", word.value),
                    )
                    .hint("write a string to use a shell, or set the variable in `env` and let the program read it"),
                );
            }
        }
    }
}
