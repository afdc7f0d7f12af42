//! A parser for POSIX shell scripts: their commands, and the end of each.
//!
//! Only for advice: constructs that it does not understand give no finding. It handles quotes,
//! substitutions, here-documents, redirections and comments; words are not expanded.

mod kinds;
mod reader;

use crate::collect::collect_map;
use std::borrow::Cow;
use std::ops::Range;

pub(crate) use self::kinds::{is_for_posix, is_posix, is_shell};
pub(crate) use self::reader::read;

/// A parsed script.
#[derive(Debug, Default)]
pub(crate) struct Reading<'t> {
    /// Its commands, in order. Those of a substitution come after the command that contains it.
    pub(crate) commands: Vec<Command<'t>>,
    /// Commands that end although the line before ends with a backslash.
    pub(crate) broken: Vec<Broken>,
}

/// A command, without the assignments, keywords and redirections around it.
#[derive(Debug, Default)]
pub(crate) struct Command<'t> {
    /// The program and its arguments, without quotes. There may be none.
    pub(crate) words: Vec<Word<'t>>,
    /// The files that its output (`>`) and its input (`<`) are redirected to.
    pub(crate) files: Vec<(char, Cow<'t, str>)>,
    /// The range of a `sudo` before it.
    pub(crate) sudo: Option<Range<usize>>,
    /// True if it replaces the shell (`exec`).
    pub(crate) is_exec: bool,
    /// True if its failure is handled: after `if`, `while`, `until` or `!`.
    pub(crate) is_test: bool,
    /// The operator after it.
    pub(crate) end: End,
    /// The number of surrounding substitutions and groups.
    depth: usize,
    /// The number of its pipe; a command outside a pipe has a number of its own.
    pipe: usize,
}

/// The operator after a command.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// `|`
    Pipe,
    /// `||`
    Or,
    /// Anything else.
    #[default]
    Other,
}

/// A word, and its range in the script.
#[derive(Debug)]
pub(crate) struct Word<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) range: Range<usize>,
}

/// A line that ends a command although the one before ends with a backslash.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A comment, with its range.
    Comment(Range<usize>),
    /// A blank line after the backslash at this range.
    Blank(Range<usize>),
}

/// The commands that write into a pipe, each with the last command of the pipe.
pub(crate) fn ends_of_pipes(commands: &[Command<'_>]) -> Vec<(usize, usize)> {
    let last = collect_map(commands.iter().enumerate().map(|(at, command)| (command.pipe, at)));
    let writers = commands.iter().enumerate().filter(|(_, command)| command.end == End::Pipe);
    let ends = writers.filter_map(|(at, command)| Some((at, *last.get(&command.pipe)?)));
    ends.filter(|(writer, last)| writer < last).collect()
}

impl<'t> Command<'t> {
    /// A command from a list of words, not from a script.
    pub(crate) fn of_list(words: Vec<Word<'t>>, sudo: Option<Range<usize>>) -> Self {
        Self { words, sudo, ..Self::default() }
    }

    /// The name of the program, without its directory.
    pub(crate) fn program(&self) -> &str {
        self.words.first().and_then(|word| word.text.rsplit('/').next()).unwrap_or_default()
    }

    /// The words after the program.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(1).map(|word| word.text.as_ref())
    }
}

#[cfg(test)]
mod tests;
