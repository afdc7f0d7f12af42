//! `--check`: the findings of rules, and the error that would fail a build.

use buildkit_frontend::{Answer, Bridge, Status};

use super::answer_of;
use crate::diagnostic::Diagnostics;
use crate::gateway::build_file::BuildFile;
use crate::gateway::options::Options;
use crate::gateway::planning::Opened;
use crate::gateway::report;
use crate::plan::select_all;
use crate::rules;
use crate::show::{BuildError, LINT_VERSION, Lint};

/// Findings of rules in all stages, and the error that would fail a build. A file with errors is
/// also an answer.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
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
