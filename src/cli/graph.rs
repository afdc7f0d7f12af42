//! `mstage graph`: the stages of a build and what they need.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::options::BuildOptions;
use super::output::{Failure, Outcome, print, to_json};
use super::project::{Project, Settings, build_file};
use crate::plan::select_graph;
use crate::show;

/// Show the stages of a build file and what they need
#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The build file, or a Dockerfile; by default mstage.toml, else Dockerfile
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    build: BuildOptions,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A tree
    Text,
    /// A picture
    Svg,
    /// The text of a Mermaid diagram
    Mermaid,
    /// The text of a Graphviz diagram
    Dot,
    /// JSON
    Json,
}

impl Graph {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let settings = Settings::new(&self.build)?;
        let mut project = Project::read(&build_file(self.file), &settings)?;
        let Project { analysis, diagnostics, .. } = &mut project;
        let selections = analysis.select(select_graph, diagnostics);
        if diagnostics.has_errors() {
            drop(selections);
            project.report_errors();
            return Ok(Outcome::Findings);
        }
        let graph = show::Graph::new(&selections, &analysis.files, analysis.dockerfile.as_ref());
        print(match self.format {
            Format::Text => graph.to_text(),
            Format::Svg => graph.to_svg(),
            Format::Mermaid => graph.to_mermaid(),
            Format::Dot => graph.to_dot(),
            Format::Json => to_json(&graph)?,
        })?;
        Ok(Outcome::Clean)
    }
}
