//! `--call=explain`: what makes each step run again.

use buildkit_frontend::{Answer, Bridge, Status};

use super::answer_of;
use crate::diagnostic::Diagnostics;
use crate::gateway::build_file::BuildFile;
use crate::gateway::options::Options;
use crate::gateway::planning::{Opened, settle};
use crate::gateway::project::Project;
use crate::gateway::report;
use crate::plan::{Plan, Request, Selection, select};
use crate::show::{ClientSide, EXPLAIN_VERSION, Explained, Ignored};

/// Plans the target as a build does, with all lookups, and explains the plan.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    let mut diagnostics = Diagnostics::default();
    let ignore_file = build_file.ignore.name().to_owned();
    let opened = Opened::open(bridge, options, build_file, &mut diagnostics).await?;
    let explained = match opened.project(bridge) {
        Some(project) => {
            let explained = explain(&project, &ignore_file, &mut diagnostics).await;
            explained.map_err(|status| report::with_errors(status, &diagnostics, &opened.files))?
        }
        None => None,
    };
    match explained.filter(|_| !diagnostics.fail_build()) {
        Some(explained) => answer_of(EXPLAIN_VERSION, &explained, Some(explained.to_text())),
        None => Err(report::failure(&diagnostics, &opened.files)),
    }
}

/// `Ok(None)` means that the diagnostics contain errors.
async fn explain(
    project: &Project<'_>,
    ignore_file: &str,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Explained>, Status> {
    let attempt = async |requests: Vec<Request>, mut found: Diagnostics| {
        let planned = project.plan_with(select, &requests, false, &mut found).await;
        (planned.map(|planned| Some(explained(project, ignore_file, &planned?))), found)
    };
    settle(project.options.requests(), diagnostics, attempt).await
}

fn explained(
    project: &Project<'_>,
    ignore_file: &str,
    planned: &[(Selection<'_>, Plan)],
) -> Explained {
    let settings = project.settings();
    let ignored = Ignored { file: ignore_file, patterns: &settings.ignore };
    let client = ClientSide { ignored, process: &settings.process };
    let mut explained = Explained::new();
    for (selection, plan) in planned {
        explained.add(selection, plan, &client, project.dockerfile, project.files);
    }
    explained
}
