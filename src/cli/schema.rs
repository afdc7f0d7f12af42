//! `mstage schema`: the JSON Schema of build files, for editors.

use clap::Args;

use super::output::{Failure, Outcome, print};
use crate::{show, spec};

/// Print the JSON Schema of build files
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        print(show::schema(&spec::shape()))?;
        Ok(Outcome::Clean)
    }
}
