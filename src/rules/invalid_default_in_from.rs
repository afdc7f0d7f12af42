//! `invalid-default-in-from`: a base that is not a valid image without a build arg.
//!
//! `required = true` and `${NAME:?...}` make this explicit and are not reported. Follows
//! `InvalidDefaultArgInFrom` of Dockerfiles.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Request, Scope, Selection};
use crate::reference::Reference;
use crate::spec::{ExpandError, From};

pub(super) fn check(selection: &Selection<'_>, diagnostics: &mut Diagnostics) {
    let (spec, request) = (selection.spec, selection.request);
    let mut computed = spec
        .stages
        .values()
        // A stage with conditions may need an arg that is set whenever it is included.
        .filter(|stage| stage.conditions.is_none())
        .map(|stage| &stage.from)
        .filter(|from| matches!(from.value, From::Name(_) | From::Image { .. }))
        .filter(|from| from.template().as_literal().is_none())
        .peekable();
    if computed.peek().is_none() {
        return;
    }
    let without_args = Request { build_args: BTreeMap::new(), ..request.clone() };
    let scope = Scope::unreported(spec, &without_args);
    for from in computed {
        let problem = match scope.value(from.template()) {
            Ok(text) if spec.stages.contains_key(text.as_str()) || text == "scratch" => continue,
            Ok(text) => match Reference::parse(&text) {
                Ok(_) => continue,
                Err(err) => err.to_string(),
            },
            Err(ExpandError::Unset { name, .. }) if scope.knows(&name) => {
                format!("arg `{name}` has no default")
            }
            // Required, or an error in any case, which is reported elsewhere.
            Err(_) => continue,
        };
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidDefaultInFrom,
                from.span,
                format!("without build args, this is not a valid image reference: {problem}"),
            )
            .hint("give the arg a default, or declare it with `required = true`"),
        );
    }
}
