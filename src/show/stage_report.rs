//! The document in a stage's report: the result of each of its steps.

use serde::Serialize;

use super::columns::columns;
use crate::plan::{Plan, PlannedStep};
use crate::source::SourceMap;

/// The version of the document.
pub const REPORT_VERSION: &str = "1.0.0";

/// The results of a stage's steps.
#[derive(Debug, Serialize)]
pub struct StageReport {
    stage: String,
    platform: String,
    passed: bool,
    steps: Vec<Step>,
    /// The first failed step.
    #[serde(skip)]
    failed: Option<FailedStep>,
}

/// A failed step.
#[derive(Debug)]
struct FailedStep {
    label: String,
    code: u32,
    /// Its file and line.
    place: String,
}

/// The reports of a stage, one for each platform.
#[derive(Debug)]
pub struct StageReports(pub Vec<StageReport>);

/// The result of a step that runs a process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    name: String,
    file: String,
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

impl StageReport {
    /// Makes the document about a plan's target. `processes` are the indexes of its steps that run
    /// a process. `at_once` is true if branches run concurrently, so that after a failure the
    /// results of the others are unknown.
    pub fn new(
        plan: &Plan,
        processes: impl Iterator<Item = usize>,
        failed: Option<&Failed>,
        at_once: bool,
        files: &SourceMap,
    ) -> Self {
        let stage = &plan.stages[plan.target];
        let step = |at: usize| {
            let planned = &stage.steps[at];
            let place = files.place(planned.span);
            Step {
                name: planned.label.to_string(),
                file: place.file.name().to_owned(),
                line: *place.lines.start(),
                exit_code: exit_code(&stage.steps, at, failed, at_once),
            }
        };
        let failed_step = failed.and_then(|failed| {
            let planned = stage.steps.get(*failed.steps.first()?)?;
            let place = files.place(planned.span);
            Some(FailedStep {
                label: planned.label.to_string(),
                code: failed.code,
                place: format!("{}:{}", place.file.name(), place.lines.start()),
            })
        });
        Self {
            stage: stage.name.to_string(),
            platform: plan.platform.to_string(),
            passed: failed.is_none(),
            steps: processes.map(step).collect(),
            failed: failed_step,
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

impl StageReports {
    /// The exit status of the stage: that of the first failed step, or 0.
    pub fn exit_status(&self) -> u8 {
        let failed = self.0.iter().find_map(|report| report.failed.as_ref());
        failed.map_or(0, |failed| u8::try_from(failed.code).unwrap_or(u8::MAX).max(1))
    }

    /// A line for each failure; `None` if all passed.
    pub fn failures(&self) -> Option<String> {
        let lines = self
            .0
            .iter()
            .filter_map(|report| report.failed.as_ref().map(|_| report.summary(self.0.len() > 1)));
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The document for programs: the report, or a list of those of several platforms.
    pub fn to_json(&self) -> Vec<u8> {
        match &self.0[..] {
            [report] => report.to_json(),
            // Cannot fail: strings, numbers and lists.
            several => serde_json::to_vec_pretty(several).unwrap_or_default(),
        }
    }

    /// The document as text: a summary, and a line for each step.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (at, report) in self.0.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            text.push_str(&report.summary(self.0.len() > 1));
            text.push_str("\n\n");
            let rows = report.steps.iter().map(|step| {
                let result = match step.exit_code {
                    Some(0) => "passed".to_owned(),
                    Some(code) => format!("exit code {code}"),
                    None => "did not finish".to_owned(),
                };
                (format!("{}:{}", step.file, step.line), result, one_line(&step.name))
            });
            let rows: Vec<(String, String, String)> = rows.collect();
            let rows: Vec<[&str; 3]> =
                rows.iter().map(|(place, result, name)| [&place[..], result, name]).collect();
            text.push_str(&columns(&rows, 2));
        }
        text
    }
}

impl StageReport {
    /// A line about the stage. `several` is true if the platform must be named.
    fn summary(&self, several: bool) -> String {
        let platform = if several { format!(" for {}", self.platform) } else { String::new() };
        match &self.failed {
            None => format!("{}{platform} passed", self.stage),
            Some(FailedStep { label, code, place }) => format!(
                "{}{platform} failed: exit code {code} of `{}` ({place})",
                self.stage,
                one_line(label)
            ),
        }
    }
}

/// Words separated by single spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
