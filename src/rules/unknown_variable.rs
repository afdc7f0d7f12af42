//! `unknown-variable`: run text names a variable that is nearly an arg, and is none.
//!
//! A shell takes a variable that it does not know for an empty string. Any name may be one that the
//! image or the script itself sets, so that only a slip of a declared name is worth a warning.

use std::collections::BTreeMap;

use super::script::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::script;

/// The shortest name that may be misspelt: of shorter ones any two are near each other.
const SHORTEST: usize = 4;

/// Looks at the names in a script.
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
        let message = format!("`${name}` is not an arg, and is nearly `{near}`");
        diagnostics.push(
            Diagnostic::new(Code::UnknownVariable, script.span(at..at + name.len()), message)
                .hint(format!("write `${near}`; a shell takes what it does not know for nothing")),
        );
    }
}
