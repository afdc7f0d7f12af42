//! `empty-continuation`: a blank line after a line that ends with a backslash.
//!
//! Dockerfiles drop such lines. For a shell, the command ends there, and the next line is another
//! one. After `;`, `&&` or `|` nothing is lost.

use super::script::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::shell::Broken;

pub(super) fn check(script: &Script<'_>, diagnostics: &mut Diagnostics) {
    for broken in script.broken() {
        let Broken::Blank(backslash) = broken else { continue };
        let message = "a blank line after this backslash ends the command";
        diagnostics.push(
            Diagnostic::new(Code::EmptyContinuation, script.span(backslash.clone()), message).hint(
                "the next lines run as another command: remove the blank line or the backslash",
            ),
        );
    }
}
