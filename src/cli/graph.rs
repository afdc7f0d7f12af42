//! `mstage graph`.

use std::path::PathBuf;

use clap::Args;

use super::options::BuildOptions;
use super::output::{Failure, Outcome};

/// (being written)
#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The build file, or a Dockerfile
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    build: BuildOptions,
}

impl Graph {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let _ = (self.file, self.build);
        Err(Failure::new("not available yet"))
    }
}
