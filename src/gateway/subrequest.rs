//! Questions about a build file, which are answered in place of a build (`--call`, `--check`).
//!
//! An answer is a result without files: its metadata has a document for programs, the same for people,
//! and the version of its form (BuildKit's `frontend/subrequests`). The documents are made in
//! [`crate::show`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::bridge::{Bridge, SolveResult, Status};
use super::build_file::BuildFile;
use super::{Options, compile, look_up, report};
use crate::diagnostic::Diagnostics;
use crate::plan::{
    Selection, check_of, default_target, resolve, select_all, select_outline,
    warn_of_ignored_copies,
};
use crate::show::{
    BuildError, CONVERT_VERSION, Converted, DESCRIBE_VERSION, Description, LINT_VERSION, Lint,
    OUTLINE_VERSION, Outline, TARGETS_VERSION, Targets,
};
use crate::source::SourceFile;
use crate::spec::{self, Spec};

/// A document, for programs and for people.
struct Answer {
    version: &'static str,
    json: Vec<u8>,
    text: Option<String>,
    /// What the client's exit status is to be.
    status: Option<u8>,
}

/// Answers a question. One that is unknown gets the error by which clients know that.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    question: &str,
) -> Result<SolveResult, Status> {
    let answer = match question {
        "frontend.outline" => outline(bridge, options).await?,
        "frontend.targets" => targets(bridge, options).await?,
        "frontend.lint" => lint(bridge, options).await?,
        "frontend.convertllb" => convert(bridge, options).await?,
        "frontend.subrequests.describe" => {
            let document = Description::of_all();
            let text = document.to_text();
            Answer::new(DESCRIBE_VERSION, &document, Some(text))?
        }
        other => {
            let message = format!("unsupported request {other}");
            return Err(Status::new(message).with_subrequest(other));
        }
    };
    Ok(SolveResult { metadata: answer.into_metadata(), ..SolveResult::default() })
}

/// What a build of the target can be given. No image is looked up for it.
async fn outline(bridge: &Bridge, options: &Options) -> Result<Answer, Status> {
    let BuildFile { file, .. } = BuildFile::read(bridge, options).await?;
    let outline = |spec: &Spec, diagnostics: &mut Diagnostics| {
        let selection = select_outline(spec, &options.request, diagnostics)?;
        Some(Outline::new(selection.parameters(|span| file.written(span).to_owned()), &file))
    };
    let document = of_spec(&file, outline)?;
    let text = document.to_text();
    Answer::new(OUTLINE_VERSION, &document, Some(text))
}

/// What can be built.
async fn targets(bridge: &Bridge, options: &Options) -> Result<Answer, Status> {
    let BuildFile { file, .. } = BuildFile::read(bridge, options).await?;
    let document = of_spec(&file, |spec, diagnostics| {
        let default = default_target(spec, &options.request, diagnostics);
        Some(Targets::new(spec, default, &file))
    })?;
    let text = document.to_text();
    Answer::new(TARGETS_VERSION, &document, Some(text))
}

/// A document that needs nothing but the file.
fn of_spec<T>(
    file: &SourceFile,
    document: impl FnOnce(&Spec, &mut Diagnostics) -> Option<T>,
) -> Result<T, Status> {
    let mut diagnostics = Diagnostics::default();
    let document = spec::parse(file, &mut diagnostics)
        .and_then(|spec| document(&spec, &mut diagnostics))
        .filter(|_| !diagnostics.has_errors());
    document.ok_or_else(|| report::failure(&diagnostics, file))
}

/// What rules find in all stages, and what would stop a build. That a file is wrong is an answer, too.
async fn lint(bridge: &Bridge, options: &Options) -> Result<Answer, Status> {
    let BuildFile { file, ignore, .. } = BuildFile::read(bridge, options).await?;
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let looked = look_at(bridge, options, &file, &ignore, &mut diagnostics).await;
    let failure = looked
        .err()
        .map(|status| BuildError::new(status.message(), report::lines_of(&status).as_ref()));
    let document = Lint::new(&diagnostics, failure, &file);
    let text = document.to_text(&file);
    let answer = Answer::new(LINT_VERSION, &document, Some(text))?;
    Ok(Answer { status: Some(u8::from(!document.is_clean())), ..answer })
}

/// Goes as far as a build does before anything is run.
async fn look_at(
    bridge: &Bridge,
    options: &Options,
    file: &SourceFile,
    ignore: &[String],
    diagnostics: &mut Diagnostics,
) -> Result<(), Status> {
    let Some(spec) = spec::parse(file, diagnostics) else { return Ok(()) };
    let selection: Option<Selection<'_>> = select_all(&spec, &options.request, diagnostics);
    let Some(selection) = selection else { return Ok(()) };
    let facts = look_up(bridge, options, selection.images(), file).await?;
    if let Some(plan) = resolve(&selection, facts, diagnostics) {
        warn_of_ignored_copies(&plan, ignore, diagnostics);
    }
    Ok(())
}

/// The graph of a build.
async fn convert(bridge: &Bridge, options: &Options) -> Result<Answer, Status> {
    let (_, definition) = compile(bridge, options).await?;
    let document = Converted::new(&definition).map_err(|err| Status::new(err.to_string()))?;
    Answer::new(CONVERT_VERSION, &document, None)
}

impl Answer {
    fn new(
        version: &'static str,
        document: &impl Serialize,
        text: Option<String>,
    ) -> Result<Self, Status> {
        let json =
            serde_json::to_vec_pretty(document).map_err(|err| Status::new(err.to_string()))?;
        Ok(Self { version, json, text, status: None })
    }

    fn into_metadata(self) -> BTreeMap<String, Vec<u8>> {
        let text = self.text.map(|text| ("result.txt", text.into_bytes()));
        let status =
            self.status.map(|status| ("result.statuscode", status.to_string().into_bytes()));
        let always = [("result.json", self.json), ("version", self.version.as_bytes().to_vec())];
        let all = always.into_iter().chain(text).chain(status);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
