//! `dockerfile-instruction`: a Dockerfile instruction used as a program in a step.
//!
//! There may be a program called `RUN`, or a shell for SQL that knows `COPY`, so it is not an
//! error.

use super::script::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::{ExecStep, Stage, StageName, Verb, form_of};

/// The instructions that are also found in lower case, because no common program has their names.
const IN_LOWER_CASE: [&str; 9] =
    ["add", "copy", "expose", "from", "maintainer", "onbuild", "stopsignal", "volume", "workdir"];

/// Checks the commands of a script. Texts for other shells are ignored.
pub(super) fn check(script: &Script<'_>, diagnostics: &mut Diagnostics) {
    let mut programs = script.commands().iter().filter_map(|command| {
        let program = command.words.first()?;
        let is_lower_case = IN_LOWER_CASE.contains(&program.text.as_ref());
        let is_first = program.range.start == 0 && command.words.len() > 1;
        (form_of(&program.text).is_some() || is_lower_case && is_first).then_some(program)
    });
    if let Some(program) = programs.next() {
        report(&program.text, script.span(program.range.clone()), diagnostics);
    }
}

/// Checks the programs that are run without a shell.
pub(super) fn check_stage(_: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        if let Verb::Exec(exec) = &step.verb {
            check_exec(exec, diagnostics);
        }
    }
}

fn check_exec(exec: &ExecStep, diagnostics: &mut Diagnostics) {
    let program = exec.command.value.first().and_then(|word| word.as_literal());
    if let Some(program) = program.filter(|program| form_of(program).is_some()) {
        report(program, exec.command.span, diagnostics);
    }
}

fn report(word: &str, span: Span, diagnostics: &mut Diagnostics) {
    let Some(form) = form_of(&word.to_ascii_uppercase()) else { return };
    let message = format!("`{word}` runs as a program here, not as a Dockerfile instruction");
    diagnostics.push(Diagnostic::new(Code::DockerfileInstruction, span, message).hint(form));
}
