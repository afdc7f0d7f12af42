//! The equivalent in a build file of each Dockerfile instruction.

/// The instructions, each with its equivalent.
pub(super) const INSTRUCTIONS: [(&str, &str); 18] = [
    (
        "ADD",
        "write `{ copy = \"FILE\", to = \"DIR/\" }`, or use `fetch`, `git` or `unpack` instead of `copy`",
    ),
    ("ARG", "declare it in [args], `NAME = \"DEFAULT\"`: steps that use $NAME receive it"),
    ("CMD", "set `cmd = [\"PROGRAM\"]` in [stages.NAME.image]"),
    ("COPY", "write `{ copy = \"FILE\", to = \"DIR/\" }`"),
    ("ENTRYPOINT", "set `entrypoint = [\"PROGRAM\"]` in [stages.NAME.image]"),
    ("ENV", "set `env = { NAME = \"VALUE\" }` in the stage or in a step"),
    ("EXPOSE", "set `expose = [8080]` in [stages.NAME.image]"),
    ("FROM", "set `from = \"IMAGE\"` in a new stage: [stages.NAME]"),
    ("HEALTHCHECK", "set `healthcheck = { cmd = [\"PROGRAM\"] }` in [stages.NAME.image]"),
    ("LABEL", "set `labels = { NAME = \"VALUE\" }` in [stages.NAME.image]"),
    ("MAINTAINER", "set `author = \"NAME\"` in [stages.NAME.image]"),
    ("ONBUILD", "set `on-build = [\"INSTRUCTION\"]` in [stages.NAME.image]"),
    ("RUN", "remove the word: the text is the command"),
    ("SHELL", "set `shell = [\"PROGRAM\", \"-c\"]` in the stage or in a step"),
    ("STOPSIGNAL", "set `stop-signal = \"SIGNAL\"` in [stages.NAME.image]"),
    ("USER", "set `user = \"NAME\"` in the stage or in a step"),
    ("VOLUME", "set `volumes = [\"/DIR\"]` in [stages.NAME.image]"),
    ("WORKDIR", "set `workdir = \"/DIR\"` in the stage or in a step"),
];

/// The equivalent of an instruction.
pub(crate) fn form_of(instruction: &str) -> Option<&'static str> {
    let found = INSTRUCTIONS.iter().find(|(name, _)| *name == instruction);
    found.map(|&(_, form)| form)
}
