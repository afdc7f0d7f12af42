//! `mstage check`: the errors and findings of build files.

use std::path::PathBuf;

use clap::Args;

use super::options::BuildOptions;
use super::output::{Failure, Outcome, print};
use super::project::{Project, Settings};
use crate::diagnostic::{Severity, render};
use crate::plan::select_all;

/// Check build files
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Build files, Dockerfiles, and directories of build files
    #[arg(value_name = "PATH", default_value = "mstage.toml")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    build: BuildOptions,
}

impl Check {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let settings = Settings::new(&self.build)?;
        let mut has_findings = false;
        for path in &self.paths {
            let mut project = Project::read(path, &settings)?;
            project.plan(select_all, self.build.target.is_none());
            for severity in [Severity::Error, Severity::Warning] {
                for found in project.diagnostics.of(severity) {
                    has_findings = true;
                    print(format!("{}\n", render::diagnostic(found, project.files())))?;
                }
            }
        }
        Ok(Outcome::of(has_findings))
    }
}
