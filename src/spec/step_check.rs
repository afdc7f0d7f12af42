//! Errors in a step that no single key shows.

use super::pasted;
use super::reader::Reader;
use super::step::Verb;
use super::step_values::Sources;
use super::template::Template;
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::{Span, Spanned};

/// Maximum number of leading path components to remove.
const MAX_STRIP: u32 = 64;

/// Reports the first mistake of a step.
pub(super) fn check(verb: &Verb, reader: &mut Reader<'_>) -> Result<(), Reported> {
    let diagnostic = match verb {
        Verb::Exec(step) if step.command.is_empty() => {
            nothing(step.command.span, "execute", "write `exec = [\"program\", \"argument\"]`")
        }
        Verb::Copy(step) if step.sources.is_empty() => {
            nothing(step.sources.span, "copy", "write `copy = [\"a\", \"b\"]`, or remove the step")
        }
        Verb::Mkdir(step) if step.paths.as_slice().is_empty() => {
            nothing(step.paths.span, "make", "write `mkdir = \"/dir\"`, or remove the step")
        }
        Verb::Remove(step) if step.paths.as_slice().is_empty() => {
            nothing(step.paths.span, "remove", "write `remove = \"/path\"`, or remove the step")
        }
        Verb::Parallel(step) if step.branches.is_empty() => nothing(
            step.branches.span,
            "do at once",
            "write `parallel = [...]`, or remove the step",
        ),
        Verb::Copy(step) if let (Some(to), Sources::Each(_)) = (&step.to, &step.sources.value) => {
            Diagnostic::new(
                Code::ConflictingKeys,
                to.span,
                "`to` is not allowed when `copy` is a table with a destination for each source",
            )
            .hint("remove `to`, or write the sources as a list")
        }
        Verb::Fetch(step) if let (Some(strip), None | Some(false)) = (step.strip, step.extract) => {
            Diagnostic::new(
                Code::ConflictingKeys,
                strip.span,
                "`strip` is only allowed with `extract = true`",
            )
            .hint("add `extract = true` to unpack the file")
        }
        Verb::Fetch(step) if let Some(too_many) = too_many_parts(step.strip) => too_many,
        Verb::Unpack(step) if let Some(too_many) = too_many_parts(step.strip) => too_many,
        _ => match in_paths(verb, reader) {
            Some(pasted) => pasted,
            None => return Ok(()),
        },
    };
    reader.diagnostics.error(diagnostic)
}

/// The error in the paths or URLs of a step's sources.
fn in_paths(verb: &Verb, reader: &Reader<'_>) -> Option<Diagnostic> {
    let find = |path: &Template| {
        pasted::in_path(
            path.as_literal()
                .unwrap_or_else(|| reader.file.slice(path.span).trim_matches(['"', '\''])),
            path.span,
        )
    };
    match verb {
        Verb::Exec(step) => {
            let first = step.command.first()?;
            pasted::run_flag(first.as_literal().unwrap_or_default(), first.span)
        }
        Verb::Copy(step) => match &step.sources.value {
            Sources::To(sources) => sources.as_slice().iter().find_map(find),
            Sources::Each(pairs) => pairs.iter().find_map(|(source, _)| find(source)),
        },
        Verb::Unpack(step) => find(&step.source),
        Verb::Fetch(step) => find(&step.url),
        Verb::Git(step) => find(&step.url),
        _ => None,
    }
}

fn nothing(span: Span, what: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, span, format!("there is nothing to {what}")).hint(hint)
}

/// The error for removing more components than a path can have.
fn too_many_parts(strip: Option<Spanned<u32>>) -> Option<Diagnostic> {
    let Spanned { value, span } = strip.filter(|strip| strip.value > MAX_STRIP)?;
    let message = format!("`strip = {value}` is out of range");
    Some(
        Diagnostic::new(Code::InvalidValue, span, message).hint(format!("use at most {MAX_STRIP}")),
    )
}
