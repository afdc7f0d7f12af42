//! `mstage convert`: the build file of a Dockerfile.

use std::path::PathBuf;

use clap::Args;

use super::output::{Failure, Outcome};

/// Convert a Dockerfile to a build file
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The Dockerfile
    #[arg(value_name = "DOCKERFILE", default_value = "Dockerfile")]
    file: PathBuf,
}

impl Convert {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let _ = self.file;
        Err(Failure::new("not available yet"))
    }
}
