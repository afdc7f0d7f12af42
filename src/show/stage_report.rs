//! The document in a stage's report: the result of each of its steps.

use serde::Serialize;

use crate::plan::{Plan, PlannedStep};
use crate::source::SourceMap;

/// The results of a stage's steps.
#[derive(Debug, Serialize)]
pub struct StageReport<'a> {
    stage: &'a str,
    platform: String,
    passed: bool,
    steps: Vec<Step<'a>>,
}

/// The result of a step that runs a process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step<'a> {
    name: &'a str,
    file: &'a str,
    line: u32,
    /// `None` if it did not finish, or if the exit code is unknown.
    exit_code: Option<u32>,
}

/// The failed steps of a stage.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Their indexes among the stage's steps: several only if the steps are identical.
    pub steps: Vec<usize>,
    /// The exit code.
    pub code: u32,
}

impl<'a> StageReport<'a> {
    /// Makes the document about a plan's target. `processes` are the indexes of its steps that run
    /// a process. `at_once` is true if branches run concurrently, so that after a failure the
    /// results of the others are unknown.
    pub fn new(
        plan: &'a Plan,
        processes: impl Iterator<Item = usize>,
        failed: Option<&Failed>,
        at_once: bool,
        files: &'a SourceMap,
    ) -> Self {
        let stage = &plan.stages[plan.target];
        let step = |at: usize| {
            let planned = &stage.steps[at];
            let place = files.place(planned.span);
            Step {
                name: &planned.label,
                file: place.file.name(),
                line: *place.lines.start(),
                exit_code: exit_code(&stage.steps, at, failed, at_once),
            }
        };
        Self {
            stage: &stage.name,
            platform: plan.platform.to_string(),
            passed: failed.is_none(),
            steps: processes.map(step).collect(),
        }
    }

    /// The content of the document's file.
    pub fn to_json(&self) -> Vec<u8> {
        // Cannot fail: strings, numbers and lists.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }
}

fn exit_code(
    steps: &[PlannedStep],
    at: usize,
    failed: Option<&Failed>,
    at_once: bool,
) -> Option<u32> {
    let Some(Failed { steps: failed, code }) = failed else { return Some(0) };
    if failed.contains(&at) {
        return Some(*code);
    }
    let was_before = |&failed: &usize| {
        let (step, failed_step) = (&steps[at], &steps[failed]);
        let is_beside = match (step.branch, failed_step.branch) {
            (Some(one), Some(other)) => one.fork == other.fork && one.number != other.number,
            _ => false,
        };
        at < failed && !(at_once && is_beside)
    };
    failed.iter().any(was_before).then_some(0)
}
