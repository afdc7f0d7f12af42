//! `--call=explain`: what makes each step run again.

use buildkit_frontend::{Answer, Bridge, Status};

use super::answer_of;
use crate::diagnostic::Diagnostics;
use crate::gateway::build_file::BuildFile;
use crate::gateway::options::Options;
use crate::gateway::planning::Opened;
use crate::gateway::report;
use crate::plan::select;
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
            let requests = project.options.requests();
            let planned = project.plan_with(select, &requests, false, &mut diagnostics).await;
            let planned = planned
                .map_err(|err| report::with_errors(err.into(), &diagnostics, &opened.files))?;
            planned.map(|planned| {
                let settings = project.settings();
                let ignored = Ignored { file: &ignore_file, patterns: &settings.ignore };
                let client = ClientSide { ignored, process: &settings.process };
                let mut explained = Explained::new();
                for (selection, plan) in &planned {
                    explained.add(selection, plan, &client, project.dockerfile, project.files);
                }
                explained
            })
        }
        None => None,
    };
    match explained.filter(|_| !diagnostics.fail_build()) {
        Some(explained) => answer_of(EXPLAIN_VERSION, &explained, Some(explained.to_text())),
        None => Err(report::failure(&diagnostics, &opened.files)),
    }
}
