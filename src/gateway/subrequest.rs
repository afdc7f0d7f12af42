//! Subrequests about a build file, which are answered instead of a build (`--call`, `--check`).
//!
//! An answer is a result without files: its metadata has a document for programs, the same as text
//! for people, and the version of its format (BuildKit's `frontend/subrequests`). The documents are
//! made in [`crate::show`].

use buildkit_frontend::{Answer, Bridge, SolveResult, Status};
use serde::Serialize;

use super::build_file::BuildFile;
use super::compile::compile;
use super::include::read_spec;
use super::options::Options;
use super::planning::Opened;
use super::{checks, report};
use crate::convert::LANGUAGE;
use crate::diagnostic::Diagnostics;
use crate::dockerfile::evaluate::{Input, NoImages};
use crate::dockerfile::{is_dockerfile, outline as outline_of, parse};
use crate::plan::{default_target, select_all, select_outline};
use crate::rules;
use crate::show::{
    BuildError, CONVERT_VERSION, Converted, DESCRIBE_VERSION, Description, LINT_VERSION, Lint,
    OUTLINE_VERSION, Outline, TARGETS_VERSION, Targets,
};
use crate::source::SourceMap;
use crate::spec::Spec;

/// Answers a subrequest that needs no file, and an unknown one: with the error that clients expect.
/// `None` for others.
pub(super) fn answer_without_file(question: &str) -> Option<Result<SolveResult, Status>> {
    match question {
        "frontend.outline"
        | "frontend.targets"
        | "frontend.lint"
        | "frontend.convertllb"
        | "frontend.convert" => None,
        "frontend.subrequests.describe" => {
            let document = Description::of_all();
            let text = document.to_text();
            Some(answer_of(DESCRIBE_VERSION, &document, Some(text)).map(SolveResult::from))
        }
        other => Some(Err(Status::unsupported_subrequest(other))),
    }
}

/// Answers a subrequest about a file: any that [`answer_without_file`] does not answer.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    question: &str,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let answer = match question {
        "frontend.outline" => outline(bridge, options, build_file).await?,
        "frontend.targets" => targets(bridge, options, build_file).await?,
        "frontend.convertllb" => convert(bridge, options, build_file).await?,
        "frontend.convert" => converted(options, build_file)?,
        _ => lint(bridge, options, build_file).await?,
    };
    Ok(answer.into())
}

/// The inputs of a build of the target. No image is looked up.
async fn outline(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    let of_dockerfile = |input: &Input<'_>, files: &SourceMap| {
        Some(Outline::of_dockerfile(outline_of(input, &NoImages)?, files))
    };
    if let Some(document) = document_of_dockerfile(options, &build_file, true, of_dockerfile)? {
        let text = document.to_text();
        return answer_of(OUTLINE_VERSION, &document, Some(text));
    }
    let outline = |spec: &Spec, files: &SourceMap, diagnostics: &mut Diagnostics| {
        let selection = select_outline(spec, &options.request, diagnostics)?;
        Some(Outline::new(selection.parameters(|span| files.written(span).to_owned()), files))
    };
    let document = of_spec(bridge, options, build_file, outline).await?;
    let text = document.to_text();
    answer_of(OUTLINE_VERSION, &document, Some(text))
}

/// The targets of the file.
async fn targets(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    let of_dockerfile =
        |input: &Input<'_>, files: &SourceMap| Some(Targets::of_dockerfile(input, files));
    if let Some(document) = document_of_dockerfile(options, &build_file, false, of_dockerfile)? {
        let text = document.to_text();
        return answer_of(TARGETS_VERSION, &document, Some(text));
    }
    let targets = |spec: &Spec, files: &SourceMap, diagnostics: &mut Diagnostics| {
        let default = default_target(spec, &options.request, diagnostics);
        Some(Targets::new(spec, default, files))
    };
    let document = of_spec(bridge, options, build_file, targets).await?;
    let text = document.to_text();
    answer_of(TARGETS_VERSION, &document, Some(text))
}

