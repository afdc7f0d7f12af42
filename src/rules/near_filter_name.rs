//! `near-filter-name`: a name for `--no-cache-filter` that is nearly that of a stage.
//!
//! The filter of a build is often that of several files, and a name that is none of this one's stages is no mistake.
//! Nearly the name of one is: everything is taken from the cache.

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
