//! `mstage convert`: the build file of a Dockerfile.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::disk::{read_bounded, write_whole};
use super::excerpt::report_errors;
use super::finding::findings;
use super::options::build_args;
use super::output::{Failure, Outcome, note, print, to_json};
use super::project::environment;
use crate::convert::{LANGUAGE, SYNTAX, convert};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::{is_dockerfile, parse};
use crate::show::Conversion;
use crate::source::{SourceFile, SourceMap};

/// Convert a Dockerfile to a build file
///
/// The build file gives the same image. Exits with 1 if a part of the Dockerfile cannot be
/// converted: a comment is in its place.
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The Dockerfile
    #[arg(value_name = "DOCKERFILE", default_value = "Dockerfile")]
    file: PathBuf,
    /// Write the build file to this file, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "output")]
    force: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The frontend image for the first line
    #[arg(long, value_name = "IMAGE", default_value = SYNTAX)]
    syntax: String,
    /// A build arg, which decides how `ADD ${URL}` is written if the arg has no default
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    build_args: Vec<String>,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The build file
    Text,
    /// JSON: the build file, the Dockerfile's lines for each of its pieces, and remarks
    Json,
}

impl Convert {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let bytes = read_bounded(&self.file).map_err(|err| err.of_file(&self.file))?;
        let name = self.file.display().to_string();
        let file = SourceFile::new(&name, bytes);
        if !is_dockerfile(&file) {
            return Err(Failure::new(format!("`{name}` is not a Dockerfile")));
        }
        let given = build_args(&self.build_args, environment)?;
        let file = file.in_language(LANGUAGE);
        let mut diagnostics = Diagnostics::default();
        let dockerfile = parse(&file, &mut diagnostics);
        if diagnostics.has_errors() {
            let files = SourceMap::new(file);
            report_errors(&findings(&files, &diagnostics, |_| self.file.clone(), false));
            return Ok(Outcome::Findings);
        }
        let conversion = Conversion::new(&file, convert(&dockerfile, &self.syntax, &given));
        for remark in conversion.remarks() {
            let kind = if remark.is_error { "error" } else { "note" };
            note(&format!("{kind}: {name}:{}: {}", remark.lines[0], remark.message));
        }
        let text = match self.format {
            Format::Text => conversion.text().to_owned(),
            Format::Json => to_json(&conversion)?,
        };
        match &self.output {
            Some(path) => write_whole(path, text.as_bytes(), self.force)?,
            None => print(text)?,
        }
        Ok(Outcome::of(conversion.is_different()))
    }
}
