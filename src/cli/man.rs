//! `mstage man`: the man page.

use clap::Args;
use clap_mangen::Man as Page;

use super::output::{Failure, Outcome, print};

/// Print the man page
#[derive(Debug, Args)]
pub(super) struct Man {}

impl Man {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let mut text = Vec::new();
        Page::new(super::command())
            .render(&mut text)
            .map_err(|err| Failure::new(format!("cannot write the man page: {err}")))?;
        print(text)?;
        Ok(Outcome::Clean)
    }
}
