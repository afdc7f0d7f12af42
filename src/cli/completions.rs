//! `mstage completions`: completions of the command line for shells.

use clap::Args;
use clap_complete::{Shell, generate};

use super::output::{Failure, Outcome, print};

/// Print the completions of a shell
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let mut text = Vec::new();
        generate(self.shell, &mut super::command(), "mstage", &mut text);
        print(text)?;
        Ok(Outcome::Clean)
    }
}
