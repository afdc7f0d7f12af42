//! `unused-arg`: an arg that has no effect.
//!
//! It is declared, but no value, no run text and no `args` list refers to it: the result is the
//! same for all its values. An arg of an included file may be used in another build, and
//! `SOURCE_DATE_EPOCH` is the timestamp of the whole build.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{ArgName, EPOCH_ARG, Spec};

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let mut used = BTreeSet::new();
    spec.visit_used_names(&mut |name| {
        if let Some((declared, _)) = spec.args.0.get_key_value(name) {
            used.insert(declared);
        }
    });
    let is_used = |name: &ArgName| used.contains(name) || name.as_str() == EPOCH_ARG;
    let unused = spec.args.0.iter().filter(|(name, _)| !is_used(name));
    for (name, arg) in unused.filter(|(_, arg)| spec.is_own(arg.span)) {
        diagnostics.push(
            Diagnostic::new(Code::UnusedArg, arg.span, format!("unused arg `{name}`")).hint(format!(
                "use `${{{name}}}` in a value, use `${name}` in the text of a `run` step, list it in `args`, or remove it"
            )).about(name.as_str()),
        );
    }
}
