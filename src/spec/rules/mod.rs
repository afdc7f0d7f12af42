//! Advisory rules: what a file says that is not wrong, and very likely not meant. One file each.

mod comment_in_command;
mod literal_substitution;
mod unknown_variable;
mod unused_arg;

use super::Spec;
use crate::diagnostic::Diagnostics;

/// Runs every rule.
pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    comment_in_command::check(spec, diagnostics);
    literal_substitution::check(spec, diagnostics);
    unknown_variable::check(spec, diagnostics);
    unused_arg::check(spec, diagnostics);
}
