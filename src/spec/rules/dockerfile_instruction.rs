//! `dockerfile-instruction`: an instruction of Dockerfiles as a program that a step runs.
//!
//! A program may be called `RUN`, or a shell may speak SQL and know `COPY`: so it is no error.

use super::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::ExecStep;

/// The instructions, and what to write for each.
pub(in crate::spec) const INSTRUCTIONS: [(&str, &str); 18] = [
    (
        "ADD",
        "{ copy = \"FILE\", to = \"DIR/\" }; or `fetch`, `git`, `unpack` in the place of `copy`",
    ),
    ("ARG", "[args] NAME = \"DEFAULT\": steps that name it get it"),
    ("CMD", "cmd = [\"PROGRAM\"] in [stages.NAME.image]"),
    ("COPY", "{ copy = \"FILE\", to = \"DIR/\" }"),
    ("ENTRYPOINT", "entrypoint = [\"PROGRAM\"] in [stages.NAME.image]"),
    ("ENV", "env = { NAME = \"VALUE\" } in the stage, or in a step"),
    ("EXPOSE", "expose = [8080] in [stages.NAME.image]"),
    ("FROM", "from = \"IMAGE\" in a stage of its own: [stages.NAME]"),
    ("HEALTHCHECK", "healthcheck = { cmd = [\"PROGRAM\"] } in [stages.NAME.image]"),
    ("LABEL", "labels = { NAME = \"VALUE\" } in [stages.NAME.image]"),
    ("MAINTAINER", "author = \"NAME\" in [stages.NAME.image]"),
    ("ONBUILD", "on-build = [\"INSTRUCTION\"] in [stages.NAME.image]"),
    ("RUN", "leave the word out: the text itself is run"),
    ("SHELL", "shell = [\"PROGRAM\", \"-c\"] in the stage, or in a step"),
    ("STOPSIGNAL", "stop-signal = \"SIGNAL\" in [stages.NAME.image]"),
    ("USER", "user = \"NAME\" in the stage, or in a step"),
    ("VOLUME", "volumes = [\"/DIR\"] in [stages.NAME.image]"),
    ("WORKDIR", "workdir = \"/DIR\" in the stage, or in a step"),
];

/// What to write for an instruction.
pub(in crate::spec) fn form_of(instruction: &str) -> Option<&'static str> {
    let found = INSTRUCTIONS.iter().find(|(name, _)| *name == instruction);
    found.map(|&(_, form)| form)
}

/// The instructions that are found in lower case too: no usual program has their names.
const IN_LOWER_CASE: [&str; 9] =
    ["add", "copy", "expose", "from", "maintainer", "onbuild", "stopsignal", "volume", "workdir"];

/// Looks at the commands of a script. In the text of another shell nothing is known.
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

/// Looks at a program that is run without a shell.
pub(super) fn check_exec(exec: &ExecStep, diagnostics: &mut Diagnostics) {
    let program = exec.command.value.first().and_then(|word| word.as_literal());
    if let Some(program) = program.filter(|program| form_of(program).is_some()) {
        report(program, exec.command.span, diagnostics);
    }
}

fn report(word: &str, span: Span, diagnostics: &mut Diagnostics) {
    let Some(form) = form_of(&word.to_ascii_uppercase()) else { return };
    let message =
        format!("a program called `{word}` is run here, not the instruction of Dockerfiles");
    diagnostics.push(Diagnostic::new(Code::DockerfileInstruction, span, message).hint(form));
}
