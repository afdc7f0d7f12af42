//! `runs-as-root`: a container's main program, or a service with a port, that runs as root.
//!
//! Checks the images that the file is meant to build, if it sets their command or ports but no
//! user. `user = "root"` is an explicit choice, and so is a program that changes its own user.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::ContainerConfig;
use crate::plan::Origin;
use crate::spec::{Command, Image, Stage, Verb};

/// Programs with which a script changes its user.
const STEPPING_DOWN: [&str; 6] = ["gosu", "su-exec", "setpriv", "runuser", "s6-", "chpst"];

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for &shipped in &subject.selection.shipped {
        let (chain, bottom) = subject.chain(shipped);
        let is_root = match bottom {
            Origin::Scratch => true,
            Origin::Image(image) => subject.config(image).is_some_and(runs_as_root),
            Origin::Context | Origin::Stage(_) | Origin::Named(_) => false,
        };
        let stages: Vec<&Stage> = chain.iter().map(|&at| subject.stage(at)).collect();
        let program = stages.iter().find_map(|stage| stage.image.as_ref()?.entrypoint.as_ref());
        let port = stages.iter().find_map(|stage| stage.image.as_ref()?.expose.first());
        let (place, what) = match (program, port) {
            (Some(program), _) => (program.span, "the program of this image"),
            (None, Some(port)) => (port.span, "the service at this port"),
            (None, None) => continue,
        };
        if !is_root || stages.iter().any(|stage| says_user(stage) || steps_down(stage)) {
            continue;
        }
        let message = format!("{what} runs as root");
        diagnostics.push(
            Diagnostic::new(Code::RunsAsRoot, place, message)
                .hint("set `user = \"nobody\"`, or another user of the image, in [stages.NAME.image]; set `user = \"root\"` if root is intended"),
        );
    }
}

fn runs_as_root(config: &ContainerConfig) -> bool {
    let user = config.user.split(':').next().unwrap_or_default();
    matches!(user, "" | "root" | "0")
}

/// True if a stage sets its user.
fn says_user(stage: &Stage) -> bool {
    stage.user.is_some() || stage.image.as_ref().is_some_and(says)
}

fn says(image: &Image) -> bool {
    image.user.is_some() || image.clear.iter().any(|name| name.value == "user")
}

/// True if a stage has a program that changes its user.
fn steps_down(stage: &Stage) -> bool {
    let in_steps = stage.all_steps().any(|step| match &step.verb {
        Verb::Run(run) => has(&run.script.value.0),
        Verb::Write(write) => has(&write.content.value.text),
        _ => false,
    });
    let entrypoint = stage.image.as_ref().and_then(|image| image.entrypoint.as_ref());
    in_steps
        || entrypoint.is_some_and(|command| match &command.value {
            Command::List(words) => words.iter().any(|word| has(&word.value)),
            Command::Shell(text) => has(text),
        })
}

fn has(text: &str) -> bool {
    STEPPING_DOWN.iter().any(|program| text.contains(program))
}
