//! `report-in-mount`: a report in a directory that a mount hides.
//!
//! Files that a step writes to a mount are not in the stage, and therefore not in its report.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::path_pattern::is_within;
use crate::plan::Action;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for stage in &subject.plan.stages {
        let Some(report) = &stage.report else { continue };
        let hiding = stage.steps.iter().find_map(|step| {
            let Action::Exec(exec) = &step.action else { return None };
            let destinations = exec.mounts.iter().map(|mount| mount.destination.as_str());
            destinations
                .into_iter()
                .find(|at| is_within(&report.path, at))
                .map(|at| (step.span, at))
        });
        let Some((span, mount)) = hiding else { continue };
        let message =
            format!("files that this step writes to `{mount}` go to its mount, not to the report");
        diagnostics.push(
            Diagnostic::new(Code::ReportInMount, span, message)
                .hint("write the report to another path, or copy it out of the mount")
                .related(report.span, "the report"),
        );
    }
}
