//! The meaning of a string, by its place in a document.
//!
//! Input: a place of a walk. Output: a [`Meaning`]. The index of names and the completion both use
//! it, so that a name that is offered is also found.

use super::walk::At;
use crate::toml::{Entry, Kind};

/// The meaning of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The path of an included file.
    Include,
    /// The text of a `run` step.
    Script,
    /// The content of a file. `${NAME}` is only replaced if the step [`expands`] it.
    Content,
    /// The name of a stage.
    Stage,
    /// The name of a stage, a source or an image.
    Base,
    /// The name of a source.
    Source,
    /// The name of a set of mounts.
    Mounts,
    /// The name of an arg.
    Arg,
    /// A platform.
    Platform,
    /// Anything else.
    Other,
}

/// The meaning of a string at a place.
pub(super) fn meaning(at: At<'_>) -> Meaning {
    match (at.what(), at.key_name()) {
        ("a build file", "include") => Meaning::Include,
        ("a stage" | "a branch", "steps") | (_, "parallel" | "run") => Meaning::Script,
        ("a write step", "content") => Meaning::Content,
        ("a build file", "default") | (_, "requires") | ("a `from`", "stage" | "merge") => {
            Meaning::Stage
        }
        ("a `from`", "source") => Meaning::Source,
        (_, "from") => Meaning::Base,
        (_, "mounts") => Meaning::Mounts,
        // In the table `args` of a build file, strings are values.
        (_, "args" | "no-args") if at.names.is_empty() => Meaning::Arg,
        (_, "platform") => Meaning::Platform,
        _ => Meaning::Other,
    }
}

/// True if the strings at a place can use args and constants, but no environment.
pub(super) fn is_outer(at: At<'_>) -> bool {
    at.what() == "a `from`"
        || matches!(at.key_name(), "from" | "platform" | "when" | "unless")
        || !matches!(at.path.first(), Some(&("stages" | "mounts")))
}

/// True if a step with these keys replaces `${NAME}` in the content of a file.
pub(super) fn expands(step: &[Entry<'_>]) -> bool {
    let expand = step.iter().find(|entry| entry.key.name == "expand");
    expand.is_some_and(|expand| matches!(expand.value.kind, Kind::Boolean(true)))
}
