//! `shadowed-arg`: an arg or a constant that is used where the base image has a variable of its name.
//!
//! In a stage, env beats an arg of the same name. Where the file sets the variable, that can be read in it; what a base
//! image records cannot, and a `--build-arg` changes nothing then. The values of a stage note what they run into as they
//! are looked up (`Scope::note_shadowed`).

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::Spec;
use crate::text::Text;

/// Reports the names that a stage uses, each with the value of the base image's variable and the first place.
pub(crate) fn check(
    shadowed: BTreeMap<Text, (Text, Span)>,
    spec: &Spec,
    diagnostics: &mut Diagnostics,
) {
    for (name, (value, span)) in shadowed {
        let declared = match (spec.args.0.get(name.as_str()), spec.vars.0.get(name.as_str())) {
            (Some(arg), _) => Some((arg.span, "the arg")),
            (None, Some(var)) => Some((var.0.span, "the constant")),
            (None, None) => None,
        };
        let what = declared.map_or("the predefined arg", |(_, what)| what);
        let message = format!(
            "`{name}` is `{value}` here: the base image has a variable of that name, which beats {what}"
        );
        let hint = format!(
            "`args = [\"{name}\"]` in the stage puts the arg first; a constant with another name has its value too: [vars] MY_{name} = \"${{{name}}}\""
        );
        let found = Diagnostic::new(Code::ShadowedArg, span, message).hint(hint);
        diagnostics.push(match declared {
            Some((span, what)) => found.related(span, what),
            None => found,
        });
    }
}
