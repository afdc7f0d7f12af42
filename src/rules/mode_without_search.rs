//! `mode-without-search`: a mode for files that directories also get.
//!
//! BuildKit sets the mode of a copy on everything that is copied, and a directory without an `x`
//! cannot be entered. With `parents` and a pattern, parent directories are copied as well.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, Copy, CopyItem, Mode};
use crate::spec::{CopyStep, Sources, Template, Verb};

/// The search bits of a directory.
const SEARCH: u32 = 0o111;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for (at, _) in subject.stages() {
        for (written, planned) in subject.steps(at) {
            let (mode, chmod) = match (&planned.action, &written.verb) {
                (Action::Copy(copy), Verb::Copy(step))
                    if copies_directories(copy) || names_directories(step) =>
                {
                    (&copy.mode, &step.files.chmod)
                }
                (Action::Git(git), Verb::Git(step)) => (&git.mode, &step.files.chmod),
                (Action::Fetch(fetch), Verb::Fetch(step)) if fetch.extract => {
                    (&fetch.mode, &step.files.chmod)
                }
                _ => continue,
            };
            let (Some(Mode::Octal(bits)), Some(chmod)) = (mode, chmod) else { continue };
            if bits & SEARCH != 0 {
                continue;
            }
            diagnostics.push(
                Diagnostic::new(
                    Code::ModeWithoutSearch,
                    chmod.span,
                    "copied directories get this mode too, and then only root can enter them",
                )
                .hint(format!(
                    "use `X`, which applies only to directories: `chmod = \"{}\"`",
                    symbolic(*bits)
                )),
            );
        }
    }
}

/// True if the copied files certainly include directories.
fn copies_directories(copy: &Copy) -> bool {
    !copy.include.is_empty() || copy.items.iter().any(keeps_directories)
}

fn keeps_directories(item: &CopyItem) -> bool {
    item.required.is_none() && item.parents.as_ref().is_some_and(|pattern| pattern.contains('/'))
}

/// True if a source ends with a slash, as only directories do.
fn names_directories(step: &CopyStep) -> bool {
    match &step.sources.value {
        Sources::To(templates) => templates.as_slice().iter().any(is_directory),
        Sources::Each(pairs) => pairs.iter().any(|(template, _)| is_directory(template)),
    }
}

fn is_directory(template: &Template) -> bool {
    template.ends().1.ends_with('/')
}

/// The same mode as a symbolic change that adds the search bit for everyone who may read a
/// directory.
fn symbolic(bits: u32) -> String {
    [symbolic_for('u', bits >> 6), symbolic_for('g', bits >> 3), symbolic_for('o', bits)].join(",")
}

fn symbolic_for(who: char, bits: u32) -> String {
    let read = if bits & 4 != 0 { "r" } else { "" };
    let write = if bits & 2 != 0 { "w" } else { "" };
    let search = if bits & 4 != 0 { "X" } else { "" };
    format!("{who}={read}{write}{search}")
}
