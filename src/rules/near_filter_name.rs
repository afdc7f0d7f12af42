//! `near-filter-name`: a name for `--no-cache-filter` that is similar to that of a stage.
//!
//! A filter is often shared by the builds of several files, so an unknown name is not an error. If
//! it is similar to the name of a stage, it is probably misspelt, and everything comes from the
//! cache.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::plan::Stages;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let Stages::Named(names) = &subject.selection.request.no_cache else { return };
    let stages = &subject.selection.spec.stages;
    let known = Known::new(stages.keys().map(|name| name.as_str()));
    for name in names {
        let lowercase = name.to_ascii_lowercase();
        let Some(near) = known.one_slip(&lowercase) else { continue };
        if stages.contains_key(lowercase.as_str()) {
            continue;
        }
        let message = format!("--no-cache-filter {name}: there is no such stage");
        diagnostics.push(
            Diagnostic::without_place(Code::NearFilterName, message)
                .hint(format!("did you mean `{near}`?")),
        );
    }
}