/// A document about a Dockerfile itself; `None` for other build files, and if it has no such
/// target. `with_values` is true if the document depends on values: then bases must not be empty.
fn document_of_dockerfile<T>(
    options: &Options,
    build_file: &BuildFile,
    with_values: bool,
    document: impl FnOnce(&Input<'_>, &SourceMap) -> Option<T>,
) -> Result<Option<T>, Status> {
    if !is_dockerfile(&build_file.file) {
        return Ok(None);
    }
    let files = SourceMap::new(build_file.file.clone().in_language(LANGUAGE));
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(files.main(), &mut diagnostics);
    if with_values {
        checks::check_text(files.main(), &dockerfile, &options.request, &mut diagnostics);
    }
    if diagnostics.has_errors() {
        return Err(report::failure(&diagnostics, &files));
    }
    Ok(document(&checks::input(files.main(), &dockerfile, &options.request), &files))
}

/// A document that needs only the build's own files.
async fn of_spec<T>(
    bridge: &Bridge,
    options: &Options,
    BuildFile { file, home, .. }: BuildFile,
    document: impl FnOnce(&Spec, &SourceMap, &mut Diagnostics) -> Option<T>,
) -> Result<T, Status> {
    let mut diagnostics = Diagnostics::default();
    let read = read_spec(bridge, options, file, &home, &mut diagnostics).await?;
    let (files, spec) = (read.files, read.spec);
    let document = spec
        .filter(Spec::is_whole)
        .and_then(|spec| document(&spec, &files, &mut diagnostics))
        .filter(|_| !diagnostics.has_errors());
    document.ok_or_else(|| report::failure(&diagnostics, &files))
}

/// Findings of rules in all stages, and the error that would fail a build. A file with errors is
/// also an answer.
async fn lint(bridge: &Bridge, options: &Options, build_file: BuildFile) -> Result<Answer, Status> {
    let mut diagnostics = Diagnostics::default();
    let opened = Opened::open(bridge, options, build_file, &mut diagnostics).await?;
    // Does everything that a build does before the first step runs.
    let all = options.request.target.is_none();
    let planned = match opened.project(bridge) {
        Some(project) => project.plan(select_all, all, &mut diagnostics).await,
        None => Ok(None),
    };
    let files = &opened.files;
    // With a target, or with errors, not everything was checked.
    if all && matches!(planned, Ok(Some(_))) {
        let main = files.main().name();
        rules::check_silences(&mut diagnostics, |place| files.file(place).name() == main);
    }
    let failure = planned
        .err()
        .map(|status| BuildError::new(status.message(), report::place_of(&status), files));
    let document = Lint::new(&diagnostics, failure, files);
    let text = document.to_text(files);
    let answer = answer_of(LINT_VERSION, &document, Some(text))?;
    Ok(answer.exit_status(u8::from(!document.is_clean())))
}

/// The converted build file of a Dockerfile.
fn converted(options: &Options, build_file: BuildFile) -> Result<Answer, Status> {
    let document = super::convert::Document::new(build_file.file, options)?;
    let answer = answer_of(super::convert::VERSION, &document, Some(document.text.clone()))?;
    Ok(answer.exit_status(u8::from(document.is_different())))
}

/// The graph of a build.
async fn convert(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    // The document can contain one graph.
    let definitions = compile(bridge, options, build_file).await?.definitions;
    let [first, ..] = &definitions[..] else { return Err(Status::new("there is no platform")) };
    let document = Converted::new(first).map_err(|err| Status::new(err.to_string()))?;
    answer_of(CONVERT_VERSION, &document, None)
}

/// The answer with a document, for programs and for people.
fn answer_of(
    version: &'static str,
    document: &impl Serialize,
    text: Option<String>,
) -> Result<Answer, Status> {
    let json = serde_json::to_vec_pretty(document).map_err(|err| Status::new(err.to_string()))?;
    let answer = Answer::new(version, json);
    Ok(match text {
        Some(text) => answer.text(text),
        None => answer,
    })
}
