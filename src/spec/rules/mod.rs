//! Advisory rules: what a file says that is not wrong, and very likely not meant. One file each, and a
//! page each in `docs/rules`.
//!
//! Here are those that need nothing but the file. Those that need values are in `crate::plan::rules`, and
//! a few speak where a thing is read anyway.

mod comment_in_command;
mod constant_platform;
mod empty_continuation;
mod literal_substitution;
mod reserved_stage_name;
mod secret_in_env;
mod uncovered_value;
mod unknown_variable;
mod unreached_stage;
mod unused_arg;

use super::Spec;
use crate::diagnostic::Diagnostics;

/// Runs every rule.
pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    comment_in_command::check(spec, diagnostics);
    constant_platform::check(spec, diagnostics);
    empty_continuation::check(spec, diagnostics);
    literal_substitution::check(spec, diagnostics);
    reserved_stage_name::check(spec, diagnostics);
    secret_in_env::check(spec, diagnostics);
    uncovered_value::check(spec, diagnostics);
    unknown_variable::check(spec, diagnostics);
    unreached_stage::check(spec, diagnostics);
    unused_arg::check(spec, diagnostics);
}
