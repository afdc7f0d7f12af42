//! `--call=report`: runs a stage, and answers with the summary of its report.
//!
//! The files of the report are in the result's file system, which clients export with `--output`.

use buildkit_frontend::{Answer, Bridge, SolveResult, Status};

use crate::gateway::build_file::BuildFile;
use crate::gateway::caches;
use crate::gateway::compile::{Compiled, compile};
use crate::gateway::options::Options;
use crate::gateway::stage_report::{self, Built};
use crate::plan::as_report;
use crate::show::REPORT_VERSION;

/// Runs the target's stage as a build of its report does. The client exits with the status of the
/// step that failed.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let Some(target) = &options.request.target else {
        return Err(Status::new("the call `report` needs the name of a stage")
            .help("pass `--target NAME`; `--call=targets` lists the stages"));
    };
    let mut options = options.clone();
    options.request.target = Some(as_report(target));
    let compiled = compile(bridge, &options, build_file).await?;
    let Compiled { plans, definitions, beside, import, reported, entitlements, .. } = compiled;
    let Some(reported) = reported else { return Err(Status::new("the target is no report")) };
    let built = stage_report::build(bridge, &options, plans, definitions, beside, reported);
    let Built { mut result, reports } = caches::with_import(bridge, import, built)
        .await
        .map_err(|status| entitlements.explain(status))?;
    let answer = Answer::new(REPORT_VERSION, reports.to_json())
        .text(reports.to_text())
        .exit_status(reports.exit_status());
    result.metadata.extend(SolveResult::from(answer).metadata);
    Ok(result)
}
