//! Subrequests about a build file, which are answered instead of a build (`--call`, `--check`).
//!
//! An answer is a result whose metadata has a document for programs, the same as text for people,
//! and the version of its format (BuildKit's `frontend/subrequests`). The documents are made in
//! [`crate::show`]. One file a call.

mod convert;
mod convert_llb;
mod documents;
mod explain;
mod graph;
mod lint;
mod outline;
mod report;
mod targets;

use buildkit_frontend::{Answer, Bridge, SolveResult, Status};
use serde::Serialize;

use super::build_file::BuildFile;
use super::options::Options;
use crate::show::{DESCRIBE_VERSION, Description, SCHEMA_VERSION, schema};
use crate::spec::shape;

/// Answers a subrequest that needs no file, and an unknown one: with the error that clients expect.
/// `None` for others.
pub(super) fn answer_without_file(question: &str) -> Option<Result<SolveResult, Status>> {
    match question {
        "frontend.outline"
        | "frontend.targets"
        | "frontend.lint"
        | "frontend.convertllb"
        | "frontend.graph"
        | "frontend.convert"
        | "frontend.explain"
        | "frontend.report" => None,
        "frontend.schema" => {
            let schema = schema(&shape());
            Some(Ok(Answer::new(SCHEMA_VERSION, schema.clone()).text(schema).into()))
        }
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
        "frontend.outline" => outline::answer(bridge, options, build_file).await?,
        "frontend.targets" => targets::answer(bridge, options, build_file).await?,
        "frontend.convertllb" => convert_llb::answer(bridge, options, build_file).await?,
        "frontend.convert" => convert::answer(options, build_file)?,
        "frontend.graph" => return graph::answer(bridge, options, build_file).await,
        "frontend.report" => return report::answer(bridge, options, build_file).await,
        "frontend.explain" => explain::answer(bridge, options, build_file).await?,
        _ => lint::answer(bridge, options, build_file).await?,
    };
    Ok(answer.into())
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
