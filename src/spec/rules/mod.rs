//! Advisory rules: what a file says that is not wrong, and very likely not meant. One file each, and a
//! page each in `docs/rules`.
//!
//! Here are those that need nothing but the file. Those that need values are in `crate::plan::rules`, and
//! a few speak where a thing is read anyway.

mod bare_dollar;
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

pub(crate) use self::secret_in_env::SECRET_NAME_WORDS;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) use self::dockerfile_instruction::{INSTRUCTIONS, form_of};
pub(crate) use self::secret_in_env::looks_secret;
use self::unknown_variable::Declared;
use super::shell::{self, Broken, Command, Reading};
use super::{From, RunStep, Shell, Spec, StageName, Verb};
use crate::diagnostic::Diagnostics;
use crate::source::Span;
use crate::toml::Places;

/// Runs every rule. What looks at one stage alone does so stage by stage: a large file is more than a processor has
/// at hand.
pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let declared = Declared::new(spec);
    let shells = Shells::new(spec);
    for (name, stage) in &spec.stages {
        for step in stage.all_steps() {
            if let Verb::Exec(exec) = &step.verb {
                dockerfile_instruction::check_exec(exec, diagnostics);
            }
            let Verb::Run(run) = &step.verb else { continue };
            let script = Script::new(run, shells.is_posix(name, run));
            comment_in_command::check(&script, diagnostics);
            dockerfile_instruction::check(&script, diagnostics);
            empty_continuation::check(&script, diagnostics);
            declared.check(&script, diagnostics);
        }
        constant_platform::check(name, stage, diagnostics);
        literal_substitution::check(stage, diagnostics);
        not_an_archive::check_stage(stage, diagnostics);
        secret_in_env::check_stage(stage, diagnostics);
        several_paths_in_one::check(stage, diagnostics);
        tilde_in_path::check(stage, diagnostics);
    }
    bare_dollar::check(spec, diagnostics);
    not_an_archive::check_sources(spec, diagnostics);
    secret_in_env::check_values(spec, diagnostics);
    reserved_stage_name::check(spec, diagnostics);
    uncovered_value::check(spec, diagnostics);
    unreached_stage::check(spec, diagnostics);
    unused_arg::check(spec, diagnostics);
    unused_mounts::check(spec, diagnostics);
    unused_source::check(spec, diagnostics);
}

/// The text of a run step, read once for all rules that look into it.
struct Script<'s> {
    run: &'s RunStep,
    /// Its commands; none where another shell reads it.
    reading: Reading<'s>,
    places: OnceCell<Places>,
}

impl<'s> Script<'s> {
    fn new(run: &'s RunStep, is_posix: bool) -> Self {
        let text = run.script.value.0.as_str();
        let is_posix = is_posix && shell::is_for_posix(text);
        let reading = if is_posix { shell::read(text) } else { Reading::default() };
        Self { run, reading, places: OnceCell::new() }
    }

    fn text(&self) -> &'s str {
        self.run.script.value.0.as_str()
    }

    fn commands(&self) -> &[Command<'s>] {
        &self.reading.commands
    }

    fn broken(&self) -> &[Broken] {
        &self.reading.broken
    }

    /// The place of a part of the text.
    fn span(&self, range: Range<usize>) -> Span {
        self.places.get_or_init(|| self.run.script.places()).span(range)
    }
}

/// How many stages are looked at for a shell that one inherits.
const MAX_BASES: usize = 100;

/// Which stages have a shell that is no POSIX shell.
struct Shells<'s> {
    spec: &'s Spec,
    /// Those that set one.
    foreign: BTreeSet<&'s str>,
}

impl<'s> Shells<'s> {
    fn new(spec: &'s Spec) -> Self {
        let is_foreign =
            |shell: &Option<Shell>| shell.as_ref().is_some_and(|shell| !is_posix(shell));
        let foreign = spec.stages.iter().filter(|(_, stage)| is_foreign(&stage.shell));
        Self { spec, foreign: foreign.map(|(name, _)| name.as_str()).collect() }
    }

    /// Whether the text of a step is for a POSIX shell. An image may say otherwise; that is not known here.
    fn is_posix(&self, stage: &StageName, run: &RunStep) -> bool {
        if let Some(shell) = &run.shell {
            return is_posix(shell);
        }
        if self.foreign.is_empty() {
            return true;
        }
        let mut name = stage.as_str();
        for _ in 0..MAX_BASES {
            let Some(stage) = self.spec.stages.get(name) else { return true };
            if stage.shell.is_some() {
                return !self.foreign.contains(name);
            }
            let base = match &super::first_of(&stage.from).value {
                From::Name(base) | From::Stage(base) => base.as_literal(),
                _ => None,
            };
            match base {
                Some(base) if base != name => name = base,
                _ => return true,
            }
        }
        true
    }
}

/// Whether a shell is one of POSIX. One whose program is computed may be.
fn is_posix(Shell(words): &Shell) -> bool {
    words.first().and_then(|word| word.as_literal()).is_none_or(shell::is_posix)
}
