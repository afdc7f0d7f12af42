//! The commands of a step, parsed once for all rules about them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::plan::{Action, Exec, PlannedStep};
use crate::source::{Span, Spanned};
use crate::spec::shell::{self, Command, Word};
use crate::spec::{Script, Step, Verb};
use crate::text::Text;
use crate::toml::Places;

/// A step that runs a process.
pub(super) struct Process<'a> {
    pub(super) planned: &'a PlannedStep,
    pub(super) exec: &'a Exec,
    commands: Vec<Command<'a>>,
    /// Its text, if it has one.
    script: Option<&'a Spanned<Script>>,
    places: OnceCell<Places>,
}

impl<'a> Process<'a> {
    /// The process of a step, if it runs one.
    pub(super) fn new(written: &'a Step, planned: &'a PlannedStep) -> Option<Self> {
        let Action::Exec(exec) = &planned.action else { return None };
        let (script, commands) = match &written.verb {
            Verb::Run(run) => {
                let text = run.script.value.0.as_str();
                let is_posix = match exec.args.first() {
                    Some(program) => shell::is_posix(program),
                    None => shell::is_for_posix(text),
                };
                let commands = if is_posix { shell::read(text).commands } else { Vec::new() };
                (Some(&run.script), commands)
            }
            _ => (None, commands_of(&exec.args)),
        };
        Some(Self { planned, exec, commands, script, places: OnceCell::new() })
    }

    /// Its commands; empty if another interpreter reads the text.
    pub(super) fn commands(&self) -> &[Command<'a>] {
        &self.commands
    }

    /// Its text; empty if it is a list.
    pub(super) fn text(&self) -> &'a str {
        self.script.map_or("", |script| script.value.0.as_str())
    }

    /// True if a failing program in a pipe makes the pipe fail.
    pub(super) fn has_pipefail(&self) -> bool {
        let shell = self.exec.args.iter().rev().skip(1);
        let in_shell = shell.into_iter().any(|word| word.contains("pipefail"));
        in_shell
            || self.commands.iter().any(|command| {
                command.program() == "set" && command.arguments().any(|word| word == "pipefail")
            })
    }

    /// The span of a part of the text; for a list, that of the step.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        match self.script {
            Some(script) => self.places.get_or_init(|| script.places()).span(range),
            None => self.planned.span,
        }
    }

    /// The span of a command's program.
    pub(super) fn span_of_program(&self, command: &Command<'_>) -> Span {
        let range = command.words.first().map(|word| word.range.clone());
        self.span(range.unwrap_or_default())
    }
}

/// The command in a list; if it passes a text to a shell, those in the text.
fn commands_of(words: &[Text]) -> Vec<Command<'_>> {
    if let [program, option, text] = words
        && shell::is_posix(program)
        && option.starts_with('-')
        && option.ends_with('c')
    {
        return shell::read(text).commands;
    }
    let has_sudo = words.first().is_some_and(|word| word.as_str() == "sudo");
    let words = words.iter().skip(usize::from(has_sudo));
    let words = words.map(|word| Word { text: Cow::Borrowed(word.as_str()), range: 0..0 });
    vec![Command::of_list(words.collect(), has_sudo.then_some(0..0))]
}
