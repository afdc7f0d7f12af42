//! `relative-workdir`: a working directory that is relative to that of the base image.
//!
//! The next version of the image may have another one. Follows `WorkdirRelativePath` of
//! Dockerfiles.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::plan::{Origin, StageId};
use crate::spec::Template;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    // True if the working directory of a stage is known from the file alone. `scratch` has `/`.
    let mut known: IdVec<StageId, bool> = IdVec::default();
    for (at, selected) in subject.stages() {
        let stage = &selected.stage.value;
        let base_is_known = match subject.base(at) {
            Origin::Stage(base) => known[base],
            Origin::Scratch => true,
            Origin::Context | Origin::Image(_) | Origin::Named(_) => false,
        };
        // One finding is enough: later paths are relative to this one.
        known.push(base_is_known || stage.workdir.is_some());
        let relative: Vec<&Template> = if base_is_known {
            Vec::new()
        } else if let Some(workdir) = &stage.workdir {
            vec![workdir]
        } else {
            stage.all_steps().filter_map(|step| step.verb.keys().workdir.as_deref()).collect()
        };
        for workdir in relative.into_iter().filter(|workdir| is_relative(workdir)) {
            diagnostics.push(
                Diagnostic::new(
                    Code::RelativeWorkdir,
                    workdir.span,
                    "this path is relative to the working directory of the base image",
                )
                .hint("write an absolute path"),
            );
        }
    }
}

/// A path that begins with a value may be absolute.
fn is_relative(path: &Template) -> bool {
    let (start, _) = path.ends();
    let drive = start.as_bytes().get(1) == Some(&b':');
    // `~` is reported by `tilde-in-path`.
    !start.is_empty() && !start.starts_with(['/', '\\', '~']) && !drive
}
