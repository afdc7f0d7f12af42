//! `unused-silence`: a comment that silences a rule where it finds nothing.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Silence};
use crate::source::Span;

/// Checks the comments of a build file. Must run after all other rules. `is_own` is true for places
/// in the build file itself: in an included file, another build may need the comment.
pub(super) fn check(diagnostics: &mut Diagnostics, is_own: impl Fn(Span) -> bool) {
    for Silence { place, rule, .. } in diagnostics.unused_silences() {
        if !is_own(place) || rule.is_some_and(Code::depends_on_request) {
            continue;
        }
        let message = match rule {
            Some(rule) => format!("rule `{}` reports nothing here", rule.name()),
            None => "no rule reports anything here".to_owned(),
        };
        let hint = "remove the comment, or move it above the line that it is about; for the whole file, write `check = { skip = [\"RULE\"] }`";
        diagnostics.push(Diagnostic::new(Code::UnusedSilence, place, message).hint(hint));
    }
}
