//! `reserved-stage-name`: a stage with a name that has another common meaning.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::Spec;

/// The names with their meanings.
const RESERVED: [(&str, &str); 2] =
    [("scratch", "the empty base"), ("context", "the build context")];

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    for (name, meaning) in RESERVED {
        if let Some(stage) = spec.stages.get(name) {
            diagnostics.push(
                Diagnostic::new(
                    Code::ReservedStageName,
                    stage.span,
                    format!("stage name `{name}` is reserved: elsewhere it means {meaning}"),
                )
                .hint("rename the stage"),
            );
        }
    }
}
