//! `comment-in-command`: a comment line after a line that ends with a backslash.
//!
//! Dockerfiles drop such lines. A shell joins the comment to the command, which ends there: the
//! lines after it are another command. After `;`, `&&` or `|` nothing is lost, so there is no
//! finding.

use super::script::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::shell::Broken;

pub(super) fn check(script: &Script<'_>, diagnostics: &mut Diagnostics) {
    for broken in script.broken() {
        let Broken::Comment(comment) = broken else { continue };
        let message = "this comment ends the command that the line above continues";
        diagnostics.push(
            Diagnostic::new(Code::CommentInCommand, script.span(comment.clone()), message)
                .hint("the next lines run as another command: move the comment above the command"),
        );
    }
}
