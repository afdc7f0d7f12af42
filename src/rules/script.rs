//! The text of a run step in the build file, parsed once for all rules about it.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

use super::declared::Declared;
use crate::source::Span;
use crate::spec::shell::{self, Broken, Command, Reading};
use crate::spec::{From, RunStep, Shell, Spec, StageName, first_of};
use crate::toml::Places;

/// The text of a run step, parsed once for all rules about it.
pub(super) struct Script<'s> {
    run: &'s RunStep,
    /// Its commands; empty if another shell reads it.
    reading: Reading<'s>,
    places: OnceCell<Places>,
    /// The names that the file declares.
    pub(super) declared: &'s Declared<'s>,
}

impl<'s> Script<'s> {
    pub(super) fn new(run: &'s RunStep, is_posix: bool, declared: &'s Declared<'s>) -> Self {
        let text = run.script.value.0.as_str();
        let is_posix = is_posix && shell::is_for_posix(text);
        let reading = if is_posix { shell::read(text) } else { Reading::default() };
        Self { run, reading, places: OnceCell::new(), declared }
    }

    pub(super) fn text(&self) -> &'s str {
        self.run.script.value.0.as_str()
    }

    pub(super) fn commands(&self) -> &[Command<'s>] {
        &self.reading.commands
    }

    pub(super) fn broken(&self) -> &[Broken] {
        &self.reading.broken
    }

    /// The span of a part of the text.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        self.places.get_or_init(|| self.run.script.places()).span(range)
    }
}

/// Maximum number of stages to search for an inherited shell.
const MAX_BASES: usize = 100;

/// The stages whose shell is not a POSIX shell.
pub(super) struct Shells<'s> {
    spec: &'s Spec,
    /// Those that set one.
    foreign: BTreeSet<&'s str>,
}

impl<'s> Shells<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let foreign = spec.stages.iter().filter(|(_, stage)| is_foreign(&stage.shell));
        Self { spec, foreign: foreign.map(|(name, _)| name.as_str()).collect() }
    }

    /// True if the text of a step is for a POSIX shell. The shell of an image is not known here.
    pub(super) fn is_posix(&self, stage: &StageName, run: &RunStep) -> bool {
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
            let base = match &first_of(&stage.from).value {
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

fn is_foreign(shell: &Option<Shell>) -> bool {
    shell.as_ref().is_some_and(|shell| !is_posix(shell))
}

/// True if a shell is a POSIX shell. One with a computed program may be.
fn is_posix(Shell(words): &Shell) -> bool {
    words.first().and_then(|word| word.as_literal()).is_none_or(shell::is_posix)
}
