//! A look ahead at the rest of a stage, on which the form of earlier instructions depends.

use std::collections::BTreeMap;

use super::words;
use crate::dockerfile::{Instruction, Kind};

/// The later instructions for each place of a stage, found in one walk.
pub(super) struct Ahead {
    /// The number of `RUN`s after each instruction.
    runs: Vec<usize>,
    /// The last instruction that runs something or sets the shell.
    last_run: Option<usize>,
    last_workdir: Option<usize>,
    /// For each variable, the last instruction whose words use it.
    last_use: BTreeMap<String, usize>,
}

impl Ahead {
    pub(super) fn new(instructions: &[&Instruction], escape: char) -> Self {
        let mut runs = vec![0; instructions.len()];
        let mut last_use = BTreeMap::new();
        for (at, instruction) in instructions.iter().enumerate() {
            last_use
                .extend(words::names_of(instruction, escape).into_iter().map(|name| (name, at)));
        }
        let mut count = 0;
        for (at, instruction) in instructions.iter().enumerate().rev() {
            runs[at] = count;
            count += usize::from(matches!(instruction.kind, Kind::Run(_)));
        }
        let last = |is_meant: fn(&Kind) -> bool| {
            instructions.iter().rposition(|instruction| is_meant(&instruction.kind))
        };
        Self {
            runs,
            last_run: last(|kind| matches!(kind, Kind::Run(_) | Kind::Shell(_))),
            last_workdir: last(|kind| matches!(kind, Kind::Workdir(_))),
            last_use,
        }
    }

    /// The number of `RUN`s after an instruction.
    pub(super) fn runs(&self, at: usize) -> usize {
        self.runs[at]
    }

    /// True if something is run after an instruction.
    pub(super) fn is_run(&self, at: usize) -> bool {
        self.last_run.is_some_and(|last| last > at)
    }

    /// True if the working directory changes after an instruction.
    pub(super) fn is_moved(&self, at: usize) -> bool {
        self.last_workdir.is_some_and(|last| last > at)
    }

    /// True if a variable is used after an instruction.
    pub(super) fn is_named(&self, name: &str, at: usize) -> bool {
        self.last_use.get(name).is_some_and(|&last| last > at)
    }
}
