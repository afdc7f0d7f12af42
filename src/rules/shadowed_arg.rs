//! `shadowed-arg`: the use of an arg or a constant that is hidden by a variable of the base image.
//!
//! In a stage, the environment takes precedence over an arg of the same name. If the file sets the
//! variable, that is visible; the variables of a base image are not, and a `--build-arg` then has
//! no effect. The scope of a stage records such uses during lookups (`Scope::note_shadowed`).

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::Spec;
use crate::text::Text;

/// Reports the names that a stage uses, each with the value of the base image's variable and the
/// span of its first use.
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
        let message =
            format!("`{name}` is `{value}` here: the variable of the base image overrides {what}");
        let hint = format!(
            "set `args = [\"{name}\"]` in the stage to use the arg, or give its value to a constant in [vars]: `MY_{name} = \"${{{name}}}\"`"
        );
        let found = Diagnostic::new(Code::ShadowedArg, span, message).hint(hint);
        diagnostics.push(match declared {
            Some((span, what)) => found.related(span, what),
            None => found,
        });
    }
}
