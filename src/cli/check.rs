//! `mstage check`: the errors and findings of build files.

mod checked;
mod find;
mod github;
mod json;
mod sarif;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use self::checked::Checked;
use self::find::Search;
use super::excerpt::Excerpts;
use super::finding::Finding;
use super::options::BuildOptions;
use super::output::{Colour, Failure, Outcome, complain, note, print};
use super::project::{Project, Settings, build_file};
use crate::diagnostic::Severity;

/// Report errors and findings of build files
///
/// Exits with 0 if there are none, with 1 if there are some, and with 2 if the command line is
/// wrong or a file cannot be read. Nothing is looked up: rules that need the config of a base image
/// apply to images that --image gives.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Build files, Dockerfiles, and directories to search for build files; by default mstage.toml,
    /// else Dockerfile
    ///
    /// In a directory, these are build files: mstage.toml, NAME.mstage.toml, and each .toml file
    /// and Dockerfile with a `# syntax=` line that names mstage. Hidden directories,
    /// `node_modules` and `target` are not searched.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Check all Dockerfiles in directories
    #[arg(long)]
    dockerfiles: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Report findings of rules as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Use colours in text
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    #[command(flatten)]
    build: BuildOptions,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Excerpts of the files
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

impl Check {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let settings = Settings::new(&self.build)?;
        let search = Search { dockerfiles: self.dockerfiles };
        let paths = if self.paths.is_empty() { vec![build_file(None)] } else { self.paths };
        let (found, mut failures) = search.files(&paths)?;
        let mut checked = Checked::default();
        for file in &found {
            match Project::read(&file.path, &settings) {
                Ok(mut project) => {
                    project.check();
                    checked.add(&project, file.is_named, self.deny_warnings);
                }
                Err(failure) => failures.push(failure),
            }
        }
        checked.leave_out();
        let (files, findings) = (checked.files(), &checked.findings);
        match self.format {
            Format::Text => {
                let renderer = Excerpts::new(self.color.is_on());
                for finding in findings {
                    print(renderer.render(finding))?;
                }
                if !files.is_empty() {
                    note(&summary(files.len(), findings));
                }
            }
            Format::Json => print(json::document(&files, findings)?)?,
            Format::Sarif => print(sarif::document(findings)?)?,
            Format::Github => print(github::commands(findings))?,
        }
        for failure in &failures {
            complain(failure);
        }
        match failures.is_empty() {
            true => Ok(Outcome::of(!findings.is_empty())),
            false => Ok(Outcome::Failed),
        }
    }
}

/// The numbers of files and findings, in one line.
fn summary(files: usize, findings: &[Finding]) -> String {
    let mut counts = Vec::new();
    for (severity, what) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        let found = findings.iter().filter(|found| found.severity == severity);
        if let count @ 1.. = found.count() {
            counts.push(number(count, what));
        }
    }
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    format!("{} checked: {counts}", number(files, "file"))
}

/// A count with its noun in the singular or the plural.
fn number(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
