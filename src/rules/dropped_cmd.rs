//! `dropped-cmd`: an `entrypoint` that drops an inherited `cmd` that may be needed.
//!
//! As in Dockerfiles, the arguments of another program are useless for a new one. The rule reports
//! a `cmd` of another stage in the file, and one of an image if the new entrypoint is a script that
//! runs its arguments (`exec "$@"`).

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::plan::{Origin, StageId};
use crate::source::Span;
use crate::spec::Command;

/// Default programs of images.
const SHELLS_AND_PROMPTS: [&str; 12] =
    ["sh", "bash", "ash", "python3", "python", "node", "irb", "jshell", "php", "julia", "R", "iex"];

/// The `cmd` that a stage passes on.
#[derive(Clone)]
enum Cmd {
    None,
    /// One that is written in the file.
    Written(Span),
    /// One of an image.
    OfImage(Vec<String>),
}

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let mut handed_on: IdVec<StageId, Cmd> = IdVec::default();
    for (at, selected) in subject.stages() {
        let below = match subject.base(at) {
            Origin::Stage(base) => handed_on[base].clone(),
            Origin::Image(image) => {
                let config = subject.config(image);
                let words = config.and_then(|config| config.cmd.clone()).unwrap_or_default();
                if words.is_empty() { Cmd::None } else { Cmd::OfImage(words) }
            }
            Origin::Context | Origin::Scratch | Origin::Named(_) => Cmd::None,
        };
        let Some(image) = selected.stage.image.as_ref().filter(|_| !selected.replaced) else {
            handed_on.push(below);
            continue;
        };
        let is_cleared = image.clear.iter().any(|name| name.value == "cmd");
        let entrypoint = image.entrypoint.as_ref();
        handed_on.push(match (&image.cmd, entrypoint) {
            (Some(cmd), _) => Cmd::Written(cmd.span),
            (None, Some(_)) => Cmd::None,
            (None, None) if is_cleared => Cmd::None,
            (None, None) => below.clone(),
        });
        let Some(entrypoint) = entrypoint.filter(|_| image.cmd.is_none() && !is_cleared) else {
            continue;
        };
        let (message, place) = match below {
            Cmd::Written(place) => {
                ("setting `entrypoint` drops the `cmd` of the base stage".to_owned(), Some(place))
            }
            Cmd::OfImage(words) if is_wrapper(&entrypoint.value) && is_program(&words) => {
                let message =
                    format!("setting `entrypoint` drops the `cmd` of the base image: {words:?}");
                (message, None)
            }
            Cmd::OfImage(_) | Cmd::None => continue,
        };
        let mut found = Diagnostic::new(Code::DroppedCmd, entrypoint.span, message)
            .hint("set `cmd` next to `entrypoint`, or write `clear = [\"cmd\"]` to drop it");
        if let Some(place) = place {
            found = found.related(place, "the `cmd`");
        }
        diagnostics.push(found);
    }
}

/// True if a command looks like a script that runs its arguments.
fn is_wrapper(command: &Command) -> bool {
    let Command::List(words) = command else { return false };
    words.last().is_some_and(|word| {
        let name = word.value.rsplit('/').next().unwrap_or_default();
        name.ends_with(".sh") || name.contains("entrypoint")
    })
}

/// True if a command is more than an interactive prompt.
fn is_program(words: &[String]) -> bool {
    let name = words[0].rsplit('/').next().unwrap_or_default();
    words.len() > 1 || !SHELLS_AND_PROMPTS.contains(&name)
}
