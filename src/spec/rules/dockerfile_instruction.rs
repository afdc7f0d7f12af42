//! `dockerfile-instruction`: an instruction of Dockerfiles as the program that a run step runs.
//!
//! A program may be called `RUN`, or a shell may speak SQL and know `COPY`: so it is no error.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Stage, Verb};

/// The instructions, and what to write for each.
const INSTRUCTIONS: [(&str, &str); 18] = [
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

pub(super) fn check(stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        let Verb::Run(run) = &step.verb else { continue };
        let Some(word) = run.script.value.0.split_ascii_whitespace().next() else { continue };
        let Some(form) = form_of(word) else { continue };
        let message =
            format!("a program called `{word}` is run here, not the instruction of Dockerfiles");
        diagnostics.push(
            Diagnostic::new(Code::DockerfileInstruction, run.script.span, message).hint(form),
        );
    }
}
