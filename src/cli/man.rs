//! `mstage man`: the man pages.

use clap::Args;
use clap_mangen::Man as Page;

use super::output::{Failure, Outcome, print};

/// Print a man page
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The subcommand; without one, the page is about the program
    command: Option<String>,
}

impl Man {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let mut program = super::command();
        // Fills in the names of subcommands: `mstage-check`.
        program.build();
        let page = match &self.command {
            None => &program,
            Some(name) => program
                .find_subcommand(name)
                .ok_or_else(|| Failure::new(format!("there is no subcommand `{name}`")))?,
        };
        let mut text = Vec::new();
        Page::new(page.clone())
            .render(&mut text)
            .map_err(|err| Failure::new(format!("cannot write the man page: {err}")))?;
        print(text)?;
        Ok(Outcome::Clean)
    }
}
