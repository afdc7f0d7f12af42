//! `unused-source`: a source that no stage uses.
//!
//! It is not fetched, and the stages that were meant to use it probably use something else: for
//! example, an image with its name. A source of an included file may be used in another build.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{From, Spec};

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    if spec.sources.is_empty() {
        return;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut is_computed = false;
    for stage in spec.stages.values() {
        stage.visit_froms(&mut |from| {
            let (From::Name(template) | From::Source(template)) = &from.value else { return };
            let means_stage =
                |name| matches!(from.value, From::Name(_)) && spec.stages.contains_key::<str>(name);
            match template.as_literal() {
                Some(name) if means_stage(name) => {}
                Some(name) => {
                    used.insert(name);
                }
                None => is_computed |= template.is_open_name(),
            }
        });
    }
    // A computed name may be that of any source.
    if is_computed {
        return;
    }
    let unused = spec.sources.iter().filter(|(name, _)| !used.contains(name.as_str()));
    for (name, source) in unused.filter(|(_, source)| spec.is_own(source.span)) {
        let message = format!("unused source `{name}`");
        let (message, from) = match spec.stages.contains_key(name.as_str()) {
            true => (
                format!("{message}: a stage has the same name"),
                format!("refer to it with `{{ source = \"{name}\" }}`"),
            ),
            false => (message, format!("\"{name}\"")),
        };
        diagnostics.push(
            Diagnostic::new(Code::UnusedSource, source.span, message)
                .hint(format!("use it with `from = {from}`, or remove it")),
        );
    }
}
