//! `mstage explain`: what makes each step run again.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::disk::read_bounded;
use super::options::BuildOptions;
use super::output::{Failure, Outcome, print};
use super::project::{Project, Settings, build_file};
use crate::analysis::Planned;
use crate::lower::ProcessOptions;
use crate::plan::select;
use crate::show::{ClientSide, Explained, Ignored};

/// Show what makes each step run again
///
/// Nothing is looked up: there are no digests of images, except those of the lock file.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The build file, or a Dockerfile; by default mstage.toml, else Dockerfile
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show what has changed since an earlier run: a file with its JSON, or with that of
    /// `docker buildx build --call=explain,format=json`
    #[arg(long, value_name = "BEFORE.json", conflicts_with = "format")]
    since: Option<PathBuf>,
    #[command(flatten)]
    build: BuildOptions,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Text,
    /// JSON, for --since
    Json,
}

impl Explain {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let before = self.since.as_deref().map(read).transpose()?;
        let settings = Settings::new(&self.build)?;
        let mut project = Project::read(&build_file(self.file), &settings)?;
        let explained = explain(&mut project, &settings);
        if project.diagnostics.has_errors() {
            project.report_errors();
            return Ok(Outcome::Findings);
        }
        print(match (self.format, before) {
            (_, Some(before)) => explained.since(&before),
            (Format::Text, None) => explained.to_text(),
            (Format::Json, None) => explained.to_json(),
        })?;
        Ok(Outcome::Clean)
    }
}

/// Explains the plan for each platform. Incomplete if there are errors.
fn explain(project: &mut Project<'_>, settings: &Settings) -> Explained {
    let Project { analysis, diagnostics, .. } = project;
    let planned = analysis.plan(select, false, |selection| settings.facts(selection), diagnostics);
    let ignored = Ignored { file: &analysis.ignore_file, patterns: &analysis.ignore };
    // The program has none of these options: they do not change a plan.
    let process = ProcessOptions::default();
    let client = ClientSide { ignored, process: &process };
    let (dockerfile, files) = (analysis.dockerfile.as_ref(), &analysis.files);
    let mut explained = Explained::new();
    for Planned { selection, plan } in &planned {
        if let Some(plan) = plan {
            explained.add(selection, plan, &client, dockerfile, files);
        }
    }
    explained
}

fn read(path: &Path) -> Result<Explained, Failure> {
    let bytes = read_bounded(path).map_err(|err| err.of_file(path))?;
    let text = String::from_utf8_lossy(&bytes);
    Explained::from_json(&text)
        .map_err(|problem| Failure::new(format!("--since {}: {problem}", path.display())))
}
