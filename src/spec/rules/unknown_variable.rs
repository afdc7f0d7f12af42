//! `unknown-variable`: run text names a variable that is nearly an arg, and is none.
//!
//! A shell takes a variable that it does not know for an empty string. Any name may be one that the
//! image or the script itself sets, so that only a slip of a declared name is worth a warning.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::spec::{Spec, Stage, Verb, script};

/// The names that a file declares.
pub(super) struct Declared<'s> {
    names: BTreeSet<&'s str>,
    known: Known<'s>,
}

impl<'s> Declared<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let names = spec.args.0.keys().chain(spec.vars.0.keys()).map(|name| name.as_str());
        let names: BTreeSet<&str> = names.collect();
        Self { known: Known::new(names.iter().copied()), names }
    }

    pub(super) fn check(&self, stage: &Stage, diagnostics: &mut Diagnostics) {
        for step in stage.all_steps() {
            let Verb::Run(run) = &step.verb else { continue };
            let text = run.script.value.0.as_str();
            let mut unknown = BTreeSet::new();
            script::visit_names(text, &mut |name| {
                let set = stage.env.0.contains_key(name) || run.process.env.0.contains_key(name);
                if !self.names.contains(name) && !set && name.len() > 3 {
                    unknown.insert(name);
                }
            });
            if unknown.is_empty() {
                continue;
            }
            script::visit_assigned(text, &mut |name| {
                unknown.remove(name);
            });
            for name in unknown {
                let Some(near) = self.known.one_slip(name) else { continue };
                diagnostics.push(
                    Diagnostic::new(
                        Code::UnknownVariable,
                        run.script.span,
                        format!("`${name}` is not an arg, and is nearly `{near}`"),
                    )
                    .hint(format!(
                        "write `${near}`; a shell takes what it does not know for nothing"
                    )),
                );
            }
        }
    }
}
