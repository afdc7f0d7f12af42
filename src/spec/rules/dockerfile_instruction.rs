//! `dockerfile-instruction`: an instruction of Dockerfiles as a program that a step runs.
//!
//! A program may be called `RUN`, or a shell may speak SQL and know `COPY`: so it is no error.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::script::commands;
use crate::spec::{Stage, Template, Verb};

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

pub(super) fn check(stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        let (found, span) = match &step.verb {
            Verb::Run(run) => {
                let has_shell = stage.shell.is_some() || run.shell.is_some();
                (in_text(&run.script.value.0, has_shell), run.script.span)
            }
            Verb::Exec(exec) => {
                let program = exec.command.value.first().and_then(Template::as_literal);
                let found = program.filter(|program| form_of(program).is_some());
                (found.map(str::to_owned), exec.command.span)
            }
            _ => continue,
        };
        let Some(word) = found else { continue };
        let Some(form) = form_of(&word.to_ascii_uppercase()) else { continue };
        let message =
            format!("a program called `{word}` is run here, not the instruction of Dockerfiles");
        diagnostics.push(Diagnostic::new(Code::DockerfileInstruction, span, message).hint(form));
    }
}

/// The first instruction among the commands of a text. Only the first word is looked at where another shell than the
/// usual ones may read it.
fn in_text(text: &str, has_shell: bool) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    let is_lower_case = IN_LOWER_CASE.contains(&first) && words.next().is_some();
    if form_of(first).is_some() || is_lower_case && !has_shell {
        return Some(first.to_owned());
    }
    if has_shell || text.starts_with("#!") {
        return None;
    }
    // A here-document may be of any language.
    let before = text.split("<<").next().unwrap_or_default();
    let mut commands = commands(before).into_iter();
    commands.find_map(|words| words.into_iter().next().filter(|word| form_of(word).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_among_commands() {
        let found = |text: &str| in_text(text, false);
        for (name, _) in INSTRUCTIONS {
            assert_eq!(found(&format!("{name} x")).as_deref(), Some(name));
            assert_eq!(found(&format!("cd /src\n{name} x && make")).as_deref(), Some(name));
        }
        assert_eq!(found("copy a b").as_deref(), Some("copy"));
        for text in [
            "copy",
            "env A=1 make",
            "make RUN",
            "psql <<EOF\nCOPY t FROM STDIN\nEOF",
            "echo '\nRUN x'",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(in_text("select 1;\nCOPY t", true), None);
        assert_eq!(found("#!/usr/bin/env foo\nCOPY t"), None);
    }
}
