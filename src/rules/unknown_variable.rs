//! `unknown-variable`: the text of a run step uses a variable that is similar to an arg.
//!
//! In a shell, an unknown variable is empty. Any name may be set by the image or the script itself,
//! so only a misspelt name of a declared arg is reported.

use std::collections::BTreeMap;

use super::script::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::script;

/// Minimum length of a name: any two shorter ones are similar.
const SHORTEST: usize = 4;

/// Checks the names in a script.
pub(super) fn check(script: &Script<'_>, diagnostics: &mut Diagnostics) {
    let declared = script.declared;
    let text = script.text();
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    script::visit_names(text, &mut |name| {
        if !declared.names.contains(name) && name.len() >= SHORTEST {
            let at = name.as_ptr().addr() - text.as_ptr().addr();
            unknown.entry(name).or_insert(at);
        }
    });
    unknown.retain(|name, _| declared.known.one_slip(name).is_some());
    if unknown.is_empty() {
        return;
    }
    script::visit_plain(text, &mut |name| {
        unknown.remove(name);
    });
    for (name, at) in unknown {
        let Some(near) = declared.known.one_slip(name) else { continue };
        let message = format!("unknown variable `${name}`: an arg has the similar name `{near}`");
        diagnostics.push(
            Diagnostic::new(Code::UnknownVariable, script.span(at..at + name.len()), message)
                .hint(format!("write `${near}`; a shell expands an unknown variable to nothing")),
        );
    }
}
