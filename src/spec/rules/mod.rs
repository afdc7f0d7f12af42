//! Advisory rules: what a file says that is not wrong, and very likely not meant. One file each, and a
//! page each in `docs/rules`.
//!
//! Here are those that need nothing but the file. Those that need values are in `crate::plan::rules`, and
//! a few speak where a thing is read anyway.

mod comment_in_command;
mod constant_platform;
mod dockerfile_instruction;
mod empty_continuation;
mod literal_substitution;
mod not_an_archive;
mod reserved_stage_name;
mod secret_in_env;
mod several_paths_in_one;
mod tilde_in_path;
mod uncovered_value;
mod unknown_variable;
mod unreached_stage;
mod unused_arg;
mod unused_mounts;
mod unused_source;

pub(super) use self::dockerfile_instruction::{INSTRUCTIONS, form_of};
pub(crate) use self::secret_in_env::looks_secret;
use self::unknown_variable::Declared;
use super::Spec;
use crate::diagnostic::Diagnostics;

/// Runs every rule. What looks at one stage alone does so stage by stage: a large file is more than a processor has
/// at hand.
pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let declared = Declared::new(spec);
    for (name, stage) in &spec.stages {
        comment_in_command::check(stage, diagnostics);
        constant_platform::check(name, stage, diagnostics);
        dockerfile_instruction::check(stage, diagnostics);
        empty_continuation::check(stage, diagnostics);
        literal_substitution::check(stage, diagnostics);
        not_an_archive::check_stage(stage, diagnostics);
        secret_in_env::check_stage(stage, diagnostics);
        several_paths_in_one::check(stage, diagnostics);
        tilde_in_path::check(stage, diagnostics);
        declared.check(stage, diagnostics);
    }
    not_an_archive::check_sources(spec, diagnostics);
    secret_in_env::check_values(spec, diagnostics);
    reserved_stage_name::check(spec, diagnostics);
    uncovered_value::check(spec, diagnostics);
    unreached_stage::check(spec, diagnostics);
    unused_arg::check(spec, diagnostics);
    unused_mounts::check(spec, diagnostics);
    unused_source::check(spec, diagnostics);
}
