//! The equivalent in a build file of each Dockerfile instruction.

/// The instructions, each with its equivalent.
pub(super) const INSTRUCTIONS: [(&str, &str); 18] = [
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

/// The equivalent of an instruction.
pub(crate) fn form_of(instruction: &str) -> Option<&'static str> {
    let found = INSTRUCTIONS.iter().find(|(name, _)| *name == instruction);
    found.map(|&(_, form)| form)
}
